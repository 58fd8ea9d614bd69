"""Units of the province and the sites (điểm cầu) that belong to them."""

import msgspec

from rooms.store.database import Database


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
        """Units in protocol order; with `levels`, only those of these levels."""
        raise NotImplementedError

    async def sites(self) -> list[Site]:
        """Active sites in protocol order."""
        raise NotImplementedError

    async def site(self, site_id: int) -> Site | None:
        raise NotImplementedError

    async def unit(self, unit_id: int) -> Unit | None:
        raise NotImplementedError
