"""Units of the province and the sites (điểm cầu) that belong to them, as of a day."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.trees import Level, Tree, Unit, UnitTree, exists
from rooms.store.database import Database
from rooms.store.tables import (
    ReformMoveRow,
    ReformRow,
    SiteRow,
    UnitLevelRow,
    UnitRow,
    UnitVersionRow,
)

__all__ = ["Directory", "Level", "Site", "Tree", "Unit", "UnitTree", "today"]

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting room that takes part as one seat."""

    id: int
    code: str  # "kbang": stable, used for names of devices
    name: str  # for lists: "UBND huyện KBang"
    short_name: str  # for tiles: "KBang"
    unit_id: int
    rank: int  # protocol order, ascending
    technician_phone: str
    capacity: int  # people the room holds
    place: str  # where the room is
    contact_name: str = ""
    contact_phone: str = ""
    email: str = ""
    microphone: str = "direct"  # or "request": the site speaks when it is given the floor
    device: str = ""  # what stands in the room
    active: bool = True


def today() -> date:
    """The day it is in the province."""
    return datetime.now(LOCAL).date()


class Directory:
    """Read access to units and sites. Without a day they are those of today."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def units(self, levels: tuple[str, ...] = (), on: date | None = None) -> list[Unit]:
        """Units of a day in protocol order; with `levels`, only those of these levels."""
        async with self._db.reading() as session:
            found = await units_on(session, on or today())
        return [unit for unit in found if not levels or unit.level in levels]

    async def tree(self, on: date | None = None) -> UnitTree:
        return UnitTree(await self.units(on=on))

    async def levels(self, on: date | None = None) -> list[Level]:
        """The levels there are on a day, from the top down."""
        day = on or today()
        query = select(UnitLevelRow).order_by(UnitLevelRow.rank, UnitLevelRow.code)
        async with self._db.reading() as session:
            levels = [level_of(row) for row in await session.scalars(query)]
        return [level for level in levels if exists(level.valid_from, level.valid_to, day)]

    async def sites(self, on: date | None = None, *, active: bool | None = True) -> list[Site]:
        """Sites in protocol order; on a day after a confirmed reform, as they will be then."""
        names = Site.__struct_fields__
        columns = [getattr(SiteRow, name) for name in names]
        query = select(*columns).order_by(SiteRow.rank, SiteRow.id)
        if active is not None:
            query = query.where(SiteRow.active == active)
        async with self._db.reading() as session:
            rows = await session.execute(query)
            sites = [Site(**dict(zip(names, row, strict=True))) for row in rows]
            return sites if on is None else await _as_of(session, sites, on)

    async def site(self, site_id: int) -> Site | None:
        async with self._db.reading() as session:
            row = await session.get(SiteRow, site_id)
        return site_of(row) if row is not None else None

    async def unit(self, unit_id: int, on: date | None = None) -> Unit | None:
        """The unit as it is, or as it was or will be on a day when it exists then."""
        async with self._db.reading() as session:
            row = await session.get(UnitRow, unit_id)
            if row is None:
                return None
            day = on or today()
            version = await session.scalar(
                select(UnitVersionRow).where(UnitVersionRow.unit_id == unit_id, _covers(day))
            )
        return unit_of(row) if version is None else _with_version(unit_of(row), version)


async def units_on(session: AsyncSession, day: date) -> list[Unit]:
    """The units that exist on a day, as they are called then, in protocol order."""
    columns = [getattr(UnitRow, name) for name in Unit.__struct_fields__]
    query = select(*columns).where(
        or_(UnitRow.valid_from.is_(None), UnitRow.valid_from <= day),
        or_(UnitRow.valid_to.is_(None), UnitRow.valid_to > day),
    )
    names = Unit.__struct_fields__
    found = [
        msgspec.convert(dict(zip(names, row, strict=True)), Unit)
        for row in await session.execute(query)
    ]
    versions = await session.scalars(select(UnitVersionRow).where(_covers(day)))
    then = {version.unit_id: version for version in versions}
    dated = [_with_version(u, then[u.id]) if u.id in then else u for u in found]
    return sorted(dated, key=lambda unit: (unit.rank, unit.id))


def _covers(day: date) -> ColumnElement[bool]:
    return and_(
        or_(UnitVersionRow.valid_from.is_(None), UnitVersionRow.valid_from <= day),
        or_(UnitVersionRow.valid_to.is_(None), UnitVersionRow.valid_to > day),
    )


async def _as_of(session: AsyncSession, sites: Iterable[Site], day: date) -> list[Site]:
    query = (
        select(ReformMoveRow)
        .join(ReformRow, ReformRow.id == ReformMoveRow.reform_id)
        .where(
            ReformRow.state == "confirmed",
            ReformRow.effective <= day,
            ReformMoveRow.subject == "site",
        )
        .order_by(ReformRow.effective)
    )
    moved = {site.id: site for site in sites}
    for move in await session.scalars(query):
        site = moved.get(move.subject_id)
        if site is not None and move.unit_id is None:
            del moved[site.id]
        elif site is not None:
            moved[site.id] = msgspec.structs.replace(
                site,
                unit_id=move.unit_id,
                name=move.name or site.name,
                short_name=move.short_name or site.short_name,
            )
    return list(moved.values())


def unit_of(row: UnitRow) -> Unit:
    values = {name: getattr(row, name) for name in Unit.__struct_fields__}
    return msgspec.convert(values, Unit)


VERSIONED = ("name", "short_name", "name_en", "kind", "level", "parent_id", "rank", "superior_id")


def _with_version(unit: Unit, version: UnitVersionRow) -> Unit:
    then = {name: getattr(version, name) for name in VERSIONED}
    return msgspec.structs.replace(unit, tree=Tree(version.tree), **then)


def level_of(row: UnitLevelRow) -> Level:
    return Level(**{name: getattr(row, name) for name in Level.__struct_fields__})


def site_of(row: SiteRow) -> Site:
    return Site(**{name: getattr(row, name) for name in Site.__struct_fields__})
