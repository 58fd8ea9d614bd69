"""The schedule: meetings, what they hold, how they came to be."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base, UtcDateTime


class MeetingRow(Base):
    __tablename__ = "meetings"
    __table_args__ = (Index(None, "start"), Index(None, "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    short_name: Mapped[str | None] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(300))
    host_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    chair_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    start: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    end: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    notes: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(20), default="meeting")
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # chairs when need be
    main_site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    venue: Mapped[str] = mapped_column(String(200), default="")  # the hall of the main site
    public: Mapped[bool] = mapped_column(default=False)  # shown on the province's portal
    revision: Mapped[int] = mapped_column(default=1)  # grows with every change
    changed_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, default=lambda context: context.get_current_parameters()["created_at"]
    )
    series_id: Mapped[int | None] = mapped_column(ForeignKey("meeting_series.id"), index=True)


class MeetingSiteRow(Base):
    __tablename__ = "meeting_sites"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True, index=True)
    # As they were called when the meeting ended; empty until then: as the directory says.
    name: Mapped[str] = mapped_column(String(200), default="")
    short_name: Mapped[str] = mapped_column(String(80), default="")
    unit_name: Mapped[str] = mapped_column(String(200), default="")
    composition: Mapped[str] = mapped_column(Text, default="")  # who is to attend there
    delegates: Mapped[int | None]  # how many are invited there


class AgendaItemRow(Base):
    """An item keeps its id when the agenda is put in another order."""

    __tablename__ = "agenda_items"
    __table_args__ = (Index(None, "meeting_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    start: Mapped[dt.time | None]  # local time of day
    presenter: Mapped[str] = mapped_column(String(200))
    minutes: Mapped[int | None]


class MeetingStaffRow(Base):
    """Who works for a meeting: secretaries and technicians on duty, co-chairs."""

    __tablename__ = "meeting_staff"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, index=True)
    duty: Mapped[str] = mapped_column(String(20), primary_key=True)


class MeetingRevisionRow(Base):
    """What a meeting was after a change: author, time, and the whole of it, to show differences.

    Rows are never changed or removed. Their ids grow in the order of the changes: whoever tells
    others of changes (webhooks, letters) follows them.
    """

    __tablename__ = "meeting_revisions"
    __table_args__ = (
        UniqueConstraint("meeting_id", "revision"),
        {"sqlite_autoincrement": True},  # a discarded draft takes rows along: no id comes again
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    revision: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # None: the service itself
    action: Mapped[str] = mapped_column(String(20))  # "created", "changed", or the state reached
    note: Mapped[str] = mapped_column(Text)  # the reason given, if any
    content: Mapped[str] = mapped_column(Text)  # JSON


class MeetingSeriesRow(Base):
    """A recurring meeting: its rule, and what was taken out of it."""

    __tablename__ = "meeting_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(500))  # RRULE of RFC 5545 section 3.3.10
    start: Mapped[dt.datetime] = mapped_column(UtcDateTime)  # of the first one
    exceptions: Mapped[str] = mapped_column(Text)  # JSON list of local dates left out
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class MeetingTemplateRow(Base):
    """A draft to begin from."""

    __tablename__ = "meeting_templates"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    content: Mapped[str] = mapped_column(Text)  # JSON of a draft
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
