"""Accounts, passwords and sign-in sessions."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

import argon2
import msgspec

from rooms.store.database import Database

Language = Literal["vi", "en"]


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
    full_name: str  # "Ông Lê Quang Minh", or the site's name for a device
    position: str  # "Phó Chủ tịch UBND tỉnh"
    role: AccountRole
    unit_id: int | None
    unit_name: str
    site_id: int | None  # the site this account sits at, when that site is invited
    language: Language
    active: bool


class Accounts:
    """The shell over accounts; every method is one transaction.

    Passwords are hashed by argon2id in a thread. Session tokens are random; only their SHA-256 is
    stored. Failed sign-ins are throttled per username and per address.
    """

    def __init__(self, db: Database, *, hasher: argon2.PasswordHasher | None = None) -> None:
        self._db = db
        self._hasher = hasher or argon2.PasswordHasher()

    async def authenticate(
        self, username: str, password: str, address: str, now: datetime
    ) -> Account:
        """The account these credentials belong to.

        Raises:
            RequestRefused: "bad-credentials" (also for inactive accounts), "throttled".
        """
        raise NotImplementedError

    async def open_session(
        self, account_id: int, address: str, user_agent: str, now: datetime
    ) -> str:
        """A new session's token."""
        raise NotImplementedError

    async def session_account(self, token: str, now: datetime) -> Account | None:
        """Who holds this token; None when unknown, expired or switched off. Extends the session."""
        raise NotImplementedError

    async def close_session(self, token: str) -> None:
        raise NotImplementedError

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
        raise NotImplementedError

    async def set_password(self, account_id: int, password: str) -> None:
        """Set a password and close all sessions of the account."""
        raise NotImplementedError

    async def by_id(self, account_id: int) -> Account | None:
        raise NotImplementedError

    async def by_username(self, username: str) -> Account | None:
        raise NotImplementedError

    async def officials(self) -> list[Account]:
        """Active accounts of persons who can chair a meeting, by full name."""
        raise NotImplementedError

    async def set_language(self, account_id: int, language: Language) -> None:
        raise NotImplementedError
