"""Units, sites and people."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rooms.directory.search import fold, given_name_key
from rooms.store.tables.base import Base, UtcDateTime


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
    """A unit keeps its id through renamings and new codes.

    The row says how the unit is now; `unit_versions` say how it was before and will be after a
    reform that has been confirmed. Dates: `valid_from` is its first day, `valid_to` the first day
    without it.
    """

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
    tree: Mapped[str] = mapped_column(String(20), default="place")  # or "government", "party"
    # The superior within its own tree: Thành ủy Pleiku is below Tỉnh ủy, and lies in Pleiku.
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)


class UnitVersionRow(Base):
    """How a unit was, or will be, between two dates (the second excluded)."""

    __tablename__ = "unit_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]
    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    level: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    rank: Mapped[int]
    tree: Mapped[str] = mapped_column(String(20))
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    reform_id: Mapped[int | None] = mapped_column(ForeignKey("reforms.id"), index=True)


class UnitAliasRow(Base):
    """Another spelling or an older name people search by."""

    __tablename__ = "unit_aliases"
    __table_args__ = (UniqueConstraint("unit_id", "alias"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    alias: Mapped[str] = mapped_column(String(200))


class ReformRow(Base):
    """A reform day: the list that was imported, and how far it has come."""

    __tablename__ = "reforms"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    act: Mapped[str] = mapped_column(String(200))  # the resolution it rests on
    effective: Mapped[dt.date]  # the first day of the new tree
    state: Mapped[str] = mapped_column(String(20))  # "draft", "confirmed", "done", "cancelled"
    succession: Mapped[str] = mapped_column(Text)  # the CSV files as imported
    new_units: Mapped[str] = mapped_column(Text)
    choices: Mapped[str] = mapped_column(Text)  # JSON: who goes where when there is a choice
    created_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class UnitSuccessionRow(Base):
    """What became of a unit: many to many, for units are split and merged at once."""

    __tablename__ = "unit_successions"
    __table_args__ = (UniqueConstraint("old_id", "new_id", "effective"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    old_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    new_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)  # None: ended
    share: Mapped[str] = mapped_column(String(20))  # "whole", "part"
    effective: Mapped[dt.date]
    act: Mapped[str] = mapped_column(String(200))
    reform_id: Mapped[int | None] = mapped_column(ForeignKey("reforms.id"), index=True)


class ReformMoveRow(Base):
    """A site, person or account that changes its unit when a reform takes effect."""

    __tablename__ = "reform_moves"
    __table_args__ = (UniqueConstraint("reform_id", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reform_id: Mapped[int] = mapped_column(ForeignKey("reforms.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(20))  # "site", "person", "account"
    subject_id: Mapped[int]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # None: it is retired
    name: Mapped[str] = mapped_column(String(200))  # of a site, from then on; "" keeps it
    short_name: Mapped[str] = mapped_column(String(80))


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


def _searchable(context: Any) -> str:
    values = context.get_current_parameters()
    return fold(f"{values['full_name']} {values['position']}")


def _sortable(context: Any) -> str:
    return given_name_key(context.get_current_parameters()["full_name"])


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
    search: Mapped[str] = mapped_column(String(500), default=_searchable)  # name and position
    given_key: Mapped[str] = mapped_column(String(800), default=_sortable, index=True)


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
