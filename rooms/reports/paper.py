"""A report as an official paper, for .docx and PDF."""

from collections.abc import Callable

from rooms.papers.paper import Heading, List, Paper, State, Table
from rooms.reports.words import Cell, Words

_PLACES = {"whole": 0, "decimal": 1}


def to_paper(
    words: Words, issuer: str, place_date: str, number: Callable[[float, int], str]
) -> Paper:
    """
    Args:
        number: a number with so many decimal places, as it is written in this language.
    """

    def texts(row: tuple[Cell, ...], formats: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_text(*pair, number) for pair in zip(row, formats, strict=True))

    units = [texts(row, words.unit_formats) for row in (*words.unit_rows, words.total_row)]
    months = [texts(row, words.month_formats) for row in words.month_rows]
    travel = [texts(row, words.travel_formats) for row in (*words.travel_rows, words.travel_total)]
    return Paper(
        letterhead=State(superior="", issuer=issuer),
        title=words.title,
        abstract=words.subtitle,
        place_date=place_date,
        landscape=True,
        blocks=(
            Heading(words.units_title),
            _table(words.unit_head, units, summed=True),
            Heading(words.months_title),
            _table(words.month_head, months, summed=False),
            Heading(words.travel_title),
            _table(words.travel_head, travel, summed=True),
            List(words.method),
        ),
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]], *, summed: bool) -> Table:
    return Table(
        head,
        tuple(rows),
        widths=(3, *(1 for _ in head[1:])),
        aligns=("left", *("right" for _ in head[1:])),
        strong=frozenset({len(rows) - 1}) if summed else frozenset(),
    )


def _text(value: Cell, kind: str, number: Callable[[float, int], str]) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{number(value * 100, 1)} %" if kind == "percent" else number(value, _PLACES[kind])
