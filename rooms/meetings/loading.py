"""Meetings as records, read from the store: a few queries however many there are."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.directory import LOCAL
from rooms.directory.naming import unit_names
from rooms.directory.sites import Microphone
from rooms.meetings.drafts import AgendaItem, Duty, MeetingKind
from rooms.meetings.records import InvitedSite, Meeting, MeetingState, StaffMember
from rooms.store.tables import (
    AccountRow,
    AgendaItemRow,
    MeetingRow,
    MeetingSiteRow,
    MeetingStaffRow,
    SiteRow,
    UnitRow,
)


async def load(session: AsyncSession, rows: Sequence[MeetingRow]) -> list[Meeting]:
    """The records of rows, in their order."""
    ids = [row.id for row in rows]
    sites = await _sites(session, ids)
    agenda = await _agendas(session, ids)
    staff = await _staff(session, ids)
    hosts = await unit_names(session, {row.host_unit_id for row in rows})
    accounts = await _accounts(session, rows, staff)
    return [
        _meeting(
            row,
            hosts.on(row.host_unit_id, row.start.astimezone(LOCAL).date()),
            accounts,
            sites.get(row.id, ()),
            agenda.get(row.id, ()),
            staff.get(row.id, ()),
        )
        for row in rows
    ]


def _meeting(
    row: MeetingRow,
    host: str,
    accounts: dict[int, AccountRow],
    sites: Iterable[InvitedSite],
    agenda: Iterable[AgendaItem],
    staff: Iterable[MeetingStaffRow],
) -> Meeting:
    sites = tuple(sites)
    invited = {site.site_id for site in sites}
    chair = accounts[row.chair_id]
    deputy = accounts[row.deputy_id] if row.deputy_id is not None else None
    return Meeting(
        id=row.id,
        short_name=row.short_name,
        title=row.title,
        kind=MeetingKind(row.kind),
        host_unit_id=row.host_unit_id,
        host_unit=host,
        chair_id=row.chair_id,
        chair_name=chair.full_name,
        chair_position=chair.position,
        chair_site_id=_seated(chair, invited),
        deputy_id=row.deputy_id,
        deputy_name=deputy.full_name if deputy else "",
        deputy_position=deputy.position if deputy else "",
        deputy_site_id=_seated(deputy, invited),
        staff=tuple(_member(duty, accounts[duty.account_id], invited) for duty in staff),
        main_site_id=row.main_site_id,
        venue=row.venue,
        start=row.start.astimezone(UTC),
        end=row.end.astimezone(UTC),
        state=MeetingState(row.state),
        sites=sites,
        agenda=tuple(agenda),
        created_by=row.created_by,
        notes=row.notes,
        public=row.public,
        revision=row.revision,
        changed_at=row.changed_at,
        series_id=row.series_id,
    )


def _seated(account: AccountRow | None, invited: Collection[int]) -> int | None:
    """The invited site an account sits at."""
    return account.site_id if account is not None and account.site_id in invited else None


def _member(row: MeetingStaffRow, account: AccountRow, invited: Collection[int]) -> StaffMember:
    return StaffMember(
        account_id=row.account_id,
        duty=Duty(row.duty),
        name=account.full_name,
        position=account.position,
        site_id=_seated(account, invited),
    )


async def _accounts(
    session: AsyncSession, rows: Sequence[MeetingRow], staff: dict[int, list[MeetingStaffRow]]
) -> dict[int, AccountRow]:
    """Everybody the meetings name."""
    ids = {row.chair_id for row in rows}
    ids |= {row.deputy_id for row in rows if row.deputy_id is not None}
    ids |= {member.account_id for members in staff.values() for member in members}
    found = await session.scalars(select(AccountRow).where(AccountRow.id.in_(ids)))
    return {account.id: account for account in found}


async def _staff(
    session: AsyncSession, meetings: Sequence[int]
) -> dict[int, list[MeetingStaffRow]]:
    query = (
        select(MeetingStaffRow)
        .where(MeetingStaffRow.meeting_id.in_(meetings))
        .order_by(MeetingStaffRow.duty, MeetingStaffRow.account_id)
    )
    found: dict[int, list[MeetingStaffRow]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.meeting_id, []).append(row)
    return found


async def _sites(session: AsyncSession, meetings: Sequence[int]) -> dict[int, list[InvitedSite]]:
    """In protocol order. Plain columns, and each site of the directory read once: a month of
    meetings has thousands of rows."""
    query = select(*_INVITED).where(MeetingSiteRow.meeting_id.in_(meetings))
    rows = (await session.execute(query)).all()
    known = await _directory(session, {row.site_id for row in rows})
    found: dict[int, list[InvitedSite]] = {}
    for row in rows:
        found.setdefault(row.meeting_id, []).append(_site(known[row.site_id], row))
    for sites in found.values():
        sites.sort(key=lambda site: (site.rank, site.site_id))
    return found


_INVITED = (
    MeetingSiteRow.meeting_id,
    MeetingSiteRow.site_id,
    MeetingSiteRow.name,
    MeetingSiteRow.short_name,
    MeetingSiteRow.unit_name,
    MeetingSiteRow.composition,
    MeetingSiteRow.delegates,
)


async def _directory(session: AsyncSession, ids: Collection[int]) -> dict[int, InvitedSite]:
    """Sites as the directory has them."""
    query = (
        select(SiteRow, UnitRow.short_name)
        .join(UnitRow, UnitRow.id == SiteRow.unit_id)
        .where(SiteRow.id.in_(ids))
    )
    return {
        site.id: InvitedSite(
            site_id=site.id,
            code=site.code,
            name=site.name,
            short_name=site.short_name,
            unit_id=site.unit_id,
            unit_name=unit_name,
            rank=site.rank,
            phone=site.technician_phone,
            direct=site.microphone == Microphone.DIRECT,
        )
        for site, unit_name in await session.execute(query)
    }


def _site(site: InvitedSite, invited: Any) -> InvitedSite:
    """Named as the directory says, unless the meeting kept the names of its time."""
    return InvitedSite(
        site_id=site.site_id,
        code=site.code,
        name=invited.name or site.name,
        short_name=invited.short_name or site.short_name,
        unit_id=site.unit_id,
        unit_name=invited.unit_name or site.unit_name,
        rank=site.rank,
        phone=site.phone,
        composition=invited.composition,
        delegates=invited.delegates,
        direct=site.direct,
    )


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
                id=row.id,
                position=row.position,
                title=row.title,
                start=row.start,
                presenter=row.presenter,
                minutes=row.minutes,
            )
        )
    return found
