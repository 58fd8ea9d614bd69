"""What invited sites answer: who attends, who presides, whom they invite in turn."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class AnswerTermsRow(Base):
    """Until when sites answer. No row: until the meeting begins."""

    __tablename__ = "answer_terms"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    deadline: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    locked: Mapped[bool | None]  # by hand: closed or open; None: as the deadline says
    reminded_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class SiteAnswerRow(Base):
    """How a site stands now. How it came to be is in the history."""

    __tablename__ = "site_answers"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True, index=True)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)  # of a site that declined
    presiding_name: Mapped[str] = mapped_column(String(200))
    presiding_position: Mapped[str] = mapped_column(String(200))
    head_count: Mapped[int]
    note: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(String(300))  # as they were called then
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))  # down the cascade
    reopened: Mapped[bool]  # may answer although the rest is closed
    revision: Mapped[int]  # grows with every change


class SiteDelegateRow(Base):
    """A person a site sends."""

    __tablename__ = "site_delegates"
    __table_args__ = (Index(None, "meeting_id", "site_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    number: Mapped[int]  # 1, 2, 3, … in protocol order
    full_name: Mapped[str] = mapped_column(String(200))
    position: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(200))


class AnswerHistoryRow(Base):
    """Who answered what, when. Rows are never changed or removed."""

    __tablename__ = "answer_history"
    __table_args__ = (Index(None, "meeting_id", "site_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))  # None: all of them
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    recipient_id: Mapped[int | None] = mapped_column(
        ForeignKey("recipients.id", ondelete="SET NULL")
    )  # who came by a personal link
    by: Mapped[str] = mapped_column(String(300))
    action: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text)  # JSON
