"""Read a CSV file into lines of checked cells. Pure.

Spreadsheets write commas, semicolons or tabs, with or without a byte order mark; all are read.
Headers are known by their Vietnamese title or their English key.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from rooms.directory.imports.faults import Fault
from rooms.directory.people import EMAIL, PHONE
from rooms.directory.search import squeeze

MAX_LINES = 20_000
MAX_BYTES = 4 * 1024 * 1024  # about as many lines
_DELIMITERS = (",", ";", "\t")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_YES, _NO = "Có", "Không"

Check = Callable[[str], str | None]  # what stands in a cell -> code of the fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    key: str
    title: str  # msgid
    needed: bool = False  # the column must be there
    filled: bool = False  # and its cells must not be empty
    most: int = 200  # characters
    check: Check | None = None
    labels: Mapping[str, str] = field(default_factory=dict)  # of a choice: value -> label
    unknown: str = ""  # the fault of a value that is no choice

    def value(self, text: str) -> str:
        """What stands for a cell in the store: the value of a label, an ISO date."""
        if self.labels:
            return _choice(self.labels, text) or text
        if self.check is day:
            found = parse_day(text)
            return found.isoformat() if found is not None else text
        return _plain_number(text) if self.check in _NUMBERS else text

    def shown(self, value: str) -> str:
        """How a value is written in a file and shown to people."""
        if self.check is day and value:
            return f"{date.fromisoformat(value):%d/%m/%Y}"
        return self.labels.get(value, value)

    def fault(self, text: str) -> str | None:
        """The code of what is wrong with a cell."""
        if not text:
            return "empty" if self.filled else None
        if _CONTROL.search(text):
            return "control-character"
        if len(text) > self.most:
            return "too-long"
        if self.labels and _choice(self.labels, text) is None:
            return self.unknown
        return self.check(text) if self.check is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    number: int  # the header is 1
    cells: dict[str, str]  # by the column's key; only columns that are in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    columns: tuple[Column, ...]
    lines: tuple[Line, ...] = ()
    faults: tuple[Fault, ...] = ()

    def fault(self, line: int, key: str, code: str, value: str = "") -> Fault:
        column = next(column for column in self.columns if column.key == key)
        return Fault(line=line, column=column.title, code=code, value=value)


def read_table(content: bytes, columns: Sequence[Column]) -> Table:
    """Every line of the file with all faults of its cells; nothing stops at the first one."""
    columns = tuple(columns)
    try:
        text = _decode(content)
        rows = _rows(text)
    except _Unreadable as error:
        return Table(columns=columns, faults=(error.fault,))
    faults, present = _header(rows[0][1], columns)
    if faults:
        return Table(columns=columns, faults=tuple(faults))
    if len(rows) == 1:
        return Table(columns=columns, faults=(Fault(line=1, column="", code="no-lines"),))
    lines: list[Line] = []
    for number, cells in rows[1:]:
        faults.extend(_line_faults(number, cells, present))
        if len(cells) == len(present):
            named = zip(present, cells, strict=True)
            values = {column.key: column.value(cell) for column, cell in named}
            lines.append(Line(number=number, cells=values))
    return Table(columns=columns, lines=tuple(lines), faults=tuple(faults))


class _Unreadable(Exception):
    def __init__(self, line: int, code: str) -> None:
        super().__init__(code)
        self.fault = Fault(line=line, column="", code=code)


def _decode(content: bytes) -> str:
    utf_16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(content[: error.start].count(b"\n") + 1, "not-text") from None
    if "\x00" in text:
        raise _Unreadable(text[: text.index("\x00")].count("\n") + 1, "not-text")
    if not text.strip():
        raise _Unreadable(0, "empty-file")
    return text


def decoded(content: bytes) -> str | None:
    """The text of a file; None when it is none. Nothing at all is an empty text."""
    try:
        return _decode(content) if content.strip() else ""
    except _Unreadable:
        return None


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Lines with their numbers; those without any content are left out."""
    lines = text.lstrip("\n").splitlines()
    delimiter = max(_DELIMITERS, key=lines[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                found.append((number, [cell.strip() for cell in cells]))
            if len(found) > MAX_LINES + 1:
                raise _Unreadable(number, "too-many-lines")
    except csv.Error:
        raise _Unreadable(reader.line_num, "bad-quotes") from None
    return found


def _header(cells: list[str], columns: Iterable[Column]) -> tuple[list[Fault], list[Column]]:
    """The columns of the file in their order, or what is wrong with them."""
    columns = tuple(columns)
    by_name = {_plain(name): column for column in columns for name in (column.key, column.title)}
    present: list[Column] = []
    faults: list[Fault] = []
    for cell in cells:
        column = by_name.get(_plain(cell))
        if column is None:
            faults.append(Fault(line=1, column=cell, code="unknown-column", value=cell))
        elif column in present:
            faults.append(Fault(line=1, column=column.title, code="twice-column", value=cell))
        else:
            present.append(column)
    missing = [column for column in columns if column.needed and column not in present]
    faults.extend(Fault(line=1, column=c.title, code="missing-column") for c in missing)
    return faults, present


def _plain(header: str) -> str:
    return squeeze(header.replace("_", " "))


def _line_faults(number: int, cells: list[str], present: list[Column]) -> Iterator[Fault]:
    if len(cells) != len(present):
        code = "cells-missing" if len(cells) < len(present) else "cells-extra"
        yield Fault(line=number, column="", code=code, value=str(len(cells)))
        return
    for column, cell in zip(present, cells, strict=True):
        code_found = column.fault(cell)
        if code_found is not None:
            yield Fault(line=number, column=column.title, code=code_found, value=cell[:80])


def write_table(columns: Sequence[Column], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A CSV file that spreadsheets open as it is: UTF-8 with its mark, Vietnamese titles."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(column.title for column in columns)
    for row in rows:
        writer.writerow(column.shown(row.get(column.key, "")) for column in columns)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


# ---------------------------------------------------------------- checks of cells


def _choice(labels: Mapping[str, str], text: str) -> str | None:
    wanted = squeeze(text)
    names = ((value, name) for value, label in labels.items() for name in (value, label))
    return next((value for value, name in names if squeeze(name) == wanted), None)


def whole(first: int, last: int) -> Check:
    """A whole number between two others."""

    def check(text: str) -> str | None:
        if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 12:
            return "not-a-number"
        return None if first <= int(text) <= last else "out-of-range"

    _NUMBERS.append(check)
    return check


_NUMBERS: list[Check | None] = []


def _plain_number(text: str) -> str:
    return str(int(text)) if text.isascii() and text.isdigit() else text


def parse_day(text: str) -> date | None:
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def day(text: str) -> str | None:
    found = parse_day(text)
    return None if found is not None and 1900 <= found.year <= 2200 else "bad-date"


def matching(pattern: re.Pattern[str], code: str) -> Check:
    return lambda text: None if pattern.fullmatch(text) else code


phone = matching(PHONE, "bad-phone")
email = matching(EMAIL, "bad-email")
YES_NO = {"1": _YES, "0": _NO}
