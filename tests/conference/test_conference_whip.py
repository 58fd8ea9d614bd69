"""WHIP and WHEP over HTTP, against the whole service in this process."""

import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from conference.app import running
from conference.config import load
from rooms.directory.tokens import TokenRole, issue_token, load_key
from rooms.seed.seed import seed_demo, seed_directory
from rooms.store.database import Database


@dataclass(slots=True)
class World:
    url: str
    key: bytes
    http: aiohttp.ClientSession
    links: list[str] = field(default_factory=list)  # of the last answer

    def bearer(self, role: str, meeting: str = "bench", seconds: float = 60) -> dict[str, str]:
        token = issue_token(
            self.key,
            meeting=meeting,
            role=TokenRole(role),
            now=time.time(),
            name="Encoder",
            lifetime_s=seconds,
        )
        return {"Authorization": f"Bearer {token}"}

    async def post(
        self, path: str, body: bytes | str, headers: dict[str, str], sdp: str = "application/sdp"
    ) -> tuple[int, dict[str, str], str]:
        async with self.http.post(
            self.url + path, data=body, headers={"Content-Type": sdp, **headers}
        ) as answer:
            self.links = answer.headers.getall("Link", [])
            return answer.status, dict(answer.headers), await answer.text()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    settings = load(
        None,
        {
            "DIEMCAU_DATA_FOLDER": str(tmp_path),
            "DIEMCAU_SERVER_LISTEN": "127.0.0.1:0",
            "DIEMCAU_MEDIA_ADDRESSES": "127.0.0.1",
            "DIEMCAU_MEDIA_PORT": "0",
            "DIEMCAU_TURN_URLS": "turn:192.0.2.1:3478,turns:192.0.2.1:443?transport=tcp",
            "DIEMCAU_TURN_SECRET": "shared",
        },
    )
    db = Database(settings.database_url)
    await db.migrate()
    await seed_directory(db)
    await seed_demo(db, datetime.now(UTC))
    await db.close()
    async with running(settings) as service, aiohttp.ClientSession() as http:
        yield World(service.url, load_key(tmp_path), http)


async def offer_of(pc: RTCPeerConnection) -> str:
    await pc.setLocalDescription(await pc.createOffer())
    return pc.localDescription.sdp


@contextlib.asynccontextmanager
async def peer() -> AsyncIterator[RTCPeerConnection]:
    pc = RTCPeerConnection()
    try:
        yield pc
    finally:
        await pc.close()


async def test_an_encoder_publishes_and_a_viewer_decodes_it(world: World) -> None:
    async with peer() as encoder, peer() as viewer:
        encoder.addTrack(AudioStreamTrack())
        encoder.addTrack(VideoStreamTrack())
        status, headers, answer = await world.post(
            "/whip/bench", await offer_of(encoder), world.bearer("publisher")
        )
        assert status == 201
        assert headers["Content-Type"] == "application/sdp"
        first, second = world.links
        assert first.startswith('<turn:192.0.2.1:3478>; rel="ice-server"; username="')
        assert second.startswith("<turns:192.0.2.1:443?transport=tcp>; ")
        assert first.endswith('; credential-type="password"')
        await encoder.setRemoteDescription(RTCSessionDescription(answer, "answer"))

        viewer.addTransceiver("audio", direction="recvonly")
        viewer.addTransceiver("video", direction="recvonly")
        status, viewer_headers, answer = await world.post(
            "/whep/bench", await offer_of(viewer), world.bearer("viewer")
        )
        assert status == 201
        await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        audio, video = (transceiver.receiver.track for transceiver in viewer.getTransceivers())
        frame = await video.recv()
        assert (frame.width, frame.height) == (640, 480)
        assert (await audio.recv()).samples > 0

        # Somebody else's token does not end it; its own does, once.
        where = world.url + headers["Location"]
        async with world.http.delete(where, headers=world.bearer("publisher")) as other:
            assert other.status == 403
        viewer_where = world.url + viewer_headers["Location"]
        async with world.http.delete(viewer_where) as nobody:
            assert nobody.status == 401


async def test_delete_ends_a_session_once(world: World) -> None:
    mine = world.bearer("publisher")
    async with peer() as encoder:
        encoder.addTrack(VideoStreamTrack())
        _, headers, _ = await world.post("/whip/bench", await offer_of(encoder), mine)
        for expected in (200, 404):
            async with world.http.delete(world.url + headers["Location"], headers=mine) as answer:
                assert answer.status == expected


async def test_every_refusal_has_its_status_and_a_json_reason(world: World) -> None:
    async with peer() as pc:
        pc.addTrack(VideoStreamTrack())
        offer = await offer_of(pc)
    publisher = world.bearer("publisher")
    no_fingerprint = "\r\n".join(
        line for line in offer.splitlines() if not line.startswith("a=fingerprint")
    )
    unknown_codec = offer.replace("VP8/90000", "THEORA/90000").replace("H264/90000", "DIRAC/90000")
    cases: list[tuple[int, str, str, bytes | str, dict[str, str]]] = [
        (401, "no-token", "/whip/bench", offer, {}),
        (401, "malformed", "/whip/bench", offer, {"Authorization": "Bearer x.y.z"}),
        (401, "expired", "/whip/bench", offer, world.bearer("publisher", seconds=-1)),
        (403, "wrong-role", "/whip/bench", offer, world.bearer("viewer")),
        (403, "wrong-meeting", "/whip/bench", offer, world.bearer("publisher", meeting="demo")),
        (404, "not-found", "/whip/nowhere", offer, world.bearer("publisher", meeting="nowhere")),
        (406, "not-acceptable", "/whip/bench", offer, {**publisher, "Accept": "text/html"}),
        (413, "too-large", "/whip/bench", b"v=0\r\n" + bytes(257 * 1024), publisher),
        (422, "malformed", "/whip/bench", "not an offer", publisher),
        (422, "malformed", "/whip/bench", secrets.token_bytes(300), publisher),
        (422, "no-fingerprint", "/whip/bench", no_fingerprint, publisher),
        (422, "no-known-codec", "/whip/bench", unknown_codec, publisher),
    ]
    for status, code, path, body, headers in cases:
        got, answer_headers, text = await world.post(path, body, headers)
        assert (got, code in text) == (status, True), (status, code, got, text)
        assert answer_headers["Content-Type"].startswith("application/problem+json")
    got, _, text = await world.post("/whip/bench", offer, publisher, sdp="text/plain")
    assert (got, "not-sdp" in text) == (415, True)


async def test_two_sessions_of_one_token_are_two_seats(world: World) -> None:
    mine = world.bearer("publisher")
    async with peer() as first, peer() as second:
        for pc in (first, second):
            pc.addTrack(VideoStreamTrack())
            status, _, answer = await world.post("/whip/bench", await offer_of(pc), mine)
            assert status == 201
            await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with peer() as viewer:
            for _ in range(2):
                viewer.addTransceiver("video", direction="recvonly")
            _, _, answer = await world.post(
                "/whep/bench", await offer_of(viewer), world.bearer("viewer")
            )
            await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            for transceiver in viewer.getTransceivers():
                assert (await transceiver.receiver.track.recv()).width == 640
