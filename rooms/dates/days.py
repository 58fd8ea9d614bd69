"""The special days of a year: the official ones, and what a province made of them. Pure."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cache

import holidays
import msgspec

from rooms.dates.workdays import WorkCalendar
from rooms.errors import N_

FIRST_YEAR, LAST_YEAR = 1995, 2099  # what the tables of `holidays` cover
MAX_NAME_CHARS = 120


class DayKind(StrEnum):
    HOLIDAY = "holiday"  # off
    SWAP = "swap"  # a Saturday or Sunday that is worked in place of another day
    MARKED = "marked"  # worth a note; worked as any other
    PLAIN = "plain"  # as any other, whatever the official calendar says


class CalendarDay(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    day: date
    kind: DayKind
    name: str
    edited: bool = False  # by the secretariat; else as officially


# Day and month of what a planner wants to see: not days off.
_MARKED = {
    (2, 3): N_("Ngày thành lập Đảng"),
    (5, 19): N_("Ngày sinh Chủ tịch Hồ Chí Minh"),
    (7, 27): N_("Ngày Thương binh - Liệt sĩ"),
    (11, 20): N_("Ngày Nhà giáo Việt Nam"),
    (12, 22): N_("Ngày thành lập Quân đội nhân dân"),
}


@cache
def official_days(year: int) -> tuple[CalendarDay, ...]:
    """The days of the Labour Code and of yearly decisions, as the package `holidays` knows them.

    Its newest release may not know the swap days of the coming year yet: they are decided late.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ()
    found = {
        date(year, month, day): CalendarDay(
            day=date(year, month, day), kind=DayKind.MARKED, name=name
        )
        for (month, day), name in _MARKED.items()
    }
    years = range(max(year - 1, FIRST_YEAR), year + 2)  # a swap day may lie in another year
    table = holidays.country_holidays("VN", years=years, language="vi")
    for day in table.weekend_workdays:
        if day.year == year:
            found[day] = CalendarDay(day=day, kind=DayKind.SWAP, name=N_("Làm bù"))
    for day, name in table.items():
        if day.year == year:
            found[day] = CalendarDay(day=day, kind=DayKind.HOLIDAY, name=name)
    return tuple(found[day] for day in sorted(found))


def merged(official: Iterable[CalendarDay], edits: Iterable[CalendarDay]) -> list[CalendarDay]:
    """What holds: an edit stands for the official entry of its day."""
    days = {entry.day: entry for entry in official} | {entry.day: entry for entry in edits}
    return [days[day] for day in sorted(days)]


def work_calendar(days: Iterable[CalendarDay]) -> WorkCalendar:
    days = list(days)
    return WorkCalendar(
        off=frozenset(entry.day for entry in days if entry.kind is DayKind.HOLIDAY),
        swaps=frozenset(entry.day for entry in days if entry.kind is DayKind.SWAP),
    )


def day_faults(entry: CalendarDay) -> dict[str, str]:
    """A msgid for each field at fault; empty: all is well."""
    errors = {}
    if not FIRST_YEAR <= entry.day.year <= LAST_YEAR:
        errors["day"] = N_("Ngày phải trong khoảng năm 1995 đến 2099.")
    elif entry.kind is DayKind.SWAP and entry.day.weekday() < 5:
        errors["day"] = N_("Ngày làm bù phải là Thứ Bảy hoặc Chủ nhật.")
    if entry.kind is not DayKind.PLAIN and not entry.name.strip():
        errors["name"] = N_("Nhập tên ngày.")
    if len(entry.name) > MAX_NAME_CHARS:
        errors["name"] = N_("Tên ngày dài quá 120 ký tự.")
    return errors
