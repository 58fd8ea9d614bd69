"""A small province in a real store, for the tests of pages: units, 20 sites, people, meetings."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import argon2

from rooms.directory.accounts import Account, AccountRole, Accounts
from rooms.directory.directory import Directory
from rooms.meetings.meetings import AgendaItem, Meeting, MeetingDraft, Meetings, MeetingState
from rooms.store.database import Database
from rooms.store.tables import SiteRow, UnitRow

PASSWORD = "mat-khau-thu"
FAST_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

DISTRICTS = (
    "Thành phố Pleiku|Thị xã An Khê|Thị xã Ayun Pa|Huyện KBang|Huyện Đăk Đoa|Huyện Chư Păh|"
    "Huyện Ia Grai|Huyện Mang Yang|Huyện Kông Chro|Huyện Đức Cơ|Huyện Chư Prông|Huyện Chư Sê|"
    "Huyện Đăk Pơ|Huyện Ia Pa|Huyện Krông Pa|Huyện Phú Thiện|Huyện Chư Pưh"
).split("|")
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
    state: MeetingState = MeetingState.SCHEDULED,
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
            site_ids=tuple(world.sites[name] for name in sites),
            agenda=tuple(agenda),
            short_name=short_name,
        ),
        world.people["thuky"],
        min(start, datetime.now(UTC)),
    )
    if state is not MeetingState.SCHEDULED:
        await world.meetings.set_state(meeting.id, state)
        meeting = await world.meetings.get(meeting.id) or meeting
    return meeting
