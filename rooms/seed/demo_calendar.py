"""Meetings around this week, so that the calendar of the demo has something to show. Invented."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import MeetingState
from rooms.store.tables import (
    AccountRow,
    MeetingRow,
    MeetingSiteRow,
    SiteRow,
    UnitCodeRow,
)

_DISTRICTS = (
    "pleiku",
    "ankhe",
    "ayunpa",
    "kbang",
    "dakdoa",
    "chupah",
    "iagrai",
    "mangyang",
    "kongchro",
    "ducco",
    "chuprong",
    "chuse",
    "dakpo",
    "iapa",
    "krongpa",
    "phuthien",
    "chupuh",
)
_ALL = ("ubndtinh", "tinhuy", "stttt", *_DISTRICTS)
_HALL, _ROOM = "Hội trường 17-3", "Phòng họp tầng 2"
_LEADERS = "Lãnh đạo UBND, trưởng các phòng, ban liên quan"


@dataclass(frozen=True, slots=True)
class _Plan:
    """`day`: counted from the Monday of this week; `hour`: local."""

    key: str  # stands in the short name, by which it is found again
    title: str
    host: str  # unit code
    chair: str  # username
    sites: tuple[str, ...]  # codes; the first is the main site
    day: int
    hour: float
    minutes: int
    kind: str = "meeting"
    venue: str = ""
    composition: str = ""
    public: bool = False
    state: MeetingState = MeetingState.APPROVED


_PLANS = (
    _Plan("giao-ban-1", "Họp giao ban Thường trực UBND tỉnh", "GL-VPUB", "chutri",
          ("ubndtinh",), 0, 8, 120, "briefing", _ROOM, "Chủ tịch, các Phó Chủ tịch UBND tỉnh"),
    _Plan("chay-thu-1", "Chạy thử: Hội nghị sơ kết công tác quý", "GL-STTTT", "chutri",
          _ALL, 0, 15, 60, "meeting", "", "Cán bộ kỹ thuật các điểm cầu"),
    _Plan("quy-hoach", "Họp lấy ý kiến dự thảo quy hoạch chợ nông thôn", "GL-SCT", "chutri",
          ("ubndtinh", "pleiku", "ankhe", "ayunpa"), 2, 14, 120, "consultation", _ROOM,
          "Sở Công Thương, Sở Xây dựng, Sở Tài nguyên và Môi trường", public=True),
    _Plan("tap-huan", "Tập huấn phòng, chống thiên tai mùa mưa", "GL-SNN", "nongnghiep",
          ("ubndtinh", *_DISTRICTS), 3, 14, 150, "training", "", _LEADERS, public=True),
    _Plan("so-ket", "Hội nghị sơ kết công tác quý và triển khai nhiệm vụ quý tới", "GL-VPUB",
          "chutri", _ALL, 4, 8, 180, "preliminary-review", _HALL,
          "Thường trực UBND tỉnh, thủ trưởng các sở, ban, ngành", public=True),
    _Plan("cai-cach", "Họp Ban Chỉ đạo cải cách hành chính", "GL-SNV", "chutri",
          ("ubndtinh", "stttt"), 4, 14, 120, "meeting", _ROOM, "Thành viên Ban Chỉ đạo",
          state=MeetingState.POSTPONED),
    _Plan("giao-ban-2", "Họp giao ban Thường trực UBND tỉnh", "GL-VPUB", "chutri",
          ("ubndtinh",), 7, 8, 120, "briefing", _ROOM, "Chủ tịch, các Phó Chủ tịch UBND tỉnh"),
    _Plan("hoc-tap-1", "Hội nghị học tập, quán triệt nghị quyết", "GL-VPTU", "vptu",
          ("tinhuy", "ubndtinh", *_DISTRICTS), 9, 7.5, 240, "study", _HALL,
          "Cán bộ chủ chốt các cấp", public=True),
    _Plan("chuyen-doi-so", "Họp trực tuyến về chuyển đổi số cấp xã", "GL-STTTT", "chutri",
          ("ubndtinh", *_DISTRICTS), 10, 14, 120, "meeting", _ROOM, _LEADERS, public=True),
    _Plan("dan-toc", "Họp rà soát chính sách dân tộc", "GL-BDT", "chutri",
          ("ubndtinh", "kbang", "kongchro", "mangyang"), 11, 8, 120, "meeting", "", "",
          state=MeetingState.DRAFT),
    _Plan("giao-ban-3", "Họp giao ban Thường trực UBND tỉnh", "GL-VPUB", "chutri",
          ("ubndtinh",), 14, 8, 120, "briefing", _ROOM, "Chủ tịch, các Phó Chủ tịch UBND tỉnh"),
    _Plan("dau-tu", "Họp rà soát vốn đầu tư công", "GL-SKHDT", "kehoach",
          ("ubndtinh", *_DISTRICTS), 15, 13.5, 150, "meeting", _ROOM, _LEADERS),
)  # fmt: skip


async def seed_calendar(session: AsyncSession, now: datetime) -> None:
    """The meetings above, moved to this week; needs the accounts of the demo."""
    units = dict((await session.execute(select(UnitCodeRow.code, UnitCodeRow.unit_id))).all())
    sites = dict((await session.execute(select(SiteRow.code, SiteRow.id))).all())
    accounts = dict((await session.execute(select(AccountRow.username, AccountRow.id))).all())
    today = now.astimezone(LOCAL).date()
    for plan in _PLANS:
        if {plan.host} <= set(units) and {plan.chair, "thuky"} <= set(accounts):
            await _place(session, plan, today, now, units, sites, accounts)
    await session.flush()


async def _place(
    session: AsyncSession,
    plan: _Plan,
    today: date,
    now: datetime,
    units: dict[str, int],
    sites: dict[str, int],
    accounts: dict[str, int],
) -> None:
    """Make the meeting, or bring the one there is to this week."""
    name = f"lich-{plan.key}"
    row = await session.scalar(select(MeetingRow).where(MeetingRow.short_name == name))
    start, end = _times(plan, today)
    if row is not None:
        if row.revision == 1:  # nobody has changed it
            row.start, row.end, row.state = start, end, _state(plan, end, now)
        return
    row = MeetingRow(
        short_name=name,
        title=plan.title,
        kind=plan.kind,
        host_unit_id=units[plan.host],
        chair_id=accounts[plan.chair],
        main_site_id=sites[plan.sites[0]],
        venue=plan.venue,
        public=plan.public,
        start=start,
        end=end,
        state=_state(plan, end, now),
        notes="",
        created_by=accounts["thuky"],
        created_at=now,
    )
    session.add(row)
    await session.flush()
    session.add_all(
        MeetingSiteRow(
            meeting_id=row.id,
            site_id=sites[code],
            composition=plan.composition if code == plan.sites[0] else "",
        )
        for code in plan.sites
    )


def _times(plan: _Plan, today: date) -> tuple[datetime, datetime]:
    day = today - timedelta(days=today.weekday()) + timedelta(days=plan.day)
    at = datetime.combine(day, time(), LOCAL) + timedelta(hours=plan.hour)
    return at.astimezone(UTC), (at + timedelta(minutes=plan.minutes)).astimezone(UTC)


def _state(plan: _Plan, end: datetime, now: datetime) -> str:
    held = plan.state is MeetingState.APPROVED and end <= now
    return (MeetingState.ENDED if held else plan.state).value
