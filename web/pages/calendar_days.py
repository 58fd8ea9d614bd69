"""Entries put into days, parts of days, half hours. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rooms.dates.days import CalendarDay, DayKind
from rooms.dates.entries import CalendarEntry
from rooms.dates.workdays import WorkCalendar
from web.formats import local
from web.pages.common import midnight

NOON, EVENING = 12, 18  # local hours; meetings that start later are of the next part
PARTS = ("sang", "chieu", "toi")
SLOT = timedelta(minutes=30)
FIRST_SLOT, LAST_SLOT = 14, 36  # 07:00 to 18:00, shown even when nothing is on


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A meeting on one of its days."""

    entry: CalendarEntry
    may_open: bool
    may_move: bool
    continued: bool  # from the day before


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    key: str  # of PARTS
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    date: date
    today: bool
    off: bool  # nobody works
    special: CalendarDay | None
    parts: tuple[Part, ...]
    other_month: bool = False

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for part in self.parts for line in part.lines)

    @property
    def rows(self) -> int:
        """Of a table with a row for each meeting, and one for a part without any."""
        return sum(max(1, len(part.lines)) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Which meetings the reader may open and move."""

    opens: frozenset[int] | None  # None: all
    moves: bool
    now: datetime

    def line(self, entry: CalendarEntry, day: date) -> Line:
        opens = self.opens is None or entry.id in self.opens
        return Line(
            entry=entry,
            may_open=opens,
            may_move=opens and self.moves and entry.movable(self.now),
            continued=local(entry.start).date() < day,
        )


def part_of(entry: CalendarEntry, day: date) -> str:
    """The part of the day a meeting belongs to: where it starts, or begins to be of that day."""
    start = local(entry.start)
    if start.date() < day or start.hour < NOON:
        return PARTS[0]
    return PARTS[1] if start.hour < EVENING else PARTS[2]


def of_day(entries: Iterable[CalendarEntry], day: date) -> list[CalendarEntry]:
    start = midnight(day).astimezone(UTC)
    end = start + timedelta(days=1)
    return [entry for entry in entries if entry.start < end and entry.end > start]


def days_of(
    days: Sequence[date],
    entries: Sequence[CalendarEntry],
    allowed: Allowed,
    special: Mapping[date, CalendarDay],
    work: WorkCalendar,
    *,
    month: int | None = None,
) -> tuple[Day, ...]:
    """The days in order; evenings are left out where none has a meeting."""
    evenings = any(
        part_of(entry, day) == PARTS[2] for day in days for entry in of_day(entries, day)
    )
    shown = PARTS if evenings else PARTS[:2]
    today = local(allowed.now).date()
    return tuple(
        Day(
            date=day,
            today=day == today,
            off=not work.is_working(day),
            special=_worth_a_word(special.get(day)),
            parts=_parts(of_day(entries, day), day, shown, allowed),
            other_month=month is not None and day.month != month,
        )
        for day in days
    )


def _worth_a_word(entry: CalendarDay | None) -> CalendarDay | None:
    return None if entry is None or entry.kind is DayKind.PLAIN else entry


def _parts(
    entries: list[CalendarEntry], day: date, shown: Sequence[str], allowed: Allowed
) -> tuple[Part, ...]:
    return tuple(
        Part(
            key=key,
            lines=tuple(allowed.line(e, day) for e in entries if part_of(e, day) == key),
        )
        for key in shown
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A half hour of a lane: a meeting that starts there, or nothing."""

    line: Line | None
    rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A row of the day: half an hour, and the cells that begin in it."""

    minutes: int  # after midnight
    cells: tuple[Cell, ...]

    @property
    def clock(self) -> str:
        return f"{self.minutes // 60:02d}:{self.minutes % 60:02d}"


def slots_of(day: Day) -> tuple[Slot, ...]:
    """The day as a table of half hours; meetings at the same time lie in lanes side by side."""
    spans = [(line, *_span(line, day.date)) for line in day.lines]
    first = min([FIRST_SLOT, *(start for _, start, _ in spans)])
    last = max([LAST_SLOT, *(end for _, _, end in spans)])
    lanes: list[list[tuple[Line, int, int]]] = []
    for span in sorted(spans, key=lambda span: span[1:]):
        lane = next((lane for lane in lanes if lane[-1][2] <= span[1]), None)
        if lane is None:
            lanes.append([span])
        else:
            lane.append(span)
    lanes = lanes or [[]]
    return tuple(
        Slot(
            minutes=slot * 30,
            cells=tuple(cell for lane in lanes for cell in _cells(lane, slot)),
        )
        for slot in range(first, last)
    )


def _span(line: Line, day: date) -> tuple[int, int]:
    """The half hours of the day a meeting touches: the first, and the one after the last."""
    begin = midnight(day)
    start = max(line.entry.start - begin, timedelta())
    end = min(line.entry.end - begin, timedelta(days=1))
    return start // SLOT, max(-(-end // SLOT), start // SLOT + 1)


def _cells(lane: list[tuple[Line, int, int]], slot: int) -> list[Cell]:
    for line, start, end in lane:
        if start == slot:
            return [Cell(line=line, rows=end - start)]
        if start < slot < end:
            return []
    return [Cell(line=None)]
