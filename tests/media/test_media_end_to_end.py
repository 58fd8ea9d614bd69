"""Two real aiortc peers through a real worker: pictures and speech arrive."""

import asyncio
import contextlib
import fractions
import re
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import av
import numpy as np
import pytest
from aioice import stun
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy
from worker_process import HOST, WorkerProcess, running_worker

from media import control

WIDTH, HEIGHT = 160, 120
FPS = 15
TONE_HZ = 440


class Picture(MediaStreamTrack):
    """A grey that changes with every frame."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()
        self._count = 0

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(self._start + self._count / FPS - time.monotonic())
        plane = np.full((HEIGHT, WIDTH, 3), 40 + self._count * 5 % 160, np.uint8)
        frame = av.VideoFrame.from_ndarray(plane, format="rgb24")
        frame.pts, frame.time_base = self._count * 90000 // FPS, fractions.Fraction(1, 90000)
        self._count += 1
        return frame


class Tone(MediaStreamTrack):
    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()
        self._count = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(self._start + self._count / 50 - time.monotonic())
        at = np.arange(960) + self._count * 960
        samples = (12000 * np.sin(2 * np.pi * TONE_HZ * at / 48000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, self._count * 960
        frame.time_base = fractions.Fraction(1, 48000)
        self._count += 1
        return frame


@pytest.fixture
async def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerProcess]:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **families: [HOST])
    async with running_worker(tmp_path) as process:
        await process.ask(control.OpenRoom(room="1"))
        yield process


def new_peer() -> RTCPeerConnection:
    return RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )


async def join(
    worker: WorkerProcess, name: str, pc: RTCPeerConnection, setup: str = "actpass"
) -> control.Connected:
    await pc.setLocalDescription(await pc.createOffer())
    offer = pc.localDescription.sdp.replace("a=setup:actpass", f"a=setup:{setup}")
    reply = await worker.ask(control.Connect(room="1", peer=name, offer=offer))
    assert isinstance(reply, control.Connected)
    await pc.setRemoteDescription(RTCSessionDescription(reply.answer, "answer"))
    await worker.report(control.PeerConnected, lambda report: report.peer == name)
    return reply


@contextlib.asynccontextmanager
async def publisher(worker: WorkerProcess) -> AsyncIterator[RTCPeerConnection]:
    pc = new_peer()
    pc.addTrack(Tone())
    pc.addTrack(Picture())
    try:
        await join(worker, "publisher", pc)
        await worker.ask(control.SetAllowed(peer="publisher", sources=("microphone", "camera")))
        await worker.ask(control.SetMainVoice(room="1", peer="publisher"))
        yield pc
    finally:
        await pc.close()


@contextlib.asynccontextmanager
async def viewer(worker: WorkerProcess, setup: str = "actpass") -> AsyncIterator[RTCPeerConnection]:
    pc = new_peer()
    pc.addTransceiver("audio", direction="recvonly")
    pc.addTransceiver("video", direction="recvonly")
    try:
        reply = await join(worker, "viewer", pc, setup)
        want = control.SlotWant(mid=reply.video_mids[0], peer="publisher")
        await worker.ask(control.SetSlots(peer="viewer", wants=(want,)))
        yield pc
    finally:
        await pc.close()


def track_of(pc: RTCPeerConnection, kind: str) -> MediaStreamTrack:
    return next(t.receiver.track for t in pc.getTransceivers() if t.kind == kind)


async def see(pc: RTCPeerConnection, frames: int) -> list[float]:
    """Mean brightness of the next frames."""
    track = track_of(pc, "video")
    seen = []
    async with asyncio.timeout(10):
        while len(seen) < frames:
            frame = await track.recv()
            assert (frame.width, frame.height) == (WIDTH, HEIGHT)
            seen.append(float(frame.to_ndarray(format="gray").mean()))
    return seen


async def hear(pc: RTCPeerConnection) -> float:
    """Loudest 20 ms within the next frames, until it is loud; root mean square."""
    track = track_of(pc, "audio")
    loudest = 0.0
    async with asyncio.timeout(10):
        while loudest < 1000:
            samples = (await track.recv()).to_ndarray().astype(np.float64)
            loudest = max(loudest, float(np.sqrt((samples**2).mean())))
    return loudest


async def test_a_peer_that_insists_on_the_dtls_server_role_gets_it(worker: WorkerProcess) -> None:
    """FFmpeg's WHIP muxer offers a=setup:passive."""
    async with publisher(worker), viewer(worker, setup="passive") as seer:
        assert len(await see(seer, 5)) == 5


async def test_a_viewer_sees_and_hears_a_publisher(worker: WorkerProcess) -> None:
    async with publisher(worker), viewer(worker) as pc:
        brightness = await see(pc, 20)
        assert len({round(value) for value in brightness}) > 10, "the picture moves"
        assert await hear(pc) > 1000
        sources = await worker.report(
            control.Sources, lambda report: len(report.sources) == 2 and report.peer == "publisher"
        )
        assert set(sources.sources) == {"microphone", "camera"}
        stats = await worker.report(
            control.Stats, lambda report: any(p.down_bps > 10_000 for p in report.peers)
        )
        assert {peer.path for peer in stats.peers} == {"udp"}
        counters = await worker.counters()
        assert counters["packets_out"] > 20


async def test_a_source_that_is_not_allowed_is_not_sent(worker: WorkerProcess) -> None:
    async with publisher(worker), viewer(worker) as pc:
        await see(pc, 3)
        await worker.ask(control.SetAllowed(peer="publisher", sources=()))
        await asyncio.sleep(0.3)  # what is under way
        before = (await worker.counters())["packets_out"]
        await asyncio.sleep(0.5)
        assert (await worker.counters())["packets_out"] - before <= 2
        await worker.ask(control.SetAllowed(peer="publisher", sources=("camera",)))
        await see(pc, 3)


async def test_a_peer_that_closes_is_reported(worker: WorkerProcess) -> None:
    async with publisher(worker), viewer(worker) as pc:
        await see(pc, 1)
        await pc.close()
        lost = await worker.report(control.PeerLost)
        assert (lost.peer, lost.reason) == ("viewer", "closed")


async def test_another_certificate_than_offered_is_not_let_in(worker: WorkerProcess) -> None:
    async with publisher(worker):
        pc = new_peer()
        pc.addTransceiver("video", direction="recvonly")
        await pc.setLocalDescription(await pc.createOffer())
        forged = re.sub("(fingerprint:sha-[0-9]+ )..", r"\1EE", pc.localDescription.sdp)
        reply = await worker.ask(control.Connect(room="1", peer="viewer", offer=forged))
        await pc.setRemoteDescription(RTCSessionDescription(reply.answer, "answer"))
        lost = await worker.report(control.PeerLost)
        assert (lost.peer, lost.reason) == ("viewer", "handshake")
        await pc.close()


async def test_after_an_ice_restart_packets_take_the_new_path(worker: WorkerProcess) -> None:
    async with publisher(worker), viewer(worker) as pc:
        await see(pc, 3)
        offer = pc.localDescription.sdp
        reply = await worker.ask(control.Restart(peer="viewer", offer=offer))
        lines = reply.answer.split("\r\n")
        ufrag = next(line[12:] for line in lines if line.startswith("a=ice-ufrag:"))
        password = next(line[10:] for line in lines if line.startswith("a=ice-pwd:"))
        await see(pc, 3)  # the old path goes on meanwhile
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{ufrag}:theirs"
        message.attributes["ICE-CONTROLLING"] = 1
        message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity(password.encode())
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as elsewhere:
            elsewhere.setblocking(False)
            elsewhere.bind((HOST, 0))
            elsewhere.sendto(bytes(message), (HOST, worker.port))
            loop = asyncio.get_running_loop()
            kinds = set()
            async with asyncio.timeout(5):
                while len(kinds) < 2:
                    datagram = await loop.sock_recv(elsewhere, 2048)
                    kinds.add("stun" if datagram[0] < 4 else "srtp")
        assert kinds == {"stun", "srtp"}


async def test_a_recording_grows_and_says_so(worker: WorkerProcess, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    async with publisher(worker):
        started = control.StartRecording(room="1", recording="9", directory=str(folder))
        assert isinstance(await worker.ask(started), control.Done)
        health = await worker.report(
            control.RecordingHealth, lambda report: report.size_bytes > 1000
        )
        assert (health.room, health.recording, health.growing) == ("1", "9", True)
        await worker.ask(control.StopRecording(room="1", recording="9"))
        assert len(list(folder.glob("*.rtp"))) >= 2
        assert (folder / "manifest.jsonl").exists()


async def test_floods_and_forged_packets_do_not_disturb_a_meeting(worker: WorkerProcess) -> None:
    async with publisher(worker), viewer(worker) as pc:
        await see(pc, 3)
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            stranger.setblocking(False)
            message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
            message.attributes["USERNAME"] = "nobody:here"
            message.attributes["USE-CANDIDATE"] = None
            message.add_message_integrity(b"x" * 24)
            flood = [bytes(message), b"\x80\x60" + b"\0" * 100, b"\x16\xfe\xfd" + b"\0" * 60]
            for _ in range(100):
                for datagram in flood:
                    stranger.sendto(datagram, (HOST, worker.port))
                await asyncio.sleep(0)
            await see(pc, 5)
            with pytest.raises(BlockingIOError):
                stranger.recv(2048)  # nobody answers a stranger
        counters = await worker.counters()
        assert counters["drop_stun_unknown_ufrag"] >= 100
        assert counters["drop_unknown_address"] >= 200
        assert not any(isinstance(report, control.PeerLost) for report in worker.reports)
