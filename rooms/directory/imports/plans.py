"""What an import would do, line by line. Pure."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from rooms.directory.imports.faults import Fault
from rooms.directory.imports.tables import Column

Values = dict[str, str]  # what stands in the store, as text, by the column's key


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the store."""

    id: int
    values: Values


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the store shall hold after a line."""

    line: int
    key: str  # the code or name it is known by
    label: str
    values: Values
    known: Known | None  # what it holds now

    @property
    def new(self) -> bool:
        return self.known is None

    @property
    def changed(self) -> tuple[str, ...]:
        before = self.known.values if self.known is not None else {}
        return tuple(k for k, value in self.values.items() if before.get(k, "") != value)


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    title: str  # msgid of the column
    old: str
    new: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    new: bool
    key: str
    label: str
    fields: tuple[FieldChange, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is written while there are faults."""

    changes: tuple[Change, ...] = ()
    same: int = 0  # lines that say what the store holds
    faults: tuple[Fault, ...] = ()

    @property
    def added(self) -> int:
        return sum(change.new for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.added

    @property
    def digest(self) -> str:
        """Stands for the plan: what was shown is what is written, or nothing is."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


def planned(entries: Sequence[Entry], columns: Sequence[Column], faults: Iterable[Fault]) -> Plan:
    faults = tuple(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    if faults:
        return Plan(faults=faults)
    changes = tuple(_change(entry, columns) for entry in entries if entry.new or entry.changed)
    return Plan(changes=changes, same=len(entries) - len(changes))


def _change(entry: Entry, columns: Sequence[Column]) -> Change:
    before = entry.known.values if entry.known is not None else {}
    fields = tuple(
        FieldChange(
            title=column.title,
            old=column.shown(before.get(column.key, "")),
            new=column.shown(entry.values[column.key]),
        )
        for column in columns
        if column.key in entry.changed
    )
    return Change(line=entry.line, new=entry.new, key=entry.key, label=entry.label, fields=fields)
