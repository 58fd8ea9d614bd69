"""What a meeting was after each change, and what a change changed.

A revision holds the whole draft as JSON. Sites, people and units are ids there: a difference
shows them by the names of the directory.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.meetings.drafts import MeetingDraft
from rooms.meetings.records import Meeting, MeetingState
from rooms.store.database import Database
from rooms.store.tables import AccountRow, MeetingRevisionRow

CREATED = "created"
CHANGED = "changed"
MAX_NOTE_CHARS = 1000


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a meeting, without what it then was."""

    action: str  # CREATED, CHANGED, or the `MeetingState` reached
    note: str

    @property
    def state(self) -> MeetingState | None:
        """The state reached; None: it stayed, or this is the first."""
        return None if self.action in (CREATED, CHANGED) else MeetingState(self.action)


class Revision(Taken, frozen=True, kw_only=True):
    id: int  # grows in the order of the changes to all meetings
    meeting_id: int
    revision: int
    at: datetime
    by: int | None  # account; None: the service itself
    by_name: str
    draft: MeetingDraft


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field that is not as it was. Lists are told by what came and what went."""

    field: str  # of `MeetingDraft`
    before: object
    after: object


def encode(draft: MeetingDraft) -> str:
    return msgspec.json.encode(draft).decode()


def decode(content: str) -> MeetingDraft:
    return msgspec.json.decode(content, type=MeetingDraft)


def differences(before: MeetingDraft, after: MeetingDraft) -> tuple[Difference, ...]:
    """The fields that changed, in the order of the form."""
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in FIELDS)
    return tuple(
        Difference(field=name, before=old, after=new) for name, old, new in pairs if old != new
    )


FIELDS = tuple(name for name in MeetingDraft.__struct_fields__ if name != "secrecy")


class Revisions:
    """Read access to the revisions of meetings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_meeting(self, meeting_id: int) -> list[Revision]:
        """All of them, the oldest first."""
        query = (
            select(MeetingRevisionRow, AccountRow.full_name)
            .outerjoin(AccountRow, AccountRow.id == MeetingRevisionRow.by)
            .where(MeetingRevisionRow.meeting_id == meeting_id)
            .order_by(MeetingRevisionRow.revision)
        )
        async with self._db.reading() as session:
            rows = (await session.execute(query)).all()
        return [_revision(row, name or "") for row, name in rows]

    async def taken(self, meeting_id: int) -> list[Taken]:
        """What was done, the oldest first."""
        query = (
            select(MeetingRevisionRow.action, MeetingRevisionRow.note)
            .where(MeetingRevisionRow.meeting_id == meeting_id)
            .order_by(MeetingRevisionRow.revision)
        )
        async with self._db.reading() as session:
            rows = await session.execute(query)
        return [Taken(action=row.action, note=row.note) for row in rows]


def _revision(row: MeetingRevisionRow, by_name: str) -> Revision:
    return Revision(
        id=row.id,
        meeting_id=row.meeting_id,
        revision=row.revision,
        at=row.at,
        by=row.by,
        by_name=by_name,
        action=row.action,
        note=row.note,
        draft=decode(row.content),
    )


def write(
    session: AsyncSession,
    meeting: Meeting,
    draft: MeetingDraft,
    *,
    by: int | None,
    now: datetime,
    action: str,
    note: str = "",
) -> None:
    """Add the row of a change to the transaction that makes it."""
    session.add(
        MeetingRevisionRow(
            meeting_id=meeting.id,
            revision=meeting.revision,
            at=now,
            by=by,
            action=action,
            note=note.strip()[:MAX_NOTE_CHARS],
            content=encode(draft),
        )
    )


def last_before(revisions: Sequence[Taken], state: MeetingState) -> MeetingState | None:
    """The state reached before the newest time `state` was."""
    reached = [revision.state for revision in revisions if revision.state is not None]
    for index in range(len(reached) - 1, 0, -1):
        if reached[index] is state:
            return reached[index - 1]
    return None
