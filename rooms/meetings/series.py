"""Recurring meetings in the store: each date is a meeting of its own, bound by its series."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account
from rooms.errors import Invalid
from rooms.meetings import saving
from rooms.meetings.drafts import MeetingDraft, faults
from rooms.meetings.lifecycle import EDITORS
from rooms.meetings.loading import load
from rooms.meetings.planning import LOCAL, Rules
from rooms.meetings.records import Meeting, MeetingState
from rooms.meetings.recurrence import Scope, at, continued, cut_before, occurrences, spread
from rooms.store.database import Database
from rooms.store.tables import MeetingRow, MeetingSeriesRow


class SeriesRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    rule: str
    start: datetime  # of the first one as planned
    exceptions: tuple[date, ...]
    meetings: tuple[Meeting, ...]  # by start


class Series:
    def __init__(self, db: Database, rules: Rules | None = None) -> None:
        self._db = db
        self._rules = rules or Rules()

    async def get(self, series_id: int) -> SeriesRecord | None:
        async with self._db.reading() as session:
            row = await session.get(MeetingSeriesRow, series_id)
            if row is None:
                return None
            return _record(row, await load(session, await _members(session, series_id)))

    async def schedule(
        self,
        draft: MeetingDraft,
        rule: str,
        by: Account,
        now: datetime,
        state: MeetingState = MeetingState.APPROVED,
        *,
        exceptions: Collection[date] = (),
        note: str = "",
        accept_clashes: bool = True,
    ) -> list[Meeting]:
        """A meeting for each date of the rule, all or none.

        Raises:
            Invalid: also {"rule": …}.
            RequestRefused: as `Meetings.schedule`.
        """
        if errors := faults(draft, now):
            raise Invalid(errors)
        assert draft.start is not None
        starts = occurrences(rule, draft.start, exceptions)
        async with self._db.session() as session:
            series = MeetingSeriesRow(
                rule=rule,
                start=starts[0],
                exceptions=_encode(exceptions),
                created_by=by.id,
                created_at=now,
            )
            session.add(series)
            await session.flush()
            return [
                await saving.create(
                    session,
                    draft if start == draft.start else at(draft, start),
                    by,
                    now,
                    state,
                    self._rules,
                    note=note,
                    accept_clashes=accept_clashes,
                    series_id=series.id,
                )
                for start in starts
            ]

    async def change(
        self,
        meeting_id: int,
        draft: MeetingDraft,
        scope: Scope,
        by: Account,
        now: datetime,
        *,
        revision: int,
        note: str = "",
        accept_clashes: bool = True,
    ) -> list[Meeting]:
        """Change one meeting, and with it those of its series the scope names; the one comes first.

        From FOLLOWING on the series is two: what was before keeps its rule up to then.

        Raises:
            Invalid, RequestRefused: as `Meetings.change`, of any of them; then none is changed.
        """
        async with self._db.session() as session:
            row = await saving.hold(session, meeting_id)
            (meeting,) = await load(session, [row])
            before = saving.draft_of(meeting)
            others = await _reached(session, meeting, scope)
            if scope is Scope.FOLLOWING and others:
                await _split(session, meeting, draft, [row, *others], by, now)
            drafts = [
                spread(before, draft, saving.draft_of(other))
                for other in await load(session, others)
            ]
            changed = []
            for each, wanted in zip([row, *others], [draft, *drafts], strict=True):
                changed.append(
                    await saving.change(
                        session,
                        each,
                        wanted,
                        by,
                        now,
                        self._rules,
                        revision=revision if each is row else None,
                        note=note,
                        accept_clashes=accept_clashes,
                        besides=[other.id for other in others],
                    )
                )
            return changed

    async def advance(
        self,
        meeting_id: int,
        state: MeetingState,
        scope: Scope,
        by: Account,
        now: datetime,
        note: str = "",
    ) -> list[Meeting]:
        """The step for one meeting and those the scope names that stand where it stands.

        A cancelled date is an exception of its series from then on.
        """
        async with self._db.session() as session:
            row = await saving.hold(session, meeting_id)
            (meeting,) = await load(session, [row])
            others = await _reached(session, meeting, scope)
            rows = [row, *(other for other in others if other.state == meeting.state.value)]
            if state is MeetingState.CANCELLED and meeting.series_id is not None:
                await _leave_out(session, meeting.series_id, [each.start for each in rows])
            return [await saving.step(session, each, state, by, now, note) for each in rows]


async def _members(session: AsyncSession, series_id: int) -> Sequence[MeetingRow]:
    query = select(MeetingRow).where(MeetingRow.series_id == series_id)
    return (await session.scalars(query.order_by(MeetingRow.start, MeetingRow.id))).all()


async def _reached(session: AsyncSession, meeting: Meeting, scope: Scope) -> list[MeetingRow]:
    """The others a scope names: those that can still be changed."""
    if meeting.series_id is None or scope is Scope.ONE:
        return []
    open_states = {state.value for state in EDITORS} - {MeetingState.LIVE.value}
    return [
        row
        for row in await _members(session, meeting.series_id)
        if row.id != meeting.id
        and row.state in open_states
        and (scope is Scope.ALL or row.start > meeting.start)
    ]


async def _split(
    session: AsyncSession,
    meeting: Meeting,
    draft: MeetingDraft,
    rows: Sequence[MeetingRow],
    by: Account,
    now: datetime,
) -> None:
    """`rows` leave the series of the meeting and form their own."""
    old = await session.get(MeetingSeriesRow, meeting.series_id)
    assert old is not None
    moved_by = draft.start - meeting.start if draft.start is not None else timedelta()
    if old.start >= meeting.start:  # all of them: the series stays what it is
        return
    new = MeetingSeriesRow(
        rule=continued(old.rule, max(row.start for row in rows), moved_by),
        start=meeting.start + moved_by,
        exceptions="[]",
        created_by=by.id,
        created_at=now,
    )
    old.rule = cut_before(old.rule, meeting.start)
    session.add(new)
    await session.flush()
    for row in rows:
        row.series_id = new.id


async def _leave_out(session: AsyncSession, series_id: int, starts: list[datetime]) -> None:
    row = await session.get(MeetingSeriesRow, series_id)
    assert row is not None
    days = {start.astimezone(LOCAL).date() for start in starts}
    row.exceptions = _encode({*_decode(row.exceptions), *days})


def _encode(days: Collection[date]) -> str:
    return msgspec.json.encode(sorted(days)).decode()


def _decode(text: str) -> tuple[date, ...]:
    return msgspec.json.decode(text, type=tuple[date, ...])


def _record(row: MeetingSeriesRow, meetings: Sequence[Meeting]) -> SeriesRecord:
    return SeriesRecord(
        id=row.id,
        rule=row.rule,
        start=row.start,
        exceptions=_decode(row.exceptions),
        meetings=tuple(meetings),
    )
