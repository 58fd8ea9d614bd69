"""A list of delegates as people paste it: from Word, Excel, a message. Pure.

Each line is a person: name, position, unit. Columns of a table (tabs) are told by their heading
when there is one; a running text is divided at semicolons, else at commas, else at dashes.
"""

import re

from rooms.answers.records import Delegate
from rooms.directory.search import fold

MAX_LINES = 1_000
_NUMBER = re.compile(r"^\s*\(?\d{1,4}\s*[.)\]/:-]\s*|^\s*\d{1,4}\s+(?=\D)")
_BULLET = re.compile(r"^\s*[-–—•*+·▪]\s*")
_DASH = re.compile(r"\s+[-–—]\s+")
_HEADINGS = {
    "full_name": ("ho va ten", "ho ten", "ten dai bieu", "dai bieu", "full name", "name"),
    "position": ("chuc vu", "chuc danh", "position", "title"),
    "unit": ("don vi", "co quan", "noi cong tac", "unit", "organisation", "organization"),
}
_DEFAULT = ("full_name", "position", "unit")


def parse_people(text: str) -> tuple[Delegate, ...]:
    """The delegates of a pasted list; empty lines, numbers and bullets are left out."""
    columns: tuple[str, ...] | None = None
    found = []
    for line in text.splitlines()[:MAX_LINES]:
        if not line.strip():
            continue
        heading = _heading(line)
        if heading:
            columns = heading
            continue
        person = _row(line, columns) if "\t" in line else _sentence(line)
        if person is not None:
            found.append(person)
    return tuple(found)


def _heading(line: str) -> tuple[str, ...] | None:
    """The meaning of each column, when the line is the heading of a table."""
    cells = [fold(cell) for cell in line.split("\t")]
    meanings = tuple(
        next((field for field, words in _HEADINGS.items() if cell in words), "") for cell in cells
    )
    return meanings if "full_name" in meanings else None


def _row(line: str, columns: tuple[str, ...] | None) -> Delegate | None:
    cells = [cell.strip() for cell in line.split("\t")]
    if columns is None:
        if cells and (not cells[0] or cells[0].rstrip(".)").isdigit()):
            cells = cells[1:]
        columns = _DEFAULT
    fields: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column:
            fields[column] = " ".join(cell.split())
    return Delegate(**fields) if fields.get("full_name") else None


def _sentence(line: str) -> Delegate | None:
    text = _BULLET.sub("", _NUMBER.sub("", line)).strip(" .;,")
    for divide in (";", ","):
        if divide in text:
            parts = text.split(divide, 2)
            break
    else:
        parts = _DASH.split(text, maxsplit=2)
    parts = [" ".join(part.split()) for part in parts]
    if not parts[0]:
        return None
    return Delegate(**dict(zip(_DEFAULT, parts, strict=False)))
