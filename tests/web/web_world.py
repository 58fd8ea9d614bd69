"""A small province in a real store, for the tests of pages: units, 20 sites, people, meetings."""

import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import argon2
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from multidict import MultiDict

from rooms.answers.answers import Answers
from rooms.clock import SystemClock
from rooms.dates.entries import Entries
from rooms.dates.feeds import Feeds
from rooms.dates.store import Dates
from rooms.directory.accounts import Account, AccountRole, Accounts
from rooms.directory.api_tokens import ApiTokens
from rooms.directory.directory import Directory
from rooms.directory.groups import Groups
from rooms.directory.imports.service import Imports
from rooms.directory.levels import Levels
from rooms.directory.people import People
from rooms.directory.reforms.service import Reforms
from rooms.directory.sites import Sites
from rooms.directory.units import Units
from rooms.documents.documents import Documents
from rooms.documents.records import Limits
from rooms.documents.showing import DocumentShelf
from rooms.health import HealthBoard
from rooms.invitations.ics import Mailbox
from rooms.invitations.invitations import Invitations, Office
from rooms.mail import MailQueue
from rooms.media_port import Connected, MediaObserver, SlotWant
from rooms.meetings.drafts import draft_sites
from rooms.meetings.meetings import AgendaItem, Meeting, MeetingDraft, Meetings, MeetingState
from rooms.meetings.planning import Planner
from rooms.meetings.revisions import Revisions
from rooms.meetings.series import Series
from rooms.meetings.templates import Templates
from rooms.minutes.minutes import MinutesDesk
from rooms.minutes.papers import MeetingPapers
from rooms.papers.fonts import PaperFonts
from rooms.records.audit import Audit
from rooms.records.dumps import Dumps
from rooms.records.recordings import Recordings
from rooms.records.replays import Replays
from rooms.rehearsals.desk import RehearsalDesk
from rooms.reports.reports import Reports
from rooms.reports.travel import BUILT_IN, Rates, read_distances
from rooms.service import LiveMeetings
from rooms.session.model import PeerId, Source
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.tables import SiteRow, UnitRow
from rooms.webhooks.deliveries import Deliveries
from rooms.webhooks.endpoints import Endpoints
from web.app import build_app
from web.assets import STATIC
from web.services import Services, WebSettings

PASSWORD = "mat-khau-thu"
FAST_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

DISTRICTS = (
    "Thành phố Pleiku",
    "Thị xã An Khê",
    "Thị xã Ayun Pa",
    "Huyện KBang",
    "Huyện Đăk Đoa",
    "Huyện Chư Păh",
    "Huyện Ia Grai",
    "Huyện Mang Yang",
    "Huyện Kông Chro",
    "Huyện Đức Cơ",
    "Huyện Chư Prông",
    "Huyện Chư Sê",
    "Huyện Đăk Pơ",
    "Huyện Ia Pa",
    "Huyện Krông Pa",
    "Huyện Phú Thiện",
    "Huyện Chư Pưh",
)
KINDS = ("Thành phố ", "Thị xã ", "Huyện ")


@dataclass
class World:
    """What was put into the store."""

    accounts: Accounts
    directory: Directory
    meetings: Meetings
    units: dict[str, int] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=dict)
    people: dict[str, Account] = field(default_factory=dict)


def _unit(name: str, short: str, kind: str, level: str, parent: int | None, rank: int) -> UnitRow:
    return UnitRow(
        name=name,
        short_name=short,
        name_en="",
        kind=kind,
        level=level,
        parent_id=parent,
        rank=rank,
    )


def _site(code: str, name: str, short: str, unit: int, rank: int) -> SiteRow:
    return SiteRow(
        code=code,
        name=name,
        short_name=short,
        unit_id=unit,
        rank=rank,
        technician_phone=f"0905 1{rank:02d} 3{rank:02d}",
        capacity=30,
        place="Phòng họp tầng 2",
        active=True,
    )


async def _directory(world: World, db: Database) -> None:
    async with db.session() as session:
        province = _unit("Tỉnh Gia Lai", "Gia Lai", "tinh", "province", None, 1)
        session.add(province)
        await session.flush()
        agencies = [
            ("ubnd-tinh", "Ủy ban nhân dân tỉnh Gia Lai", "UBND tỉnh"),
            ("tinh-uy", "Tỉnh ủy Gia Lai", "Tỉnh ủy"),
            ("so-tttt", "Sở Thông tin và Truyền thông", "Sở TT&TT"),
        ]
        rank = 2
        for code, name, short in agencies:
            unit = _unit(name, short, "agency", "agency", province.id, rank)
            session.add(unit)
            await session.flush()
            site = _site(code, short, short, unit.id, rank)
            session.add(site)
            await session.flush()
            world.units[code], world.sites[code] = unit.id, site.id
            rank += 1
        for full in DISTRICTS:
            bare = full
            for kind in KINDS:
                bare = bare.removeprefix(kind)
            district = _unit(full, full, "huyen", "district", province.id, rank)
            session.add(district)
            await session.flush()
            low = full[0].lower() + full[1:]
            unit = _unit(
                f"Ủy ban nhân dân {low}", f"UBND {low}", "ubnd", "agency", district.id, rank
            )
            session.add(unit)
            await session.flush()
            site = _site(f"site-{rank}", f"UBND {low}", bare, unit.id, rank)
            session.add(site)
            await session.flush()
            world.units[bare], world.sites[bare] = unit.id, site.id
            rank += 1


async def _people(world: World) -> None:
    host = world.units["ubnd-tinh"]
    rows = [
        ("chutri", "Ông Lê Quang Minh", "Phó Chủ tịch UBND tỉnh", AccountRole.OFFICIAL, host, None),
        ("thuky", "Trần Thị Hạnh", "Thư ký, UBND tỉnh", AccountRole.SECRETARIAT, host, None),
        ("kythuat", "Nguyễn Hoàng Minh", "", AccountRole.TECHNICIAN, world.units["so-tttt"], None),
        ("quantri", "Phan Thị Oanh", "", AccountRole.ADMINISTRATOR, world.units["so-tttt"], None),
        ("kbang", "UBND huyện KBang", "", AccountRole.SITE_DEVICE, None, world.sites["KBang"]),
        ("iapa", "UBND huyện Ia Pa", "", AccountRole.SITE_DEVICE, None, world.sites["Ia Pa"]),
    ]
    for username, name, position, role, unit, site in rows:
        world.people[username] = await world.accounts.create(
            username=username,
            full_name=name,
            role=role,
            password=PASSWORD,
            position=position,
            unit_id=unit,
            site_id=site,
        )


async def make_world(db: Database, hasher: argon2.PasswordHasher = FAST_HASHER) -> World:
    """The province without meetings."""
    world = World(
        accounts=Accounts(db, hasher=hasher), directory=Directory(db), meetings=Meetings(db)
    )
    await _directory(world, db)
    await _people(world)
    return world


AGENDA = (
    ("Điểm danh các điểm cầu", "Thư ký", 10),
    ("Phát biểu khai mạc", "Ông Lê Quang Minh, Phó Chủ tịch UBND tỉnh", 10),
    ("Trình bày báo cáo tình hình kinh tế - xã hội tháng 11", "Sở Kế hoạch và Đầu tư", 30),
    ("Thảo luận", "Các điểm cầu, mỗi phát biểu không quá 07 phút", 80),
    ("Kết luận", "Ông Lê Quang Minh", 30),
)


async def add_meeting(
    world: World,
    title: str,
    start: datetime,
    *,
    minutes: int = 120,
    sites: tuple[str, ...] = ("ubnd-tinh", "Pleiku", "KBang", "Chư Sê"),
    short_name: str | None = None,
    state: MeetingState = MeetingState.APPROVED,
) -> Meeting:
    """A meeting in the store; its end may lie in the past."""
    at, agenda = start, []
    for position, (line, presenter, length) in enumerate(AGENDA, start=1):
        agenda.append(
            AgendaItem(
                position=position,
                title=line,
                start=(at + timedelta(hours=7)).time(),
                presenter=presenter,
                minutes=length,
            )
        )
        at += timedelta(minutes=length)
    meeting = await world.meetings.schedule(
        MeetingDraft(
            title=title,
            start=start,
            end=start + timedelta(minutes=minutes),
            host_unit_id=world.units["ubnd-tinh"],
            chair_id=world.people["chutri"].id,
            sites=draft_sites(world.sites[name] for name in sites),
            agenda=tuple(agenda),
            short_name=short_name,
        ),
        world.people["thuky"],
        min(start, datetime.now(UTC)),
    )
    if state is not MeetingState.APPROVED:
        await world.meetings.set_state(meeting.id, state)
        meeting = await world.meetings.get(meeting.id) or meeting
    return meeting


class Silence:
    """A media plane that forwards nothing."""

    async def open_room(self, room: str, observer: MediaObserver) -> None: ...
    async def close_room(self, room: str) -> None: ...
    async def connect(self, room: str, peer: PeerId, offer: str) -> Connected:
        return Connected(answer="v=0", audio_mids=(), video_mids=())

    async def connect_viewer(self, room: str, peer: PeerId, offer: str) -> Connected:
        return await self.connect(room, peer, offer)

    async def restart(self, room: str, peer: PeerId, offer: str, path: str = "any") -> str:
        return "v=0"

    async def disconnect(self, room: str, peer: PeerId) -> None: ...
    async def set_slots(self, room: str, peer: PeerId, wants: Sequence[SlotWant]) -> None: ...
    async def set_allowed(self, room: str, peer: PeerId, sources: frozenset[Source]) -> None: ...
    async def set_limits(
        self, room: str, peer: PeerId, max_down_kbps: int | None, video: bool
    ) -> None: ...
    async def set_main_voice(self, room: str, peer: PeerId | None) -> None: ...
    async def start_dump(self, peer: PeerId, directory: str, seconds: float) -> str:
        path = Path(directory) / f"{int(time.time())}-{secrets.token_hex(4)}.dcdump"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"diemcau dump")
        return str(path)

    async def stop_dump(self, peer: PeerId) -> None: ...
    async def start_recording(self, room: str, recording: str, directory: str) -> None: ...
    async def stop_recording(self, room: str, recording: str) -> None: ...


class Deaf:
    """A connection that hears nothing."""

    def on_entries(self, entries: object) -> None: ...
    def on_notice(self, notice: object) -> None: ...
    def on_closed(self, code: str) -> None: ...


class Browser:
    """A visitor of the pages: keeps cookies and sends the token of the page last seen."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.token = ""
        self.page = ""

    async def get(self, path: str, **options: object) -> ClientResponse:
        response = await self.client.get(path, allow_redirects=False, **options)
        await self._read(response)
        return response

    async def post(self, path: str, fields: object = (), **options: object) -> ClientResponse:
        data = MultiDict(fields)
        data.setdefault("csrf", self.token)
        response = await self.client.post(path, data=data, allow_redirects=False, **options)
        await self._read(response)
        return response

    async def _read(self, response: ClientResponse) -> None:
        if response.content_type == "text/html":
            self.page = await response.text()
            found = re.search(r'name="csrf-token" content="([0-9a-f]+)"', self.page)
            self.token = found[1] if found else self.token

    async def sign_in(self, username: str, password: str = PASSWORD, **options: object) -> None:
        await self.get("/dang-nhap")
        fields = {"username": username, "password": password}
        response = await self.post("/dang-nhap", fields, **options)
        assert response.status == 303, self.page
        await self.get("/tro-giup")


class Site:
    """The whole web application over a real store, served on a loopback port."""

    def __init__(self, world: World, services: Services, server: TestServer, db: Database) -> None:
        self.world = world
        self.db = db
        self.services = services
        self.server = server
        self._clients: list[TestClient] = []

    async def browser(self, username: str | None = None) -> Browser:
        client = TestClient(self.server, cookie_jar=CookieJar(unsafe=True))
        self._clients.append(client)
        browser = Browser(client)
        if username is not None:
            await browser.sign_in(username)
        return browser

    async def close(self) -> None:
        for client in self._clients:
            await client.session.close()


_MADE: list[tuple[bytes, World]] = []  # the store's file and its world, made once a run


async def _province(folder: Path) -> tuple[Database, World]:
    """A store of its own with the province in it."""
    file = folder / "pages.db"
    if not _MADE:
        db = Database(f"sqlite+aiosqlite:///{file}")
        await db.migrate()
        world = await make_world(db)
        await db.close()  # folds the write-ahead log into the file
        _MADE.append((file.read_bytes(), world))
    content, made = _MADE[0]
    file.write_bytes(content)
    db = Database(f"sqlite+aiosqlite:///{file}")
    world = World(
        accounts=Accounts(db, hasher=FAST_HASHER),
        directory=Directory(db),
        meetings=Meetings(db),
        units=made.units,
        sites=made.sites,
        people=made.people,
    )
    return db, world


@asynccontextmanager
async def running_site(
    folder: Path, *, dumps: bool = True, webhook_hosts: Sequence[str] = (), **settings: object
) -> AsyncIterator[Site]:
    """A province whose pages can be visited; `dumps`: packet dumps may be taken."""
    db, world = await _province(folder)
    health = HealthBoard()
    recordings = Recordings(db, folder / "recordings")
    plain = {
        "public_url": "",
        "secure_cookies": False,
        "hotline": "0269 3 555 017",
        "province": "Tỉnh Gia Lai",
        "token_key": b"k" * 32,
        "demo": False,
    }
    plane = Silence()
    documents = Documents(db, folder / "documents", Limits(file_bytes=700_000))
    shelf = DocumentShelf(db, documents.pages)
    live = LiveMeetings(db, world.meetings, recordings, plane, SystemClock(), health, shelf=shelf)
    audit = Audit(db)
    revisions, answers, mail = Revisions(db), Answers(db), MailQueue(db)
    files, fonts = (
        FileStore(folder / "files"),
        PaperFonts(STATIC / "fonts", folder.parent / "fonts"),
    )
    invitations = Invitations(
        db,
        Office(
            sender=Mailbox(name="Điểm Cầu", email="hop@gialai.example"),
            server="mail.example",
            hotline="0269 3 555 017",
            public_url="",
            key=b"k" * 32,
        ),
        accounts=world.accounts,
        meetings=world.meetings,
        revisions=revisions,
        answers=answers,
        mail=mail,
        files=files,
        fonts=fonts,
    )
    services = Services(
        settings=WebSettings(**{**plain, **settings}),
        accounts=world.accounts,
        directory=world.directory,
        units=Units(db),
        levels=Levels(db),
        sites=Sites(db),
        people=People(db),
        groups=Groups(db),
        imports=Imports(db),
        reforms=Reforms(db),
        meetings=world.meetings,
        revisions=revisions,
        planner=Planner(db, Dates(db)),
        series=Series(db),
        templates=Templates(db),
        answers=answers,
        documents=documents,
        dates=Dates(db),
        entries=Entries(db),
        feeds=Feeds(db, world.accounts, b"k" * 32),
        invitations=invitations,
        recipients=invitations.recipients,
        minutes=MinutesDesk(db, files, Dates(db)),
        meeting_papers=MeetingPapers(db, files),
        rehearsals=RehearsalDesk(db),
        mail=mail,
        files=files,
        fonts=fonts,
        recordings=recordings,
        live=live,
        health=health,
        audit=audit,
        dumps=Dumps(
            folder / "dumps",
            plane,
            live.peer,
            audit,
            SystemClock(),
            allowed=dumps,
            max_bytes=1_000_000_000,
        ),
        tokens=ApiTokens(db, world.accounts),
        replays=Replays(db),
        webhooks=Endpoints(db, audit, webhook_hosts),
        deliveries=Deliveries(db, "https://hop.example.vn"),
        reports=Reports(db, Rates(), read_distances(BUILT_IN.read_text(encoding="utf-8"))),
    )
    server = TestServer(build_app(services))
    await server.start_server()
    site = Site(world, services, server, db)
    try:
        yield site
    finally:
        await site.close()
        await services.live.close()
        await server.close()
        await db.close()
