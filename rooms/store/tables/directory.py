"""Units, sites and people."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base


class UnitLevelRow(Base):
    """A level of the tree. Which levels exist is a matter of dates, so they are rows."""

    __tablename__ = "unit_levels"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)  # "district", as in units
    name: Mapped[str] = mapped_column(String(80))  # "Cấp huyện"
    plural: Mapped[str] = mapped_column(String(80))  # "Các huyện, thị xã, thành phố"
    name_en: Mapped[str] = mapped_column(String(80))
    rank: Mapped[int]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]


class UnitRow(Base):
    """A unit keeps its id through renamings and new codes."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    rank: Mapped[int]
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]


class UnitCodeRow(Base):
    """What others call a unit, and from when to when: statistics codes get re-used."""

    __tablename__ = "unit_codes"
    __table_args__ = (UniqueConstraint("scheme", "code", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    scheme: Mapped[str] = mapped_column(String(20))  # "gso", or "own" for agencies
    code: Mapped[str] = mapped_column(String(40))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]


class SiteRow(Base):
    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str] = mapped_column(String(80))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    rank: Mapped[int]
    technician_phone: Mapped[str] = mapped_column(String(40))
    capacity: Mapped[int]
    place: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool]
    contact_name: Mapped[str] = mapped_column(String(200), default="")  # đầu mối điểm cầu
    contact_phone: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    microphone: Mapped[str] = mapped_column(String(20), default="direct")  # or "request"
    device: Mapped[str] = mapped_column(String(200), default="")  # what stands in the room


class PersonRow(Base):
    """Somebody who is invited, presides or attends; with an account or without."""

    __tablename__ = "people"
    __table_args__ = (Index(None, "unit_id", "rank"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    honorific: Mapped[str] = mapped_column(String(20))  # "Ông", "Bà", "Đồng chí" or ""
    full_name: Mapped[str] = mapped_column(String(200))  # without the honorific
    position: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    rank: Mapped[int]  # protocol order within the unit, ascending
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    active: Mapped[bool]


class SiteGroupRow(Base):
    """A free grouping of sites ("cụm"), to invite them in one click."""

    __tablename__ = "site_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    rank: Mapped[int]


class SiteGroupMemberRow(Base):
    __tablename__ = "site_group_members"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("site_groups.id", ondelete="CASCADE"), primary_key=True
    )
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), primary_key=True, index=True)
