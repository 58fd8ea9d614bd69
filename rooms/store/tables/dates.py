"""Special days, office hours, and the secret addresses of calendar feeds."""

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class CalendarDayRow(Base):
    """What the secretariat says of a day, in place of the official calendar."""

    __tablename__ = "calendar_days"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    changed_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class OfficeHoursRow(Base):
    """Office hours of a unit and those below it, in local time, for a time."""

    __tablename__ = "office_hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)  # None: all
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    morning_start: Mapped[dt.time]
    morning_end: Mapped[dt.time]
    afternoon_start: Mapped[dt.time]
    afternoon_end: Mapped[dt.time]
    note: Mapped[str] = mapped_column(String(200))


class CalendarFeedRow(Base):
    """The secret address of an account's calendar: its hash, and what it is derived from."""

    __tablename__ = "calendar_feeds"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    nonce: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
