"""What the tests of rooms share: seats, a clock to turn by hand, a media plane that takes notes."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rooms.media_port import Connected, MediaObserver, MediaRefused, SlotWant
from rooms.session.events import Entry
from rooms.session.model import PeerId, Role, Seat, SeatId, Source
from rooms.session.notices import AnyNotice

CHAIR, PLEIKU, KBANG = SeatId("site:1"), SeatId("site:4"), SeatId("site:7")
SECRETARY, TECHNICIAN, DELEGATE = SeatId("user:2"), SeatId("user:3"), SeatId("user:9")


def seat(seat_id: SeatId, role: Role, rank: int, **more: object) -> Seat:
    shown = role not in (Role.SECRETARY, Role.TECHNICIAN)
    described = {"on_tiles": shown, "camera": shown, **more}
    return Seat(
        id=seat_id, name=f"Tên {seat_id}", short_name=seat_id, rank=rank, role=role, **described
    )  # type: ignore[arg-type]


SEATS = (
    seat(CHAIR, Role.CHAIR, 1, person="Ông Lê Quang Minh, Phó Chủ tịch UBND tỉnh"),
    seat(PLEIKU, Role.SITE, 4),
    seat(KBANG, Role.SITE, 7),
    seat(SECRETARY, Role.SECRETARY, 100_000),
    seat(TECHNICIAN, Role.TECHNICIAN, 100_000),
    seat(DELEGATE, Role.DELEGATE, 100_000),
)


class HandClock:
    """Stands still until `advance`."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._timers: list[tuple[float, int, HandTimer]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        return self._now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> "HandTimer":
        timer = HandTimer(callback)
        heapq.heappush(self._timers, (self._now + delay_s, next(self._numbers), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass; what falls due is called in order, at its own time."""
        until = self._now + seconds
        while self._timers and self._timers[0][0] <= until:
            at, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, at)
            if not timer.cancelled:
                timer.callback()
        self._now = until


@dataclass(slots=True)
class HandTimer:
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class PlaneNotes:
    """A media plane that forwards nothing and remembers what it was told."""

    observers: dict[str, MediaObserver] = field(default_factory=dict)
    rooms: list[str] = field(default_factory=list)
    peers: dict[PeerId, str] = field(default_factory=dict)  # peer -> last offer
    allowed: dict[PeerId, frozenset[Source]] = field(default_factory=dict)
    slots: dict[PeerId, dict[str, SlotWant]] = field(default_factory=dict)
    limits: dict[PeerId, tuple[int | None, bool]] = field(default_factory=dict)
    main_voice: PeerId | None = None
    auto: list[PeerId] = field(default_factory=list)
    recordings: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    refuse: str | None = None  # code every connect and recording is refused with

    async def open_room(self, room: str, observer: MediaObserver) -> None:
        assert room not in self.observers
        self.observers[room] = observer
        self.rooms.append("open")

    async def close_room(self, room: str) -> None:
        del self.observers[room]
        self.rooms.append("close")

    async def connect(self, room: str, peer: PeerId, offer: str) -> Connected:
        await asyncio.sleep(0)
        if self.refuse is not None:
            raise MediaRefused(self.refuse, "as the test wishes")
        self.peers[peer] = offer
        self.calls.append(f"connect {peer}")
        return Connected(answer="answer", audio_mids=("3", "4"), video_mids=("5", "6", "7"))

    async def restart(self, room: str, peer: PeerId, offer: str, path: str = "any") -> str:
        self.peers[peer] = offer
        self.calls.append(f"restart {peer}")
        return "restarted"

    async def disconnect(self, room: str, peer: PeerId) -> None:
        self.peers.pop(peer, None)
        self.calls.append(f"disconnect {peer}")

    async def set_slots(self, room: str, peer: PeerId, wants: Sequence[SlotWant]) -> None:
        await asyncio.sleep(0)
        self.slots.setdefault(peer, {}).update({want.mid: want for want in wants})

    async def auto_slots(self, room: str, peer: PeerId) -> None:
        self.auto.append(peer)

    async def set_allowed(self, room: str, peer: PeerId, sources: frozenset[Source]) -> None:
        self.allowed[peer] = sources

    async def set_limits(
        self, room: str, peer: PeerId, max_down_kbps: int | None, video: bool
    ) -> None:
        self.limits[peer] = (max_down_kbps, video)

    async def set_main_voice(self, room: str, peer: PeerId | None) -> None:
        self.main_voice = peer

    async def start_recording(self, room: str, recording: str, directory: str) -> None:
        if self.refuse is not None:
            raise MediaRefused(self.refuse, "as the test wishes")
        self.recordings[recording] = directory

    async def stop_recording(self, room: str, recording: str) -> None:
        self.recordings.pop(recording, None)


@dataclass
class Ear:
    """A connection's listener that remembers."""

    entries: list[Entry] = field(default_factory=list)
    batches: int = 0
    notices: list[AnyNotice] = field(default_factory=list)
    closed: str | None = None

    def on_entries(self, entries: Sequence[Entry]) -> None:
        assert self.closed is None
        self.entries.extend(entries)
        self.batches += 1

    def on_notice(self, notice: AnyNotice) -> None:
        assert self.closed is None
        self.notices.append(notice)

    def on_closed(self, code: str) -> None:
        assert self.closed is None
        self.closed = code

    def events(self) -> list[str]:
        return [type(entry.event).__name__ for entry in self.entries]

    def last(self, kind: type) -> AnyNotice:
        return [notice for notice in self.notices if isinstance(notice, kind)][-1]


async def until(condition: Callable[[], bool]) -> None:
    """Let the tasks run until something is so; a test that waits for nothing fails after 5 s."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110, some conditions have no event
            await asyncio.sleep(0.001)
