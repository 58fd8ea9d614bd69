"""What a planner is told of a draft before it is saved: the shell of `conflicts`."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.dates.hours import OfficeHours
from rooms.dates.store import Dates
from rooms.directory.accounts import AccountRole
from rooms.directory.search import fold
from rooms.errors import RequestRefused
from rooms.meetings import recurrence
from rooms.meetings.conflicts import (
    AHEAD_DAYS,
    NOTICE_DAYS,
    Booking,
    Clash,
    Outlook,
    Subject,
    Wanted,
    clashes,
    free_times,
    fullest,
    notice,
    people_of,
    stand_ins,
    wanted,
)
from rooms.meetings.drafts import MAX_AHEAD, MAX_DURATION, MeetingDraft
from rooms.meetings.records import BOOKED
from rooms.store.database import Database
from rooms.store.tables import (
    AccountRow,
    MeetingRow,
    MeetingSiteRow,
    MeetingStaffRow,
    UnitRow,
)

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
SITES_AT_ONCE = 250
_LEVELS = {"central": 0, "province": 1, "district": 3, "commune": 5}
_LOWEST = 9


class Clashing(RequestRefused):
    """A meeting stands against others; it may be saved with a reason."""

    def __init__(self, outlook: Outlook) -> None:
        super().__init__("clash")
        self.outlook = outlook


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the province set."""

    sites_at_once: int = SITES_AT_ONCE
    notice_days: int = NOTICE_DAYS


class DateCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One date of a series."""

    start: datetime
    day_off: bool
    blocked: bool


class Planner:
    def __init__(self, db: Database, dates: Dates, rules: Rules | None = None) -> None:
        self._db = db
        self._dates = dates
        self.rules = rules or Rules()

    async def outlook(
        self, draft: MeetingDraft, now: datetime, *, besides: Collection[int] = ()
    ) -> Outlook:
        """What stands against a draft; an empty outlook while its times say nothing.

        Args:
            besides: meetings the draft changes, which do not clash with it.
        """
        if draft.start is None or draft.end is None:
            return Outlook()
        if abs(draft.start - now) > MAX_AHEAD or draft.end - draft.start > MAX_DURATION:
            return Outlook()
        async with self._db.reading() as session:
            want = await _want(session, draft)
            if want is None:
                return Outlook()
            around = timedelta(days=AHEAD_DAYS + 1)
            bookings = await bookings_between(
                session, want.start - around, want.end + around, besides
            )
            candidates = await _candidates(session)
        found = clashes(want, bookings)
        full = fullest(want, bookings, self.rules.sites_at_once)
        outlook = Outlook(
            clashes=found,
            capacity=full,
            free_people=_free_people(want, found, bookings, candidates),
        )
        return await self._with_dates(outlook, draft, want, bookings, now)

    async def _with_dates(
        self,
        outlook: Outlook,
        draft: MeetingDraft,
        want: Wanted,
        bookings: list[Booking],
        now: datetime,
    ) -> Outlook:
        day, today = want.start.astimezone(LOCAL).date(), now.astimezone(LOCAL).date()
        calendar = await self._dates.calendar(range(today.year, day.year + 2))
        hours = await self._dates.hours_on(day, draft.host_unit_id)

        local = (want.start.astimezone(LOCAL), want.end.astimezone(LOCAL))
        over_noon = _over_noon(*local, hours)

        def suitable(start: datetime, end: datetime) -> bool:
            start, end = start.astimezone(LOCAL), end.astimezone(LOCAL)
            if not calendar.is_working(start.date()) or not hours.holds(start, end):
                return False
            return over_noon or not _over_noon(start, end, hours)

        limit = self.rules.sites_at_once
        free = free_times(want, bookings, limit, suitable, now) if outlook.blocked else ()
        return msgspec.structs.replace(
            outlook,
            free=free,
            notice=notice(today, day, draft.kind, calendar, self.rules.notice_days),
            day_off=not calendar.is_working(day),
            off_hours=not hours.holds(*local),
        )

    async def dates(self, draft: MeetingDraft, starts: Iterable[datetime]) -> tuple[DateCheck, ...]:
        """How each date of a series stands."""
        starts = tuple(starts)
        years = {start.astimezone(LOCAL).year for start in starts}
        calendar = await self._dates.calendar(years)
        found = []
        async with self._db.reading() as session:
            for start in starts:
                want = await _want(session, recurrence.at(draft, start))
                assert want is not None
                bookings = await bookings_between(session, want.start, want.end)
                full = fullest(want, bookings, self.rules.sites_at_once)
                found.append(
                    DateCheck(
                        start=start,
                        day_off=not calendar.is_working(start.astimezone(LOCAL).date()),
                        blocked=bool(clashes(want, bookings)) or full.exceeded,
                    )
                )
        return tuple(found)


def _over_noon(start: datetime, end: datetime, hours: OfficeHours) -> bool:
    """Whether a meeting of one day goes on through the break at noon."""
    return start.time() < hours.morning_end and end.time() > hours.afternoon_start


async def check(
    session: AsyncSession, draft: MeetingDraft, rules: Rules, besides: Collection[int] = ()
) -> None:
    """Within the transaction that saves the draft: nothing came in between.

    Raises:
        Clashing: with the clashes alone.
    """
    want = await _want(session, draft)
    if want is None:
        return
    bookings = await bookings_between(session, want.start, want.end, besides)
    full = fullest(want, bookings, rules.sites_at_once)
    outlook = Outlook(clashes=clashes(want, bookings), capacity=full)
    if outlook.blocked:
        raise Clashing(outlook)


async def bookings_between(
    session: AsyncSession, start: datetime, end: datetime, besides: Collection[int] = ()
) -> list[Booking]:
    """What meetings that overlap [start, end) take."""
    query = (
        select(MeetingRow, UnitRow)
        .join(UnitRow, UnitRow.id == MeetingRow.host_unit_id)
        .where(
            MeetingRow.start < end,
            MeetingRow.start > start - MAX_DURATION,  # what is earlier has ended; by the index
            MeetingRow.end > start,
            MeetingRow.state.in_([state.value for state in BOOKED]),
            MeetingRow.id.not_in(besides),
        )
    )
    rows = (await session.execute(query)).all()
    ids = [meeting.id for meeting, _ in rows]
    sites = await _sites(session, ids)
    staff = await _staff(session, ids)
    levels = await _levels(session)
    return [
        Booking(
            meeting_id=meeting.id,
            title=meeting.title,
            host_unit=unit.short_name,
            precedence=_precedence(unit, levels),
            start=meeting.start,
            end=meeting.end,
            sites=frozenset(sites.get(meeting.id, ())),
            people=people_of([meeting.chair_id], staff.get(meeting.id, ())),
            main_site=meeting.main_site_id,
            hall=fold(meeting.venue),
        )
        for meeting, unit in rows
    ]


async def _want(session: AsyncSession, draft: MeetingDraft) -> Wanted | None:
    host = await session.get(UnitRow, draft.host_unit_id) if draft.host_unit_id else None
    levels = await _levels(session)
    return wanted(draft, _precedence(host, levels) if host is not None else _LOWEST)


def _precedence(unit: UnitRow, levels: dict[int, str]) -> int:
    """By the level a unit works at; at the same level the Party comes first."""
    level = levels.get(unit.parent_id or 0, unit.level) if unit.level == "agency" else unit.level
    return _LEVELS.get(level, _LOWEST) + (unit.tree != "party")


async def _levels(session: AsyncSession) -> dict[int, str]:
    """The level of each place."""
    query = select(UnitRow.id, UnitRow.level).where(UnitRow.level.in_(_LEVELS))
    return {row.id: row.level for row in await session.execute(query)}


async def _sites(session: AsyncSession, meetings: Collection[int]) -> dict[int, list[int]]:
    query = select(MeetingSiteRow.meeting_id, MeetingSiteRow.site_id).where(
        MeetingSiteRow.meeting_id.in_(meetings)
    )
    found: dict[int, list[int]] = {}
    for meeting_id, site_id in await session.execute(query):
        found.setdefault(meeting_id, []).append(site_id)
    return found


async def _staff(
    session: AsyncSession, meetings: Collection[int]
) -> dict[int, list[tuple[int, str]]]:
    query = select(MeetingStaffRow).where(MeetingStaffRow.meeting_id.in_(meetings))
    found: dict[int, list[tuple[int, str]]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.meeting_id, []).append((row.account_id, row.duty))
    return found


async def _candidates(session: AsyncSession) -> dict[Subject, list[int]]:
    """Who could be on duty."""
    roles = {
        AccountRole.SECRETARIAT.value: Subject.SECRETARY,
        AccountRole.TECHNICIAN.value: Subject.TECHNICIAN,
    }
    query = (
        select(AccountRow.id, AccountRow.role)
        .where(AccountRow.active, AccountRow.role.in_(roles))
        .order_by(AccountRow.id)
    )
    found: dict[Subject, list[int]] = {}
    for account_id, role in await session.execute(query):
        found.setdefault(roles[role], []).append(account_id)
    return found


def _free_people(
    want: Wanted,
    found: Iterable[Clash],
    bookings: list[Booking],
    candidates: dict[Subject, list[int]],
) -> tuple[tuple[Subject, tuple[int, ...]], ...]:
    found = tuple(found)
    free = (
        (subject, stand_ins(want, found, bookings, accounts, subject))
        for subject, accounts in candidates.items()
    )
    return tuple((subject, accounts) for subject, accounts in free if accounts)
