"""The durable store: one engine, its transactions, its migrations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_MS = 5_000


class Database:
    """SQLite (WAL) or PostgreSQL behind SQLAlchemy.

    Args:
        url: "sqlite+aiosqlite:////path/file.db" or "postgresql+asyncpg://…".
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = _engine(url)

    async def migrate(self) -> None:
        """Bring the tables to the newest version (Alembic upgrade head, in a thread)."""
        await asyncio.to_thread(_upgrade, self._url)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A writing transaction: committed when the block ends, rolled back when it raises."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
            await session.connection(execution_options={"writing": True})
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads; it never waits for a writer."""
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            yield session

    async def answers(self) -> bool:
        """Whether a question gets an answer now."""
        try:
            async with self.reading() as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        await self._engine.dispose()


def _engine(url: str, *, foreign_keys: bool = True, **options: Any) -> AsyncEngine:
    engine = create_async_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", partial(_prepare_sqlite, foreign_keys))
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(foreign_keys: bool, connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin too late to read a stable
    # state, and never as IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",  # safe against kill -9; a power cut may cost the last commits
        f"foreign_keys = {foreign_keys:d}",
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer would fail with "locked" instead
    # of waiting for its turn.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _upgrade(url: str) -> None:
    asyncio.run(_upgrade_async(url))


async def _upgrade_async(url: str) -> None:
    # Its own engine: connections belong to the loop that opened them.
    # Foreign keys off: a table that is built anew is dropped first, which would take along the
    # rows that refer to it.
    engine = _engine(
        url, foreign_keys=False, poolclass=NullPool, execution_options={"writing": True}
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade_on)
    finally:
        await engine.dispose()


def _upgrade_on(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
