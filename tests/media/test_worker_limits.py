"""Ceilings and profiles of a line through a real worker process, as the service sets them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from worker_process import WorkerProcess, running_worker

from media import control
from media.load.clips import ClipWish, make_clip
from media.load.dtls import new_certificate
from media.load.offer import MediaPlan
from media.load.peer import Peer, Ticker

SPEAKER = MediaPlan(microphone=True, camera=True, rids=("q", "h", "f"))
VIEWER = MediaPlan(audio_slots=1, video_slots=2)
CHAIR, SITE = ("chair", "camera"), ("site", "camera")


class Meeting:
    """The chair large and a site small at a viewer."""

    def __init__(self, worker: WorkerProcess, ticker: Ticker) -> None:
        self.worker = worker
        self._ticker = ticker
        self._certificate = new_certificate()
        self._peers: list[Peer] = []

    async def begin(self) -> None:
        clip = await asyncio.to_thread(make_clip, ClipWish(name="KBang"))
        await self.worker.ask(control.OpenRoom(room="1"))
        for name in ("chair", "site"):
            peer = Peer(self._certificate, SPEAKER, clip=clip)
            await self._join(name, peer)
            allowed = control.SetAllowed(peer=name, sources=("camera", "microphone"))
            await self.worker.ask(allowed)
            assert peer.publication is not None
            peer.publication.microphone = peer.publication.speaking = name == "chair"
        await self.worker.ask(control.SetMainVoice(room="1", peer="chair"))
        reply = await self._join("viewer", Peer(self._certificate, VIEWER))
        main, tile = reply.video_mids
        wants = (
            control.SlotWant(mid=main, peer="chair", max_height=720),
            control.SlotWant(mid=tile, peer="site", max_height=180),
        )
        await self.worker.ask(control.SetSlots(peer="viewer", wants=wants))

    async def _join(self, name: str, peer: Peer) -> control.Connected:
        reply = await self.worker.ask(control.Connect(room="1", peer=name, offer=peer.offer()))
        assert isinstance(reply, control.Connected)
        self._peers.append(peer)
        self._ticker.add(peer)
        await peer.connect(reply.answer)
        return reply

    def end(self) -> None:
        for peer in self._peers:
            peer.close()

    async def limit(self, max_down_bps: int | None = None, video: bool = True) -> None:
        done = await self.worker.ask(
            control.SetLimits(peer="viewer", max_down_bps=max_down_bps, video=video)
        )
        assert isinstance(done, control.Done)
        self.worker.reports.clear()

    async def settles(
        self, what: Callable[[control.PeerStats], bool], seconds: int = 2
    ) -> control.PeerStats:
        """The viewer's figures once they were like this for some seconds in a row."""
        in_row: list[control.PeerStats] = []

        def seen(report: control.Stats) -> bool:
            for figures in report.peers:
                if figures.peer == "viewer":
                    in_row[:] = [*in_row, figures] if what(figures) else []
            self.worker.reports.remove(report)
            return len(in_row) >= seconds

        await self.worker.report(control.Stats, seen, timeout=60)
        return in_row[-1]


@pytest.fixture
async def meeting(tmp_path: Path) -> AsyncIterator[Meeting]:
    ticker = Ticker()
    task = asyncio.create_task(ticker.run())
    async with running_worker(tmp_path) as worker:
        meeting = Meeting(worker, ticker)
        await meeting.begin()
        yield meeting
        meeting.end()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def paused(figures: control.PeerStats) -> set[tuple[str, str]]:
    assert all(picture.why == "limit" for picture in figures.paused)
    return {(picture.peer, picture.source) for picture in figures.paused}


async def test_limits_of_a_line_hold_and_are_lifted_live(meeting: Meeting) -> None:
    free = await meeting.settles(lambda figures: figures.down_bps > 600_000)
    assert free.line_bps is not None
    assert not free.paused

    # Room for one small picture, or two with fewer frames: the main one is always among them.
    await meeting.limit(256_000)
    await meeting.settles(
        lambda figures: CHAIR not in paused(figures) and 60_000 < figures.down_bps < 256_000
    )

    # Sound alone, by a ceiling and by the profile.
    for limits in ((64_000, True), (None, False)):
        await meeting.limit(*limits)
        await meeting.settles(
            lambda figures: paused(figures) == {CHAIR, SITE} and 5_000 < figures.down_bps < 64_000
        )

    await meeting.limit()
    await meeting.settles(lambda figures: not figures.paused and figures.down_bps > 600_000)
    unknown = await meeting.worker.ask(control.SetLimits(peer="nobody", max_down_bps=64_000))
    assert isinstance(unknown, control.Failed)
    assert unknown.code == "unknown-peer"
