"""People and meetings of the demo, all invented; times are around the moment it starts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import argon2
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import AccountRole
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import MeetingState
from rooms.records.recordings import RecordingState
from rooms.seed.demo_answers import seed_answers
from rooms.seed.demo_calendar import seed_calendar
from rooms.seed.demo_directory import seed_people_and_groups
from rooms.seed.demo_letters import seed_letter_series
from rooms.seed.demo_meetings import seed_meetings
from rooms.seed.demo_reports import seed_reports
from rooms.store.database import Database
from rooms.store.tables import (
    AccountRow,
    AgendaItemRow,
    LogEntryRow,
    MeetingRow,
    MeetingSiteRow,
    RecordingRow,
    SiteRow,
    UnitCodeRow,
)

DEMO_PASSWORD = "diemcau-demo"
DEMO_MEETING = "demo"
BENCH_MEETING = "bench"


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    full_name: str
    position: str
    role: AccountRole
    unit: str  # code
    site: str | None = None  # code


_PEOPLE = (
    _Person(
        "chutri",
        "Ông Lê Quang Minh",
        "Phó Chủ tịch UBND tỉnh",
        AccountRole.OFFICIAL,
        "GL-UBND",
        "ubndtinh",
    ),
    _Person(
        "thuky",
        "Trần Thị Hạnh",
        "Thư ký, Văn phòng UBND tỉnh",
        AccountRole.SECRETARIAT,
        "GL-VPUB",
    ),
    _Person(
        "kythuat",
        "Nguyễn Hoàng Minh",
        "Trực kỹ thuật, Sở Thông tin và Truyền thông",
        AccountRole.TECHNICIAN,
        "GL-STTTT",
    ),
    _Person(
        "quantri",
        "Phan Thị Oanh",
        "Quản trị hệ thống, Sở Thông tin và Truyền thông",
        AccountRole.ADMINISTRATOR,
        "GL-STTTT",
    ),
    _Person(
        "kehoach",
        "Ông Phạm Ngọc Sơn",
        "Giám đốc Sở Kế hoạch và Đầu tư",
        AccountRole.OFFICIAL,
        "GL-SKHDT",
    ),
    _Person(
        "vptu",
        "Ông Nguyễn Đức Tuấn",
        "Chánh Văn phòng Tỉnh ủy",
        AccountRole.OFFICIAL,
        "GL-VPTU",
    ),
    _Person(
        "nongnghiep",
        "Bà Nay H’Lan",
        "Phó Giám đốc Sở Nông nghiệp và Phát triển nông thôn",
        AccountRole.OFFICIAL,
        "GL-SNN",
    ),
)
_NO_DEVICE = "ubndtinh"  # the chair of the demo sits there

_CENTRE = ("pleiku", "dakdoa", "chupah", "iagrai", "mangyang")
_EAST = ("ankhe", "kbang", "kongchro", "dakpo")
_SOUTH_EAST = ("ayunpa", "iapa", "krongpa", "phuthien")
_WEST = ("ducco", "chuprong", "chuse", "chupuh")
_DISTRICTS = (*_CENTRE, *_EAST, *_SOUTH_EAST, *_WEST)
_DEMO_SITES = ("ubndtinh", "tinhuy", "ankhe", "ayunpa", "kbang", *_CENTRE)

Line = tuple[str, str, int]  # title, presenter, minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A meeting as it should stand; `short_name` tells it from the others."""

    short_name: str
    title: str
    host: str  # unit code
    chair: str  # username
    sites: tuple[str, ...]  # codes
    start: datetime
    minutes: int
    state: MeetingState = MeetingState.APPROVED
    agenda: tuple[Line, ...] = ()
    notes: str = ""

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


def _plans(now: datetime) -> tuple[_Plan, ...]:
    local = now.astimezone(LOCAL)
    half_hour = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
    today = datetime.combine(local.date(), time(), LOCAL)
    quarter = ("I", "II", "III", "IV")[(local.month - 1) // 3]
    return (
        _demo(half_hour - timedelta(minutes=30), local.month, local.year),
        _Plan(
            short_name=BENCH_MEETING,
            title="Phòng đo tải đường truyền",
            host="GL-STTTT",
            chair="chutri",
            sites=("stttt",),
            start=half_hour - timedelta(minutes=30),
            minutes=23 * 60,
            notes="Dùng để đo khả năng phục vụ; không họp ở đây.",
        ),
        _Plan(
            short_name="giai-ngan",
            title=f"Họp trực tuyến rà soát tiến độ giải ngân vốn đầu tư công quý {quarter}",
            host="GL-SKHDT",
            chair="kehoach",
            sites=("ubndtinh", *_DISTRICTS),
            start=today - timedelta(hours=10),
            minutes=120,
            state=MeetingState.ENDED,
            agenda=(
                ("Báo cáo tiến độ giải ngân", "Sở Kế hoạch và Đầu tư", 30),
                ("Ý kiến của các địa phương", "Các điểm cầu", 60),
                ("Kết luận", "Chủ trì", 30),
            ),
        ),
        _Plan(
            short_name="hoc-tap",
            title="Chạy thử: Hội nghị học tập, quán triệt nghị quyết",
            host="GL-VPTU",
            chair="vptu",
            sites=("tinhuy", "ubndtinh", "stttt", *_DISTRICTS),
            start=half_hour + timedelta(hours=3),
            minutes=60,
            agenda=(("Kiểm tra hình ảnh, âm thanh từng điểm cầu", "Trực kỹ thuật", 60),),
        ),
        _Plan(
            short_name="dich-ta-lon",
            title="Họp đột xuất về phòng, chống dịch tả lợn tại huyện Krông Pa",
            host="GL-SNN",
            chair="nongnghiep",
            sites=("ubndtinh", "krongpa", "phuthien", "iapa"),
            start=half_hour + timedelta(hours=5),
            minutes=60,
            agenda=(
                ("Báo cáo tình hình dịch", "UBND huyện Krông Pa", 15),
                ("Biện pháp khẩn cấp", "Các điểm cầu", 30),
                ("Kết luận", "Chủ trì", 15),
            ),
        ),
        _Plan(
            short_name="nghi-quyet",
            title="Hội nghị học tập, quán triệt nghị quyết",
            host="GL-VPTU",
            chair="vptu",
            sites=("tinhuy", "ubndtinh", "stttt", *_DISTRICTS),
            start=today + timedelta(days=1, hours=8),
            minutes=210,
            agenda=(
                ("Khai mạc", "Chủ trì", 15),
                ("Quán triệt nội dung nghị quyết", "Báo cáo viên", 150),
                ("Phát biểu chỉ đạo và bế mạc", "Chủ trì", 45),
            ),
        ),
    )


def _demo(start: datetime, month: int, year: int) -> _Plan:
    return _Plan(
        short_name=DEMO_MEETING,
        title=f"Hội nghị giao ban trực tuyến tháng {month} năm {year}",
        host="GL-VPUB",
        chair="chutri",
        sites=_DEMO_SITES,
        start=start,
        minutes=180,
        agenda=(
            ("Điểm danh các điểm cầu", "Thư ký", 10),
            ("Phát biểu khai mạc", "Ông Lê Quang Minh, Phó Chủ tịch UBND tỉnh", 10),
            (
                f"Trình bày báo cáo tình hình kinh tế - xã hội tháng {month}",
                "Sở Kế hoạch và Đầu tư",
                30,
            ),
            ("Thảo luận", "Các điểm cầu, mỗi phát biểu không quá 07 phút", 80),
            ("Biểu quyết nội dung dự thảo nghị quyết", "Chủ trì", 20),
            ("Kết luận", "Ông Lê Quang Minh", 30),
        ),
    )


async def seed_demo(db: Database, now: datetime) -> None:
    """Accounts and meetings of the demo. Needs `seed_directory` first.

    Meetings nobody has entered move with `now`; one that was held stays in the history, and a new
    one takes its short name when it has ended or its day is over.
    """
    async with db.session() as session:
        known = set(await session.scalars(select(AccountRow.username)))
        people = [person for person in await _everybody(session) if person.username not in known]
        if people:
            hasher = argon2.PasswordHasher()
            password_hash = await asyncio.to_thread(hasher.hash, DEMO_PASSWORD)
            await _add_people(session, people, password_hash, now)
        for plan in _plans(now):
            await _place(session, plan, now)
        await seed_calendar(session, now)
        await seed_meetings(session, now)
        await seed_people_and_groups(session)
        await seed_letter_series(session)
        await seed_answers(session, now)
        await seed_reports(session, now)


async def _everybody(session: AsyncSession) -> list[_Person]:
    """The people above, and a device for each site: its username is the site's code."""
    rows = await session.execute(
        select(SiteRow.code, SiteRow.name, UnitCodeRow.code)
        .join(UnitCodeRow, UnitCodeRow.unit_id == SiteRow.unit_id)
        .where(SiteRow.code != _NO_DEVICE)
    )
    devices = [
        _Person(code, name, "Thiết bị phòng họp", AccountRole.SITE_DEVICE, unit, code)
        for code, name, unit in rows
    ]
    return [*_PEOPLE, *devices]


async def _add_people(
    session: AsyncSession, people: Sequence[_Person], password_hash: str, now: datetime
) -> None:
    units = await _unit_ids(session)
    sites = await _site_ids(session)
    for person in people:
        session.add(
            AccountRow(
                username=person.username,
                full_name=person.full_name,
                position=person.position,
                role=person.role.value,
                unit_id=units[person.unit],
                site_id=sites[person.site] if person.site is not None else None,
                language="vi",
                active=True,
                password_hash=password_hash,
                created_at=now,
            )
        )
    await session.flush()


async def _unit_ids(session: AsyncSession) -> dict[str, int]:
    query = select(UnitCodeRow.code, UnitCodeRow.unit_id).where(UnitCodeRow.valid_to.is_(None))
    return dict((await session.execute(query)).all())


async def _site_ids(session: AsyncSession) -> dict[str, int]:
    query = select(SiteRow.code, SiteRow.id)
    return dict((await session.execute(query)).all())


async def _place(session: AsyncSession, plan: _Plan, now: datetime) -> None:
    """Make the plan's meeting, or bring the one there is to the plan's time."""
    row = await session.scalar(select(MeetingRow).where(MeetingRow.short_name == plan.short_name))
    if row is not None and await _is_history(session, row, now):
        await _retire(session, row, now)
        row = None
    if row is None:
        row = MeetingRow(short_name=plan.short_name, created_at=now, state=plan.state.value)
    await _write(session, row, plan)


async def _is_history(session: AsyncSession, row: MeetingRow, now: datetime) -> bool:
    """Whether people met in it, and it is over by its state or by the calendar."""
    held = await session.scalar(
        select(func.count()).select_from(LogEntryRow).where(LogEntryRow.meeting_id == row.id)
    )
    over = row.state == MeetingState.ENDED.value
    other_day = row.start.astimezone(LOCAL).date() != now.astimezone(LOCAL).date()
    return bool(held) and (over or other_day)


async def _retire(session: AsyncSession, row: MeetingRow, now: datetime) -> None:
    row.short_name = None
    row.state = MeetingState.ENDED.value
    await session.execute(
        update(RecordingRow)
        .where(
            RecordingRow.meeting_id == row.id,
            RecordingRow.state == RecordingState.RECORDING.value,
        )
        .values(state=RecordingState.WAITING.value, ended=now)
    )
    await session.flush()


async def _write(session: AsyncSession, row: MeetingRow, plan: _Plan) -> None:
    units = await _unit_ids(session)
    accounts = await session.execute(select(AccountRow.username, AccountRow.id))
    ids = dict(accounts.all())
    row.title = plan.title
    row.host_unit_id = units[plan.host]
    row.chair_id = ids[plan.chair]
    row.created_by = ids["thuky"]
    row.start = plan.start.astimezone(UTC)
    row.end = plan.end.astimezone(UTC)
    row.notes = plan.notes
    session.add(row)
    await session.flush()
    for table in (MeetingSiteRow, AgendaItemRow):
        await session.execute(delete(table).where(table.meeting_id == row.id))
    sites = await _site_ids(session)
    session.add_all(MeetingSiteRow(meeting_id=row.id, site_id=sites[code]) for code in plan.sites)
    session.add_all(_agenda(row.id, plan))
    await session.flush()


def _agenda(meeting_id: int, plan: _Plan) -> list[AgendaItemRow]:
    items = []
    at = plan.start.astimezone(LOCAL)
    for position, (title, presenter, minutes) in enumerate(plan.agenda, start=1):
        items.append(
            AgendaItemRow(
                meeting_id=meeting_id,
                position=position,
                title=title,
                start=at.time(),
                presenter=presenter,
                minutes=minutes,
            )
        )
        at += timedelta(minutes=minutes)
    return items
