"""Binds what `rooms` asks of the media plane to a worker process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from conference.tasks import Supervisor
from conference.worker import Worker, WorkerFailed, WorkerGone
from media import control
from rooms.media_port import Connected, MediaObserver, MediaRefused, PeerStats, SlotWant
from rooms.session.model import PeerId, Source


@dataclass(slots=True)
class _Room:
    """What must be put back on a new worker, and who hears of the room."""

    observer: MediaObserver
    recordings: dict[str, str] = field(default_factory=dict)  # recording id -> directory


class WorkerPlane:
    """A `rooms.media_port.MediaPlane` on one worker process."""

    def __init__(self, addresses: Sequence[str], port: int) -> None:
        self.worker = Worker(addresses, port, self._on_report, self._on_up)
        self.totals: control.WorkerStats | None = None
        self.totals_at = 0.0  # monotonic
        self._rooms: dict[str, _Room] = {}
        self._handlers: dict[type[control.Report], Callable[[_Room, control.AnyReport], None]] = {
            control.PeerConnected: _peer_connected,
            control.PeerLost: _peer_lost,
            control.Sources: _sources,
            control.WantedLayers: _layers,
            control.Speakers: _speakers,
            control.Dominant: _dominant,
            control.Stats: _stats,
            control.RecordingHealth: _recording,
        }

    async def start(self, supervisor: Supervisor) -> None:
        await self.worker.start(supervisor)

    async def stop(self) -> None:
        await self.worker.stop()

    # ------------------------------------------------------------ MediaPlane

    async def open_room(self, room: str, observer: MediaObserver) -> None:
        self._rooms[room] = _Room(observer)
        await self._ask(control.OpenRoom(room=room))

    async def close_room(self, room: str) -> None:
        self._rooms.pop(room, None)
        await self._ask(control.CloseRoom(room=room))

    async def connect(self, room: str, peer: PeerId, offer: str) -> Connected:
        reply = await self._ask(control.Connect(room=room, peer=peer, offer=offer))
        assert isinstance(reply, control.Connected)
        return Connected(
            answer=reply.answer, audio_mids=reply.audio_mids, video_mids=reply.video_mids
        )

    async def restart(self, room: str, peer: PeerId, offer: str) -> str:
        reply = await self._ask(control.Restart(peer=peer, offer=offer))
        assert isinstance(reply, control.Connected)
        return reply.answer

    async def disconnect(self, room: str, peer: PeerId) -> None:
        await self._ask(control.Disconnect(peer=peer))

    async def set_slots(self, room: str, peer: PeerId, wants: Sequence[SlotWant]) -> None:
        converted = tuple(
            control.SlotWant(
                mid=want.mid, peer=want.peer, source=want.source.value, max_height=want.max_height
            )
            for want in wants
        )
        await self._ask(control.SetSlots(peer=peer, wants=converted))

    async def auto_slots(self, room: str, peer: PeerId) -> None:
        await self._ask(control.AutoSlots(peer=peer))

    async def set_allowed(self, room: str, peer: PeerId, sources: frozenset[Source]) -> None:
        names = tuple(sorted(source.value for source in sources))
        await self._ask(control.SetAllowed(peer=peer, sources=names))

    async def set_main_voice(self, room: str, peer: PeerId | None) -> None:
        await self._ask(control.SetMainVoice(room=room, peer=peer))

    async def start_recording(self, room: str, recording: str, directory: str) -> None:
        if room in self._rooms:
            self._rooms[room].recordings[recording] = directory
        await self._ask(control.StartRecording(room=room, recording=recording, directory=directory))

    async def stop_recording(self, room: str, recording: str) -> None:
        if room in self._rooms:
            self._rooms[room].recordings.pop(recording, None)
        await self._ask(control.StopRecording(room=room, recording=recording))

    # ------------------------------------------------------------ worker

    async def _ask(self, request: control.AnyRequest) -> control.AnyReply:
        try:
            return await self.worker.request(request)
        except WorkerGone as error:
            raise MediaRefused("unavailable", str(error)) from None
        except WorkerFailed as error:
            raise MediaRefused(error.code, error.detail) from None

    async def _on_up(self, again: bool) -> None:
        """Put rooms and recordings back on a new worker, then tell their observers."""
        for name, room in list(self._rooms.items()):
            await self.worker.request_now(control.OpenRoom(room=name))
            for recording, directory in room.recordings.items():
                await self.worker.request_now(
                    control.StartRecording(room=name, recording=recording, directory=directory)
                )
        if again:
            for room in list(self._rooms.values()):
                room.observer.on_reset()

    def _on_report(self, report: control.AnyReport) -> None:
        if isinstance(report, control.WorkerStats):
            self.totals, self.totals_at = report, time.monotonic()
            return
        handler = self._handlers.get(type(report))
        room = self._rooms.get(getattr(report, "room", ""))
        if handler is not None and room is not None:
            handler(room, report)


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


def _stats(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.Stats)
    room.observer.on_stats(msgspec.convert(report.peers, list[PeerStats], from_attributes=True))


def _recording(room: _Room, report: control.AnyReport) -> None:
    assert isinstance(report, control.RecordingHealth)
    room.observer.on_recording(report.recording, report.size_bytes, report.growing)
