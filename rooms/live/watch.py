"""What the media plane reports of a meeting, turned into notices, health and speaker following."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from rooms import media_port
from rooms.clock import Clock, Timer
from rooms.health import HealthBoard
from rooms.live.batch import Batch
from rooms.live.pauses import Pauses
from rooms.media_port import PeerStats
from rooms.quality import Quality
from rooms.session.following import SpeakerFollower
from rooms.session.model import Role, SeatId, Session, Source
from rooms.session.notices import (
    AnyNotice,
    Layers,
    Level,
    Line,
    Lines,
    MediaLost,
    MediaReset,
    Paused,
    PausedPicture,
    RecordingHealth,
    Slots,
    Speakers,
    TryPath,
)
from rooms.switching import PathJudge, SwitchRule

_SPEAKERS_INTERVAL_S = 0.2
_LINES_INTERVAL_S = 1.0
_STAFF = frozenset({Role.CHAIR, Role.SECRETARY, Role.TECHNICIAN})


class Audience(Protocol):
    """Who hears of it: the live meeting."""

    @property
    def session(self) -> Session: ...
    def attended(self, seat: SeatId) -> bool:
        """Whether its signalling connection stands."""

    def tell(self, seat: SeatId, notice: AnyNotice) -> None: ...
    def tell_all(self, notice: AnyNotice, roles: frozenset[Role] = ...) -> None: ...
    def follow(self, seat: SeatId) -> None:
        """Ask that the main picture follows this speaker."""


class Watch:
    """The `MediaFacts` of one live meeting."""

    def __init__(
        self, audience: Audience, clock: Clock, health: HealthBoard, rule: SwitchRule
    ) -> None:
        self._audience = audience
        self._clock = clock
        self._health = health
        self._meeting = audience.session.meeting
        self._rule = rule
        self._judges: dict[SeatId, PathJudge] = {}
        self._pauses: dict[SeatId, Pauses] = {}
        self._withheld: set[SeatId] = set()
        self._follower = SpeakerFollower()
        self._follow_timer: Timer | None = None
        self._speakers: Batch[SeatId, Level] = Batch(clock, _SPEAKERS_INTERVAL_S, self._tell_levels)
        self._lines: Batch[SeatId, Line] = Batch(clock, _LINES_INTERVAL_S, self._tell_lines)
        self.recording_bytes = 0  # of the recording that runs, at its last heartbeat

    def close(self) -> None:
        self._speakers.close()
        self._lines.close()
        if self._follow_timer is not None:
            self._follow_timer.cancel()

    def main_switched(self) -> None:
        """The main picture changed."""
        self._follower.switched(self._clock.now())

    def lines(self) -> Lines | None:
        """What a newcomer should know of lines: those that are not good."""
        qualities = self._health.qualities(self._meeting)
        lines = [Line(seat=s, quality=q) for s, q in qualities.items() if q is not Quality.GOOD]
        return Lines(lines=tuple(lines)) if lines else None

    def paused(self, seat: SeatId) -> Paused | None:
        """What a seat's new connection should know of its own pictures."""
        pauses = self._pauses.get(seat)
        return pauses.told if pauses is not None and pauses.told.pictures else None

    def withhold(self, seat: SeatId, on: bool) -> None:
        """A seat's line does not carry its own pictures, or does again."""
        (self._withheld.add if on else self._withheld.discard)(seat)

    # ------------------------------------------------------------ MediaFacts

    def slots_changed(self, seat: SeatId, slots: Slots) -> None:
        self._audience.tell(seat, slots)

    def layers_changed(self, seat: SeatId, layers: Layers) -> None:
        self._audience.tell(seat, layers)

    def media_connected(self, seat: SeatId) -> None:
        self._health.media_back(self._meeting, seat)
        self._lines.put(seat, Line(seat=seat, quality=Quality.GOOD))

    def media_lost(self, seat: SeatId) -> None:
        self._health.media_gone(self._meeting, seat, "media-lost")
        self._lines.put(seat, Line(seat=seat, quality=Quality.LOST))
        self._audience.tell(seat, MediaLost())

    def media_reset(self, seats: Sequence[SeatId]) -> None:
        for seat in seats:
            self._health.media_gone(self._meeting, seat, "reset")
            self._audience.tell(seat, MediaReset())

    def levels(self, levels: Sequence[tuple[SeatId, int, bool]]) -> None:
        for seat_id, level, speaking in levels:
            seat = self._audience.session.seats.get(seat_id)
            if seat is not None and seat.microphone:
                if speaking:
                    self._health.spoke(self._meeting, seat_id)
                self._speakers.put(seat_id, Level(seat=seat_id, level=level, speaking=speaking))

    def dominant(self, seat: SeatId) -> None:
        self._follower.heard(seat)
        if self._follow_timer is None:
            self._follow_when_due()

    def stalled(self, seat: SeatId) -> None:
        self._health.trouble(self._meeting, seat, "not-arriving")

    def line(self, seat: SeatId, stats: PeerStats, paused: Sequence[PausedPicture]) -> None:
        before = self._health.quality(self._meeting, seat)
        quality = self._health.stats(self._meeting, seat, *self._with_own(seat, stats, paused))
        if quality is not before:
            self._lines.put(seat, Line(seat=seat, quality=quality))
        told = self._pauses.setdefault(seat, Pauses()).second(paused)
        if told is not None:
            self._audience.tell(seat, told)
        judge = self._judges.setdefault(seat, PathJudge(self._rule))
        signalling = self._audience.attended(seat)
        path = judge.second(stats, self._clock.now(), signalling=signalling)
        if path is not None:
            self._audience.tell(seat, TryPath(path=path))

    def _with_own(
        self, seat: SeatId, stats: PeerStats, paused: Sequence[PausedPicture]
    ) -> tuple[PeerStats, Sequence[PausedPicture]]:
        """What a line does not carry, the seat's own camera among it."""
        known = self._audience.session.seats.get(seat)
        if seat not in self._withheld or known is None or not known.camera:
            return stats, paused
        line, camera = media_port.Pause.LINE, Source.CAMERA
        there = media_port.PausedPicture(peer=stats.peer, source=camera, why=line)
        here = PausedPicture(seat=seat, source=camera, why=line)
        stats = msgspec.structs.replace(stats, paused=(*stats.paused, there))
        return stats, (*paused, here)

    def recording_health(self, recording: str, size_bytes: int, growing: bool) -> None:
        running = self._audience.session.recording
        if running is None or running.id != recording:
            return
        self.recording_bytes = size_bytes
        self._health.recording(self._meeting, growing, size_bytes)
        self._audience.tell_all(RecordingHealth(growing=growing, size_bytes=size_bytes), _STAFF)

    # ------------------------------------------------------------ helpers

    def _tell_levels(self, levels: Sequence[Level]) -> None:
        self._audience.tell_all(Speakers(levels=tuple(levels)))

    def _tell_lines(self, lines: Sequence[Line]) -> None:
        self._audience.tell_all(Lines(lines=tuple(lines)))

    def _follow_when_due(self) -> None:
        self._follow_timer = None
        wait = self._follower.due(self._clock.now())
        if wait is None:
            return
        if wait > 0:
            self._follow_timer = self._clock.call_later(wait, self._follow_when_due)
            return
        seat = self._follower.take()
        if seat is not None:
            self._audience.follow(seat)
