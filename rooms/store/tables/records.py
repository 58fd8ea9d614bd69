"""What happened: the log of live meetings, recordings, the audit record."""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class LogEntryRow(Base):
    """The log of a live meeting. It is the record: rows are never changed or removed."""

    __tablename__ = "log_entries"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]  # UTC epoch seconds
    actor: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(Text)  # JSON of one `rooms.session.events` class


class RehearsalEntryRow(Base):
    """The log of a test run. It is not the record of the meeting; each run has its own."""

    __tablename__ = "rehearsal_entries"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)  # 1, 2, 3, …
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    actor: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(Text)


class LogSnapshotRow(Base):
    """A folded session, so that a long log need not be folded from its start."""

    __tablename__ = "log_snapshots"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), primary_key=True)
    seq: Mapped[int]
    session: Mapped[str] = mapped_column(Text)  # JSON


class RecordingRow(Base):
    __tablename__ = "recordings"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), index=True)
    by: Mapped[str] = mapped_column(String(64))
    started: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    progress: Mapped[float]
    duration_s: Mapped[float | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    directory: Mapped[str] = mapped_column(Text)
    video: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text)


class AuditEntryRow(Base):
    """Who did what to the service. Rows are never changed or removed."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    action: Mapped[str] = mapped_column(String(40))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
