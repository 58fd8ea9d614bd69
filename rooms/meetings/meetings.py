"""Scheduled meetings in the store: who is invited, what is on the agenda, which state."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account, AccountRole
from rooms.errors import N_, Invalid, RequestRefused
from rooms.meetings.drafts import AgendaItem, MeetingDraft, faults
from rooms.meetings.records import InvitedSite, Meeting, MeetingState
from rooms.meetings.seating import seat_for
from rooms.session.model import Seat
from rooms.store.database import Database
from rooms.store.tables import (
    AccountRow,
    AgendaItemRow,
    MeetingRow,
    MeetingSiteRow,
    SiteRow,
    UnitRow,
)

__all__ = [
    "LOCAL",
    "AgendaItem",
    "InvitedSite",
    "Meeting",
    "MeetingDraft",
    "MeetingState",
    "Meetings",
]

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_SCHEDULERS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)


class Meetings:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def on_day(self, day: date, account: Account | None) -> list[Meeting]:
        """Meetings that touch a local day, by start; with an account, only those it may enter."""
        start = datetime.combine(day, time(), LOCAL)
        return await self.between(start, start + timedelta(days=1), account)

    async def between(
        self, start: datetime, end: datetime, account: Account | None = None
    ) -> list[Meeting]:
        """Meetings that overlap [start, end), by start; with an account, those it may enter."""
        query = select(MeetingRow).where(MeetingRow.start < end, MeetingRow.end > start)
        found = await self._all(query)
        if account is None:
            return found
        return [meeting for meeting in found if self.seat_for(meeting, account) is not None]

    async def get(self, id_or_short: int | str) -> Meeting | None:
        found = await self._all(select(MeetingRow).where(_named(id_or_short)))
        return found[0] if found else None

    async def in_state(self, state: MeetingState) -> list[Meeting]:
        return await self._all(select(MeetingRow).where(MeetingRow.state == state.value))

    async def _all(self, query: "Select[MeetingRow]") -> list[Meeting]:
        async with self._db.reading() as session:
            rows = (await session.scalars(query.order_by(MeetingRow.start, MeetingRow.id))).all()
            return await _meetings(session, rows)

    async def schedule(self, draft: MeetingDraft, by: Account, now: datetime) -> Meeting:
        """Put a meeting on the schedule.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "not-allowed" (only secretariat and administrators schedule).
        """
        if by.role not in _SCHEDULERS:
            raise RequestRefused("not-allowed")
        errors = faults(draft, now)
        async with self._db.session() as session:
            errors = {**await _unknown(session, draft), **errors}
            if errors:
                raise Invalid(errors)
            row = _row(draft, by.id, now)
            session.add(row)
            try:
                await session.flush()
            except IntegrityError:
                raise Invalid({"short_name": N_("Tên ngắn này đã có cuộc họp dùng.")}) from None
            session.add_all(_parts(row.id, draft))
        meeting = await self.get(row.id)
        assert meeting is not None
        return meeting

    async def set_state(self, meeting_id: int, state: MeetingState) -> None:
        async with self._db.session() as session:
            await session.execute(
                update(MeetingRow).where(MeetingRow.id == meeting_id).values(state=state.value)
            )

    def seat_for(self, meeting: Meeting, account: Account) -> Seat | None:
        """Where an account sits in a meeting, and as what; None: not invited. Needs no store."""
        return seat_for(meeting, account)


def _named(id_or_short: int | str) -> ColumnElement[bool]:
    text = str(id_or_short)
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return MeetingRow.id == int(text)
    return MeetingRow.short_name == text


async def _unknown(session: AsyncSession, draft: MeetingDraft) -> dict[str, str]:
    """Faults only the store can tell: references to nothing."""
    errors = {}
    if draft.host_unit_id is not None and await session.get(UnitRow, draft.host_unit_id) is None:
        errors["host_unit_id"] = N_("Chọn đơn vị chủ trì.")
    chair = None if draft.chair_id is None else await session.get(AccountRow, draft.chair_id)
    if chair is None or not chair.active:
        errors["chair_id"] = N_("Chọn người chủ trì.")
    sites = select(SiteRow.id).where(SiteRow.id.in_(draft.site_ids), SiteRow.active)
    if set(draft.site_ids) - set(await session.scalars(sites)):
        errors["site_ids"] = N_("Có điểm cầu không còn trong danh mục.")
    return errors


def _row(draft: MeetingDraft, by: int, now: datetime) -> MeetingRow:
    return MeetingRow(
        short_name=draft.short_name,
        title=draft.title.strip(),
        host_unit_id=draft.host_unit_id,
        chair_id=draft.chair_id,
        start=draft.start,
        end=draft.end,
        state=MeetingState.APPROVED.value,
        notes=draft.notes.strip(),
        created_by=by,
        created_at=now,
    )


def _parts(meeting_id: int, draft: MeetingDraft) -> list[MeetingSiteRow | AgendaItemRow]:
    sites = [
        MeetingSiteRow(meeting_id=meeting_id, site_id=site_id)
        for site_id in dict.fromkeys(draft.site_ids)
    ]
    lines = [
        AgendaItemRow(
            meeting_id=meeting_id,
            position=position,
            title=item.title.strip(),
            start=item.start,
            presenter=item.presenter.strip(),
            minutes=item.minutes,
        )
        for position, item in enumerate(draft.agenda, start=1)
    ]
    return [*sites, *lines]


async def _meetings(session: AsyncSession, rows: Sequence[MeetingRow]) -> list[Meeting]:
    """Records of rows, with four queries however many there are."""
    ids = [row.id for row in rows]
    sites = await _sites(session, ids)
    agenda = await _agendas(session, ids)
    host_ids = {row.host_unit_id for row in rows}
    units = await session.scalars(select(UnitRow).where(UnitRow.id.in_(host_ids)))
    hosts = {unit.id: unit.short_name for unit in units}
    chair_ids = {row.chair_id for row in rows}
    accounts = await session.scalars(select(AccountRow).where(AccountRow.id.in_(chair_ids)))
    chairs = {account.id: account for account in accounts}
    return [
        _meeting(
            row,
            hosts[row.host_unit_id],
            chairs[row.chair_id],
            tuple(sites.get(row.id, ())),
            tuple(agenda.get(row.id, ())),
        )
        for row in rows
    ]


def _meeting(
    row: MeetingRow,
    host: str,
    chair: AccountRow,
    sites: tuple[InvitedSite, ...],
    agenda: tuple[AgendaItem, ...],
) -> Meeting:
    invited = {site.site_id for site in sites}
    return Meeting(
        id=row.id,
        short_name=row.short_name,
        title=row.title,
        host_unit_id=row.host_unit_id,
        host_unit=host,
        chair_id=row.chair_id,
        chair_name=chair.full_name,
        chair_position=chair.position,
        chair_site_id=chair.site_id if chair.site_id in invited else None,
        start=row.start.astimezone(UTC),
        end=row.end.astimezone(UTC),
        state=MeetingState(row.state),
        sites=sites,
        agenda=agenda,
        created_by=row.created_by,
        notes=row.notes,
    )


async def _sites(session: AsyncSession, meetings: Sequence[int]) -> dict[int, list[InvitedSite]]:
    query = (
        select(MeetingSiteRow.meeting_id, SiteRow, UnitRow.short_name)
        .join(SiteRow, SiteRow.id == MeetingSiteRow.site_id)
        .join(UnitRow, UnitRow.id == SiteRow.unit_id)
        .where(MeetingSiteRow.meeting_id.in_(meetings))
        .order_by(SiteRow.rank, SiteRow.id)
    )
    found: dict[int, list[InvitedSite]] = {}
    for meeting_id, site, unit_name in await session.execute(query):
        found.setdefault(meeting_id, []).append(
            InvitedSite(
                site_id=site.id,
                code=site.code,
                name=site.name,
                short_name=site.short_name,
                unit_id=site.unit_id,
                unit_name=unit_name,
                rank=site.rank,
                phone=site.technician_phone,
            )
        )
    return found


async def _agendas(session: AsyncSession, meetings: Sequence[int]) -> dict[int, list[AgendaItem]]:
    query = (
        select(AgendaItemRow)
        .where(AgendaItemRow.meeting_id.in_(meetings))
        .order_by(AgendaItemRow.position)
    )
    found: dict[int, list[AgendaItem]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.meeting_id, []).append(
            AgendaItem(
                position=row.position,
                title=row.title,
                start=row.start,
                presenter=row.presenter,
                minutes=row.minutes,
            )
        )
    return found
