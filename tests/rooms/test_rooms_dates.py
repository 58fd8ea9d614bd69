"""Working days, the special days of a year, office hours."""

from datetime import date, datetime, time

import msgspec
import pytest

from rooms.dates.days import CalendarDay, DayKind, official_days, work_calendar
from rooms.dates.hours import USUAL, OfficeHours, hours_faults, hours_on
from rooms.dates.store import Dates
from rooms.dates.workdays import WorkCalendar
from rooms.errors import Invalid, RequestRefused

AUGUST_2026 = WorkCalendar(
    off=frozenset(date(2026, month, day) for month, day in ((8, 31), (9, 1), (9, 2))),
    swaps=frozenset({date(2026, 8, 22)}),
)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 8, 21), True),
        (date(2026, 8, 22), True),  # the Saturday worked for 31/8
        (date(2026, 8, 23), False),
        (date(2026, 8, 31), False),
        (date(2026, 9, 3), True),
    ],
)
def test_which_days_are_worked(day, works):
    assert AUGUST_2026.is_working(day) is works


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        (date(2026, 8, 20), 0, date(2026, 8, 20)),
        (date(2026, 8, 20), 2, date(2026, 8, 22)),
        (date(2026, 8, 20), 3, date(2026, 8, 24)),
        (date(2026, 8, 28), 1, date(2026, 9, 3)),
        (date(2026, 9, 3), -1, date(2026, 8, 28)),
        (date(2026, 9, 4), -3, date(2026, 8, 27)),
        (date(2026, 8, 23), -1, date(2026, 8, 22)),
    ],
)
def test_counting_on_from_a_day(day, n, then):
    assert AUGUST_2026.plus_working_days(day, n) == then
    if n > 0:
        assert AUGUST_2026.working_days_between(day, then) == n


def test_a_letter_of_monday_is_three_days_before_thursday():
    plain = WorkCalendar()
    assert plain.working_days_between(date(2018, 6, 25), date(2018, 6, 28)) == 3
    assert plain.working_days_between(date(2018, 6, 28), date(2018, 6, 25)) == -3
    assert plain.working_days_between(date(2018, 6, 25), date(2018, 6, 25)) == 0
    assert plain.working_days_between(date(2018, 6, 22), date(2018, 6, 25)) == 1


@pytest.mark.parametrize(
    ("day", "kind", "name"),
    [
        (date(2018, 2, 16), DayKind.HOLIDAY, "Tết Nguyên Đán"),
        (date(2018, 4, 25), DayKind.HOLIDAY, "Ngày Giỗ Tổ Hùng Vương"),
        (date(2019, 1, 5), DayKind.SWAP, "Làm bù"),  # for 31/12 of the year before
        (date(2025, 1, 29), DayKind.HOLIDAY, "Tết Nguyên Đán"),
        (date(2025, 4, 7), DayKind.HOLIDAY, "Ngày Giỗ Tổ Hùng Vương"),
        (date(2026, 2, 17), DayKind.HOLIDAY, "Tết Nguyên Đán"),
        (date(2026, 4, 27), DayKind.HOLIDAY, "Ngày Giỗ Tổ Hùng Vương (nghỉ bù)"),
        (date(2026, 8, 22), DayKind.SWAP, "Làm bù"),
        (date(2026, 8, 31), DayKind.HOLIDAY, "Ngày nghỉ (thay cho ngày 22/08/2026)"),
        (date(2026, 11, 24), DayKind.HOLIDAY, "Ngày Văn hóa Việt Nam"),
        (date(2027, 2, 6), DayKind.HOLIDAY, "Tết Nguyên Đán"),
        (date(2027, 4, 16), DayKind.HOLIDAY, "Ngày Giỗ Tổ Hùng Vương"),
        (date(2026, 2, 3), DayKind.MARKED, "Ngày thành lập Đảng"),
    ],
)
def test_official_days(day, kind, name):
    found = {entry.day: entry for entry in official_days(day.year)}
    assert (found[day].kind, found[day].name) == (kind, name)


def test_an_official_year_tells_of_itself_alone():
    assert {entry.day.year for entry in official_days(2019)} == {2019}
    assert official_days(1900) == ()


def test_marked_days_are_worked():
    assert work_calendar(official_days(2026)).is_working(date(2026, 2, 3))


@pytest.fixture
def dates(db) -> Dates:
    return Dates(db)


def entry(day: date, kind: DayKind, name: str = "Tên ngày") -> CalendarDay:
    return CalendarDay(day=day, kind=kind, name=name)


async def test_an_edit_stands_for_the_official_entry_until_it_is_taken_back(dates, people, now):
    culture, eve = date(2026, 11, 24), date(2026, 11, 23)
    await dates.set_day(entry(culture, DayKind.PLAIN, ""), people["thuky"], now)
    await dates.set_day(entry(eve, DayKind.HOLIDAY), people["quantri"], now)
    calendar = await dates.calendar([2026, 2027])
    assert calendar.is_working(culture)
    assert not calendar.is_working(eve)
    assert not calendar.is_working(date(2027, 11, 24))
    await dates.reset_day(culture, people["thuky"])
    assert not (await dates.calendar([2026])).is_working(culture)


async def test_a_swap_day_that_was_announced_late(dates, people, now):
    saturday = date(2027, 5, 8)
    assert not (await dates.calendar([2027])).is_working(saturday)
    await dates.set_day(entry(saturday, DayKind.SWAP), people["thuky"], now)
    await dates.set_day(entry(saturday, DayKind.SWAP, "Làm bù"), people["thuky"], now)
    assert (await dates.calendar([2027])).is_working(saturday)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (entry(date(2026, 11, 25), DayKind.SWAP), "day"),
        (entry(date(1800, 1, 1), DayKind.HOLIDAY), "day"),
        (entry(date(2026, 11, 25), DayKind.HOLIDAY, "  "), "name"),
        (entry(date(2026, 11, 25), DayKind.MARKED, "x" * 121), "name"),
    ],
)
async def test_wrong_days_are_refused(dates, people, now, wrong, field):
    with pytest.raises(Invalid) as refused:
        await dates.set_day(wrong, people["thuky"], now)
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize("who", ["kythuat", "chutri", "kbang"])
async def test_only_secretariat_and_administrators_edit(dates, people, now, who):
    day = date(2026, 11, 25)
    with pytest.raises(RequestRefused):
        await dates.set_day(entry(day, DayKind.HOLIDAY), people[who], now)
    with pytest.raises(RequestRefused):
        await dates.reset_day(day, people[who])
    with pytest.raises(RequestRefused):
        await dates.add_hours(SUMMER, people[who])
    with pytest.raises(RequestRefused):
        await dates.remove_hours(1, people[who])


SUMMER = OfficeHours(
    valid_from=date(2026, 5, 1),
    valid_to=date(2026, 9, 30),
    morning_start=time(7),
    morning_end=time(11, 30),
    afternoon_start=time(13),
    afternoon_end=time(16, 30),
    note="Giờ mùa hè",
)
PARENTS = {1: None, 2: 1, 3: 2, 4: 1}


@pytest.mark.parametrize(
    ("unit", "day", "start"),
    [
        (None, date(2026, 6, 1), time(7)),  # of the province
        (3, date(2026, 6, 1), time(6, 30)),  # of the unit above
        (4, date(2026, 6, 1), time(7)),
        (4, date(2026, 10, 1), USUAL.morning_start),
        (2, date(2026, 7, 1), time(8)),  # newer ones of the same unit
        (99, date(2026, 6, 1), time(7)),  # unknown
    ],
)
def test_whose_hours_hold(unit, day, start):
    replace = msgspec.structs.replace
    early = replace(SUMMER, unit_id=2, morning_start=time(6, 30), valid_to=None)
    later = replace(SUMMER, unit_id=2, morning_start=time(8), valid_from=date(2026, 7, 1))
    assert hours_on(day, unit, PARENTS, [later, SUMMER, early]).morning_start == start


def test_a_circle_of_units_ends():
    assert hours_on(date(2026, 1, 1), 1, {1: 2, 2: 1}, []) is USUAL


@pytest.mark.parametrize(
    ("start", "end", "within"),
    [
        ("08:00", "10:30", True),
        ("07:30", "11:30", True),
        ("08:00", "16:00", True),  # the whole day, with noon between
        ("10:00", "12:30", False),
        ("13:30", "17:00", True),
        ("13:00", "15:00", False),
        ("16:00", "17:30", False),
        ("19:00", "20:00", False),
    ],
)
def test_times_within_office_hours(start, end, within):
    at = [datetime.combine(date(2026, 6, 1), time.fromisoformat(text)) for text in (start, end)]
    assert USUAL.holds(*at) is within


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"valid_to": date(2026, 4, 1)}, "valid_to"),
        ({"morning_end": time(6)}, "morning_end"),
        ({"afternoon_start": time(11)}, "afternoon_start"),
        ({"afternoon_end": time(13)}, "afternoon_end"),
        ({"note": "x" * 201}, "note"),
    ],
)
def test_wrong_hours(change, field):
    assert list(hours_faults(msgspec.structs.replace(SUMMER, **change))) == [field]


async def test_hours_are_kept_found_and_removed(dates, people):
    kept = await dates.add_hours(SUMMER, people["thuky"])
    assert await dates.office_hours() == [kept]
    assert await dates.hours_on(date(2026, 6, 1), people["thuky"].unit_id) == kept
    with pytest.raises(Invalid):
        await dates.add_hours(SUMMER, people["thuky"])
    with pytest.raises(Invalid):
        await dates.add_hours(msgspec.structs.replace(SUMMER, unit_id=10**6), people["thuky"])
    await dates.remove_hours(kept.id, people["thuky"])
    assert await dates.office_hours() == []
    with pytest.raises(RequestRefused):
        await dates.remove_hours(kept.id, people["thuky"])
