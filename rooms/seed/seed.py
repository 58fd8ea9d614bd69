"""The seed data set: the province's units and its sites. `demo.py` adds people and meetings."""

import csv
from collections.abc import Collection
from datetime import date
from importlib import resources

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.directory import unit_of
from rooms.directory.trees import default_superior, default_tree
from rooms.seed.demo import BENCH_MEETING, DEMO_MEETING, DEMO_PASSWORD, seed_demo
from rooms.store.database import Database
from rooms.store.tables import SiteRow, UnitAliasRow, UnitCodeRow, UnitRow

__all__ = ["BENCH_MEETING", "DEMO_MEETING", "DEMO_PASSWORD", "seed_demo", "seed_directory"]

_LIST_DATE = date(2019, 10, 6)  # of the statistics office's list
_SHORTER = (
    ("Ủy ban nhân dân", "UBND"),
    ("Hội đồng nhân dân", "HĐND"),
    ("tỉnh Gia Lai", "tỉnh"),
    ("Tỉnh ủy Gia Lai", "Tỉnh ủy"),
)


async def seed_directory(db: Database) -> None:
    """Units and the 20 sites. What is there already stays as it is."""
    async with db.session() as session:
        units = await _seed_units(session)
        await _seed_aliases(session, units)
        known = set(await session.scalars(select(SiteRow.code)))
        for rank, line in enumerate(_lines("sites.csv"), start=1):
            if line["code"] not in known:
                session.add(_site(line, rank, units[line["unit_code"]]))


async def _seed_units(session: AsyncSession) -> dict[str, int]:
    """Ids by code."""
    known = select(UnitCodeRow.code, UnitCodeRow.unit_id).where(UnitCodeRow.valid_to.is_(None))
    ids = dict((await session.execute(known)).all())
    lines = [(rank, line) for rank, line in enumerate(_lines("units.csv"), start=1)]
    waiting = [(rank, line) for rank, line in lines if line["code"] not in ids]
    while waiting:  # level by level: children need the ids of their parents
        wave = [(r, line) for r, line in waiting if line["parent_code"] in ("", *ids)]
        waiting = [numbered for numbered in waiting if numbered not in wave]
        rows = {line["code"]: _unit(line, r, ids.get(line["parent_code"])) for r, line in wave}
        session.add_all(rows.values())
        await session.flush()
        await _place_in_trees(session, rows.values())
        ids |= {code: row.id for code, row in rows.items()}
        session.add_all(_code(code, row.id) for code, row in rows.items())
    return ids


async def _place_in_trees(session: AsyncSession, new: Collection[UnitRow]) -> None:
    known = {row.id: row for row in await session.scalars(select(UnitRow))}
    for row in new:
        parent = known.get(row.parent_id or 0)
        above = unit_of(parent) if parent is not None else None
        row.tree = default_tree(row.kind, row.level, above).value
    await session.flush()
    units = {row.id: unit_of(row) for row in known.values()}
    for row in new:
        row.superior_id = default_superior(row.kind, row.parent_id, units)


async def _seed_aliases(session: AsyncSession, units: dict[str, int]) -> None:
    known = set(await session.execute(select(UnitAliasRow.unit_id, UnitAliasRow.alias)))
    for line in _lines("aliases.csv"):
        unit_id = units.get(line["code"])
        if unit_id is not None and (unit_id, line["alias"]) not in known:
            session.add(UnitAliasRow(unit_id=unit_id, alias=line["alias"]))


def _unit(line: dict[str, str], rank: int, parent_id: int | None) -> UnitRow:
    return UnitRow(
        name=line["name_vi"],
        short_name=short_name(line["name_vi"]),
        name_en=line["name_en"],
        kind=line["kind"],
        level=line["level"],
        parent_id=parent_id,
        rank=rank,
    )


def _code(code: str, unit_id: int) -> UnitCodeRow:
    scheme = "gso" if code.isdigit() else "own"
    return UnitCodeRow(unit_id=unit_id, scheme=scheme, code=code, valid_from=_LIST_DATE)


def _site(line: dict[str, str], rank: int, unit_id: int) -> SiteRow:
    return SiteRow(
        code=line["code"],
        name=line["name"],
        short_name=line["short_name"],
        unit_id=unit_id,
        rank=rank,
        technician_phone=line["technician_phone"],
        capacity=int(line["capacity"]),
        place=line["place"],
        active=True,
    )


def short_name(name: str) -> str:
    """What people call a unit: "UBND huyện KBang" for "Ủy ban nhân dân huyện KBang"."""
    for long, short in _SHORTER:
        name = name.replace(long, short)
    return name


def _lines(file: str) -> list[dict[str, str]]:
    text = resources.files("rooms.seed").joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
