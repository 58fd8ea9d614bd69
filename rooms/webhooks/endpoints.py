"""Endpoints in the store: administrators add, change and remove them."""

import secrets
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import select

from rooms.directory.accounts import Account
from rooms.errors import N_, Invalid, RequestRefused
from rooms.records.audit import Action, Audit
from rooms.store.database import Database
from rooms.store.tables import WebhookRow
from rooms.webhooks.addresses import url_fault
from rooms.webhooks.events import MEETING_EVENTS, EventType

MAX_ENDPOINTS = 50
MAX_NAME_CHARS = 100


class EndpointDraft(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    url: str
    events: tuple[EventType, ...] = MEETING_EVENTS
    active: bool = True


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    url: str
    secret: str
    events: tuple[EventType, ...]
    active: bool
    revision: int
    created_at: datetime


class Endpoints:
    """
    Args:
        allowed_hosts: the setting; empty: any host that is not this machine.
    """

    def __init__(self, db: Database, audit: Audit, allowed_hosts: Sequence[str] = ()) -> None:
        self._db = db
        self._audit = audit
        self._allowed_hosts = frozenset(allowed_hosts)

    async def all(self) -> list[Endpoint]:
        async with self._db.reading() as session:
            rows = await session.scalars(select(WebhookRow).order_by(WebhookRow.id))
            return [_endpoint(row) for row in rows]

    async def get(self, endpoint_id: int) -> Endpoint:
        """
        Raises:
            RequestRefused: "not-found".
        """
        async with self._db.reading() as session:
            row = await session.get(WebhookRow, endpoint_id)
        if row is None:
            raise RequestRefused("not-found")
        return _endpoint(row)

    async def add(self, draft: EndpointDraft, by: Account, now: datetime) -> Endpoint:
        """
        Raises:
            Invalid: with a text for each field at fault.
        """
        errors = self._faults(draft)
        if len(await self.all()) >= MAX_ENDPOINTS:
            errors["name"] = N_("Đã có 50 nơi nhận. Xóa nơi không dùng nữa trước khi thêm.")
        if errors:
            raise Invalid(errors)
        row = WebhookRow(secret=secrets.token_urlsafe(32), created_by=by.id, created_at=now)
        row.revision = 0
        _write(row, draft)
        async with self._db.session() as session:
            session.add(row)
        await self._audit.note(by, Action.WEBHOOK_CHANGED, now, subject=f"+ {draft.url}"[:200])
        return _endpoint(row)

    async def change(
        self,
        endpoint_id: int,
        draft: EndpointDraft,
        by: Account,
        now: datetime,
        *,
        revision: int | None = None,
    ) -> Endpoint:
        """
        Args:
            revision: the one that was seen; None: whatever is there.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "not-found", "changed-meanwhile".
        """
        errors = self._faults(draft)
        if errors:
            raise Invalid(errors)
        async with self._db.session() as session:
            row = await session.get(WebhookRow, endpoint_id)
            if row is None:
                raise RequestRefused("not-found")
            if revision is not None and row.revision != revision:
                raise RequestRefused("changed-meanwhile")
            _write(row, draft)
        await self._audit.note(by, Action.WEBHOOK_CHANGED, now, subject=f"= {draft.url}"[:200])
        return _endpoint(row)

    async def renew_secret(self, endpoint_id: int, by: Account, now: datetime) -> Endpoint:
        async with self._db.session() as session:
            row = await session.get(WebhookRow, endpoint_id)
            if row is None:
                raise RequestRefused("not-found")
            row.secret = secrets.token_urlsafe(32)
            row.revision += 1
        await self._audit.note(by, Action.WEBHOOK_CHANGED, now, subject=f"* {row.url}"[:200])
        return _endpoint(row)

    async def remove(self, endpoint_id: int, by: Account, now: datetime) -> None:
        """Gone with its deliveries; the audit record keeps that it was."""
        async with self._db.session() as session:
            row = await session.get(WebhookRow, endpoint_id)
            if row is None:
                raise RequestRefused("not-found")
            await session.delete(row)
        await self._audit.note(by, Action.WEBHOOK_CHANGED, now, subject=f"- {row.url}"[:200])

    def _faults(self, draft: EndpointDraft) -> dict[str, str]:
        errors = {}
        if not 1 <= len(draft.name.strip()) <= MAX_NAME_CHARS:
            errors["name"] = N_("Đặt tên cho nơi nhận (tối đa 100 ký tự).")
        fault = url_fault(draft.url, self._allowed_hosts)
        if fault:
            errors["url"] = fault
        if not draft.events or EventType.PING in draft.events:
            errors["events"] = N_("Chọn ít nhất một sự kiện.")
        return errors


def _write(row: WebhookRow, draft: EndpointDraft) -> None:
    row.name = draft.name.strip()
    row.url = draft.url
    row.events = " ".join(dict.fromkeys(event.value for event in draft.events))
    row.active = draft.active
    row.revision += 1


def _endpoint(row: WebhookRow) -> Endpoint:
    return Endpoint(
        id=row.id,
        name=row.name,
        url=row.url,
        secret=row.secret,
        events=tuple(EventType(event) for event in row.events.split()),
        active=row.active,
        revision=row.revision,
        created_at=row.created_at,
    )
