"""The rows of a meeting beside its own: sites, agenda, people on duty."""

from collections.abc import Iterable

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.meetings.drafts import AgendaItem, DraftSite, MeetingDraft
from rooms.store.tables import (
    AgendaItemRow,
    MeetingSiteRow,
    MeetingStaffRow,
    SiteRow,
    UnitRow,
)


async def write_parts(session: AsyncSession, meeting_id: int, draft: MeetingDraft) -> None:
    """Bring the rows to the draft. Rows that stay keep their ids: documents hang on them."""
    await _write_sites(session, meeting_id, draft.sites)
    await _write_agenda(session, meeting_id, draft.agenda)
    await session.execute(delete(MeetingStaffRow).where(MeetingStaffRow.meeting_id == meeting_id))
    session.add_all(
        MeetingStaffRow(meeting_id=meeting_id, account_id=account_id, duty=duty)
        for account_id, duty in dict.fromkeys((on.account_id, on.duty.value) for on in draft.staff)
    )
    await session.flush()


async def _write_sites(session: AsyncSession, meeting_id: int, sites: Iterable[DraftSite]) -> None:
    query = select(MeetingSiteRow).where(MeetingSiteRow.meeting_id == meeting_id)
    rows = {row.site_id: row for row in await session.scalars(query)}
    for site in sites:
        row = rows.pop(site.site_id, None)
        if row is None:
            row = MeetingSiteRow(meeting_id=meeting_id, site_id=site.site_id)
            session.add(row)
        row.composition = site.composition.strip()
        row.delegates = site.delegates
    for gone in rows.values():
        await session.delete(gone)


async def _write_agenda(
    session: AsyncSession, meeting_id: int, agenda: Iterable[AgendaItem]
) -> None:
    query = select(AgendaItemRow).where(AgendaItemRow.meeting_id == meeting_id)
    rows = {row.id: row for row in await session.scalars(query)}
    for position, item in enumerate(agenda, start=1):
        row = rows.pop(item.id, None) if item.id is not None else None
        if row is None:
            row = AgendaItemRow(meeting_id=meeting_id)
            session.add(row)
        row.position = position
        row.title = item.title.strip()
        row.start = item.start
        row.presenter = item.presenter.strip()
        row.minutes = item.minutes
    for gone in rows.values():
        await session.delete(gone)


async def freeze_names(session: AsyncSession, meeting_id: int) -> None:
    """From now on the meeting's sites are called what they are called today."""
    site = SiteRow.id == MeetingSiteRow.site_id
    name = select(SiteRow.name).where(site).scalar_subquery()
    short_name = select(SiteRow.short_name).where(site).scalar_subquery()
    of_site = select(UnitRow.short_name).join(SiteRow, SiteRow.unit_id == UnitRow.id).where(site)
    unit_name = of_site.correlate(MeetingSiteRow).scalar_subquery()
    await session.execute(
        update(MeetingSiteRow)
        .where(MeetingSiteRow.meeting_id == meeting_id, MeetingSiteRow.name == "")
        .values(name=name, short_name=short_name, unit_name=unit_name)
        .execution_options(synchronize_session=False)
    )
