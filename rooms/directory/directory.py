"""Units of the province and the sites (điểm cầu) that belong to them."""

import msgspec
from sqlalchemy import select

from rooms.store.database import Database
from rooms.store.tables import SiteRow, UnitRow


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """An administrative unit, committee or agency, as it is called today."""

    id: int
    name: str  # "Ủy ban nhân dân huyện KBang"
    short_name: str  # "UBND huyện KBang"
    name_en: str
    kind: str  # "ubnd", "huyen_uy", "so", "huyen", … as in seed/units.csv
    level: str  # "province" | "district" | "commune" | "agency"
    parent_id: int | None
    rank: int  # protocol order, ascending


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


class Directory:
    """Read access to units and sites."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def units(self, levels: tuple[str, ...] = ()) -> list[Unit]:
        """Units of today in protocol order; with `levels`, only those of these levels."""
        query = select(UnitRow).where(UnitRow.valid_to.is_(None)).order_by(UnitRow.rank, UnitRow.id)
        if levels:
            query = query.where(UnitRow.level.in_(levels))
        async with self._db.reading() as session:
            return [_unit(row) for row in await session.scalars(query)]

    async def sites(self) -> list[Site]:
        """Active sites in protocol order."""
        query = select(SiteRow).where(SiteRow.active).order_by(SiteRow.rank, SiteRow.id)
        async with self._db.reading() as session:
            return [_site(row) for row in await session.scalars(query)]

    async def site(self, site_id: int) -> Site | None:
        async with self._db.reading() as session:
            row = await session.get(SiteRow, site_id)
        return _site(row) if row is not None else None

    async def unit(self, unit_id: int) -> Unit | None:
        async with self._db.reading() as session:
            row = await session.get(UnitRow, unit_id)
        return _unit(row) if row is not None else None


def _unit(row: UnitRow) -> Unit:
    return Unit(
        id=row.id,
        name=row.name,
        short_name=row.short_name,
        name_en=row.name_en,
        kind=row.kind,
        level=row.level,
        parent_id=row.parent_id,
        rank=row.rank,
    )


def _site(row: SiteRow) -> Site:
    return Site(
        id=row.id,
        code=row.code,
        name=row.name,
        short_name=row.short_name,
        unit_id=row.unit_id,
        rank=row.rank,
        technician_phone=row.technician_phone,
        capacity=row.capacity,
        place=row.place,
    )
