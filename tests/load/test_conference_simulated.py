"""Simulated sites are ordinary clients: they join a real service, take turns, obey, come back."""

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from conference.bench_server import Target, target_server, worker_pids
from conference.simulated import _choose_sites
from conference.site_client import Floor, SimulatedSite, Surroundings
from media.load.clips import make_bench_clip
from media.load.dtls import new_certificate
from media.load.peer import Ticker
from rooms.directory.tokens import TokenRole, issue_token, load_key
from rooms.seed.seed import DEMO_MEETING, DEMO_PASSWORD
from rooms.session.events import MicrophoneSet, SeatEntered, SeatLeft
from rooms.session.model import SeatId
from signaling import messages
from signaling.messages import Codec

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVER_MESSAGE = msgspec.json.Decoder(messages.AnyServerMessage)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Target]:
    options = argparse.Namespace(url="", meeting=DEMO_MEETING, token="", data=None)
    async with target_server(options) as target:
        yield target


@pytest_asyncio.fixture(loop_scope="module")
async def around(service: Target) -> AsyncIterator[Surroundings]:
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.run())
    async with aiohttp.ClientSession() as http:
        yield Surroundings(
            http=http,
            url=service.url,
            address="127.0.0.1",
            meeting=DEMO_MEETING,
            certificate=new_certificate(),
            ticker=ticker,
            floor=Floor(),
            rng=random.Random(1),
        )
    ticking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ticking


def people() -> aiohttp.ClientSession:
    """A browser's worth of HTTP: it keeps cookies, also those of an IP address."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


class Chair:
    """The chair's page: signs in with the form, reads what the meeting says."""

    def __init__(self, service: Target) -> None:
        self._url = service.url
        self._requests = 0
        self.events: list[object] = []

    async def sign_in(self, http: aiohttp.ClientSession) -> None:
        async with http.get(f"{self._url}/dang-nhap") as page:
            csrf = re.search(r'name="csrf" value="([^"]+)"', await page.text())
        assert csrf is not None
        form = {"csrf": csrf[1], "username": "chutri", "password": DEMO_PASSWORD}
        async with http.post(
            f"{self._url}/dang-nhap", data=form, headers={"Origin": self._url}
        ) as answer:
            assert answer.status == 200

    async def join(self, http: aiohttp.ClientSession) -> None:
        self._socket = await http.ws_connect(self._url.replace("http", "ws", 1) + "/ws")
        hello = messages.Hello(protocol=messages.PROTOCOL_VERSION, meeting=DEMO_MEETING)
        await self._socket.send_str(Codec.serialize(hello))
        welcome = SERVER_MESSAGE.decode(await self._socket.receive_str())
        assert isinstance(welcome, messages.Welcome)

    async def mute(self, seat: SeatId) -> None:
        self._requests += 1
        message = messages.MuteSeat(request_id=self._requests, seat=seat)
        await self._socket.send_str(Codec.serialize(message))

    async def see(self, wanted: Callable[[object], bool]) -> None:
        """Read events until one is as wanted."""
        while not any(wanted(event) for event in self.events):
            message = SERVER_MESSAGE.decode(await self._socket.receive_str())
            if isinstance(message, messages.Events):
                self.events += [entry.event for entry in message.entries]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_sites_keep_quiet_for_people_but_not_for_each_other_or_a_cough() -> None:
    site, person = SeatId("site:1"), SeatId("user:2")
    floor = Floor(simulated={site})
    floor.hear(site, True, 0.0)
    assert not floor.taken(10.0)
    floor.hear(person, True, 10.0)
    assert not floor.taken(10.5)
    assert floor.taken(11.5)
    floor.hear(person, False, 12.0)
    assert not floor.taken(12.0)


async def test_a_site_joins_speaks_obeys_the_chair_and_returns(
    service: Target, around: Surroundings
) -> None:
    assert service.data is not None
    key = load_key(service.data)
    (invited,) = await _choose_sites(service.data, DEMO_MEETING, 1)
    seat = SeatId(f"site:{invited.site_id}")

    def token() -> str:
        return issue_token(
            key, meeting=DEMO_MEETING, role=TokenRole.SITE, now=time.time(), seat=seat
        )

    site = SimulatedSite(around, seat, token, make_bench_clip())
    chair = Chair(service)
    async with asyncio.timeout(60), people() as http:
        await chair.sign_in(http)
        await chair.join(http)
        attending = asyncio.create_task(site.run())
        await chair.see(lambda e: isinstance(e, SeatEntered) and e.seat.id == seat)
        await until(lambda: site.ready)

        speaking = asyncio.create_task(site.speak(60.0))
        await chair.see(lambda e: isinstance(e, MicrophoneSet) and e.seat == seat and e.on)
        assert site.microphone
        await chair.mute(seat)
        await speaking
        assert not site.microphone
        assert not site.ready  # it obeys for a while

        before = site._peer
        (worker,) = await worker_pids(service.url)
        os.kill(worker, signal.SIGKILL)
        await until(lambda: site._peer not in (None, before) and site._peer.publication is not None)

        await site.leave()
        attending.cancel()
        await asyncio.gather(attending, return_exceptions=True)


async def test_on_sigterm_every_site_says_goodbye(service: Target, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "conference.simulated", "--url", service.url, "--meeting",
        DEMO_MEETING, "--count", "2", "--data", str(service.data), "--log-level", "info",
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60), people() as http:
            chair = Chair(service)
            await chair.sign_in(http)
            await chair.join(http)
            await chair.see(lambda e: isinstance(e, SeatEntered))
            process.send_signal(signal.SIGTERM)
            await chair.see(lambda e: isinstance(e, SeatLeft) and e.left)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
