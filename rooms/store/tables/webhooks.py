"""Systems that are told of meetings, and what they were told."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class WebhookRow(Base):
    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(String(64))  # both sides need it, so it is kept as it is
    events: Mapped[str] = mapped_column(Text)  # parted by spaces
    active: Mapped[bool]
    revision: Mapped[int]
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class WebhookDeliveryRow(Base):
    """One event for one endpoint: tried until it is taken or given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index(None, "state", "due_at"),
        Index(None, "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    meeting_id: Mapped[int | None]
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]  # of the last answer over HTTP
    error: Mapped[str] = mapped_column(Text)
    duration_ms: Mapped[int | None]


class WebhookCursorRow(Base):
    """The last row of `meeting_revisions` that endpoints have been told of; one row, id 1."""

    __tablename__ = "webhook_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int]
