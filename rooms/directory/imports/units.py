"""The list of units."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.directory import level_of, units_on
from rooms.directory.imports.faults import Fault
from rooms.directory.imports.plans import Entry, Known, Values
from rooms.directory.imports.tables import Column, Line, Table, day, matching, whole
from rooms.directory.trees import (
    TREE_NAMES,
    Level,
    Tree,
    Unit,
    default_superior,
    default_tree,
    exists,
)
from rooms.directory.units import (
    KIND,
    MAX_ALIASES,
    MAX_NAME,
    UNIT_CODE,
    UnitDraft,
    codes_on,
    keep_version,
    usual_short_name,
    write_unit,
)
from rooms.errors import N_
from rooms.store.tables import UnitAliasRow, UnitLevelRow, UnitRow

ALIAS_SEPARATOR = "|"
_RANK = whole(1, 99_999)


def unit_columns(levels: Sequence[Level]) -> tuple[Column, ...]:
    code = matching(UNIT_CODE, "bad-code")
    return (
        Column(key="code", title=N_("Mã"), needed=True, filled=True, check=code),
        Column(key="parent_code", title=N_("Mã đơn vị cấp trên"), needed=True, check=code),
        Column(
            key="level",
            title=N_("Cấp"),
            needed=True,
            filled=True,
            labels={level.code: level.name for level in levels},
            unknown="unknown-level",
        ),
        Column(
            key="kind",
            title=N_("Loại"),
            needed=True,
            filled=True,
            check=matching(KIND, "bad-kind"),
        ),
        Column(key="name_vi", title=N_("Tên đơn vị"), needed=True, filled=True),
        Column(key="name_en", title=N_("Tên tiếng Anh")),
        Column(key="short_name", title=N_("Tên ngắn")),
        Column(
            key="tree",
            title=N_("Hệ thống"),
            labels={tree.value: name for tree, name in TREE_NAMES.items()},
            unknown="unknown-tree",
        ),
        Column(key="superior_code", title=N_("Mã cơ quan cấp trên cùng hệ thống"), check=code),
        Column(key="rank", title=N_("Thứ tự"), check=_RANK),
        Column(key="aliases", title=N_("Tên khác"), most=4000, check=_aliases_fault),
        Column(key="valid_from", title=N_("Từ ngày"), check=day),
    )


def _aliases_fault(text: str) -> str | None:
    aliases = split_aliases(text)
    too_long = any(len(alias) > MAX_NAME for alias in aliases)
    return "bad-alias" if too_long or len(aliases) > MAX_ALIASES else None


def split_aliases(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in text.split(ALIAS_SEPARATOR))
    return tuple(sorted({part for part in parts if part}))


class UnitList:
    """Compares a list with the units of a day, and writes it."""

    def __init__(self, levels: Sequence[Level], known: Mapping[str, Known], on: date) -> None:
        self.columns = unit_columns(levels)
        self._on = on
        self.known = known
        self._ranks = {level.code: level.rank for level in levels}

    @classmethod
    async def load(cls, session: AsyncSession, on: date) -> "UnitList":
        rows = await session.scalars(select(UnitLevelRow).order_by(UnitLevelRow.rank))
        levels = [level_of(row) for row in rows]
        there = [level for level in levels if exists(level.valid_from, level.valid_to, on)]
        return cls(there, await units_by_code(session, on), on)

    def rows(self) -> list[Values]:
        return [known.values for known in self.known.values()]

    def entries(self, table: Table) -> tuple[list[Entry], list[Fault]]:
        """What the lines ask for, and what does not fit the tree.

        Empty cells of the optional columns of a new unit are filled with what is usual.
        """
        merged = [self._merged(line, index) for index, line in enumerate(table.lines, start=1)]
        future = {code: known.values for code, known in self.known.items()}
        future |= {values["code"]: values for values in merged}
        new = {values["code"] for values in merged} - set(self.known)
        fill_in(future, new)
        faults = list(self._faults(table, future))
        entries = [
            Entry(
                line=line.number,
                key=values["code"],
                label=values["name_vi"],
                values=future[values["code"]],
                known=self.known.get(values["code"]),
            )
            for line, values in zip(table.lines, merged, strict=True)
        ]
        return entries, faults

    def _merged(self, line: Line, index: int) -> Values:
        known = self.known.get(line.cells["code"])
        blank = {column.key: "" for column in self.columns}
        merged = {**blank, **(known.values if known is not None else {}), **line.cells}
        merged["aliases"] = ALIAS_SEPARATOR.join(split_aliases(merged["aliases"]))
        for key in ("short_name", "tree", "rank"):  # never empty in the store
            if not merged[key] and known is not None:
                merged[key] = known.values[key]
        merged["rank"] = merged["rank"] or str(index)
        merged["short_name"] = merged["short_name"] or usual_short_name(merged["name_vi"])
        return merged

    def _faults(self, table: Table, future: Mapping[str, Values]) -> Iterator[Fault]:
        seen: set[str] = set()
        for line in table.lines:
            code = line.cells["code"]
            if code in seen:
                yield table.fault(line.number, "code", "twice-code", code)
            seen.add(code)
            yield from self._parent_faults(table, line, future)
            yield from _superior_faults(table, line, future)

    def _parent_faults(
        self, table: Table, line: Line, future: Mapping[str, Values]
    ) -> Iterator[Fault]:
        values = future[line.cells["code"]]
        parent = future.get(values["parent_code"])
        code = None
        if not values["parent_code"]:
            return
        if parent is None:
            code = "unknown-parent"
        elif parent is values:
            code = "own-parent"
        elif _in_cycle(values["code"], future):
            code = "parent-cycle"
        elif values["tree"] == Tree.PLACE and not self._below(values, parent):
            yield table.fault(line.number, "level", "level-order", values["level"])
        if code is not None:
            yield table.fault(line.number, "parent_code", code, values["parent_code"])

    def _below(self, values: Values, parent: Values) -> bool:
        own, above = (self._ranks.get(unit["level"]) for unit in (values, parent))
        return own is None or above is None or own > above

    async def write(
        self, session: AsyncSession, entries: Sequence[Entry], since: date | None
    ) -> None:
        """Write the entries; parents go before their children.

        Args:
            since: the day from which changed units are so; their earlier state is kept. None:
                mistakes are put right.
        """
        ids = {code: known.id for code, known in self.known.items()}
        wanted = {entry.key: entry for entry in entries if entry.new or entry.changed}
        rows: dict[str, UnitRow] = {}
        for entry in parents_first(wanted):
            row = UnitRow() if entry.known is None else await session.get(UnitRow, entry.known.id)
            assert row is not None
            if since is not None and entry.known is not None:
                await keep_version(session, row, since)
            first = entry.values["valid_from"]
            row.valid_from = date.fromisoformat(first) if first else None
            draft = unit_draft(entry.values, ids)
            await write_unit(session, row, draft, since, self._on)
            ids[entry.key], rows[entry.key] = row.id, row
        for code, row in rows.items():  # any superior is there now
            row.superior_id = ids.get(wanted[code].values["superior_code"])


def _superior_faults(table: Table, line: Line, future: Mapping[str, Values]) -> Iterator[Fault]:
    values = future[line.cells["code"]]
    wanted = values["superior_code"]
    superior = future.get(wanted)
    if not wanted or "superior_code" not in line.cells:
        return
    code = None
    if superior is None:
        code = "unknown-superior"
    elif superior is values:
        code = "own-superior"
    elif superior["tree"] != values["tree"]:
        code = "superior-other-tree"
    if code is not None:
        yield table.fault(line.number, "superior_code", code, wanted)


def _in_cycle(code: str, future: Mapping[str, Values]) -> bool:
    seen = {code}
    parent = future[code]["parent_code"]
    while parent in future and parent not in seen:
        seen.add(parent)
        parent = future[parent]["parent_code"]
    return parent == code


def fill_in(future: Mapping[str, Values], new: set[str]) -> None:
    """Line and superior of some units, where nobody says."""
    numbers = {code: number for number, code in enumerate(future, start=1)}
    codes = {number: code for code, number in numbers.items()}
    units: dict[int, Unit] = {}
    for code in _downwards(future):
        values = future[code]
        parent = units.get(numbers.get(values["parent_code"], 0))
        if code in new and not values["tree"]:
            values["tree"] = default_tree(values["kind"], values["level"], parent).value
        units[numbers[code]] = _unit(values, numbers)
    for code in new:
        values = future[code]
        if not values["superior_code"]:
            parent_id = numbers.get(values["parent_code"])
            found = default_superior(values["kind"], parent_id, units)
            values["superior_code"] = codes.get(found or 0, "")


def _unit(values: Values, numbers: Mapping[str, int]) -> Unit:
    known_tree = values["tree"] in list(Tree)
    return Unit(
        id=numbers[values["code"]],
        name=values["name_vi"],
        short_name="",
        name_en="",
        kind=values["kind"],
        level=values["level"],
        parent_id=numbers.get(values["parent_code"]),
        rank=1,
        tree=Tree(values["tree"]) if known_tree else Tree.PLACE,
    )


def _downwards(future: Mapping[str, Values]) -> Iterator[str]:
    """Codes with each parent before its children; those in a cycle come last."""
    done: set[str] = set()
    for code in future:
        chain: list[str] = []
        while code in future and code not in done and code not in chain:
            chain.append(code)
            code = future[code]["parent_code"]
        done.update(chain)
        yield from reversed(chain)


def parents_first(wanted: Mapping[str, Entry]) -> Iterator[Entry]:
    order = _downwards({code: entry.values for code, entry in wanted.items()})
    return (wanted[code] for code in order)


def unit_draft(values: Values, ids: Mapping[str, int]) -> UnitDraft:
    """All but the superior, who may come later in the file."""
    return UnitDraft(
        code=values["code"],
        name=values["name_vi"],
        short_name=values["short_name"],
        name_en=values["name_en"],
        kind=values["kind"],
        level=values["level"],
        parent_id=ids.get(values["parent_code"]),
        tree=Tree(values["tree"]),
        rank=int(values["rank"]),
        aliases=split_aliases(values["aliases"]),
    )


async def units_by_code(session: AsyncSession, on: date) -> dict[str, Known]:
    """The units of a day by code, in protocol order."""
    codes = {unit_id: code for code, unit_id in (await codes_on(session, on)).items()}
    aliases: dict[int, list[str]] = {}
    query = select(UnitAliasRow.unit_id, UnitAliasRow.alias).order_by(UnitAliasRow.alias)
    for unit_id, alias in await session.execute(query):
        aliases.setdefault(unit_id, []).append(alias)
    return {
        codes[unit.id]: Known(id=unit.id, values=_values(unit, codes, aliases.get(unit.id, [])))
        for unit in await units_on(session, on)
        if unit.id in codes
    }


def _values(unit: Unit, codes: Mapping[int, str], aliases: Sequence[str]) -> Values:
    return {
        "code": codes[unit.id],
        "parent_code": codes.get(unit.parent_id or 0, ""),
        "level": unit.level,
        "kind": unit.kind,
        "name_vi": unit.name,
        "name_en": unit.name_en,
        "short_name": unit.short_name,
        "tree": unit.tree.value,
        "superior_code": codes.get(unit.superior_id or 0, ""),
        "rank": str(unit.rank),
        "aliases": ALIAS_SEPARATOR.join(sorted(aliases)),
        "valid_from": unit.valid_from.isoformat() if unit.valid_from else "",
    }
