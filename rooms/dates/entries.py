"""Meetings as a calendar shows them: one line each, without their sites and agendas.

Every account may see the lines of its province, as the weekly sheet has always gone round to
everybody; what is not decided yet is shown to those who decide it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.search import matches
from rooms.meetings.drafts import MAX_DURATION
from rooms.meetings.records import MeetingState
from rooms.store.database import Database
from rooms.store.tables import (
    AccountRow,
    MeetingRow,
    MeetingSiteRow,
    MeetingStaffRow,
    SiteRow,
    UnitRow,
)

OVERSEERS = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT, AccountRole.TECHNICIAN)
UNDECIDED = (MeetingState.DRAFT, MeetingState.PENDING)
MOVABLE = (*UNDECIDED, MeetingState.APPROVED, MeetingState.INVITED, MeetingState.REHEARSAL)
MOST_ENTRIES = 5_000  # of one answer


class Scope(StrEnum):
    MINE = "mine"  # one chairs, serves, or sits at an invited site
    UNIT = "unit"  # of one's unit and those below it: as host or as guest
    PROVINCE = "province"


class CalendarEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One line. `start` and `end` are UTC."""

    id: int
    short_name: str | None
    title: str
    kind: str
    state: MeetingState
    start: datetime
    end: datetime
    host_unit_id: int
    host_unit: str
    chair_name: str
    chair_position: str
    venue: str
    main_site: str
    composition: str  # who is to attend at the main site
    sites: int  # how many
    public: bool
    revision: int
    changed_at: datetime
    created_by: int

    @property
    def reference(self) -> str:
        """What stands for the meeting in addresses."""
        return self.short_name or str(self.id)

    def movable(self, now: datetime) -> bool:
        """Whether its time is still open to change."""
        waits = self.state in MOVABLE and self.start > now
        return waits or self.state is MeetingState.POSTPONED


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What to leave out; the defaults leave out nothing."""

    scope: Scope = Scope.PROVINCE
    kind: str = ""
    state: MeetingState | None = None
    unit_id: int | None = None  # the host, or a unit with an invited site
    text: str = ""


class Entries:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def between(
        self, start: datetime, end: datetime, account: Account, wanted: Wanted | None = None
    ) -> list[CalendarEntry]:
        """What an account may see of [start, end), by start."""
        wanted = wanted or Wanted()
        async with self._db.reading() as session:
            conditions = [_overlaps(start, end), _decided(account)]
            conditions += await _scope(session, wanted.scope, account)
            conditions += _filters(wanted)
            found = await _entries(session, conditions)
        if not wanted.text.strip():
            return found
        return [entry for entry in found if _speaks_of(entry, wanted.text)]

    async def public(self, start: datetime, end: datetime) -> list[CalendarEntry]:
        """What everybody may know of [start, end): decided, and marked public."""
        hidden = [state.value for state in UNDECIDED]
        conditions: list[ColumnElement[bool]] = [
            _overlaps(start, end),
            MeetingRow.public.is_(True),
            MeetingRow.state.not_in(hidden),
        ]
        async with self._db.reading() as session:
            return await _entries(session, conditions)


def _overlaps(start: datetime, end: datetime) -> ColumnElement[bool]:
    """The first bound lets the index of `start` leave out the years before."""
    return and_(
        MeetingRow.start > start - MAX_DURATION, MeetingRow.start < end, MeetingRow.end > start
    )


def _decided(account: Account) -> ColumnElement[bool]:
    if account.role in OVERSEERS:
        return MeetingRow.id.is_not(None)
    return or_(
        MeetingRow.state.not_in([state.value for state in UNDECIDED]),
        MeetingRow.created_by == account.id,
        MeetingRow.chair_id == account.id,
    )


async def _scope(
    session: AsyncSession, scope: Scope, account: Account
) -> list[ColumnElement[bool]]:
    if scope is Scope.MINE:
        return [_mine(account)]
    if scope is Scope.UNIT:
        unit_id = await _unit_of(session, account)
        return [MeetingRow.id.is_(None) if unit_id is None else _of_units(_branch(unit_id))]
    return []


def _mine(account: Account) -> ColumnElement[bool]:
    """As `rooms.meetings.seating` seats people, but for those who may enter every meeting."""
    own = [
        MeetingRow.chair_id == account.id,
        MeetingRow.deputy_id == account.id,
        MeetingRow.created_by == account.id,
        exists().where(
            MeetingStaffRow.meeting_id == MeetingRow.id, MeetingStaffRow.account_id == account.id
        ),
    ]
    if account.site_id is not None:
        own.append(_invites(MeetingSiteRow.site_id == account.site_id))
    if account.role is AccountRole.OFFICIAL and account.unit_id is not None:
        own.append(_of_units([account.unit_id]))
    return or_(*own)


def _invites(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(MeetingSiteRow.meeting_id == MeetingRow.id, condition)


def _of_units(units: "Sequence[int] | Select[int]") -> ColumnElement[bool]:
    sites = select(SiteRow.id).where(SiteRow.unit_id.in_(units))
    return or_(MeetingRow.host_unit_id.in_(units), _invites(MeetingSiteRow.site_id.in_(sites)))


def _branch(unit_id: int) -> "Select[int]":
    """The unit and all below it."""
    branch = select(UnitRow.id).where(UnitRow.id == unit_id).cte(recursive=True)
    below = select(UnitRow.id).where(
        or_(UnitRow.superior_id == branch.c.id, UnitRow.parent_id == branch.c.id)
    )
    return select(branch.union(below).c.id)


async def _unit_of(session: AsyncSession, account: Account) -> int | None:
    if account.unit_id is not None or account.site_id is None:
        return account.unit_id
    return await session.scalar(select(SiteRow.unit_id).where(SiteRow.id == account.site_id))


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind:
        found.append(MeetingRow.kind == wanted.kind)
    if wanted.state is not None:
        found.append(MeetingRow.state == wanted.state.value)
    if wanted.unit_id is not None:
        found.append(_of_units([wanted.unit_id]))
    return found


def _speaks_of(entry: CalendarEntry, text: str) -> bool:
    return matches(
        text, entry.title, entry.host_unit, entry.chair_name, entry.venue, entry.main_site
    )


async def _entries(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]]
) -> list[CalendarEntry]:
    main, main_row = aliased(SiteRow), aliased(MeetingSiteRow)
    count = (
        select(func.count())
        .select_from(MeetingSiteRow)
        .where(MeetingSiteRow.meeting_id == MeetingRow.id)
        .scalar_subquery()
    )
    query = (
        select(MeetingRow, UnitRow.short_name, AccountRow, main.name, main_row, count)
        .join(UnitRow, UnitRow.id == MeetingRow.host_unit_id)
        .join(AccountRow, AccountRow.id == MeetingRow.chair_id)
        .outerjoin(main, main.id == MeetingRow.main_site_id)
        .outerjoin(
            main_row,
            and_(main_row.meeting_id == MeetingRow.id, main_row.site_id == MeetingRow.main_site_id),
        )
        .where(*conditions)
        .order_by(MeetingRow.start, MeetingRow.id)
        .limit(MOST_ENTRIES)
    )
    return [_entry(*found) for found in await session.execute(query)]


def _entry(
    row: MeetingRow,
    host: str,
    chair: AccountRow,
    main_site: str | None,
    main_row: MeetingSiteRow | None,
    sites: int,
) -> CalendarEntry:
    kept = main_row.name if main_row is not None else ""  # of an ended meeting
    return CalendarEntry(
        id=row.id,
        short_name=row.short_name,
        title=row.title,
        kind=row.kind,
        state=MeetingState(row.state),
        start=row.start.astimezone(UTC),
        end=row.end.astimezone(UTC),
        host_unit_id=row.host_unit_id,
        host_unit=host,
        chair_name=chair.full_name,
        chair_position=chair.position,
        venue=row.venue,
        main_site=kept or main_site or "",
        composition=main_row.composition if main_row is not None else "",
        sites=sites,
        public=row.public,
        revision=row.revision,
        changed_at=row.changed_at.astimezone(UTC),
        created_by=row.created_by,
    )
