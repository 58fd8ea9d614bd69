"""Keeps the media plane in step with the session of one live meeting.

One task makes all calls, one at a time: first the jobs posted to it (offers, departures, the
recording), then whatever differs between what the session asks for and what the plane was told.
The difference is taken from the newest session each time, so a burst of events costs one round of
calls.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from rooms.media_port import Connected, MediaPlane, MediaRefused, PeerStats, SlotWant
from rooms.session.limits import CAMERA_RIDS, sends, sent_layers, source_kbps
from rooms.session.model import LineLimits, PeerId, Profile, Seat, SeatId, Session, Source
from rooms.session.notices import Layers, PausedPicture, SentLayers, Slot, Slots
from rooms.session.slots import Assigned, Table, View, assign

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_JOBS = 1000


class MediaFacts(Protocol):
    """What the live meeting is told, in terms of seats."""

    def slots_changed(self, seat: SeatId, slots: Slots) -> None: ...
    def layers_changed(self, seat: SeatId, layers: Layers) -> None: ...
    def media_connected(self, seat: SeatId) -> None: ...
    def media_lost(self, seat: SeatId) -> None: ...
    def media_reset(self, seats: Sequence[SeatId]) -> None: ...
    def levels(self, levels: Sequence[tuple[SeatId, int, bool]]) -> None: ...
    def dominant(self, seat: SeatId) -> None: ...
    def stalled(self, seat: SeatId) -> None: ...
    def line(self, seat: SeatId, stats: PeerStats, paused: Sequence[PausedPicture]) -> None: ...
    def recording_health(self, recording: str, size_bytes: int, growing: bool) -> None: ...


@dataclass(slots=True)
class _Peer:
    """One seat's transport, and what the plane was told about it."""

    id: PeerId
    seat: SeatId
    connection: str  # who owns it: the connection that offered, or resumed after it
    connected: Connected
    allowed: frozenset[Source] | None = None
    limits: tuple[int | None, bool] = (None, True)  # kbit/s towards it; pictures
    table: Table = ()
    wants: dict[str, SlotWant] = field(default_factory=dict)
    told: Slots | None = None
    watched: dict[Source, tuple[str, ...]] = field(default_factory=dict)  # layers, by the plane
    told_layers: Layers | None = None


class LiveMedia:
    """The media side of one live meeting; also the plane's observer of its room.

    Args:
        session: gives the newest session.
    """

    def __init__(
        self, room: str, plane: MediaPlane, session: Callable[[], Session], facts: MediaFacts
    ) -> None:
        self._room = room
        self._plane = plane
        self._session = session
        self._facts = facts
        self._peers: dict[SeatId, _Peer] = {}
        self._arriving: dict[PeerId, frozenset[Source]] = {}
        self._views: dict[SeatId, View] = {}
        self._viewers: dict[PeerId, Callable[[], None]] = {}
        self._main_voice: PeerId | None = None
        self._jobs: deque[Callable[[], Awaitable[None]]] = deque()
        self._wake = asyncio.Event()
        self._closing = False

    # ------------------------------------------------------------ asked by the live meeting

    async def run(self) -> None:
        """The task: until `close`, with everything posted before it done."""
        await self._told(self._plane.open_room(self._room, self))
        while not self._closing or self._jobs:
            await self._wake.wait()
            self._wake.clear()
            await self._run_jobs()
            if not self._closing:
                await self._reconcile()
        await self._told(self._plane.close_room(self._room))

    def close(self) -> None:
        """Let `run` finish; viewers are told. Again has no effect."""
        self._closing = True
        self._wake.set()
        for lost in self._viewers.values():
            lost()
        self._viewers.clear()

    def refresh(self) -> None:
        """The session changed."""
        self._wake.set()

    def post(self, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job in order with the others; its failure is logged."""
        self._jobs.append(job)
        self._wake.set()

    async def connect(self, seat: SeatId, connection: str, offer: str) -> Connected:
        """A client's offer; replaces an older transport of the seat. Raises MediaRefused."""
        return await self._ask(lambda: self._connect(seat, connection, offer))

    async def restart(self, seat: SeatId, offer: str, path: str = "any") -> Connected:
        """New ICE credentials for the seat's transport. Raises MediaRefused."""
        return await self._ask(lambda: self._restart(seat, offer, path))

    async def connect_viewer(self, peer: PeerId, offer: str, lost: Callable[[], None]) -> Connected:
        """Somebody who only watches. Raises MediaRefused."""
        return await self._ask(lambda: self._connect_viewer(peer, offer, lost))

    async def disconnect_viewer(self, peer: PeerId) -> None:
        if self._viewers.pop(peer, None) is not None:
            self.post(lambda: self._plane.disconnect(self._room, peer))

    def view(self, seat: SeatId, view: View) -> None:
        """What a seat's client shows."""
        self._views[seat] = view
        self._wake.set()

    def hand_over(self, seat: SeatId, resumed: str | None, connection: str) -> bool:
        """A new connection took the seat. It keeps the transport of the connection it resumes.

        Returns:
            Whether there was one to keep.
        """
        peer = self._peers.get(seat)
        if peer is not None and peer.connection == resumed:
            peer.connection, peer.told, peer.told_layers = connection, None, None
            self._wake.set()
            return True
        self.release(seat)
        return False

    def release(self, seat: SeatId) -> None:
        """The seat is gone, or starts afresh: its transport ends."""
        self._views.pop(seat, None)
        self.post(lambda: self._drop(seat))

    def peer_of(self, seat: SeatId) -> PeerId | None:
        """The transport the seat has now."""
        peer = self._peers.get(seat)
        return peer.id if peer is not None else None

    # ------------------------------------------------------------ the task

    async def _ask(self, job: Callable[[], Awaitable[T]]) -> T:
        if self._closing:
            raise MediaRefused("unavailable", "the meeting is closing")
        if len(self._jobs) >= MAX_JOBS:
            raise MediaRefused("busy", "too many offers wait")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def answer() -> None:
            if future.cancelled():
                return
            try:
                result = await job()
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)

        self.post(answer)
        return await future

    async def _run_jobs(self) -> None:
        while self._jobs:
            await self._told(self._jobs.popleft()())

    async def _told(self, call: Awaitable[Any]) -> bool:
        """Make a call whose failure nobody waits for; whether it was heard.

        A worker that is gone needs no telling: its peers are gone, and `on_reset` makes their
        clients offer again.
        """
        try:
            await call
        except MediaRefused as error:
            log.info("room %s: %s", self._room, error)
            return False
        except Exception:
            log.exception("room %s: media call failed", self._room)
            return False
        return True

    async def _connect(self, seat: SeatId, connection: str, offer: str) -> Connected:
        peer_id = PeerId(f"{seat}#{connection}")
        old = self._peers.get(seat)
        if old is not None and old.id == peer_id:
            await self._drop(seat)  # the same connection offers afresh
        connected = await self._plane.connect(self._room, peer_id, offer)
        await self._drop(seat)
        peer = _Peer(id=peer_id, seat=seat, connection=connection, connected=connected)
        self._peers[seat] = peer
        await self._tell_allowed(peer)
        return connected

    async def _restart(self, seat: SeatId, offer: str, path: str) -> Connected:
        peer = self._peers.get(seat)
        if peer is None:
            raise MediaRefused("unavailable", "no transport to restart")
        answer = await self._plane.restart(self._room, peer.id, offer, path)
        return Connected(
            answer=answer,
            audio_mids=peer.connected.audio_mids,
            video_mids=peer.connected.video_mids,
        )

    async def _connect_viewer(
        self, peer: PeerId, offer: str, lost: Callable[[], None]
    ) -> Connected:
        connected = await self._plane.connect(self._room, peer, offer)
        try:
            await self._plane.set_allowed(self._room, peer, frozenset())
            await self._plane.auto_slots(self._room, peer)
        except MediaRefused:
            await self._told(self._plane.disconnect(self._room, peer))
            raise
        self._viewers[peer] = lost
        return connected

    async def _drop(self, seat: SeatId) -> None:
        peer = self._peers.pop(seat, None)
        if peer is not None:
            self._arriving.pop(peer.id, None)
            await self._told(self._plane.disconnect(self._room, peer.id))

    # ------------------------------------------------------------ what the session asks for

    async def _reconcile(self) -> None:
        """Tell what differs; what was not heard is told again the next time."""
        await self._tell_main_voice()
        peers = list(self._peers.values())
        arriving = {peer.seat: self._arriving.get(peer.id, frozenset()) for peer in peers}
        for peer in peers:
            await self._run_jobs()  # an offer does not wait for everybody's slots
            if self._peers.get(peer.seat) is peer:
                await self._tell_allowed(peer)
                await self._tell_limits(peer)
                await self._tell_slots(peer, arriving)
                self._tell_layers(peer)

    async def _tell_main_voice(self) -> None:
        main = self._session().main
        peer = self._peers.get(main) if main is not None else None
        voice = peer.id if peer is not None else None
        if voice != self._main_voice and await self._told(
            self._plane.set_main_voice(self._room, voice)
        ):
            self._main_voice = voice

    async def _tell_allowed(self, peer: _Peer) -> None:
        allowed = allowed_sources(self._session().seats.get(peer.seat))
        if allowed != peer.allowed and await self._told(
            self._plane.set_allowed(self._room, peer.id, allowed)
        ):
            peer.allowed = allowed

    async def _tell_limits(self, peer: _Peer) -> None:
        seat = self._session().seats.get(peer.seat)
        if seat is None:
            return
        limits = (seat.limits.max_down_kbps, seat.limits.profile is not Profile.AUDIO)
        if limits != peer.limits and await self._told(
            self._plane.set_limits(self._room, peer.id, *limits)
        ):
            peer.limits = limits

    async def _tell_slots(self, peer: _Peer, arriving: Mapping[SeatId, frozenset[Source]]) -> None:
        view = self._views.get(peer.seat, View())
        mids = peer.connected.video_mids
        peer.table = assign(self._session(), peer.seat, view, arriving, peer.table, mids)
        wants = {row.mid: self._want(row) for row in peer.table}
        changed = [want for mid, want in wants.items() if want != peer.wants.get(mid, _empty(mid))]
        if changed and await self._told(self._plane.set_slots(self._room, peer.id, changed)):
            peer.wants = wants
        slots = Slots(slots=tuple(map(_slot, peer.table)))
        if slots != peer.told:
            peer.told = slots
            self._facts.slots_changed(peer.seat, slots)

    def _tell_layers(self, peer: _Peer) -> None:
        """What the client should send of its pictures. Nothing is said while it sends all."""
        seat = self._session().seats.get(peer.seat)
        limits = seat.limits if seat is not None else LineLimits()
        shares = seat is not None and seat.screen
        layers = layers_of(limits, peer.watched, shares=shares)
        if layers != (peer.told_layers or Layers(sources=())):
            peer.told_layers = layers
            self._facts.layers_changed(peer.seat, layers)

    def _want(self, row: Assigned) -> SlotWant:
        publisher = self._peers.get(row.picture[0]) if row.picture is not None else None
        if row.picture is None or publisher is None:
            return _empty(row.mid)
        source = row.picture[1]
        return SlotWant(mid=row.mid, peer=publisher.id, source=source, max_height=row.height)

    # ------------------------------------------------------------ MediaObserver

    def on_peer_connected(self, peer: PeerId, path: str) -> None:
        seat = self._seat_of(peer)
        if seat is not None:
            self._facts.media_connected(seat)

    def on_peer_lost(self, peer: PeerId) -> None:
        lost = self._viewers.pop(peer, None)
        if lost is not None:
            lost()
        seat = self._seat_of(peer)
        if seat is not None:
            self.post(lambda: self._drop_lost(seat, peer))
            self._facts.media_lost(seat)

    async def _drop_lost(self, seat: SeatId, peer: PeerId) -> None:
        if self._seat_of(peer) == seat:  # not replaced meanwhile
            await self._drop(seat)

    def on_sources(self, peer: PeerId, sources: frozenset[Source]) -> None:
        if sources:
            self._arriving[peer] = sources
        else:
            self._arriving.pop(peer, None)
        self._wake.set()

    def on_layers(self, peer: PeerId, source: Source, rids: tuple[str, ...]) -> None:
        """Told at once: somebody waits for the picture."""
        seat = self._seat_of(peer)
        if seat is not None:
            self._peers[seat].watched[source] = rids
            self._tell_layers(self._peers[seat])

    def on_speakers(self, levels: Sequence[tuple[PeerId, int, bool]]) -> None:
        seats = self._seats()
        self._facts.levels([(seats[p], level, s) for p, level, s in levels if p in seats])

    def on_dominant(self, peer: PeerId) -> None:
        seat = self._seat_of(peer)
        if seat is not None:
            self._facts.dominant(seat)

    def on_stats(self, stats: Sequence[PeerStats]) -> None:
        seats = self._seats()
        for figures in stats:
            if figures.peer in seats:
                paused = [
                    PausedPicture(seat=seats[picture.peer], source=picture.source, why=picture.why)
                    for picture in figures.paused
                    if picture.peer in seats
                ]
                self._facts.line(seats[figures.peer], figures, paused)

    def on_stalled(self, peer: PeerId) -> None:
        seat = self._seat_of(peer)
        if seat is not None:
            self._facts.stalled(seat)

    def on_recording(self, recording: str, size_bytes: int, growing: bool) -> None:
        if not self._closing:
            self._facts.recording_health(recording, size_bytes, growing)

    def on_reset(self, peers: Sequence[PeerId]) -> None:
        if self._closing:
            return
        seats = []
        for peer in peers:
            self._arriving.pop(peer, None)
            lost = self._viewers.pop(peer, None)
            if lost is not None:
                lost()
                continue
            seat = SeatId(peer.rpartition("#")[0])
            if seat in self._peers and self._peers[seat].id == peer:
                del self._peers[seat]
            seats.append(seat)
        self._main_voice = None  # told again: the room may be on another worker now
        self._facts.media_reset(seats)
        self._wake.set()

    def _seats(self) -> dict[PeerId, SeatId]:
        """Nobody while the meeting closes: its reports no longer matter."""
        if self._closing:
            return {}
        return {peer.id: seat for seat, peer in self._peers.items()}

    def _seat_of(self, peer: PeerId) -> SeatId | None:
        return self._seats().get(peer)


def allowed_sources(seat: Seat | None) -> frozenset[Source]:
    """What may be forwarded of a seat: what is switched on and within its limits, if present."""
    if seat is None or not seat.present:
        return frozenset()
    return frozenset(source for source in Source if sends(seat, source))


def layers_of(
    limits: LineLimits, watched: Mapping[Source, tuple[str, ...]], *, shares: bool = False
) -> Layers:
    """What a client with these limits should send of what somebody watches."""
    sources = []
    for source, all_rids in ((Source.CAMERA, CAMERA_RIDS), (Source.SCREEN, ("",))):
        room = source_kbps(limits, source, shares=shares)
        if source in watched or room is not None:
            rids = sent_layers(room, watched.get(source, all_rids))
            sources.append(SentLayers(source=source, rids=rids, max_kbps=room or None))
    return Layers(sources=tuple(sources))


def _slot(row: Assigned) -> Slot:
    seat, source = row.picture if row.picture is not None else (None, None)
    return Slot(mid=row.mid, seat=seat, source=source)


def _empty(mid: str) -> SlotWant:
    return SlotWant(mid=mid, peer=None)
