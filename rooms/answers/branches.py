"""Which units are below a unit: the branch it acts for. Pure."""

from collections.abc import Mapping

import msgspec

# They govern the area they belong to; other agencies have only what is below themselves.
GOVERNING = frozenset({"ubnd", "tinh_uy", "thanh_uy", "thi_uy", "huyen_uy", "dang_uy"})
AGENCY = "agency"


class Node(msgspec.Struct, frozen=True):
    """A unit as far as the tree goes."""

    id: int
    parent_id: int | None
    kind: str
    level: str
    short_name: str = ""

    @property
    def governs(self) -> bool:
        return self.level == AGENCY and self.kind in GOVERNING


class Tree:
    def __init__(self, units: Mapping[int, Node]) -> None:
        self._units = units
        self._children: dict[int, list[Node]] = {}
        for node in units.values():
            if node.parent_id is not None:
                self._children.setdefault(node.parent_id, []).append(node)

    def branch(self, unit_id: int) -> frozenset[int]:
        """The unit and what is below it.

        A committee governs its area: the levels below it and the agencies beside it, except the
        other committee of the same area, which answers for itself.
        """
        unit = self._units.get(unit_id)
        if unit is None:
            return frozenset()
        area = self._units.get(unit.parent_id) if unit.parent_id is not None else None
        if not unit.governs or area is None or area.level == AGENCY:
            return self._below(unit.id)
        found = {area.id} | self._below(unit.id)
        for child in self._children.get(area.id, ()):
            if not child.governs:
                found |= self._below(child.id)
        return frozenset(found)

    def _below(self, unit_id: int) -> frozenset[int]:
        found: set[int] = set()
        waiting = [unit_id]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting += [child.id for child in self._children.get(at, ())]
        return frozenset(found)

    def area(self, unit_id: int) -> Node | None:
        """The area a unit belongs to: itself, or the nearest one above that is no agency."""
        node = self._units.get(unit_id)
        seen: set[int] = set()
        while node is not None and node.level == AGENCY and node.id not in seen:
            seen.add(node.id)
            node = self._units.get(node.parent_id) if node.parent_id is not None else None
        return node if node is not None and node.level != AGENCY else None

    def level(self, unit_id: int) -> str:
        """The level a unit works at."""
        area = self.area(unit_id)
        return area.level if area is not None else "province"

    def district(self, unit_id: int) -> str:
        """The district a unit lies in, or its commune where there are no districts; else ""."""
        node = self.area(unit_id)
        found = ""
        seen: set[int] = set()
        while node is not None and node.level != "province" and node.id not in seen:
            seen.add(node.id)
            found = node.short_name
            node = self._units.get(node.parent_id) if node.parent_id is not None else None
        return found
