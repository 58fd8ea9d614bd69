"""Scheduled meetings in the store: made, changed, moved, brought from state to state.

Every change is one transaction that also writes a revision: who, when, and the whole of the
meeting as it then was.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, Select, delete, select

from rooms.directory.accounts import Account, AccountRole
from rooms.errors import RequestRefused
from rooms.meetings import lifecycle, planning, saving
from rooms.meetings.drafts import MAX_DURATION, AgendaItem, MeetingDraft
from rooms.meetings.loading import load
from rooms.meetings.records import InvitedSite, Meeting, MeetingState
from rooms.meetings.saving import draft_of
from rooms.meetings.seating import may_see, seat_for
from rooms.session.model import Seat
from rooms.store.database import Database
from rooms.store.tables import MeetingRevisionRow, MeetingRow

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
_FIRST_STATES = (MeetingState.DRAFT, MeetingState.PENDING, MeetingState.APPROVED)


class Meetings:
    """
    Args:
        rules: what makes a meeting clash with others.
    """

    def __init__(self, db: Database, rules: planning.Rules | None = None) -> None:
        self._db = db
        self._rules = rules or planning.Rules()

    # ------------------------------------------------------------ finding

    async def on_day(self, day: date, account: Account | None) -> list[Meeting]:
        """Meetings that touch a local day, by start; with an account, only those it may see."""
        start = datetime.combine(day, time(), LOCAL)
        return await self.between(start, start + timedelta(days=1), account)

    async def between(
        self, start: datetime, end: datetime, account: Account | None = None
    ) -> list[Meeting]:
        """Meetings that overlap [start, end), by start; with an account, those it may see."""
        query = select(MeetingRow).where(
            MeetingRow.start < end,
            MeetingRow.start > start - MAX_DURATION,  # what is earlier has ended; by the index
            MeetingRow.end > start,
        )
        found = await self._all(query)
        if account is None:
            return found
        return [meeting for meeting in found if may_see(meeting, account)]

    async def latest(self, start: datetime, end: datetime, limit: int) -> list[Meeting]:
        """Meetings that begin in [start, end), the latest first."""
        query = (
            select(MeetingRow)
            .where(MeetingRow.start >= start, MeetingRow.start < end)
            .order_by(MeetingRow.start.desc(), MeetingRow.id.desc())
            .limit(limit)
        )
        async with self._db.reading() as session:
            return await load(session, (await session.scalars(query)).all())

    async def get(self, id_or_short: int | str) -> Meeting | None:
        found = await self._all(select(MeetingRow).where(_named(id_or_short)))
        return found[0] if found else None

    async def in_state(self, state: MeetingState) -> list[Meeting]:
        return await self._all(select(MeetingRow).where(MeetingRow.state == state.value))

    async def _all(self, query: "Select[MeetingRow]") -> list[Meeting]:
        async with self._db.reading() as session:
            rows = (await session.scalars(query.order_by(MeetingRow.start, MeetingRow.id))).all()
            return await load(session, rows)

    def seat_for(self, meeting: Meeting, account: Account) -> Seat | None:
        """Where an account sits in a meeting, and as what; None: not invited. Needs no store."""
        return seat_for(meeting, account)

    @staticmethod
    def draft_of(meeting: Meeting) -> MeetingDraft:
        """The form that leads to the meeting as it is."""
        return draft_of(meeting)

    # ------------------------------------------------------------ changing

    async def schedule(
        self,
        draft: MeetingDraft,
        by: Account,
        now: datetime,
        state: MeetingState = MeetingState.APPROVED,
        *,
        note: str = "",
        accept_clashes: bool = True,
    ) -> Meeting:
        """Put a meeting on the schedule; who may plan only for their branch, as a draft or pending.

        Args:
            accept_clashes: save it though others have the same sites or people; `note` says why.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "not-allowed", "clash".
        """
        async with self._db.session() as session:
            return await saving.create(
                session,
                draft,
                by,
                now,
                state,
                self._rules,
                note=note,
                accept_clashes=accept_clashes,
            )

    async def change(
        self,
        meeting_id: int,
        draft: MeetingDraft,
        by: Account,
        now: datetime,
        *,
        revision: int,
        note: str = "",
        accept_clashes: bool = True,
    ) -> Meeting:
        """Make a meeting what the draft says. A postponed one gets its new time by this.

        Args:
            revision: the one the draft began from.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "changed-meanwhile", "wrong-state", "not-allowed", "not-found", "clash".
        """
        async with self._db.session() as session:
            row = await saving.hold(session, meeting_id)
            return await saving.change(
                session,
                row,
                draft,
                by,
                now,
                self._rules,
                revision=revision,
                note=note,
                accept_clashes=accept_clashes,
            )

    async def move(
        self,
        meeting_id: int,
        start: datetime,
        end: datetime,
        by: Account,
        now: datetime,
        *,
        revision: int,
        note: str = "",
        accept_clashes: bool = True,
    ) -> Meeting:
        """Another time, everything else as it is; agenda times move along. Raises as `change`."""
        meeting = await self.get(meeting_id)
        if meeting is None:
            raise RequestRefused("not-found")
        draft = moved(draft_of(meeting), start, end)
        return await self.change(
            meeting_id,
            draft,
            by,
            now,
            revision=revision,
            note=note,
            accept_clashes=accept_clashes,
        )

    async def advance(
        self, meeting_id: int, state: MeetingState, by: Account, now: datetime, note: str = ""
    ) -> Meeting:
        """Bring a meeting to its next state; `lifecycle` says which and who may.

        Raises:
            RequestRefused: "wrong-state", "not-allowed", "not-found".
            Invalid: {"note": …} when a reason is missing.
        """
        async with self._db.session() as session:
            row = await saving.hold(session, meeting_id)
            return await saving.step(session, row, state, by, now, note)

    async def set_state(
        self, meeting_id: int, state: MeetingState, now: datetime | None = None
    ) -> None:
        """What the service itself knows: people have met, the meeting is over."""
        async with self._db.session() as session:
            row = await saving.hold(session, meeting_id)
            await saving.step(session, row, state, None, now or datetime.now(UTC), "")

    async def end_rehearsal(self, meeting_id: int, now: datetime) -> None:
        """A test run is over: the meeting is again what it was before."""
        meeting = await self.get(meeting_id)
        if meeting is None or meeting.state is not MeetingState.REHEARSAL:
            return
        query = select(MeetingRevisionRow.id).where(
            MeetingRevisionRow.meeting_id == meeting_id,
            MeetingRevisionRow.action == MeetingState.INVITED.value,
        )
        async with self._db.reading() as session:
            invited = await session.scalar(query.limit(1))
        state = MeetingState.APPROVED if invited is None else MeetingState.INVITED
        await self.set_state(meeting_id, state, now)

    async def discard(self, meeting_id: int, by: Account) -> None:
        """Throw away a draft, with its history.

        Raises:
            RequestRefused: "wrong-state" (no draft any more), "not-allowed", "not-found".
        """
        async with self._db.session() as session:
            row = await saving.hold(session, meeting_id)
            (meeting,) = await load(session, [row])
            if meeting.state is not MeetingState.DRAFT:
                raise RequestRefused("wrong-state")
            lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, by))
            await session.execute(delete(MeetingRow).where(MeetingRow.id == meeting_id))


def moved(draft: MeetingDraft, start: datetime, end: datetime) -> MeetingDraft:
    """The draft at another time, its agenda's times along with it."""
    assert draft.start is not None
    by = start - draft.start
    agenda = tuple(
        msgspec.structs.replace(item, start=_later(item.start, by)) for item in draft.agenda
    )
    return msgspec.structs.replace(draft, start=start, end=end, agenda=agenda)


def _later(at: time | None, by: timedelta) -> time | None:
    return (datetime.combine(date(2000, 1, 1), at) + by).time() if at is not None else None


def _named(id_or_short: int | str) -> ColumnElement[bool]:
    text = str(id_or_short)
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return MeetingRow.id == int(text)
    return MeetingRow.short_name == text
