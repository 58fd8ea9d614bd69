"""Keeps the monthly sums: follows the changes of meetings and answers with a stored cursor and
works out again the months they touch. Only meetings that are over count."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers.records import AnswerState
from rooms.directory.directory import units_on
from rooms.directory.trees import UnitTree
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import OVER
from rooms.records.attendance import attendance
from rooms.reports.sums import MeetingTurn, SiteSum, SiteTurn, UnitSum, month_sums
from rooms.session.model import site_of
from rooms.store.database import Database
from rooms.store.log import EventLog
from rooms.store.tables import (
    AnswerHistoryRow,
    LogEntryRow,
    MeetingRevisionRow,
    MeetingRow,
    MeetingSiteRow,
    ReportCursorRow,
    ReportSiteRow,
    ReportUnitRow,
    SiteAnswerRow,
    SitePresenceRow,
    SiteRow,
)

_CURSOR = 1
_OVER = tuple(state.value for state in OVER)
_AT_ONCE = 500  # ids in one question


def month_of(at: datetime) -> date:
    """First day of the local month of a moment."""
    return at.astimezone(LOCAL).date().replace(day=1)


def month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


class Ledger:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._log = EventLog(db)

    async def follow(self) -> int:
        """Work in what changed since last time; how many months that were."""
        async with self._db.reading() as session:
            cursor = await session.get(ReportCursorRow, _CURSOR)
            newest = await _newest(session)
            if cursor is not None and (cursor.revision_id, cursor.answer_id) == newest:
                return 0
            changed = await _changed(session, cursor, newest)
        months = sorted({month_of(start) for _, start in changed})
        for part in _parts(sorted(meeting for meeting, _ in changed)):
            for meeting in await self._with_log(part):
                await self._note_presence(meeting)
        for month in months:
            await self.work_out(month)
        async with self._db.session() as session:
            await session.merge(
                ReportCursorRow(id=_CURSOR, revision_id=newest[0], answer_id=newest[1])
            )
        return len(months)

    async def _with_log(self, meetings: Sequence[int]) -> list[int]:
        query = select(LogEntryRow.meeting_id).where(LogEntryRow.meeting_id.in_(meetings))
        async with self._db.reading() as session:
            return list(await session.scalars(query.distinct()))

    async def _note_presence(self, meeting_id: int) -> None:
        """How long each site was in the room."""
        entries = await self._log.entries(meeting_id)
        pages = await asyncio.to_thread(attendance, entries, entries[-1].at)
        seconds = {
            site: round(page.seconds)
            for page in pages
            if (site := site_of(page.seat)) is not None and page.seconds > 0
        }
        async with self._db.session() as session:
            await session.execute(
                delete(SitePresenceRow).where(SitePresenceRow.meeting_id == meeting_id)
            )
            known = set(await session.scalars(select(SiteRow.id).where(SiteRow.id.in_(seconds))))
            rows = [
                {"meeting_id": meeting_id, "site_id": site, "seconds": seconds[site]}
                for site in sorted(known)
            ]
            if rows:
                await session.execute(insert(SitePresenceRow), rows)

    async def work_out(self, month: date) -> None:
        """Write the sums of a month anew."""
        async with self._db.reading() as session:
            tree = UnitTree(await units_on(session, month))
            owners = await session.execute(select(SiteRow.id, SiteRow.unit_id))
            places = {row.id: row.unit_id for row in owners}
            meetings = await _turns(session, month)

        def above(unit_id: int) -> tuple[int, ...]:
            return tuple(unit.id for unit in tree.path(unit_id)) or (unit_id,)

        units, sites = await asyncio.to_thread(month_sums, meetings, places, above)
        of_units = [
            {"month": month, "unit_id": unit, **_values(found)} for unit, found in units.items()
        ]
        of_sites = [
            {"month": month, "site_id": site, **_values(found)} for site, found in sites.items()
        ]
        async with self._db.session() as session:
            await session.execute(delete(ReportUnitRow).where(ReportUnitRow.month == month))
            await session.execute(delete(ReportSiteRow).where(ReportSiteRow.month == month))
            if of_units:
                await session.execute(insert(ReportUnitRow), of_units)
            if of_sites:
                await session.execute(insert(ReportSiteRow), of_sites)


def _values(found: UnitSum | SiteSum) -> dict[str, int]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


async def _newest(session: AsyncSession) -> tuple[int, int]:
    revision = await session.scalar(select(func.max(MeetingRevisionRow.id)))
    answer = await session.scalar(select(func.max(AnswerHistoryRow.id)))
    return revision or 0, answer or 0


async def _changed(
    session: AsyncSession, cursor: ReportCursorRow | None, newest: tuple[int, int]
) -> list[tuple[int, datetime]]:
    """Meetings that are over and were changed since the cursor, with their start; without a
    cursor all that are over."""
    over = select(MeetingRow.id, MeetingRow.start).where(MeetingRow.state.in_(_OVER))
    if cursor is not None:
        revisions = select(MeetingRevisionRow.meeting_id).where(
            MeetingRevisionRow.id > cursor.revision_id, MeetingRevisionRow.id <= newest[0]
        )
        answers = select(AnswerHistoryRow.meeting_id).where(
            AnswerHistoryRow.id > cursor.answer_id, AnswerHistoryRow.id <= newest[1]
        )
        over = over.where(MeetingRow.id.in_(revisions.union(answers)))
    return [(row.id, row.start) for row in await session.execute(over)]


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


async def _turns(session: AsyncSession, month: date) -> list[MeetingTurn]:
    start = datetime.combine(month, time(), LOCAL)
    end = datetime.combine(month_after(month), time(), LOCAL)
    within = (
        MeetingRow.start >= start,
        MeetingRow.start < end,
        MeetingRow.state.in_(_OVER),
    )
    held = (
        await session.execute(
            select(MeetingRow.id, MeetingRow.host_unit_id, MeetingRow.start, MeetingRow.end).where(
                *within
            )
        )
    ).all()
    query = (
        select(
            MeetingSiteRow.meeting_id,
            MeetingSiteRow.site_id,
            MeetingSiteRow.delegates,
            SiteAnswerRow.state,
            SiteAnswerRow.head_count,
            SitePresenceRow.seconds,
        )
        .join(MeetingRow, MeetingRow.id == MeetingSiteRow.meeting_id)
        .outerjoin(
            SiteAnswerRow,
            (SiteAnswerRow.meeting_id == MeetingSiteRow.meeting_id)
            & (SiteAnswerRow.site_id == MeetingSiteRow.site_id),
        )
        .outerjoin(
            SitePresenceRow,
            (SitePresenceRow.meeting_id == MeetingSiteRow.meeting_id)
            & (SitePresenceRow.site_id == MeetingSiteRow.site_id),
        )
        .where(*within)
    )
    sites: dict[int, list[SiteTurn]] = {}
    for meeting, site, delegates, state, head_count, seconds in await session.execute(query):
        confirmed = state == AnswerState.CONFIRMED.value
        turn = SiteTurn(site, delegates, confirmed, head_count or 0, seconds)
        sites.setdefault(meeting, []).append(turn)
    return [
        MeetingTurn(
            row.host_unit_id,
            max(0, round((row.end - row.start).total_seconds() / 60)),
            any(turn.seconds for turn in sites.get(row.id, ())),
            tuple(sites.get(row.id, ())),
        )
        for row in held
    ]
