"""Accounts, passwords and sign-in sessions."""

import asyncio
import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import argon2
import msgspec
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from rooms.directory.throttle import Failures, throttled
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import AccountRow, AccountSessionRow, LoginAttemptRow, UnitRow

Language = Literal["vi", "en"]

MIN_PASSWORD_CHARS = 8
MAX_PASSWORD_CHARS = 200  # argon2 takes more; a request should not
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_SESSION_IDLE = timedelta(hours=12)  # a working day with a long meeting in it
_DEVICE_SESSION_IDLE = timedelta(days=30)  # a room PC is signed in once
_EXTEND_AFTER = timedelta(minutes=10)  # so that not every request writes
_HASHES_AT_ONCE = 2  # each takes 64 MiB and a core


class AccountRole(StrEnum):
    """What an account may do outside of meetings; roles in a meeting are `session.model.Role`."""

    ADMINISTRATOR = "administrator"
    SECRETARIAT = "secretariat"
    TECHNICIAN = "technician"
    OFFICIAL = "official"
    SITE_DEVICE = "site-device"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    username: str
    full_name: str  # "Lê Quang Minh", or the site's name for a device
    position: str  # "Phó Chủ tịch UBND tỉnh"
    role: AccountRole
    unit_id: int | None
    unit_name: str
    site_id: int | None  # the site this account sits at, when that site is invited
    language: Language
    active: bool


class Accounts:
    """The shell over accounts; every method is one transaction or a few short ones.

    Passwords are hashed by argon2id in a thread. Session tokens are random; only their SHA-256 is
    stored. Failed sign-ins are throttled per username and per address.
    """

    def __init__(self, db: Database, *, hasher: argon2.PasswordHasher | None = None) -> None:
        self._db = db
        self._hasher = hasher or argon2.PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._dummy_hash = ""

    async def authenticate(
        self, username: str, password: str, address: str, now: datetime
    ) -> Account:
        """The account these credentials belong to.

        Raises:
            RequestRefused: "bad-credentials" (also for inactive accounts), "throttled".
        """
        username = _normal(username)
        if throttled(await self._failures(username, address, now)):
            raise RequestRefused("throttled")
        account, password_hash = await self._with_hash(username)
        if not await self._verify(password_hash, password) or account is None:
            await self._note_failure(username, address, now)
            raise RequestRefused("bad-credentials")
        await self._forgive(username, address)
        return account

    async def _failures(self, username: str, address: str, now: datetime) -> Failures:
        since = LoginAttemptRow.at > now - Failures.WINDOW
        count = select(func.count()).select_from(LoginAttemptRow).where(since)
        async with self._db.reading() as session:
            of_username = await session.scalar(count.where(LoginAttemptRow.username == username))
            of_address = await session.scalar(count.where(LoginAttemptRow.address == address))
        return Failures(of_username=of_username or 0, of_address=of_address or 0)

    async def _with_hash(self, username: str) -> tuple[Account | None, str | None]:
        query = _accounts().where(AccountRow.username == username, AccountRow.active)
        async with self._db.reading() as session:
            found = (await session.execute(query)).one_or_none()
        return (None, None) if found is None else (_account(*found), found[0].password_hash)

    async def _verify(self, password_hash: str | None, password: str) -> bool:
        """Unknown names take as long as known ones, so that time tells nothing."""
        if len(password) > MAX_PASSWORD_CHARS:
            return False
        async with self._hashing:
            if not self._dummy_hash:
                self._dummy_hash = await asyncio.to_thread(self._hasher.hash, secrets.token_hex())
            against = password_hash or self._dummy_hash
            return await asyncio.to_thread(_matches, self._hasher, against, password)

    async def _note_failure(self, username: str, address: str, now: datetime) -> None:
        async with self._db.session() as session:
            await session.execute(
                delete(LoginAttemptRow).where(LoginAttemptRow.at <= now - Failures.WINDOW)
            )
            session.add(LoginAttemptRow(username=username, address=address[:64], at=now))

    async def _forgive(self, username: str, address: str) -> None:
        """A right password clears the failures of this name from this address."""
        async with self._db.session() as session:
            await session.execute(
                delete(LoginAttemptRow).where(
                    LoginAttemptRow.username == username, LoginAttemptRow.address == address
                )
            )

    async def open_session(
        self, account_id: int, address: str, user_agent: str, now: datetime
    ) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(32)
        async with self._db.session() as session:
            row = await session.get_one(AccountRow, account_id)
            session.add(
                AccountSessionRow(
                    token_hash=_token_hash(token),
                    account_id=account_id,
                    created_at=now,
                    expires_at=now + _idle(AccountRole(row.role)),
                    address=address[:64],
                    user_agent=user_agent[:200],
                )
            )
            await session.execute(
                delete(AccountSessionRow).where(AccountSessionRow.expires_at <= now)
            )
        return token

    async def session_account(self, token: str, now: datetime) -> Account | None:
        """Who holds this token; None when unknown, expired or switched off. Extends the session."""
        token_hash = _token_hash(token)
        query = (
            _accounts()
            .join(AccountSessionRow, AccountSessionRow.account_id == AccountRow.id)
            .where(
                AccountSessionRow.token_hash == token_hash,
                AccountSessionRow.expires_at > now,
                AccountRow.active,
            )
            .add_columns(AccountSessionRow.expires_at)
        )
        async with self._db.reading() as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            return None
        account = _account(found[0], found[1])
        expires = now + _idle(account.role)
        if expires - found[2] > _EXTEND_AFTER:
            async with self._db.session() as session:
                await session.execute(
                    update(AccountSessionRow)
                    .where(AccountSessionRow.token_hash == token_hash)
                    .values(expires_at=expires)
                )
        return account

    async def close_session(self, token: str) -> None:
        async with self._db.session() as session:
            await session.execute(
                delete(AccountSessionRow).where(AccountSessionRow.token_hash == _token_hash(token))
            )

    async def create(
        self,
        *,
        username: str,
        full_name: str,
        role: AccountRole,
        password: str | None,
        position: str = "",
        unit_id: int | None = None,
        site_id: int | None = None,
        language: Language = "vi",
    ) -> Account:
        """A new account; without a password nobody can sign in to it.

        Raises:
            RequestRefused: "name-taken".
            Invalid: username or password not acceptable.
        """
        username = _normal(username)
        if not _USERNAME.fullmatch(username):
            raise Invalid({"username": N_("Tên đăng nhập gồm chữ thường không dấu, số, . _ -")})
        row = AccountRow(
            username=username,
            full_name=full_name,
            position=position,
            role=role.value,
            unit_id=unit_id,
            site_id=site_id,
            language=language,
            active=True,
            password_hash=await self._hash(password) if password is not None else None,
            created_at=datetime.now(UTC),
        )
        try:
            async with self._db.session() as session:
                session.add(row)
        except IntegrityError:
            if await self.by_username(username) is None:
                raise
            raise RequestRefused("name-taken") from None
        account = await self.by_id(row.id)
        assert account is not None
        return account

    async def _hash(self, password: str) -> str:
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise Invalid({"password": N_("Mật khẩu phải có ít nhất 8 ký tự.")})
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def set_password(self, account_id: int, password: str) -> None:
        """Set a password and close all sessions of the account.

        Raises:
            Invalid: the password is not acceptable.
        """
        password_hash = await self._hash(password)
        async with self._db.session() as session:
            row = await session.get_one(AccountRow, account_id)
            row.password_hash = password_hash
            await session.execute(
                delete(AccountSessionRow).where(AccountSessionRow.account_id == account_id)
            )

    async def by_id(self, account_id: int) -> Account | None:
        return await self._one(_accounts().where(AccountRow.id == account_id))

    async def by_username(self, username: str) -> Account | None:
        return await self._one(_accounts().where(AccountRow.username == _normal(username)))

    async def _one(self, query: "Select[AccountRow, str]") -> Account | None:
        async with self._db.reading() as session:
            found = (await session.execute(query)).one_or_none()
        return None if found is None else _account(*found)

    async def people(self) -> list[Account]:
        """Active accounts of persons who chair, write or watch over meetings, by full name."""
        roles = (AccountRole.OFFICIAL, AccountRole.SECRETARIAT, AccountRole.TECHNICIAN)
        query = (
            select(*_COLUMNS)
            .outerjoin(UnitRow, UnitRow.id == AccountRow.unit_id)
            .where(AccountRow.active, AccountRow.role.in_([role.value for role in roles]))
            .order_by(AccountRow.full_name)
        )
        async with self._db.reading() as session:
            return [_listed(row) for row in await session.execute(query)]

    async def everyone(self) -> list[Account]:
        """All accounts, by role and username."""
        query = (
            select(*_COLUMNS)
            .outerjoin(UnitRow, UnitRow.id == AccountRow.unit_id)
            .order_by(AccountRow.role, AccountRow.username)
        )
        async with self._db.reading() as session:
            return [_listed(row) for row in await session.execute(query)]

    async def set_language(self, account_id: int, language: Language) -> None:
        async with self._db.session() as session:
            await session.execute(
                update(AccountRow).where(AccountRow.id == account_id).values(language=language)
            )


def _accounts() -> "Select[AccountRow, str]":
    return select(AccountRow, UnitRow.short_name).outerjoin(
        UnitRow, UnitRow.id == AccountRow.unit_id
    )


_COLUMNS = (
    AccountRow.id,
    AccountRow.username,
    AccountRow.full_name,
    AccountRow.position,
    AccountRow.role,
    AccountRow.unit_id,
    UnitRow.short_name.label("unit_name"),
    AccountRow.site_id,
    AccountRow.language,
    AccountRow.active,
)


def _listed(row: Any) -> Account:
    """An account from `_COLUMNS`: lists of hundreds need no rows that can be written."""
    return Account(
        id=row.id,
        username=row.username,
        full_name=row.full_name,
        position=row.position,
        role=AccountRole(row.role),
        unit_id=row.unit_id,
        unit_name=row.unit_name or "",
        site_id=row.site_id,
        language="en" if row.language == "en" else "vi",
        active=row.active,
    )


def _account(row: AccountRow, unit_name: str | None) -> Account:
    return Account(
        id=row.id,
        username=row.username,
        full_name=row.full_name,
        position=row.position,
        role=AccountRole(row.role),
        unit_id=row.unit_id,
        unit_name=unit_name or "",
        site_id=row.site_id,
        language="en" if row.language == "en" else "vi",
        active=row.active,
    )


def _normal(username: str) -> str:
    return username.strip().lower()[:64]


def _idle(role: AccountRole) -> timedelta:
    return _DEVICE_SESSION_IDLE if role is AccountRole.SITE_DEVICE else _SESSION_IDLE


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _matches(hasher: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
