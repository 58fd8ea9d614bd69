"""Writing: the rows behind an answer."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Delete, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers.records import Actor, AnswerState, SiteAnswer
from rooms.store.tables import (
    AnswerHistoryRow,
    AnswerTermsRow,
    MeetingSiteRow,
    SiteAnswerRow,
    SiteDelegateRow,
)


async def terms(session: AsyncSession, meeting_id: int) -> AnswerTermsRow:
    row = await session.get(AnswerTermsRow, meeting_id)
    if row is None:
        row = AnswerTermsRow(meeting_id=meeting_id)
        session.add(row)
    return row


def blank(meeting_id: int, site_id: int, invited_by: int | None = None) -> SiteAnswerRow:
    return SiteAnswerRow(
        meeting_id=meeting_id,
        site_id=site_id,
        state=AnswerState.PENDING.value,
        reason="",
        presiding_name="",
        presiding_position="",
        head_count=0,
        note="",
        by="",
        invited_by=invited_by,
        reopened=False,
        revision=0,
    )


async def save(session: AsyncSession, meeting_id: int, after: SiteAnswer) -> None:
    row = await session.get(SiteAnswerRow, (meeting_id, after.site_id))
    if row is None:
        row = blank(meeting_id, after.site_id)
        session.add(row)
    row.state = after.state.value
    row.reason = after.reason
    row.presiding_name = after.presiding_name
    row.presiding_position = after.presiding_position
    row.head_count = after.head_count
    row.note = after.note
    row.answered_at = after.answered_at
    row.by = after.by
    row.reopened = after.reopened
    row.revision = after.revision
    await session.execute(_delegates_of(meeting_id, after.site_id))
    session.add_all(
        SiteDelegateRow(
            meeting_id=meeting_id,
            site_id=after.site_id,
            number=number,
            full_name=delegate.full_name.strip(),
            position=delegate.position.strip(),
            unit=delegate.unit.strip(),
        )
        for number, delegate in enumerate(after.delegates, start=1)
    )


def _delegates_of(meeting_id: int, site_id: int) -> Delete:
    return delete(SiteDelegateRow).where(
        SiteDelegateRow.meeting_id == meeting_id, SiteDelegateRow.site_id == site_id
    )


def note(
    session: AsyncSession,
    meeting_id: int,
    actor: Actor,
    now: datetime,
    action: str,
    site_id: int | None,
    detail: Mapping[str, object],
) -> None:
    session.add(
        AnswerHistoryRow(
            meeting_id=meeting_id,
            site_id=site_id,
            at=now,
            account_id=actor.account_id,
            recipient_id=actor.recipient_id,
            by=actor.name,
            action=action,
            detail=msgspec.json.encode(detail).decode(),
        )
    )


def invited(meeting_id: int) -> Select[int]:
    return select(MeetingSiteRow.site_id).where(MeetingSiteRow.meeting_id == meeting_id)


async def cascade(session: AsyncSession, meeting_id: int, site_id: int) -> list[int]:
    """A site and all that it invited, and these in turn; the lowest first."""
    query = select(SiteAnswerRow.site_id, SiteAnswerRow.invited_by).where(
        SiteAnswerRow.meeting_id == meeting_id, SiteAnswerRow.invited_by.is_not(None)
    )
    by = (await session.execute(query)).all()
    found, waiting = [], [site_id]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.append(at)
            waiting += [site for site, inviting in by if inviting == at]
    return found[::-1]


async def remove(session: AsyncSession, meeting_id: int, site_id: int) -> None:
    await session.execute(_delegates_of(meeting_id, site_id))
    for table in (SiteAnswerRow, MeetingSiteRow):
        await session.execute(
            delete(table).where(table.meeting_id == meeting_id, table.site_id == site_id)
        )
