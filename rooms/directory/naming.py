"""What units were called on the day of something: old meetings keep the names of their time."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.trees import exists
from rooms.store.tables import UnitRow, UnitVersionRow


class UnitNames:
    """Short names of some units over time."""

    def __init__(
        self, now: dict[int, str], versions: dict[int, list[tuple[date | None, date | None, str]]]
    ) -> None:
        self._now = now
        self._versions = versions

    def on(self, unit_id: int, day: date) -> str:
        versions = self._versions.get(unit_id, ())
        then = (name for first, last, name in versions if exists(first, last, day))
        return next(then, self._now[unit_id])


async def unit_names(session: AsyncSession, ids: Collection[int]) -> UnitNames:
    units = await session.execute(select(UnitRow.id, UnitRow.short_name).where(UnitRow.id.in_(ids)))
    columns = (UnitVersionRow.unit_id, UnitVersionRow.valid_from, UnitVersionRow.valid_to)
    query = select(*columns, UnitVersionRow.short_name).where(UnitVersionRow.unit_id.in_(ids))
    versions: dict[int, list[tuple[date | None, date | None, str]]] = {}
    for unit_id, first, last, name in await session.execute(query):
        versions.setdefault(unit_id, []).append((first, last, name))
    return UnitNames(dict(units.all()), versions)
