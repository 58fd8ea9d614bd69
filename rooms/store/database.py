"""The durable store: one engine, its sessions, its migrations."""

from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncSession


class Database:
    """SQLite (WAL) or PostgreSQL behind SQLAlchemy.

    Args:
        url: "sqlite+aiosqlite:////path/file.db" or "postgresql+asyncpg://…".
    """

    def __init__(self, url: str) -> None:
        raise NotImplementedError

    async def migrate(self) -> None:
        """Bring the tables to the newest version (Alembic upgrade head, in a thread)."""
        raise NotImplementedError

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError
