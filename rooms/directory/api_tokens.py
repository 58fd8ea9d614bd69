"""Tokens of programs that use the REST API: each acts for one account, within its scopes."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import select, update

from rooms.directory.accounts import Account, Accounts
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import ApiTokenRow

PREFIX = "dc_"  # so that a token found somewhere is known for what it is
MAX_TOKENS = 20  # that one account holds at a time
MAX_NAME_CHARS = 100
_TOKEN = re.compile(r"dc_[A-Za-z0-9_-]{43}")
_HINT_CHARS = 8
_NOTE_USE_EVERY = timedelta(minutes=1)  # so that not every request writes


class Scope(StrEnum):
    """What a token may be used for. What its account may not do, no scope allows."""

    MEETINGS_READ = "meetings:read"
    MEETINGS_WRITE = "meetings:write"
    DIRECTORY_READ = "directory:read"
    DIRECTORY_WRITE = "directory:write"
    INVITATIONS_READ = "invitations:read"
    INVITATIONS_WRITE = "invitations:write"
    ANSWERS_READ = "answers:read"
    ANSWERS_WRITE = "answers:write"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    CALENDAR_READ = "calendar:read"
    CALENDAR_WRITE = "calendar:write"
    RECORDINGS_READ = "recordings:read"
    REPORTS_READ = "reports:read"
    TECHNICAL_READ = "technical:read"
    TECHNICAL_WRITE = "technical:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    account_id: int
    name: str
    hint: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    used_from: str
    revoked_at: datetime | None


class ApiTokens:
    """The shell over tokens. Only their SHA-256 is stored."""

    def __init__(self, db: Database, accounts: Accounts) -> None:
        self._db = db
        self._accounts = accounts

    async def make(
        self,
        account: Account,
        name: str,
        scopes: Iterable[Scope],
        now: datetime,
        *,
        lifetime: timedelta | None,
    ) -> tuple[ApiToken, str]:
        """A new token, and its text, which nobody can see again.

        Raises:
            Invalid: no name, no scope, or too many tokens.
        """
        name, wanted = name.strip(), frozenset(scopes)
        held = [token for token in await self.of(account.id) if not token.revoked_at]
        errors = _faults(name, wanted, len(held))
        if errors:
            raise Invalid(errors)
        text = PREFIX + secrets.token_urlsafe(32)
        row = ApiTokenRow(
            account_id=account.id,
            name=name,
            token_hash=_hash(text),
            hint=text[:_HINT_CHARS],
            scopes=" ".join(sorted(wanted)),
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
            used_from="",
        )
        async with self._db.session() as session:
            session.add(row)
        return _token(row), text

    async def of(self, account_id: int) -> list[ApiToken]:
        """All tokens of an account, the newest first."""
        query = select(ApiTokenRow).where(ApiTokenRow.account_id == account_id)
        async with self._db.reading() as session:
            rows = await session.scalars(query.order_by(ApiTokenRow.id.desc()))
            return [_token(row) for row in rows]

    async def revoke(self, token_id: int, account: Account, now: datetime) -> ApiToken:
        """Close one of the account's own tokens for good.

        Raises:
            RequestRefused: "not-found".
        """
        async with self._db.session() as session:
            row = await session.get(ApiTokenRow, token_id)
            if row is None or row.account_id != account.id:
                raise RequestRefused("not-found")
            row.revoked_at = row.revoked_at or now
        return _token(row)

    async def bearer(
        self, text: str, address: str, now: datetime
    ) -> tuple[Account, frozenset[Scope]] | None:
        """Whom a token acts for and what it may do; None when it opens nothing (any more)."""
        if not _TOKEN.fullmatch(text):
            return None
        query = select(ApiTokenRow).where(ApiTokenRow.token_hash == _hash(text))
        async with self._db.reading() as session:
            row = await session.scalar(query)
        if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now):
            return None
        account = await self._accounts.by_id(row.account_id)
        if account is None or not account.active:
            return None
        if row.used_at is None or now - row.used_at > _NOTE_USE_EVERY:
            await self._note_use(row.id, address, now)
        return account, _token(row).scopes

    async def _note_use(self, token_id: int, address: str, now: datetime) -> None:
        async with self._db.session() as session:
            await session.execute(
                update(ApiTokenRow)
                .where(ApiTokenRow.id == token_id)
                .values(used_at=now, used_from=address[:64])
            )


def _faults(name: str, scopes: frozenset[Scope], held: int) -> dict[str, str]:
    errors = {}
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        errors["name"] = N_("Đặt tên cho mã, ví dụ tên phần mềm sẽ dùng (tối đa 100 ký tự).")
    if not scopes:
        errors["scopes"] = N_("Chọn ít nhất một quyền.")
    if held >= MAX_TOKENS:
        errors["name"] = N_("Đã có 20 mã đang dùng. Thu hồi mã không dùng nữa rồi tạo mã mới.")
    return errors


def _token(row: ApiTokenRow) -> ApiToken:
    known = {scope.value for scope in Scope}
    return ApiToken(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        hint=row.hint,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split() if scope in known),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        used_from=row.used_from,
        revoked_at=row.revoked_at,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
