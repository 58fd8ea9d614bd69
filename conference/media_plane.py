"""Binds what `rooms` asks of the media plane to the worker processes.

A room is opened on a worker when its first peer is placed there. When a worker dies its peers are
told at once, offer again, and are placed on whichever worker is up: the others' peers notice
nothing.
"""

import asyncio
import logging
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conference.placement import RISE_S, SPREAD_LOAD, WorkerLoad, choose_worker, coming
from conference.tasks import Supervisor
from conference.worker import Worker, WorkerFailed, WorkerGone
from media import control
from rooms.media_port import Connected, MediaObserver, MediaRefused, PeerStats, SlotWant
from rooms.session.model import PeerId, Source

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Room:
    """Who hears of a room, and what a worker that joins it must be told."""

    observer: MediaObserver
    workers: list["PlacedWorker"] = field(default_factory=list)  # in the order it came to them
    main_voice: PeerId | None = None
    recordings: dict[str, "_Recording"] = field(default_factory=dict)


@dataclass(slots=True)
class _Recording:
    """One recording, written by every worker of its room into the same folder."""

    directory: str
    size_bytes: int = 0
    heard: dict["PlacedWorker", control.RecordingHealth] = field(default_factory=dict)  # last

    def on_health(self, worker: "PlacedWorker", health: control.RecordingHealth) -> None:
        """A worker counts what it found in the folder, and what it wrote itself."""
        last = self.heard.get(worker)
        if last is not None:
            self.size_bytes += health.size_bytes - last.size_bytes
        self.size_bytes = max(self.size_bytes, health.size_bytes)
        self.heard[worker] = health

    @property
    def growing(self) -> bool:
        """One that writes is enough: the others may have nobody who speaks."""
        return any(health.growing for health in self.heard.values())


class PlacedWorker:
    """One worker process, its figures, and the peers placed there."""

    def __init__(
        self,
        number: int,
        addresses: Sequence[str],
        port: int,
        on_report: Callable[["PlacedWorker", control.AnyReport], None],
        on_down: Callable[["PlacedWorker"], None],
        options: Sequence[str] = (),
    ) -> None:
        self.number = number
        self.process = Worker(
            addresses,
            port,
            lambda report: on_report(self, report),
            lambda: on_down(self),
            name=str(number),
            options=options,
        )
        self.totals: control.WorkerStats | None = None
        self.totals_at = 0.0  # monotonic
        self.peers: dict[PeerId, str] = {}  # -> room
        self.rooms: set[str] = set()
        self._placed: deque[float] = deque()  # when the newest peers came; monotonic seconds
        self._cpu = 0.0
        self._copies = 0.0

    def measure(self, totals: control.WorkerStats) -> None:
        last, self.totals, self.totals_at = self.totals, totals, time.monotonic()
        elapsed = totals.at - last.at if last is not None else 0.0
        if last is None or elapsed <= 0 or totals.cpu_seconds < last.cpu_seconds:
            return  # of another process
        self._cpu = (totals.cpu_seconds - last.cpu_seconds) / elapsed
        sent = totals.counters.get("packets_out", 0) - last.counters.get("packets_out", 0)
        self._copies = max(0, sent) / elapsed

    def forget(self) -> None:
        """The process is gone, and everything in it."""
        self.peers.clear()
        self.rooms.clear()
        self._placed.clear()
        self._cpu = self._copies = 0.0

    def place(self, peer: PeerId, room: str) -> None:
        self.peers[peer] = room
        self._placed.append(time.monotonic())

    @property
    def load(self) -> WorkerLoad:
        now = time.monotonic()
        while self._placed and now - self._placed[0] >= RISE_S:
            self._placed.popleft()
        return WorkerLoad(
            self.process.is_up,
            self._cpu,
            self._copies,
            len(self.peers),
            len(self.rooms),
            len(self._placed),
            coming(now - at for at in self._placed),
            late=self.totals is not None and self.totals.relief > 0,
        )


class WorkerPlane:
    """A `rooms.media_port.MediaPlane` on the workers of this machine.

    Args:
        addresses: every worker announces and binds them.
        port: of worker 0; worker k has `port + k`. 0: free ones.
        workers: how many processes.
        tcp_port: of worker 0, + k as well. 0: the numbers of the UDP ports.
        relays: addresses that TURN servers send from.
        dumps: packet dumps may be taken.
        spread_load: see `choose_worker`.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        port: int,
        workers: int = 1,
        *,
        tcp_port: int = 0,
        relays: Sequence[str] = (),
        dumps: bool = False,
        spread_load: float = SPREAD_LOAD,
    ) -> None:
        options = [part for relay in relays for part in ("--relay", relay)]
        if dumps:
            options.append("--dumps")
        self._folder = tempfile.TemporaryDirectory(prefix="diemcau-links-")  # mode 0700
        if workers > 1:
            options += ["--links", self._folder.name]
        self.workers = [
            PlacedWorker(
                number,
                addresses,
                port + number if port else 0,
                self._on_report,
                self._on_down,
                [
                    *("--number", str(number)),
                    *("--tcp-port", str(tcp_port + number if tcp_port else 0)),
                    *options,
                ],
            )
            for number in range(workers)
        ]
        self._spread_load = spread_load
        self._supervisor: Supervisor | None = None
        self._rooms: dict[str, _Room] = {}
        self._handlers: dict[type[control.Report], Callable[[_Room, control.AnyReport], None]] = {
            control.PeerConnected: _peer_connected,
            control.PeerLost: _peer_lost,
            control.Sources: _sources,
            control.WantedLayers: _layers,
            control.Speakers: _speakers,
            control.Dominant: _dominant,
            control.Stalled: _stalled,
            control.Stats: _stats,
        }

    async def start(self, supervisor: Supervisor) -> None:
        """Start all workers.

        Raises:
            WorkerGone: one did not come up.
        """
        self._supervisor = supervisor
        starts = [worker.process.start(supervisor) for worker in self.workers]
        failures = [f for f in await asyncio.gather(*starts, return_exceptions=True) if f]
        if failures:
            raise failures[0]

    async def stop(self) -> None:
        await asyncio.gather(*(worker.process.stop() for worker in self.workers))
        self._folder.cleanup()

    # ------------------------------------------------------------ MediaPlane

    async def open_room(self, room: str, observer: MediaObserver) -> None:
        self._rooms[room] = _Room(observer)
        await self._place(room)

    async def close_room(self, room: str) -> None:
        opened = self._rooms.pop(room, None)
        for worker in opened.workers if opened is not None else ():
            for peer in [peer for peer, where in worker.peers.items() if where == room]:
                del worker.peers[peer]
            worker.rooms.discard(room)
            await self._ask(worker, control.CloseRoom(room=room))

    async def connect(self, room: str, peer: PeerId, offer: str) -> Connected:
        worker = await self._place(room)
        reply = await self._ask(worker, control.Connect(room=room, peer=peer, offer=offer))
        assert isinstance(reply, control.Connected)
        if worker not in self._open(room).workers:
            raise MediaRefused("unavailable", "the worker died")
        worker.place(peer, room)
        return Connected(
            answer=reply.answer, audio_mids=reply.audio_mids, video_mids=reply.video_mids
        )

    async def restart(self, room: str, peer: PeerId, offer: str, path: str = "any") -> str:
        reply = await self._ask(self._of(peer), control.Restart(peer=peer, offer=offer, path=path))
        assert isinstance(reply, control.Connected)
        return reply.answer

    async def disconnect(self, room: str, peer: PeerId) -> None:
        worker = self._worker_of(peer)
        if worker is not None:  # else it was lost, with its worker or alone
            del worker.peers[peer]
            await self._ask(worker, control.Disconnect(peer=peer))

    async def set_slots(self, room: str, peer: PeerId, wants: Sequence[SlotWant]) -> None:
        converted = tuple(
            control.SlotWant(
                mid=want.mid, peer=want.peer, source=want.source.value, max_height=want.max_height
            )
            for want in wants
        )
        await self._ask(self._of(peer), control.SetSlots(peer=peer, wants=converted))

    async def auto_slots(self, room: str, peer: PeerId) -> None:
        await self._ask(self._of(peer), control.AutoSlots(peer=peer))

    async def set_allowed(self, room: str, peer: PeerId, sources: frozenset[Source]) -> None:
        names = tuple(sorted(source.value for source in sources))
        await self._ask(self._of(peer), control.SetAllowed(peer=peer, sources=names))

    async def set_limits(
        self, room: str, peer: PeerId, max_down_kbps: int | None, video: bool
    ) -> None:
        max_bps = None if max_down_kbps is None else max_down_kbps * 1000
        request = control.SetLimits(peer=peer, max_down_bps=max_bps, video=video)
        await self._ask(self._of(peer), request)

    async def set_main_voice(self, room: str, peer: PeerId | None) -> None:
        opened = self._open(room)
        opened.main_voice = peer
        for worker in list(opened.workers):
            await self._ask(worker, control.SetMainVoice(room=room, peer=peer))

    async def start_recording(self, room: str, recording: str, directory: str) -> None:
        opened = self._open(room)
        opened.recordings[recording] = _Recording(directory)
        if not opened.workers:
            await self._place(room)
        for worker in list(opened.workers):
            await self._ask(worker, _start(room, recording, directory))

    async def stop_recording(self, room: str, recording: str) -> None:
        opened = self._open(room)
        opened.recordings.pop(recording, None)
        for worker in list(opened.workers):
            await self._ask(worker, control.StopRecording(room=room, recording=recording))

    # ------------------------------------------------------------ dumps

    async def start_dump(self, peer: PeerId, directory: str, seconds: float) -> str:
        """Write a redacted dump of the peer's line; the path of its file. Raises MediaRefused:
        "busy" when dumps are off or too many run."""
        request = control.StartDump(peer=peer, directory=directory, seconds=seconds)
        reply = await self._ask(self._of(peer), request)
        assert isinstance(reply, control.Done)
        return str(reply.value)

    async def stop_dump(self, peer: PeerId) -> Any:
        """Its path and size; None: there was none. Raises MediaRefused."""
        reply = await self._ask(self._of(peer), control.StopDump(peer=peer))
        assert isinstance(reply, control.Done)
        return reply.value

    # ------------------------------------------------------------ placement

    def _open(self, room: str) -> _Room:
        if room not in self._rooms:
            raise MediaRefused("unknown-room", room)
        return self._rooms[room]

    def _worker_of(self, peer: PeerId) -> PlacedWorker | None:
        return next((worker for worker in self.workers if peer in worker.peers), None)

    def _of(self, peer: PeerId) -> PlacedWorker:
        worker = self._worker_of(peer)
        if worker is None:
            raise MediaRefused("unknown-peer", "its worker is gone")
        return worker

    async def _place(self, room: str) -> PlacedWorker:
        """The worker for the room's next peer; the room is open there on return."""
        opened = self._open(room)
        loads = [worker.load for worker in self.workers]
        home = [worker.number for worker in opened.workers]
        number = choose_worker(loads, home, self._spread_load)
        worker = self.workers[number if number is not None else 0]  # none is up: wait for the first
        if worker not in opened.workers:
            await self._enter(room, opened, worker)
        return worker

    async def _enter(self, room: str, opened: _Room, worker: PlacedWorker) -> None:
        """Open the room on a worker and tell it what the others know."""
        opened.workers.append(worker)
        worker.rooms.add(room)
        try:
            await self._ask(worker, control.OpenRoom(room=room))
            await self._ask(worker, control.SetMainVoice(room=room, peer=opened.main_voice))
            for other in opened.workers:
                if other is not worker:
                    await self._link(room, worker, other)
        except MediaRefused:
            if worker in opened.workers:
                opened.workers.remove(worker)
                worker.rooms.discard(room)
            raise
        for recording, running in list(opened.recordings.items()):
            try:
                await self._ask(worker, _start(room, recording, running.directory))
            except MediaRefused as error:
                log.error("recording %s does not go on: %s", recording, error)

    async def _link(self, room: str, one: PlacedWorker, other: PlacedWorker) -> None:
        """What arrives at one worker can be seen at the other."""
        await self._ask(one, control.RelayTo(room=room, worker=other.number))
        try:
            await self._ask(other, control.RelayTo(room=room, worker=one.number))
        except MediaRefused as error:  # it died: whoever takes its place is linked then
            log.warning("room %s is not linked with worker %d: %s", room, other.number, error)

    # ------------------------------------------------------------ workers

    async def _ask(self, worker: PlacedWorker, request: control.AnyRequest) -> control.AnyReply:
        try:
            return await worker.process.request(request)
        except WorkerGone as error:
            raise MediaRefused("unavailable", str(error)) from None
        except WorkerFailed as error:
            raise MediaRefused(error.code, error.detail) from None

    def _on_down(self, worker: PlacedWorker) -> None:
        """Its rooms go on elsewhere; its peers offer again."""
        lost: dict[str, list[PeerId]] = {}
        for peer, place in worker.peers.items():
            lost.setdefault(place, []).append(peer)
        worker.forget()
        for name, room in list(self._rooms.items()):
            if worker in room.workers:
                room.workers.remove(worker)
                for recording in room.recordings.values():
                    recording.heard.pop(worker, None)
                self._unlink(name, room, worker)
                room.observer.on_reset(lost.get(name, ()))

    def _unlink(self, name: str, room: _Room, gone: PlacedWorker) -> None:
        """The others forget at once whom they relayed from it."""
        assert self._supervisor is not None
        for other in room.workers:
            request = control.RelayStop(room=name, worker=gone.number)
            self._supervisor.start(self._tell(other, request), name="relay-stop")

    async def _tell(self, worker: PlacedWorker, request: control.AnyRequest) -> None:
        try:
            await self._ask(worker, request)
        except MediaRefused as error:
            log.info("worker %d was not told %s: %s", worker.number, request, error)

    def _on_report(self, worker: PlacedWorker, report: control.AnyReport) -> None:
        if isinstance(report, control.WorkerStats):
            worker.measure(report)
            return
        room = self._rooms.get(getattr(report, "room", ""))
        if room is None or worker not in room.workers:
            return
        if isinstance(report, control.Dominant) and worker is not room.workers[0]:
            return  # every worker hears all voices; one of them decides
        if isinstance(report, control.RecordingHealth):
            _recording(room, worker, report)
            return
        peer = PeerId(getattr(report, "peer", ""))
        if not isinstance(report, control.Dominant) and peer and peer not in worker.peers:
            return  # it offered again meanwhile, and lives elsewhere
        if isinstance(report, control.PeerLost):
            del worker.peers[peer]
        handler = self._handlers.get(type(report))
        if handler is not None:
            handler(room, report)


def _start(room: str, recording: str, directory: str) -> control.StartRecording:
    return control.StartRecording(room=room, recording=recording, directory=directory)


def _peer_connected(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.PeerConnected)
    room.observer.on_peer_connected(PeerId(report.peer), report.path)


def _peer_lost(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.PeerLost)
    room.observer.on_peer_lost(PeerId(report.peer))


def _sources(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.Sources)
    room.observer.on_sources(PeerId(report.peer), frozenset(map(Source, report.sources)))


def _layers(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.WantedLayers)
    room.observer.on_layers(PeerId(report.peer), Source(report.source), report.rids)


def _speakers(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.Speakers)
    room.observer.on_speakers(
        [(PeerId(peer), level, speaking) for peer, level, speaking in report.levels]
    )


def _dominant(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.Dominant)
    room.observer.on_dominant(PeerId(report.peer))


def _stalled(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.Stalled)
    room.observer.on_stalled(PeerId(report.peer))


def _stats(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.Stats)
    room.observer.on_stats(msgspec.convert(report.peers, list[PeerStats], from_attributes=True))


def _recording(room: _Room, worker: PlacedWorker, report: control.RecordingHealth) -> None:
    running = room.recordings.get(report.recording)
    if running is not None:
        running.on_health(worker, report)
        room.observer.on_recording(report.recording, running.size_bytes, running.growing)
