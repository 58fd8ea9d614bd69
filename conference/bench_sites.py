"""The sites of a bench meeting: ordinary clients of the WebSocket protocol, by the hundred."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
from sqlalchemy import select

from conference.bench_server import BenchFailed, Target
from conference.config import load
from conference.site_client import Floor, SimulatedSite, Surroundings
from media.load.clipfile import Clip
from media.load.clips import make_meeting_clip
from media.load.dtls import new_certificate
from media.load.mass import MassReception
from media.load.offer import MediaPlan
from media.load.peer import OnRtp, Peer, Ticker, address_towards
from media.load.tally import Totals
from rooms.directory.tokens import TokenRole, issue_token, load_key
from rooms.meetings.records import MeetingState
from rooms.seed.seed import DEMO_PASSWORD
from rooms.session.model import SeatId
from rooms.store.database import Database
from rooms.store.tables import AccountRow, MeetingRow, MeetingSiteRow, SiteRow, UnitRow
from signaling import messages
from signaling.messages import Codec

PROVINCE = "toan-tinh"
SECRETARY = "thuky"
TILES = 8
PLAN = MediaPlan(
    microphone=True,
    camera=True,
    rids=("q", "f"),
    screen=True,
    audio_slots=4,
    video_slots=1 + TILES,
)
MAIN_HEIGHT = 720
JOIN_S = 40.0  # from its start; a site that got no picture by then is counted and stays
TICK_S = 0.03
GROUPS = 10
_RANK = 1000  # after the sites of the directory

_decoder: msgspec.json.Decoder[messages.AnyServerMessage] = msgspec.json.Decoder(
    messages.AnyServerMessage
)


# ---------------------------------------------------------------- the meeting


async def seed_province(data: Path, count: int, guests: Sequence[str] = ()) -> list[SeatId]:
    """A meeting of `count` new sites in a demo's data folder; their seats in protocol order.

    `guests`: codes of the demo's sites that are invited as well.
    """
    db = Database(load(None, {"DIEMCAU_DATA_FOLDER": str(data)}).database_url)
    try:
        async with db.session() as session:
            unit = await session.scalar(select(UnitRow.id).order_by(UnitRow.rank))
            chair = await session.scalar(
                select(AccountRow.id).where(AccountRow.username == "thuky")
            )
            sites = [_site(number, unit or 0) for number in range(count)]
            now = datetime.now(UTC)
            meeting = MeetingRow(
                short_name=PROVINCE,
                title="Hội nghị trực tuyến toàn tỉnh",
                host_unit_id=unit,
                chair_id=chair,
                start=now - timedelta(minutes=5),
                end=now + timedelta(hours=4),
                state=MeetingState.APPROVED.value,
                notes="",
                created_by=chair,
                created_at=now,
            )
            session.add_all([*sites, meeting])
            await session.flush()
            invited = await session.scalars(select(SiteRow.id).where(SiteRow.code.in_(guests)))
            session.add_all(
                MeetingSiteRow(meeting_id=meeting.id, site_id=site_id)
                for site_id in (*invited, *(site.id for site in sites))
            )
            return [SeatId(f"site:{site.id}") for site in sites]
    finally:
        await db.close()


def _site(number: int, unit: int) -> SiteRow:
    return SiteRow(
        code=f"tai{number:03}",
        name=f"Điểm cầu đo tải {number + 1}",
        short_name=f"Đo tải {number + 1}",
        unit_id=unit,
        rank=_RANK + number,
        technician_phone="",
        capacity=20,
        place="",
        active=True,
    )


# ---------------------------------------------------------------- one site


@dataclass(frozen=True, slots=True)
class Part:
    """What one site does in the meeting."""

    seat: SeatId
    tiles: tuple[SeatId, ...]
    speaks: bool = False
    first: bool = False  # comes when there may be nobody to see
    wait_s: float = 0.0  # before it joins


class BenchSite(SimulatedSite):
    """Shows what its part says, publishes the load mix, tells when pictures came."""

    def __init__(
        self,
        around: Surroundings,
        part: Part,
        token: str,
        clip: Clip,
        *,
        mass: MassReception | None = None,
        burst: int = 8,
        on_rtp: OnRtp | None = None,
    ) -> None:
        super().__init__(around, part.seat, lambda: token, clip)
        self.part = part
        self.peers: list[Peer] = []  # one after the other
        self._bench_clip = clip
        self._surroundings = around
        self._mass = mass
        self._burst = burst
        self._on_rtp = on_rtp

    def make_peer(self) -> Peer:
        peer = Peer(
            self._surroundings.certificate,
            PLAN,
            clip=self._bench_clip,
            address=self._surroundings.address,
            mass=self._mass,
            stamp=True,
            burst=self._burst,
            on_rtp=self._on_rtp,
        )
        self.peers.append(peer)
        return peer

    def view(self) -> tuple[int, Sequence[SeatId]]:
        return MAIN_HEIGHT, self.part.tiles

    def totals(self) -> Totals:
        return sum((peer.totals() for peer in self.peers), Totals())

    async def joined(self, started: float) -> float:
        """Wait for the first picture, which begins with a key frame; ms since `started`.

        Where nobody sends a picture yet, a connected transport is enough. Raises TimeoutError.
        """
        async with asyncio.timeout(JOIN_S):
            while not (self.ready and (self.part.first or self.sees())):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return (time.monotonic() - started) * 1e3

    def sees(self) -> bool:
        return any(peer.picture_packets() for peer in self.peers)

    async def speak_on(self) -> None:
        """Microphone on for good."""
        await self.request(messages.SetMicrophone, on=True)
        self._set_sound(True)


@dataclass(slots=True)
class SiteGroup:
    """Sites that share a process; a `bench_crowd.Group`."""

    sites: list[BenchSite]
    attending: list[asyncio.Task[None]] = field(default_factory=list)

    async def join(self) -> list[float]:
        """Every site when its part says; how long it took those that got a picture, in ms.

        Raises:
            BenchFailed: nobody did, or a speaker could not speak.
        """
        joined = await asyncio.gather(*(self._join(site) for site in self.sites))
        if not any(joined):
            raise BenchFailed(f"no picture within {JOIN_S:g} s at any of {len(joined)} sites")
        return [took for took in joined if took is not None]

    async def _join(self, site: BenchSite) -> float | None:
        await asyncio.sleep(site.part.wait_s)
        started = time.monotonic()
        self.attending.append(asyncio.create_task(site.run()))
        try:
            joined = await site.joined(started)
        except TimeoutError:
            if site.part.speaks:
                raise BenchFailed(f"a speaker did not join within {JOIN_S:g} s") from None
            return None
        if site.part.speaks:
            await site.speak_on()
        return joined

    def totals(self) -> list[Totals]:
        return [site.totals() for site in self.sites]

    def lost(self) -> int:
        """Transports that had to be made anew count."""
        return sum(len(site.peers) - site.ready for site in self.sites)

    async def leave(self) -> None:
        await asyncio.gather(*(site.leave() for site in self.sites))
        for task in self.attending:
            task.cancel()
        await asyncio.gather(*self.attending, return_exceptions=True)


@contextlib.asynccontextmanager
async def surroundings(target: Target, ticker: Ticker) -> AsyncIterator[Surroundings]:
    ticking = asyncio.create_task(ticker.run())
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        around = Surroundings(
            http=http,
            url=target.url,
            address=address_towards(target.url),
            meeting=PROVINCE,
            certificate=new_certificate(),
            ticker=ticker,
            floor=Floor(),
            rng=random.Random(),
        )
        try:
            yield around
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking


def site_token(target: Target, seat: SeatId) -> str:
    assert target.data is not None
    key = load_key(target.data)
    return issue_token(key, meeting=PROVINCE, role=TokenRole.SITE, now=time.time(), seat=seat)


@dataclass(frozen=True, slots=True)
class Sites:
    """Sites as a crowd."""

    target: Target
    parts: tuple[Part, ...]

    @contextlib.asynccontextmanager
    async def gather(self) -> AsyncIterator[SiteGroup]:
        mass = MassReception()
        clip = await asyncio.to_thread(make_meeting_clip)
        ticker = Ticker(TICK_S, groups=GROUPS, mass=mass)
        async with surroundings(self.target, ticker) as around:
            group = SiteGroup(
                [
                    BenchSite(around, part, site_token(self.target, part.seat), clip, mass=mass)
                    for part in self.parts
                ]
            )
            try:
                yield group
            finally:
                await group.leave()


# ---------------------------------------------------------------- the secretary


async def pin_main(target: Target, seat: SeatId) -> None:
    """The secretary comes, puts a seat on the main picture, and goes.

    Raises:
        BenchFailed: refused.
    """
    jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of an IP address
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        await _sign_in(http, target.url)
        async with http.ws_connect(target.url.replace("http", "ws", 1) + "/ws") as socket:
            hello = messages.Hello(protocol=messages.PROTOCOL_VERSION, meeting=PROVINCE)
            await socket.send_str(Codec.serialize(hello))
            async with asyncio.timeout(10):
                while True:
                    match _decoder.decode(await socket.receive_str()):
                        case messages.Welcome():
                            show = messages.ShowOnMain(request_id=1, seat=seat)
                            await socket.send_str(Codec.serialize(show))
                        case messages.Done(request_id=1):
                            return
                        case messages.Refused(code=code) | messages.Bye(code=code):
                            raise BenchFailed(f"the secretary was refused: {code}")
                        case _:
                            pass


async def _sign_in(http: aiohttp.ClientSession, url: str) -> None:
    async with http.get(f"{url}/dang-nhap") as page:
        csrf = re.search(r'name="csrf" value="([^"]+)"', await page.text())
    form = {"csrf": csrf[1] if csrf else "", "username": SECRETARY, "password": DEMO_PASSWORD}
    async with http.post(f"{url}/dang-nhap", data=form, headers={"Origin": url}) as answer:
        if answer.status != 200:
            raise BenchFailed(f"the secretary could not sign in: {answer.status}")
