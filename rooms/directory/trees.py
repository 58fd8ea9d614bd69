"""The units of one day as trees: by place, and the parallel lines of government and Party. Pure.

A unit lies at a place (`parent_id`) and answers to a superior of its own line (`superior_id`):
Thành ủy Pleiku lies in Pleiku and is below Tỉnh ủy; UBND thành phố Pleiku is below UBND tỉnh.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

import msgspec

from rooms.errors import N_


class Tree(StrEnum):
    PLACE = "place"
    GOVERNMENT = "government"
    PARTY = "party"


TREE_NAMES = {
    Tree.PLACE: N_("Địa bàn"),
    Tree.GOVERNMENT: N_("Chính quyền"),
    Tree.PARTY: N_("Đảng, đoàn thể"),
}
PARTY_HEADS = frozenset({"tinh_uy", "thanh_uy", "thi_uy", "huyen_uy", "dang_uy"})
GOVERNMENT_HEADS = frozenset({"ubnd"})
COUNCILS = frozenset({"hdnd"})
HEADS = (PARTY_HEADS, GOVERNMENT_HEADS, COUNCILS)  # each leads the whole place it lies in
_PARTY_KINDS = PARTY_HEADS | {"ban_dang", "mat_tran", "doan_the"}
_AGENCY = "agency"


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """An administrative unit, committee or agency, as it is called on one day."""

    id: int
    name: str  # "Ủy ban nhân dân huyện KBang"
    short_name: str  # "UBND huyện KBang"
    name_en: str
    kind: str  # "ubnd", "huyen_uy", "so", "huyen", … as in seed/units.csv
    level: str  # code of a row of the levels
    parent_id: int | None
    rank: int  # protocol order, ascending
    tree: Tree = Tree.PLACE
    superior_id: int | None = None
    valid_from: date | None = None  # first day; None: always was
    valid_to: date | None = None  # first day without it


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A level of the tree; which there are is a matter of dates."""

    code: str
    name: str  # "Cấp xã"
    plural: str  # "Các xã, phường, thị trấn"
    name_en: str
    rank: int
    valid_from: date | None = None
    valid_to: date | None = None


def exists(valid_from: date | None, valid_to: date | None, day: date) -> bool:
    return (valid_from is None or valid_from <= day) and (valid_to is None or day < valid_to)


class UnitTree:
    """The units that exist on one day."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units: Mapping[int, Unit] = {unit.id: unit for unit in units}
        self._below: dict[int | None, list[Unit]] = {}
        self._subordinates: dict[int | None, list[Unit]] = {}
        for unit in sorted(self.units.values(), key=lambda unit: (unit.rank, unit.id)):
            self._below.setdefault(unit.parent_id, []).append(unit)
            self._subordinates.setdefault(self.superior(unit), []).append(unit)

    def superior(self, unit: Unit) -> int | None:
        """The unit above in its own line; the parent when that belongs to the same line."""
        if unit.superior_id is not None:
            return unit.superior_id
        parent = self.units.get(unit.parent_id or 0)
        return parent.id if parent is not None and parent.tree is unit.tree else None

    def roots(self, tree: Tree) -> list[Unit]:
        return [
            unit
            for unit in sorted(self.units.values(), key=lambda unit: (unit.rank, unit.id))
            if unit.tree is tree and self.superior(unit) not in self.units
        ]

    def subordinates(self, unit_id: int) -> list[Unit]:
        """Directly below in the same line, in protocol order."""
        return self._subordinates.get(unit_id, [])

    def lying_in(self, unit_id: int) -> list[Unit]:
        """What has this unit as its parent: places below it and bodies that sit there."""
        return self._below.get(unit_id, [])

    def path(self, unit_id: int) -> list[Unit]:
        """From the top down to the unit, by place."""
        found: list[Unit] = []
        unit = self.units.get(unit_id)
        while unit is not None and unit not in found:
            found.insert(0, unit)
            unit = self.units.get(unit.parent_id or 0)
        return found

    def branch(self, unit_id: int) -> frozenset[int]:
        """The unit and all that it may act for.

        A committee leads the whole place it lies in, so UBND huyện KBang acts for everything in
        huyện KBang; a department acts for itself and what is below it.
        """
        found: set[int] = set()
        waiting = [self._led_from(unit_id)]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                below = (*self._below.get(current, ()), *self._subordinates.get(current, ()))
                waiting.extend(unit.id for unit in below)
        return frozenset(found | {unit_id})

    def _led_from(self, unit_id: int) -> int:
        unit = self.units.get(unit_id)
        parent = self.units.get(unit.parent_id or 0) if unit is not None else None
        leads = unit is not None and any(unit.kind in heads for heads in HEADS)
        return parent.id if leads and parent is not None else unit_id


def default_tree(kind: str, level: str, parent: Unit | None) -> Tree:
    """The line a unit belongs to when nobody says so: by its kind, else as its parent."""
    if kind in _PARTY_KINDS:
        return Tree.PARTY
    if level != _AGENCY:
        return Tree.PLACE
    if parent is not None and parent.tree is not Tree.PLACE:
        return parent.tree
    return Tree.GOVERNMENT


def default_superior(kind: str, parent_id: int | None, units: Mapping[int, Unit]) -> int | None:
    """The committee of the place above, for a committee of a place; None for others."""
    place = units.get(parent_id or 0)
    heads = next((heads for heads in HEADS if kind in heads), None)
    if place is None or heads is None:
        return None
    above = [u for u in units.values() if u.parent_id == place.parent_id and u.kind in heads]
    return min((unit.id for unit in above), default=None) if place.parent_id else None
