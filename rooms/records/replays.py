"""Answers kept under the Idempotency-Key of a request, so that a repeated request gets the same
answer and does nothing twice."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from rooms.errors import RequestRefused
from rooms.store.database import Database
from rooms.store.tables import ReplayRow

KEPT = timedelta(hours=24)


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    request_hash: str
    status: int  # 0: the first request is still under way, or was cut off
    location: str
    etag: str
    body: bytes


class Replays:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def claim(
        self, account_id: int, key: str, request_hash: str, now: datetime
    ) -> Replay | None:
        """None: the key was free and is now taken; else what is known of the earlier request.

        Raises:
            RequestRefused: "busy", the earlier request was refused just now.
        """
        row = ReplayRow(
            account_id=account_id,
            key=key,
            request_hash=request_hash,
            at=now,
            status=0,
            location="",
            etag="",
            body=b"",
        )
        try:
            async with self._db.session() as session:
                await session.execute(delete(ReplayRow).where(ReplayRow.at <= now - KEPT))
                session.add(row)
        except IntegrityError:
            return await self._earlier(account_id, key)
        return None

    async def _earlier(self, account_id: int, key: str) -> Replay:
        async with self._db.reading() as session:
            row = await session.get(ReplayRow, (account_id, key))
        if row is None:
            raise RequestRefused("busy")
        return Replay(
            request_hash=row.request_hash,
            status=row.status,
            location=row.location,
            etag=row.etag,
            body=row.body,
        )

    async def keep(self, account_id: int, key: str, replay: Replay) -> None:
        values = {field: getattr(replay, field) for field in Replay.__struct_fields__}
        async with self._db.session() as session:
            await session.execute(
                update(ReplayRow)
                .where(ReplayRow.account_id == account_id, ReplayRow.key == key)
                .values(**values)
            )

    async def release(self, account_id: int, key: str) -> None:
        """The request was refused and did nothing: the key may be used again."""
        async with self._db.session() as session:
            await session.execute(
                delete(ReplayRow).where(ReplayRow.account_id == account_id, ReplayRow.key == key)
            )
