"""Minutes and other papers of a meeting as they were edited, and the signed files."""

import datetime as dt

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class MinutesRow(Base):
    __tablename__ = "minutes"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    sections: Mapped[str] = mapped_column(Text)  # JSON of `rooms.minutes.text.Section`
    revision: Mapped[int]
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    signed_hash: Mapped[str | None] = mapped_column(String(64))
    signed_name: Mapped[str] = mapped_column(String(200))
    signed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class MeetingPaperRow(Base):
    """A paper of a meeting beside its minutes: the roll call, the notice of conclusions."""

    __tablename__ = "meeting_papers"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)  # "roll", "notice"
    text: Mapped[str] = mapped_column(Text)
    number: Mapped[int | None]
    revision: Mapped[int]
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    signed_hash: Mapped[str | None] = mapped_column(String(64))
    signed_name: Mapped[str] = mapped_column(String(200))
    signed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
