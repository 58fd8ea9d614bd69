"""How every site's line does: latest figures and five minutes of history, for the technician."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rooms.clock import Clock, SystemClock
from rooms.media_port import PeerStats
from rooms.quality import LineQuality, Quality
from rooms.session.model import LineLimits, Role, SeatId, Session
from rooms.session.notices import PausedPicture

HISTORY_SECONDS = 300
BUCKET_SECONDS = 5  # one point of a sparkline
POINTS = HISTORY_SECONDS // BUCKET_SECONDS
FIGURES = {  # field of PeerStats -> name on the wire
    "rtt_ms": "rttMs",
    "up_bps": "upBps",
    "down_bps": "downBps",
    "up_loss": "upLoss",
    "down_loss": "downLoss",
    "up_jitter_ms": "upJitterMs",
    "down_jitter_ms": "downJitterMs",
    "up_fps": "upFps",
    "line_bps": "lineBps",
}


class Trouble(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`code`: "lost" (signalling), "media-lost", "not-arriving" (a picture or voice that is sent
    did not arrive), "up-loss", "down-loss", "slow", "unsteady", "narrow" (it does not carry
    every picture) or "reset" (the media worker was replaced)."""

    code: str
    at: float  # UTC epoch seconds


class SeatHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    seat: SeatId
    name: str
    short_name: str
    rank: int
    role: Role
    phone: str
    present: bool
    since: float | None  # UTC epoch seconds of the present stay
    quality: str  # "good" | "weak" | "lost" | "absent"
    limits: LineLimits  # what its line is asked to carry
    limits_by: str  # role of who set them; "": the seat itself, or nobody
    stats: PeerStats | None  # of the last second; None: no media now
    paused: tuple[PausedPicture, ...]  # pictures it shows and is not sent
    history: dict[str, tuple[float | None, ...]]  # FIGURES (wire names) -> points, oldest first
    trouble: Trouble | None  # the last one
    spoke: bool = False  # was heard since it came in first
    saw_document: bool = False


class MeetingHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    meeting: int
    title: str
    now: float  # UTC epoch seconds
    recording_growing: bool | None  # None: nothing is recorded
    recording_bytes: int
    seats: tuple[SeatHealth, ...]  # protocol order


class _History:
    """Means of `BUCKET_SECONDS` of each figure."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, dict[str, tuple[float, int]]]] = deque(maxlen=POINTS)

    def add(self, stats: PeerStats, now: float) -> None:
        bucket = int(now // BUCKET_SECONDS)
        if not self._buckets or self._buckets[-1][0] != bucket:
            self._buckets.append((bucket, {}))
        sums = self._buckets[-1][1]
        for figure in FIGURES:
            value = getattr(stats, figure)
            if value is not None:
                total, count = sums.get(figure, (0.0, 0))
                sums[figure] = (total + value, count + 1)

    def points(self, now: float) -> dict[str, tuple[float | None, ...]]:
        last = int(now // BUCKET_SECONDS)
        known = dict(self._buckets)
        window = [known.get(bucket, {}) for bucket in range(last - POINTS + 1, last + 1)]
        return {wire: tuple(map(_mean(figure), window)) for figure, wire in FIGURES.items()}


def _mean(figure: str) -> Any:
    def mean(sums: dict[str, tuple[float, int]]) -> float | None:
        total, count = sums.get(figure, (0.0, 0))
        return round(total / count, 4) if count else None

    return mean


class _SeatRecord:
    def __init__(self) -> None:
        self.stats: PeerStats | None = None
        self.paused: tuple[PausedPicture, ...] = ()
        self.line = LineQuality()
        self.history = _History()
        self.trouble: Trouble | None = None
        self.spoke = False
        self.saw_document = False


class _MeetingRecord:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.seats: dict[SeatId, _SeatRecord] = {}
        self.recording: tuple[bool, int] | None = None

    def seat(self, seat: SeatId) -> _SeatRecord:
        return self.seats.setdefault(seat, _SeatRecord())


class HealthBoard:
    """Fed by the live meetings; read by pages, the API and /metrics. Nothing here is kept."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._meetings: dict[int, _MeetingRecord] = {}

    # ------------------------------------------------------------ read

    def live_meetings(self) -> list[int]:
        return sorted(self._meetings)

    def rehearsals(self) -> list[int]:
        """Meetings whose test run goes on."""
        return [id for id, record in self._meetings.items() if record.session.rehearsal]

    def snapshot(self, meeting_id: int, *, history: bool = True) -> MeetingHealth | None:
        """How a meeting does now; None: it is not live."""
        record = self._meetings.get(meeting_id)
        if record is None:
            return None
        now = self._clock.now()
        growing, size_bytes = record.recording or (None, 0)
        return MeetingHealth(
            meeting=meeting_id,
            title=record.session.title,
            now=now,
            recording_growing=growing,
            recording_bytes=size_bytes,
            seats=tuple(_seats(record, now, history)),
        )

    # ------------------------------------------------------------ feed

    def changed(self, session: Session) -> None:
        """A live meeting stands like this now."""
        record = self._meetings.setdefault(session.meeting, _MeetingRecord(session))
        record.session = session
        if session.recording is None:
            record.recording = None

    def closed(self, meeting_id: int) -> None:
        self._meetings.pop(meeting_id, None)

    def stats(
        self,
        meeting_id: int,
        seat: SeatId,
        stats: PeerStats,
        paused: Sequence[PausedPicture] = (),
    ) -> Quality:
        """One second of a seat's line; what it makes of its quality."""
        record = self._meetings[meeting_id].seat(seat)
        now = self._clock.now()
        before = record.line.value
        record.stats = msgspec.structs.replace(stats, paused=())  # told by seats instead
        record.paused = tuple(paused)
        record.history.add(stats, now)
        quality = record.line.second(stats)
        if quality is Quality.WEAK and before is not Quality.WEAK and record.line.fault:
            record.trouble = Trouble(code=record.line.fault, at=now)
        return quality

    def media_gone(self, meeting_id: int, seat: SeatId, code: str | None = None) -> None:
        """A seat's transport ended; with a code, by a fault."""
        record = self._meetings[meeting_id].seat(seat)
        record.stats, record.paused = None, ()
        if code is not None:
            record.line.lost()
            self.trouble(meeting_id, seat, code)

    def media_back(self, meeting_id: int, seat: SeatId) -> None:
        """A seat has a transport again."""
        self._meetings[meeting_id].seat(seat).line = LineQuality()

    def trouble(self, meeting_id: int, seat: SeatId, code: str) -> None:
        record = self._meetings[meeting_id].seat(seat)
        record.trouble = Trouble(code=code, at=self._clock.now())

    def spoke(self, meeting_id: int, seat: SeatId) -> None:
        """A voice was heard from there."""
        self._meetings[meeting_id].seat(seat).spoke = True

    def saw_document(self, meeting_id: int, seat: SeatId) -> None:
        """A page of a document was sent there; nothing when the meeting is not live."""
        record = self._meetings.get(meeting_id)
        if record is not None:
            record.seat(seat).saw_document = True

    def recording(self, meeting_id: int, growing: bool, size_bytes: int) -> None:
        self._meetings[meeting_id].recording = (growing, size_bytes)

    def quality(self, meeting_id: int, seat: SeatId) -> Quality:
        return self._meetings[meeting_id].seat(seat).line.value

    def qualities(self, meeting_id: int) -> dict[SeatId, Quality]:
        """Of every seat that has or had media."""
        record = self._meetings.get(meeting_id)
        return {} if record is None else {s: r.line.value for s, r in record.seats.items()}


def _setter(session: Session, limits: LineLimits) -> str:
    if limits.by is None:
        return ""
    seat = session.seats.get(limits.by)
    return seat.role if seat is not None else Role.TECHNICIAN


def _seats(record: _MeetingRecord, now: float, history: bool) -> Iterable[SeatHealth]:
    for seat in sorted(record.session.seats.values(), key=lambda seat: (seat.rank, seat.id)):
        known = record.seats.get(seat.id) or _SeatRecord()
        yield SeatHealth(
            seat=seat.id,
            name=seat.name,
            short_name=seat.short_name,
            rank=seat.rank,
            role=seat.role,
            phone=seat.phone,
            present=seat.present,
            since=seat.since,
            quality=known.line.value if seat.present else "absent",
            limits=seat.limits,
            limits_by=_setter(record.session, seat.limits),
            stats=known.stats,
            paused=known.paused,
            history=known.history.points(now) if history else {},
            trouble=known.trouble,
            spoke=known.spoke,
            saw_document=known.saw_document,
        )
