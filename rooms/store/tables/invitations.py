"""Who is told of a meeting, by which letter, and what became of it."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class RecipientRow(Base):
    """A site or a person who is invited to a meeting, with the state of their invitation.

    `link_hash` is the SHA-256 of the token of their personal link. The token is not stored: it is
    made anew from the service's key, this row's id and `link_version` whenever a mail needs it.
    """

    __tablename__ = "recipients"
    __table_args__ = (
        UniqueConstraint("meeting_id", "site_id", "person_id"),
        Index(None, "meeting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(300))  # as addressed
    email: Mapped[str] = mapped_column(String(254))
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    link_expires: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    link_version: Mapped[int] = mapped_column(default=0)  # grows when a link is revoked
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    invited_by_site: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))  # down the cascade
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    declined_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")  # why they do not come
    told_revision: Mapped[int | None]  # of the meeting, as they know it
    removed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # not invited any more


class MailRow(Base):
    """A message on its way out. It is tried again until it is accepted or too old."""

    __tablename__ = "mails"
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "meeting_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    recipient_id: Mapped[int | None] = mapped_column(
        ForeignKey("recipients.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str] = mapped_column(String(20))  # "invitation", "change", "reminder", …
    to: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    message: Mapped[str] = mapped_column(Text)  # the whole of it, RFC 5322; emptied when sent
    state: Mapped[str] = mapped_column(String(20))  # "queued", "sent", "failed"
    attempts: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)  # of the next attempt
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(Text)  # of the last attempt
