"""What a reform does to the tree. Pure.

Two lists: what becomes of each old unit, and the units there are from that day on (new ones, and
those that stay but are changed). What neither list names stays as it is; when its superior ends
and has one successor, it follows there.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from rooms.directory.imports.faults import Fault
from rooms.directory.imports.plans import Change, Entry, Known, Values, planned
from rooms.directory.imports.tables import Column, Line, Table, matching, read_table
from rooms.directory.imports.units import UnitList, fill_in
from rooms.directory.trees import HEADS, Level
from rooms.directory.units import UNIT_CODE
from rooms.errors import N_


class Share(StrEnum):
    WHOLE = "whole"
    PART = "part"
    STAYS = "stays"  # the same unit, perhaps with another superior
    ENDS = "ends"  # without a successor


SHARE_NAMES = {
    Share.WHOLE: N_("Toàn bộ"),
    Share.PART: N_("Một phần"),
    Share.STAYS: N_("Giữ nguyên"),
    Share.ENDS: N_("Giải thể"),
}
SUCCESSION_FILE, UNITS_FILE = N_("Danh sách chuyển"), N_("Danh sách đơn vị mới")
_CODE = matching(UNIT_CODE, "bad-code")
COLUMNS = (
    Column(key="old_code", title=N_("Mã cũ"), needed=True, filled=True, check=_CODE),
    Column(key="old_name", title=N_("Tên cũ")),
    Column(
        key="share",
        title=N_("Cách chuyển"),
        needed=True,
        filled=True,
        labels={share.value: name for share, name in SHARE_NAMES.items()},
        unknown="unknown-share",
    ),
    Column(key="new_code", title=N_("Mã mới"), needed=True, check=_CODE),
    Column(key="new_name", title=N_("Tên mới")),
)


class Heir(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    share: Share


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that is no more, and who follows it."""

    id: int
    code: str
    name: str
    heirs: tuple[Heir, ...]


class ReformPlan(msgspec.Struct, frozen=True, kw_only=True):
    faults: tuple[Fault, ...] = ()
    ended: tuple[Ended, ...] = ()
    changes: tuple[Change, ...] = ()  # new units, and others that are changed
    entries: tuple[Entry, ...] = ()  # the same, to be written
    future: dict[str, Values] = {}  # the whole tree of the day, by code

    @property
    def added(self) -> int:
        return sum(change.new for change in self.changes)


def day_before(effective: date) -> date:
    return effective - timedelta(days=1)


def plan_reform(
    levels: Sequence[Level],
    before: Mapping[str, Known],
    succession: bytes,
    new_units: bytes,
    effective: date,
) -> ReformPlan:
    """
    Args:
        levels: those of the day.
        before: the units of the day before, by code.
        succession: CSV file with `COLUMNS`.
        new_units: CSV file as for an import of units; may be empty.
    """
    table = read_table(succession, COLUMNS)
    leaving = {
        line.cells["old_code"]
        for line in table.lines
        if line.cells["share"] != Share.STAYS and line.cells["old_code"] in before
    }
    heirs = _heirs(table)
    after = _followed(before, leaving, heirs)
    units = UnitList(levels, after, effective)
    new_table = read_table(new_units, units.columns) if new_units.strip() else None
    entries, faults = units.entries(new_table) if new_table is not None else ([], [])
    future = {code: known.values for code, known in after.items()}
    future |= {entry.key: entry.values for entry in entries}
    fill_in(future, _without_superior(before, future, leaving))
    merged = _with_followers(entries, before, future)
    found = [
        *_named(SUCCESSION_FILE, (*table.faults, *_line_faults(table, before, future))),
        *_named(UNITS_FILE, (*(new_table.faults if new_table else ()), *faults)),
        *_named(UNITS_FILE, _orphans(future, leaving)),
    ]
    if found:
        return ReformPlan(faults=tuple(found))
    changes = planned(merged, units.columns, ()).changes
    return ReformPlan(
        ended=tuple(_ended(code, before, heirs, future) for code in before if code in leaving),
        changes=changes,
        entries=tuple(entry for entry in merged if entry.new or entry.changed),
        future=future,
    )


def _named(file: str, faults: Sequence[Fault] | Iterator[Fault]) -> list[Fault]:
    ordered = sorted(faults, key=lambda fault: (fault.line, fault.column))
    return [msgspec.structs.replace(fault, file=file) for fault in ordered]


def _heirs(table: Table) -> dict[str, list[tuple[str, Share]]]:
    """Codes of the successors and the share, by the old code."""
    found: dict[str, list[tuple[str, Share]]] = {}
    for line in table.lines:
        known = line.cells["share"] in list(Share)
        if known and line.cells["new_code"] and line.cells["share"] != Share.STAYS:
            heir = (line.cells["new_code"], Share(line.cells["share"]))
            found.setdefault(line.cells["old_code"], []).append(heir)
    return found


def _followed(
    before: Mapping[str, Known], leaving: set[str], heirs: Mapping[str, list[tuple[str, Share]]]
) -> dict[str, Known]:
    """Who is still there, with those above who leave replaced by their only successor.

    The superior of a committee is not replaced but found anew: it goes with the place.
    """
    found = {}
    for code, known in before.items():
        if code in leaving:
            continue
        values = dict(known.values)
        for key in ("parent_code", "superior_code"):
            successors = heirs.get(values[key], [])
            is_head = any(values["kind"] in heads for heads in HEADS)
            if values[key] not in leaving:
                continue
            if key == "superior_code" and (is_head or len(successors) != 1):
                values[key] = ""
            elif len(successors) == 1:
                values[key] = successors[0][0]
        found[code] = Known(id=known.id, values=values)
    return found


def _without_superior(
    before: Mapping[str, Known], future: Mapping[str, Values], leaving: set[str]
) -> set[str]:
    """Units that lost their superior and have not been given one."""
    return {
        code
        for code, values in future.items()
        if not values["superior_code"]
        and code in before
        and before[code].values["superior_code"] in leaving
    }


def _with_followers(
    entries: Sequence[Entry], before: Mapping[str, Known], future: Mapping[str, Values]
) -> list[Entry]:
    """The lines of the new list, and the units that change because those above them do."""
    lines = {entry.key: entry.line for entry in entries}
    known = {entry.key: before[entry.key] for entry in entries if entry.known is not None}
    listed = [
        Entry(line=e.line, key=e.key, label=e.label, values=e.values, known=known.get(e.key))
        for e in entries
    ]
    followers = [
        Entry(line=0, key=code, label=values["name_vi"], values=values, known=before[code])
        for code, values in future.items()
        if code not in lines and values != before[code].values
    ]
    return [*listed, *followers]


def _line_faults(
    table: Table, before: Mapping[str, Known], future: Mapping[str, Values]
) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    shares: dict[str, set[str]] = {}
    for line in table.lines:
        old, new, share = (line.cells[key] for key in ("old_code", "new_code", "share"))
        if old and old not in before:
            yield table.fault(line.number, "old_code", "unknown-old", old)
        if (old, new) in seen:
            yield table.fault(line.number, "old_code", "twice-line", old)
        elif shares.get(old, {Share.PART}) | {share} != {Share.PART} and old in shares:
            yield table.fault(line.number, "share", "whole-and-part", old)
        seen.add((old, new))
        shares.setdefault(old, set()).add(share)
        code = _heir_fault(line, future)
        if code is not None:
            yield table.fault(line.number, "new_code", code, new)


def _heir_fault(line: Line, future: Mapping[str, Values]) -> str | None:
    old, new, share = (line.cells[key] for key in ("old_code", "new_code", "share"))
    if share == Share.ENDS:
        return "no-successor" if new else None
    if not new:
        return "needs-successor"
    if share == Share.STAYS:
        return "stays-but-changes" if new != old else None
    return None if new in future else "unknown-new"


def _orphans(future: Mapping[str, Values], leaving: set[str]) -> Iterator[Fault]:
    for code, values in future.items():
        parent = values["parent_code"]
        if parent in leaving and parent not in future:
            name = f"{code} {values['name_vi']}"
            yield Fault(line=0, column="", code="orphan", value=name)


def _ended(
    code: str,
    before: Mapping[str, Known],
    heirs: Mapping[str, list[tuple[str, Share]]],
    future: Mapping[str, Values],
) -> Ended:
    known = before[code]
    return Ended(
        id=known.id,
        code=code,
        name=known.values["name_vi"],
        heirs=tuple(
            Heir(code=heir, name=future[heir]["name_vi"], share=share)
            for heir, share in heirs.get(code, ())
        ),
    )
