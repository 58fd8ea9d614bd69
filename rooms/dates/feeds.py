"""Secret addresses of people's calendars, for Outlook, Google, telephones.

Whoever has the address reads the calendar, so it can be changed and taken back. The store keeps
its hash and a nonce; with the service's key the address can be shown again to its owner alone.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, select

from rooms.directory.accounts import Account, Accounts
from rooms.store.database import Database
from rooms.store.tables import CalendarFeedRow

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")  # 192 bits
_NOTED_EVERY = timedelta(hours=1)  # that a feed was read


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    created_at: datetime
    read_at: datetime | None


class Feeds:
    """
    Args:
        key: the service's own; without it nobody can tell a token from the store.
    """

    def __init__(self, db: Database, accounts: Accounts, key: bytes) -> None:
        self._db = db
        self._accounts = accounts
        self._key = key

    async def of(self, account: Account) -> Feed | None:
        """The address in use; None: none was made, or the key is another now."""
        async with self._db.reading() as session:
            row = await session.get(CalendarFeedRow, account.id)
        if row is None:
            return None
        token = self._token(account.id, row.nonce)
        if not hmac.compare_digest(_hash(token), row.token_hash):
            return None
        return Feed(token=token, created_at=row.created_at, read_at=row.read_at)

    async def renew(self, account: Account, now: datetime) -> Feed:
        """A new address; the one before it stops working."""
        nonce = secrets.token_hex(16)
        token = self._token(account.id, nonce)
        row = CalendarFeedRow(
            account_id=account.id,
            nonce=nonce,
            token_hash=_hash(token),
            created_at=now,
            read_at=None,
        )
        async with self._db.session() as session:
            await session.merge(row)
        return Feed(token=token, created_at=now, read_at=None)

    async def revoke(self, account: Account) -> None:
        async with self._db.session() as session:
            await session.execute(
                delete(CalendarFeedRow).where(CalendarFeedRow.account_id == account.id)
            )

    async def reader(self, token: str, now: datetime) -> Account | None:
        """Whose calendar an address shows; None: it was revoked, or never was."""
        if not _TOKEN.fullmatch(token):
            return None
        query = select(CalendarFeedRow).where(CalendarFeedRow.token_hash == _hash(token))
        async with self._db.reading() as session:
            row = await session.scalar(query)
        account = None if row is None else await self._accounts.by_id(row.account_id)
        if row is None or account is None or not account.active:
            return None
        if row.read_at is None or now - row.read_at >= _NOTED_EVERY:
            await self._note(row.account_id, now)
        return account

    async def _note(self, account_id: int, now: datetime) -> None:
        async with self._db.session() as session:
            row = await session.get(CalendarFeedRow, account_id)
            if row is not None:
                row.read_at = now

    def _token(self, account_id: int, nonce: str) -> str:
        text = f"calendar-feed\0{account_id}\0{nonce}".encode()
        digest = hmac.new(self._key, text, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
