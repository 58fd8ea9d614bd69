"""Kinds, duties, a template and the first revisions of the demo's meetings. Invented."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.meetings import revisions
from rooms.meetings.drafts import Duty, MeetingKind
from rooms.meetings.loading import load
from rooms.meetings.saving import draft_of
from rooms.meetings.templates import as_template
from rooms.store.tables import (
    AccountRow,
    MeetingRevisionRow,
    MeetingRow,
    MeetingStaffRow,
    MeetingTemplateRow,
)

_KINDS = {
    "demo": MeetingKind.BRIEFING,
    "hoc-tap": MeetingKind.STUDY,
    "nghi-quyet": MeetingKind.STUDY,
    "dich-ta-lon": MeetingKind.EMERGENCY,
}
_TEMPLATE = "Hội nghị giao ban trực tuyến hằng tháng"
_DUTIES = {"thuky": Duty.SECRETARY, "kythuat": Duty.TECHNICIAN}
_DEPUTY = "kehoach"


async def seed_meetings(session: AsyncSession, now: datetime) -> None:
    """What is there already stays as it is."""
    accounts = await session.execute(select(AccountRow.username, AccountRow.id))
    ids = dict(accounts.all())
    query = select(MeetingRow).where(MeetingRow.short_name.in_(_KINDS))
    for row in await session.scalars(query):
        row.kind = _KINDS[row.short_name or ""].value
        row.deputy_id = ids[_DEPUTY] if row.short_name == "demo" else None
        for username, duty in _DUTIES.items():
            await session.merge(
                MeetingStaffRow(meeting_id=row.id, account_id=ids[username], duty=duty.value)
            )
    await session.flush()
    await _first_revisions(session, ids["thuky"])
    await _template(session, ids["thuky"], now)


async def _first_revisions(session: AsyncSession, by: int) -> None:
    """For meetings that have none: they were put into the tables, not scheduled."""
    known = select(MeetingRevisionRow.meeting_id)
    query = select(MeetingRow).where(MeetingRow.id.not_in(known))
    for meeting in await load(session, (await session.scalars(query)).all()):
        revisions.write(
            session,
            meeting,
            draft_of(meeting),
            by=by,
            now=meeting.changed_at,
            action=revisions.CREATED,
        )


async def _template(session: AsyncSession, by: int, now: datetime) -> None:
    named = select(MeetingTemplateRow.id).where(MeetingTemplateRow.name == _TEMPLATE)
    row = await session.scalar(select(MeetingRow).where(MeetingRow.short_name == "demo"))
    if row is None or await session.scalar(named) is not None:
        return
    (meeting,) = await load(session, [row])
    content = revisions.encode(as_template(draft_of(meeting)))
    session.add(MeetingTemplateRow(name=_TEMPLATE, content=content, created_by=by, created_at=now))
