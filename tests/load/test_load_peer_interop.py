"""The light client against a full WebRTC stack that was not written here: aiortc, on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtp import RtpPacket
from aiortc.sdp import SessionDescription

from media.load.clips import make_bench_clip
from media.load.dtls import new_certificate
from media.load.offer import MediaPlan
from media.load.peer import Peer, PeerFailed, Ticker


@pytest.fixture
async def ticker() -> AsyncIterator[Ticker]:
    ticker = Ticker()
    task = asyncio.create_task(ticker.run())
    yield ticker
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def server() -> AsyncIterator[RTCPeerConnection]:
    server = RTCPeerConnection()
    yield server
    await server.close()


class Picture(MediaStreamTrack):
    """A grey frame every 50 ms."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(0.05)
        frame = av.VideoFrame.from_ndarray(np.full((90, 160, 3), 90, np.uint8), format="rgb24")
        frame.pts, self._number = self._number * 4500, self._number + 1
        frame.time_base = Fraction(1, 90000)
        return frame


async def answer(server: RTCPeerConnection, offer: str) -> str:
    await server.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await server.setLocalDescription(await server.createAnswer())
    return server.localDescription.sdp


async def frames_of(track: MediaStreamTrack, count: int) -> list[av.VideoFrame]:
    frames = []
    with contextlib.suppress(MediaStreamError):
        while len(frames) < count:
            frames.append(await track.recv())
    return frames


async def test_aiortc_sees_and_hears_what_a_peer_publishes(
    ticker: Ticker, server: RTCPeerConnection
) -> None:
    tracks: list[MediaStreamTrack] = []
    server.on("track", tracks.append)
    peer = Peer(new_certificate(), MediaPlan(microphone=True, camera=True), clip=make_bench_clip())
    ticker.add(peer)
    async with asyncio.timeout(20):
        await peer.connect(await answer(server, peer.offer()))
        assert peer.publication is not None
        peer.publication.microphone = peer.publication.speaking = True
        by_kind = {track.kind: track for track in tracks}
        pictures, sounds = await asyncio.gather(
            frames_of(by_kind["video"], 20), frames_of(by_kind["audio"], 60)
        )
    assert {(frame.width, frame.height) for frame in pictures} == {(640, 360)}
    assert max(int(np.abs(frame.to_ndarray()).max()) for frame in sounds) > 1000
    assert peer.lost is None
    peer.close()


async def test_a_peer_counts_and_opens_what_aiortc_sends(
    ticker: Ticker, server: RTCPeerConnection
) -> None:
    packets: list[bytes] = []
    enough = asyncio.Event()

    def on_rtp(packet: bytes, arrival_ns: int) -> None:
        packets.append(packet)
        if len(packets) >= 20:
            enough.set()

    server.addTrack(Picture())
    peer = Peer(new_certificate(), MediaPlan(video_slots=1), on_rtp=on_rtp)
    ticker.add(peer)
    async with asyncio.timeout(20):
        await peer.connect(await answer(server, peer.offer()))
        await enough.wait()
    (track,) = peer.tracks.values()
    assert track.received == track.expected == len(packets)
    seqs = [RtpPacket.parse(packet).sequence_number for packet in packets]
    assert seqs == sorted(seqs)
    peer.close()


async def test_no_answer_from_the_server_is_one_clear_failure(ticker: Ticker) -> None:
    server = RTCPeerConnection()
    peer = Peer(new_certificate(), MediaPlan(audio_slots=1))
    sdp = await answer(server, peer.offer())
    await server.close()
    ticker.add(peer)
    with pytest.raises(PeerFailed, match="ICE did not finish"):
        await peer.connect(sdp, timeout_s=0.5)
    peer.close()


async def test_an_answer_that_is_not_one_is_refused(ticker: Ticker) -> None:
    peer = Peer(new_certificate(), MediaPlan(audio_slots=1))
    with pytest.raises(PeerFailed, match="lacks"):
        await peer.connect("v=0\r\n")
    peer.close()


async def test_the_offer_is_what_browsers_write() -> None:
    plan = MediaPlan(
        microphone=True,
        camera=True,
        rids=("q", "h", "f"),
        screen=True,
        audio_slots=4,
        video_slots=9,
    )
    peer = Peer(new_certificate(), plan)
    offer = peer.offer()
    parsed = SessionDescription.parse(offer)
    kinds = [(media.kind, media.direction) for media in parsed.media]
    assert kinds[:3] == [("audio", "sendonly"), ("video", "sendonly"), ("video", "sendonly")]
    assert kinds[3:] == [("audio", "recvonly")] * 4 + [("video", "recvonly")] * 9
    assert "a=simulcast:send q;h;f" in offer
    assert peer.mids == {
        "audio": ["3", "4", "5", "6"],
        "video": [str(mid) for mid in range(7, 16)],
    }
    peer.close()
