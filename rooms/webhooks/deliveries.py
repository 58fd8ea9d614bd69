"""The queue of events on their way out.

`follow` turns new rows of `meeting_revisions` into deliveries and moves a stored cursor in the same
transaction: a service that is killed goes on where it was, and no event is lost or doubled.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.errors import RequestRefused
from rooms.store.database import Database
from rooms.store.tables import (
    MeetingRevisionRow,
    MeetingRow,
    WebhookCursorRow,
    WebhookDeliveryRow,
    WebhookRow,
)
from rooms.webhooks.events import EventBody, EventMeeting, EventType, event_of, next_due

KEPT = timedelta(days=90)
_AT_ONCE = 500  # revisions a transaction
_CURSOR = 1


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # given up; can be sent again by hand


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    webhook: int
    event_id: str
    event: str
    meeting: int | None
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    tried_at: datetime | None
    status: int | None
    error: str
    duration_ms: int | None


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is due, with all a sender needs."""

    delivery_id: int
    webhook_id: int
    url: str
    secret: str
    event: str
    event_id: str
    body: bytes
    attempts: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt."""

    status: int | None
    error: str
    duration_ms: int

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Deliveries:
    def __init__(self, db: Database, public_url: str = "") -> None:
        self._db = db
        self._public_url = public_url

    async def follow(self, now: datetime) -> int:
        """Queue what happened since last time; how many revisions that were."""
        async with self._db.reading() as session:
            newest = await session.scalar(select(func.max(MeetingRevisionRow.id))) or 0
            cursor = await session.get(WebhookCursorRow, _CURSOR)
        if cursor is not None and cursor.revision_id >= newest:
            return 0
        async with self._db.session() as session:
            await _wait_for_writers(session)
            cursor = await session.get(WebhookCursorRow, _CURSOR)
            if cursor is None:  # the first start: what was before is nobody's news
                session.add(WebhookCursorRow(id=_CURSOR, revision_id=newest))
                return 0
            return await self._queue(session, cursor, now)

    async def _queue(self, session: AsyncSession, cursor: WebhookCursorRow, now: datetime) -> int:
        query = (
            select(MeetingRevisionRow, MeetingRow)
            .join(MeetingRow, MeetingRow.id == MeetingRevisionRow.meeting_id)
            .where(MeetingRevisionRow.id > cursor.revision_id)
            .order_by(MeetingRevisionRow.id)
            .limit(_AT_ONCE)
        )
        changes = (await session.execute(query)).all()
        endpoints = (await session.scalars(select(WebhookRow).where(WebhookRow.active))).all()
        for revision, meeting in changes:
            event = event_of(revision.action)
            wanting = [one for one in endpoints if event.value in one.events.split()]
            if wanting:
                body = self._body(event, revision, meeting)
                session.add_all(_rows(wanting, body, meeting.id, now))
            cursor.revision_id = revision.id
        return len(changes)

    def _body(
        self, event: EventType, revision: MeetingRevisionRow, meeting: MeetingRow
    ) -> EventBody:
        return EventBody(
            id=f"revision-{revision.id}",
            type=event,
            occurred_at=revision.at,
            note=revision.note,
            meeting=EventMeeting(
                id=meeting.id,
                reference=meeting.short_name or str(meeting.id),
                title=meeting.title,
                start=meeting.start,
                end=meeting.end,
                state=meeting.state,
                public=meeting.public,
                revision=revision.revision,
                url=f"{self._public_url}/api/v1/meetings/{meeting.id}",
            ),
        )

    async def ping(self, webhook_id: int, token: str, now: datetime) -> None:
        """Queue an event that tries the endpoint."""
        body = EventBody(id=f"ping-{token}", type=EventType.PING, occurred_at=now)
        async with self._db.session() as session:
            row = await session.get(WebhookRow, webhook_id)
            if row is None:
                raise RequestRefused("not-found")
            session.add_all(_rows([row], body, None, now))

    async def due(self, now: datetime, limit: int) -> list[Parcel]:
        query = (
            select(WebhookDeliveryRow, WebhookRow)
            .join(WebhookRow, WebhookRow.id == WebhookDeliveryRow.webhook_id)
            .where(
                WebhookDeliveryRow.state == DeliveryState.WAITING.value,
                WebhookDeliveryRow.due_at <= now,
                WebhookRow.active,
            )
            .order_by(WebhookDeliveryRow.due_at, WebhookDeliveryRow.id)
            .limit(limit)
        )
        async with self._db.reading() as session:
            return [_parcel(*found) for found in await session.execute(query)]

    async def settle(self, parcel: Parcel, outcome: Outcome, now: datetime) -> None:
        """Note what an attempt brought, and when to try again."""
        attempts = parcel.attempts + 1
        again = None if outcome.taken else next_due(attempts, now)
        state = DeliveryState.DELIVERED if outcome.taken else DeliveryState.FAILED
        values: dict[str, object] = {
            "state": (DeliveryState.WAITING if again else state).value,
            "attempts": attempts,
            "due_at": again or now,
            "tried_at": now,
            "status": outcome.status,
            "error": outcome.error[:500],
            "duration_ms": outcome.duration_ms,
        }
        async with self._db.session() as session:
            await session.execute(
                update(WebhookDeliveryRow)
                .where(WebhookDeliveryRow.id == parcel.delivery_id)
                .values(**values)
            )

    async def resend(self, webhook_id: int, delivery_id: int, now: datetime) -> Delivery:
        """Try it again now, from the start of the back-off.

        Raises:
            RequestRefused: "not-found".
        """
        async with self._db.session() as session:
            row = await session.get(WebhookDeliveryRow, delivery_id)
            if row is None or row.webhook_id != webhook_id:
                raise RequestRefused("not-found")
            row.state, row.attempts, row.due_at = DeliveryState.WAITING.value, 0, now
        return _delivery(row)

    async def log(self, webhook_id: int, limit: int, before: int | None = None) -> list[Delivery]:
        """Deliveries of an endpoint, the newest first; `before`: those older than this id."""
        query: Select[WebhookDeliveryRow] = (
            select(WebhookDeliveryRow)
            .where(WebhookDeliveryRow.webhook_id == webhook_id)
            .order_by(WebhookDeliveryRow.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(WebhookDeliveryRow.id < before)
        async with self._db.reading() as session:
            return [_delivery(row) for row in await session.scalars(query)]

    async def forget_old(self, now: datetime) -> None:
        done = WebhookDeliveryRow.state != DeliveryState.WAITING.value
        async with self._db.session() as session:
            await session.execute(
                delete(WebhookDeliveryRow).where(done, WebhookDeliveryRow.created_at < now - KEPT)
            )


async def _wait_for_writers(session: AsyncSession) -> None:
    """On PostgreSQL a revision with a lower id may be committed after one with a higher id; SQLite
    has one writer. Whoever is writing one now is waited for."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE meeting_revisions IN SHARE MODE"))


def _rows(
    endpoints: Sequence[WebhookRow], body: EventBody, meeting_id: int | None, now: datetime
) -> Iterable[WebhookDeliveryRow]:
    content = msgspec.json.encode(body).decode()
    for endpoint in endpoints:
        yield WebhookDeliveryRow(
            webhook_id=endpoint.id,
            event_id=body.id,
            event=body.type.value,
            meeting_id=meeting_id,
            body=content,
            state=DeliveryState.WAITING.value,
            attempts=0,
            due_at=now,
            created_at=now,
            error="",
        )


def _parcel(row: WebhookDeliveryRow, endpoint: WebhookRow) -> Parcel:
    return Parcel(
        delivery_id=row.id,
        webhook_id=endpoint.id,
        url=endpoint.url,
        secret=endpoint.secret,
        event=row.event,
        event_id=row.event_id,
        body=row.body.encode(),
        attempts=row.attempts,
    )


def _delivery(row: WebhookDeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        webhook=row.webhook_id,
        event_id=row.event_id,
        event=row.event,
        meeting=row.meeting_id,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        tried_at=row.tried_at,
        status=row.status,
        error=row.error,
        duration_ms=row.duration_ms,
    )
