"""The store: migrations lead to the models, the log keeps its order, writers wait their turn."""

import asyncio
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from rooms_world import KBANG, SEATS
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from rooms.session.core import fold
from rooms.session.events import Entry, HandRaised, MeetingOpened, SeatEntered
from rooms.store.database import Database
from rooms.store.log import EventLog
from rooms.store.tables import Base


async def test_the_migrations_lead_to_the_models(db: Database):
    def difference(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)

    async with db.reading() as session:
        connection = await session.connection()
        assert await connection.run_sync(difference) == []


async def test_migrating_again_changes_nothing(db: Database):
    await db.migrate()
    assert await db.answers()


async def test_sqlite_is_set_up(db: Database):
    async with db.reading() as session:
        values = [
            await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert values == ["wal", 1, 5000]


async def test_a_database_that_cannot_be_opened_does_not_answer(tmp_path):
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/nowhere/rooms.db")
    before = set(threading.enumerate())
    assert not await db.answers()
    await db.close()
    # The driver's thread still has a word for this loop, which must not be closed by then.
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, 5)


async def test_a_failed_block_leaves_no_trace(db: Database, meeting_id: int):
    async def change_and_fail() -> None:
        async with db.session() as session:
            await session.execute(text("UPDATE meetings SET title = 'khác'"))
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_and_fail()
    async with db.reading() as session:
        assert await session.scalar(text("SELECT title FROM meetings")) == "Giao ban"


async def test_writers_wait_for_each_other(db: Database, meeting_id: int):
    async def count_up() -> None:
        async with db.session() as session:
            notes = int(await session.scalar(text("SELECT notes FROM meetings")) or 0)
            await asyncio.sleep(0)
            await session.execute(text("UPDATE meetings SET notes = :n"), {"n": notes + 1})

    async with db.session() as session:
        await session.execute(text("UPDATE meetings SET notes = 0"))
    await asyncio.gather(*(count_up() for _ in range(12)))
    async with db.reading() as session:
        assert int(await session.scalar(text("SELECT notes FROM meetings"))) == 12


ENTRIES = [
    Entry(seq=1, at=1.5, actor="system", event=MeetingOpened(meeting=1, title="x", seats=SEATS)),
    Entry(seq=2, at=2.5, actor=KBANG, event=SeatEntered(seat=SEATS[2])),
    Entry(seq=3, at=3.5, actor=KBANG, event=HandRaised(seat=KBANG)),
]


async def test_the_log_gives_back_what_was_appended(db: Database, meeting_id: int):
    log = EventLog(db)
    await log.append(meeting_id, ENTRIES[:1])
    await log.append(meeting_id, ENTRIES[1:])
    assert await log.entries(meeting_id) == ENTRIES
    assert await log.entries(meeting_id, after=2) == ENTRIES[2:]


async def test_a_seq_is_used_once_and_a_batch_is_all_or_nothing(db: Database, meeting_id: int):
    log = EventLog(db)
    await log.append(meeting_id, ENTRIES[:2])
    with pytest.raises(IntegrityError):
        await log.append(meeting_id, [ENTRIES[2], ENTRIES[1]])
    assert await log.entries(meeting_id) == ENTRIES[:2]


async def test_the_newest_snapshot_counts(db: Database, meeting_id: int):
    log = EventLog(db)
    assert await log.snapshot(meeting_id) is None
    for count in (2, 3):
        await log.save_snapshot(fold(ENTRIES[:count]))
    assert await log.snapshot(meeting_id) == fold(ENTRIES)
