"""Invitation letters: series of numbers, the letter of a meeting, when it is brought to mind."""

import datetime as dt

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class LetterSeriesRow(Base):
    """Numbers of one kind of paper of one issuer, and how its papers look."""

    __tablename__ = "letter_series"
    __table_args__ = (UniqueConstraint("unit_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    kind: Mapped[str] = mapped_column(String(20))  # "invitation"
    form: Mapped[str] = mapped_column(String(20))  # "state" or "party"
    symbol: Mapped[str] = mapped_column(String(60))  # "GM-UBND", "GM/TU"
    first_number: Mapped[int]  # of a year without numbers yet
    superior: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(200))
    inviter: Mapped[str] = mapped_column(String(200))  # within a sentence
    place: Mapped[str] = mapped_column(String(80))
    signature: Mapped[str] = mapped_column(Text)  # lines above the name
    signer: Mapped[str] = mapped_column(String(200))
    recipients: Mapped[str] = mapped_column(Text)  # lines of "Nơi nhận"


class LetterNumberRow(Base):
    """A number that was given. It stays in the book whatever becomes of the meeting."""

    __tablename__ = "letter_numbers"
    __table_args__ = (UniqueConstraint("series_id", "year", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("letter_series.id"))
    year: Mapped[int]
    number: Mapped[int]
    meeting_id: Mapped[int | None] = mapped_column(
        ForeignKey("meetings.id", ondelete="SET NULL"), index=True
    )
    abstract: Mapped[str] = mapped_column(String(300))  # as it was then
    typed: Mapped[bool]  # by the clerk, not drawn
    given_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    given_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    replaced: Mapped[bool]  # the meeting's letter has a newer number


class LetterRow(Base):
    """The letter of a meeting, as far as the meeting itself does not say it."""

    __tablename__ = "letters"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    series_id: Mapped[int] = mapped_column(ForeignKey("letter_series.id"))
    number_id: Mapped[int | None] = mapped_column(ForeignKey("letter_numbers.id"))
    issue_date: Mapped[dt.date | None]
    abstract: Mapped[str] = mapped_column(String(300))
    requirements: Mapped[str] = mapped_column(Text)
    contact: Mapped[str] = mapped_column(String(300))
    signature: Mapped[str] = mapped_column(Text)
    signer: Mapped[str] = mapped_column(String(200))
    recipients: Mapped[str] = mapped_column(Text)
    signed_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of the signed PDF, "" none
    signed_name: Mapped[str] = mapped_column(String(200))
    signed_size: Mapped[int]
    signed_digitally: Mapped[bool]
    signed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # for the first time
    called_off: Mapped[bool]  # recipients were told that the meeting does not take place
    base_url: Mapped[str] = mapped_column(String(300))  # of the addresses in the mails
    revision: Mapped[int]


class LetterReminderRow(Base):
    """A reminder that goes out by itself some time before the meeting."""

    __tablename__ = "letter_reminders"
    __table_args__ = (UniqueConstraint("meeting_id", "hours_before", "audience"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    hours_before: Mapped[int]
    audience: Mapped[str] = mapped_column(String(20))  # "pending" or "all"
    done_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)
    count: Mapped[int]  # mails it queued
