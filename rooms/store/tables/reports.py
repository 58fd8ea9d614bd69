"""What reports are made of: sums by month, worked out once when a meeting has ended."""

import datetime as dt

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base


class SitePresenceRow(Base):
    """How long a site was in the room, from the log of the meeting."""

    __tablename__ = "site_presence"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    seconds: Mapped[int]


class ReportUnitRow(Base):
    """A month of a unit with all below it. A meeting counts once, however many of its sites are
    there."""

    __tablename__ = "report_units"
    __table_args__ = (Index(None, "month"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    month: Mapped[dt.date] = mapped_column(primary_key=True)  # its first day
    hosted: Mapped[int]  # meetings its bodies held
    meetings: Mapped[int]  # meetings its sites were invited to
    minutes: Mapped[int]  # of these
    invited: Mapped[int]  # sites, one for each meeting
    present: Mapped[int]
    heads: Mapped[int]


class ReportSiteRow(Base):
    """A month of a site."""

    __tablename__ = "report_sites"

    month: Mapped[dt.date] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True)
    invited: Mapped[int]
    present: Mapped[int]
    heads: Mapped[int]


class ReportCursorRow(Base):
    """Up to where changes are worked in; one row, id 1."""

    __tablename__ = "report_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int]
    answer_id: Mapped[int]
