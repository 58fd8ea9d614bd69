"""Geometry of charts the server draws as SVG. Pure: templates only place what is here."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 8.0, 12.0, 34.0
_FILL = 0.68  # of a column's share that is bar
_MOST_LABELS = 14


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    y: float
    width: float
    height: float
    label: str  # "" when there is no room for it
    label_x: float
    title: str  # "3/2026: 41"


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    value: float


@dataclass(frozen=True, slots=True)
class ColumnChart:
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    base: float = HEIGHT - _BOTTOM


def column_chart(values: Sequence[tuple[str, float, str]]) -> ColumnChart:
    """Columns side by side.

    Args:
        values: label, value (not negative) and title of each column.
    """
    step = tick_step(max((value for _, value, _ in values), default=0.0))
    top = step * 4
    base, room = HEIGHT - _BOTTOM, HEIGHT - _BOTTOM - _TOP
    share = (WIDTH - _LEFT - _RIGHT) / max(1, len(values))
    every = -(-len(values) // _MOST_LABELS)
    columns = []
    for number, (label, value, title) in enumerate(values):
        height = room * value / top
        x = _LEFT + share * number
        columns.append(
            Column(
                x=round(x + share * (1 - _FILL) / 2, 1),
                y=round(base - height, 1),
                width=round(share * _FILL, 1),
                height=round(height, 1),
                label=label if number % every == 0 else "",
                label_x=round(x + share / 2, 1),
                title=title,
            )
        )
    ticks = tuple(Tick(round(base - room * n / 4, 1), step * n) for n in range(5))
    return ColumnChart(tuple(columns), ticks)


def tick_step(highest: float) -> float:
    """A quarter of the axis: 1, 2, 2.5 or 5 times a power of ten, four of them at least
    `highest`; never less than 1."""
    step = 1.0
    while True:
        for factor in (1.0, 2.0, 2.5, 5.0):
            if factor * step == int(factor * step) and 4 * factor * step >= highest:
                return factor * step
        step *= 10
