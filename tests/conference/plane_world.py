"""A real `WorkerPlane` with light clients, and what it reported of each room."""

import asyncio
import contextlib
import functools
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from conference.media_plane import WorkerPlane
from conference.tasks import Supervisor
from media import control
from media.load.clips import make_bench_clip
from media.load.dtls import new_certificate
from media.load.offer import MediaPlan
from media.load.peer import Peer, Ticker
from rooms.media_port import PeerStats, SlotWant
from rooms.session.model import PeerId, Source

HOST = "127.0.0.1"
SITE = MediaPlan(microphone=True, camera=True, audio_slots=3, video_slots=3)
_REPAIRS = re.compile(r"a=ssrc-group:FID \d+ (\d+)")
CAMERA_AND_VOICE = frozenset({Source.CAMERA, Source.MICROPHONE})


@dataclass
class Notes:
    """An observer that remembers."""

    connected: list[PeerId] = field(default_factory=list)
    lost: list[PeerId] = field(default_factory=list)
    reset: list[PeerId] = field(default_factory=list)
    sources: dict[PeerId, frozenset[Source]] = field(default_factory=dict)
    levels: dict[PeerId, int] = field(default_factory=dict)
    dominant: list[PeerId] = field(default_factory=list)
    stats: dict[PeerId, PeerStats] = field(default_factory=dict)
    recording: tuple[int, bool] = (0, False)

    def on_peer_connected(self, peer: PeerId, path: str) -> None:
        self.connected.append(peer)

    def on_peer_lost(self, peer: PeerId) -> None:
        self.lost.append(peer)

    def on_sources(self, peer: PeerId, sources: frozenset[Source]) -> None:
        self.sources[peer] = sources

    def on_speakers(self, levels: Sequence[tuple[PeerId, int, bool]]) -> None:
        self.levels.update({peer: level for peer, level, _ in levels})

    def on_dominant(self, peer: PeerId) -> None:
        self.dominant.append(peer)

    def on_stats(self, stats: Sequence[PeerStats]) -> None:
        self.stats.update({figures.peer: figures for figures in stats})

    def on_recording(self, recording: str, size_bytes: int, growing: bool) -> None:
        self.recording = (size_bytes, growing)

    def on_reset(self, peers: Sequence[PeerId]) -> None:
        self.reset.extend(peers)


bench_clip = functools.cache(make_bench_clip)  # encoding it takes a second


class Site:
    """One client with everything on."""

    def __init__(self, world: "PlaneWorld", room: str, name: str) -> None:
        self.room = room
        self.id = PeerId(f"{name}#1")
        self.video_mids: tuple[str, ...] = ()
        self._repairs: set[int] = set()
        self._world = world
        self.peer = self._new()

    def _new(self) -> Peer:
        peer = Peer(self._world.certificate, SITE, clip=self._world.clip, address=HOST)
        self._world.ticker.add(peer)
        self._world.made.append(peer)
        return peer

    async def join(self) -> None:
        plane = self._world.plane
        connected = await plane.connect(self.room, self.id, self.peer.offer())
        self.video_mids = connected.video_mids
        self._repairs = {int(ssrc) for ssrc in _REPAIRS.findall(connected.answer)}
        await self.peer.connect(connected.answer)
        assert self.peer.publication is not None
        self.peer.publication.microphone = self.peer.publication.speaking = True
        await plane.set_allowed(self.room, self.id, CAMERA_AND_VOICE)

    async def rejoin(self) -> None:
        """A new offer, as a client makes after `media-reset`."""
        self.leave()
        self.peer = self._new()
        await self.join()

    async def watch(self, *others: "Site") -> None:
        wants = [
            SlotWant(mid=mid, peer=other.id, source=Source.CAMERA)
            for mid, other in zip(self.video_mids, others, strict=False)
        ]
        await self._world.plane.set_slots(self.room, self.id, wants)

    def leave(self) -> None:
        self._world.ticker.remove(self.peer)
        self.peer.close()

    @property
    def worker(self) -> int:
        return next(w.number for w in self._world.plane.workers if self.id in w.peers)

    def received(self) -> dict[int, int]:
        """Packets of each slot so far; probes and repairs have an SSRC of their own."""
        tracks = self.peer.tracks.items()
        return {ssrc: track.received for ssrc, track in tracks if ssrc not in self._repairs}

    @property
    def playing(self) -> int:
        """Slots that got something to play."""
        return sum(1 for received in self.received().values() if received > 20)

    @property
    def missing(self) -> int:
        """Packets that were numbered and did not come."""
        return sum(track.lost for track in self.peer.tracks.values())


class PlaneWorld:
    """The plane and everybody's clock."""

    def __init__(self, plane: WorkerPlane) -> None:
        self.plane = plane
        self.certificate = new_certificate()
        self.clip = bench_clip()
        self.made: list[Peer] = []
        self.ticker = Ticker()

    async def room(self, name: str) -> Notes:
        notes = Notes()
        await self.plane.open_room(name, notes)
        return notes

    async def site(self, room: str, name: str) -> Site:
        site = Site(self, room, name)
        await site.join()
        return site

    async def snapshot(self, worker: int) -> dict[str, Any]:
        reply = await self.plane.workers[worker].process.request(control.Snapshot())
        assert isinstance(reply, control.Done)
        return dict(reply.value)

    async def crossing(self, worker: int) -> int:
        """Layers of pictures and voices this worker relays."""
        relays = (await self.snapshot(worker))["relays"]
        return sum(link["crossing"] for link in relays.values())


@contextlib.asynccontextmanager
async def plane_world(workers: int, spread_load: float = 0.7) -> AsyncIterator[PlaneWorld]:
    plane = WorkerPlane([HOST], 0, workers, spread_load=spread_load)
    async with Supervisor() as supervisor:
        try:
            await plane.start(supervisor)
            await until(lambda: all(w.totals is not None for w in plane.workers))
            await until(lambda: all(w.load.cpu < 0.05 for w in plane.workers))  # started up
            world = PlaneWorld(plane)
            ticking = asyncio.create_task(world.ticker.run())
            try:
                yield world
            finally:
                ticking.cancel()
                await asyncio.gather(ticking, return_exceptions=True)
                for peer in world.made:
                    peer.close()
        finally:
            await plane.stop()


async def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
