"""The durable log of live meetings: entries and snapshots, JSON inside rows."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy import func, insert, select

from rooms.session.events import AnyEvent, Entry
from rooms.session.model import Session
from rooms.store.ballots import Paper, put, put_in_rehearsal
from rooms.store.database import Database
from rooms.store.tables import LogEntryRow, LogSnapshotRow, RehearsalEntryRow


class Log(Protocol):
    """Where the entries of one meeting go, and where they are found again."""

    async def append(
        self, meeting_id: int, entries: Sequence[Entry], papers: Sequence[Paper] = ()
    ) -> None: ...
    async def entries(self, meeting_id: int, after: int = 0) -> list[Entry]: ...
    async def save_snapshot(self, state: Session) -> None: ...
    async def snapshot(self, meeting_id: int) -> Session | None: ...


_encode = msgspec.json.Encoder().encode
_decode_event = msgspec.json.Decoder(AnyEvent).decode
_decode_session = msgspec.json.Decoder(Session).decode


class EventLog:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def append(
        self, meeting_id: int, entries: Sequence[Entry], papers: Sequence[Paper] = ()
    ) -> None:
        """Write entries in one transaction, and what goes into ballot boxes with them.

        Raises:
            sqlalchemy.exc.IntegrityError: a seq is taken: another process owns the meeting.
        """
        rows = [
            {
                "meeting_id": meeting_id,
                "seq": entry.seq,
                "at": entry.at,
                "actor": entry.actor,
                "event": _encode(entry.event).decode(),
            }
            for entry in entries
        ]
        async with self._db.session() as session:
            await session.execute(insert(LogEntryRow), rows)
            await put(session, meeting_id, papers)

    async def entries(self, meeting_id: int, after: int = 0) -> list[Entry]:
        """Entries with seq > `after`, in order."""
        query = (
            select(LogEntryRow)
            .where(LogEntryRow.meeting_id == meeting_id, LogEntryRow.seq > after)
            .order_by(LogEntryRow.seq)
        )
        async with self._db.reading() as session:
            rows = (await session.scalars(query)).all()
        return [
            Entry(seq=row.seq, at=row.at, actor=row.actor, event=_decode_event(row.event))
            for row in rows
        ]

    async def save_snapshot(self, state: Session) -> None:
        """Replace the meeting's snapshot."""
        row = LogSnapshotRow(
            meeting_id=state.meeting, seq=state.seq, session=_encode(state).decode()
        )
        async with self._db.session() as session:
            await session.merge(row)

    async def snapshot(self, meeting_id: int) -> Session | None:
        """The newest snapshot."""
        async with self._db.reading() as session:
            row = await session.get(LogSnapshotRow, meeting_id)
        return _decode_session(row.session) if row is not None else None


class RehearsalLog:
    """The log of one test run of a meeting. Test runs are short: they have no snapshots. Each
    has its own ballot boxes."""

    def __init__(self, db: Database, run: int) -> None:
        self._db = db
        self._run = run

    async def append(
        self, meeting_id: int, entries: Sequence[Entry], papers: Sequence[Paper] = ()
    ) -> None:
        """As `EventLog.append`."""
        rows = [
            {
                "meeting_id": meeting_id,
                "run": self._run,
                "seq": entry.seq,
                "at": entry.at,
                "actor": entry.actor,
                "event": _encode(entry.event).decode(),
            }
            for entry in entries
        ]
        async with self._db.session() as session:
            await session.execute(insert(RehearsalEntryRow), rows)
            await put_in_rehearsal(session, meeting_id, self._run, papers)

    async def entries(self, meeting_id: int, after: int = 0) -> list[Entry]:
        """Entries with seq > `after`, in order."""
        query = (
            select(RehearsalEntryRow)
            .where(
                RehearsalEntryRow.meeting_id == meeting_id,
                RehearsalEntryRow.run == self._run,
                RehearsalEntryRow.seq > after,
            )
            .order_by(RehearsalEntryRow.seq)
        )
        async with self._db.reading() as session:
            rows = (await session.scalars(query)).all()
        return [
            Entry(seq=row.seq, at=row.at, actor=row.actor, event=_decode_event(row.event))
            for row in rows
        ]

    async def save_snapshot(self, state: Session) -> None:
        pass

    async def snapshot(self, meeting_id: int) -> Session | None:
        return None


async def last_run(db: Database, meeting_id: int) -> int:
    """The number of the newest test run of a meeting; 0: there was none."""
    query = select(func.max(RehearsalEntryRow.run)).where(
        RehearsalEntryRow.meeting_id == meeting_id
    )
    async with db.reading() as session:
        return await session.scalar(query) or 0
