"""What a calendar is asked for, and how entries fall into days, parts and half hours."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rooms.dates.days import official_days, work_calendar
from rooms.dates.entries import CalendarEntry, Scope
from rooms.directory.accounts import Account, AccountRole
from rooms.meetings.records import MeetingState
from web.pages.calendar_days import Allowed, days_of, slots_of
from web.pages.calendar_query import View, month_after, read_query

TODAY = date(2026, 11, 25)
SECRETARY = Account(
    id=2,
    username="thuky",
    full_name="Trần Thị Hạnh",
    position="",
    role=AccountRole.SECRETARIAT,
    unit_id=1,
    unit_name="",
    site_id=None,
    language="vi",
    active=True,
)


def entry(start: str, hours: float = 2, **more: object) -> CalendarEntry:
    """`start`: local, "2026-11-25 08:00"."""
    at = (datetime.fromisoformat(start) - timedelta(hours=7)).replace(tzinfo=UTC)
    fields = {
        "id": 1,
        "short_name": None,
        "title": start,
        "kind": "meeting",
        "state": MeetingState.APPROVED,
        "start": at,
        "end": at + timedelta(hours=hours),
        "host_unit_id": 1,
        "host_unit": "Văn phòng",
        "chair_name": "",
        "chair_position": "",
        "venue": "",
        "main_site": "",
        "composition": "",
        "sites": 3,
        "public": False,
        "revision": 1,
        "changed_at": at,
        "created_by": 2,
    }
    return CalendarEntry(**{**fields, **more})  # type: ignore[arg-type]


def asked(**query: str):
    named = {name.replace("_", "-"): value for name, value in query.items()}
    return read_query(named, SECRETARY, TODAY)


@pytest.mark.parametrize(
    ("query", "first", "days"),
    [
        ({}, date(2026, 11, 23), 7),
        ({"tuan": "2026-12-01"}, date(2026, 11, 30), 7),
        ({"xem": "ngay", "ngay": "2026-12-01"}, date(2026, 12, 1), 1),
        ({"xem": "thang"}, date(2026, 10, 26), 42),
        ({"xem": "thang", "ngay": "2027-02-10"}, date(2027, 2, 1), 28),
        ({"xem": "nam", "ngay": "nonsense"}, date(2026, 11, 23), 7),
        ({"ngay": "9999-12-31"}, date(2026, 11, 23), 7),
    ],
)
def test_the_days_that_are_asked_for(query, first, days):
    found = asked(**query).days
    assert (found[0], len(found)) == (first, days)


def test_addresses_say_what_is_not_usual():
    calendar = asked(xem="thang", loai="meeting", tim=" giao ban ", cua="toi", don_vi="7")
    assert calendar.address == (
        "/cuoc-hop?xem=thang&ngay=2026-11-25&cua=toi&loai=meeting&don-vi=7&tim=giao+ban"
    )
    assert calendar.to(scope=Scope.PROVINCE, kind="", unit=None, text="") == (
        "/cuoc-hop?xem=thang&ngay=2026-11-25"
    )
    assert calendar.filtered
    assert not asked(don_vi="x", trang_thai="y").filtered


@pytest.mark.parametrize(
    ("view", "previous", "following"),
    [
        (View.DAY, "2026-11-24", "2026-11-26"),
        (View.WEEK, "2026-11-18", "2026-12-02"),
        (View.MONTH, "2026-10-01", "2026-12-01"),
    ],
)
def test_the_time_before_and_after(view, previous, following):
    calendar = asked(xem=view.value)
    assert f"ngay={previous}" in calendar.previous
    assert f"ngay={following}" in calendar.following


def test_the_month_after():
    assert month_after(date(2026, 1, 31)) == date(2026, 2, 1)
    assert month_after(date(2026, 12, 1)) == date(2027, 1, 1)


ALL = Allowed(opens=None, moves=True, now=datetime(2026, 11, 25, 1, tzinfo=UTC))


def week(*entries: CalendarEntry, allowed: Allowed = ALL):
    special = official_days(2026)
    known = {entry.day: entry for entry in special}
    return days_of(asked().days, entries, allowed, known, work_calendar(special))


def test_entries_fall_into_the_parts_of_their_days():
    days = week(
        entry("2026-11-25 07:30"), entry("2026-11-25 11:30"), entry("2026-11-25 12:00"),
        entry("2026-11-27 17:30"), entry("2026-11-27 18:00"),
    )  # fmt: skip
    parts = {day.date.day: [len(part.lines) for part in day.parts] for day in days if day.lines}
    assert parts == {25: [2, 1, 0], 27: [0, 1, 1]}
    assert [day.rows for day in days] == [3, 3, 4, 3, 3, 3, 3]


def test_without_an_evening_meeting_there_is_no_evening():
    assert [len(day.parts) for day in week(entry("2026-11-25 08:00"))] == [2] * 7


def test_a_meeting_over_midnight_is_on_both_days():
    days = week(entry("2026-11-25 20:00", hours=12))
    assert [line.continued for day in days for line in day.lines] == [False, True]
    assert days[3].parts[0].lines


def test_days_off_and_today_are_known():
    days = week()
    assert [day.off for day in days] == [False, True, False, False, False, True, True]
    assert [day.date.day for day in days if day.today] == [25]
    assert days[1].special is not None


@pytest.mark.parametrize(
    ("more", "moves"),
    [
        ({}, True),
        ({"state": MeetingState.INVITED}, True),
        ({"state": MeetingState.LIVE}, False),
        ({"state": MeetingState.CANCELLED}, False),
    ],
)
def test_what_may_be_moved(more, moves):
    [line] = week(entry("2026-11-26 08:00", **more))[3].lines
    assert line.may_move is moves


def test_what_has_begun_or_is_anothers_is_not_moved():
    assert not week(entry("2026-11-25 07:00"))[2].lines[0].may_move
    others = Allowed(opens=frozenset({9}), moves=True, now=ALL.now)
    [line] = week(entry("2026-11-26 08:00"), allowed=others)[3].lines
    assert (line.may_open, line.may_move) == (False, False)


def test_meetings_at_the_same_time_lie_side_by_side():
    titles = ("2026-11-25 08:00", "2026-11-25 09:15", "2026-11-25 10:00")
    slots = slots_of(week(*(entry(title) for title in titles))[2])
    assert (slots[0].clock, slots[-1].clock) == ("07:00", "17:30")
    starts = {
        slot.clock: [(cell.line.entry.title[-5:], cell.rows) for cell in slot.cells if cell.line]
        for slot in slots
    }
    assert {at: cells for at, cells in starts.items() if cells} == {
        "08:00": [("08:00", 4)],
        "09:00": [("09:15", 5)],
        "10:00": [("10:00", 4)],
    }
    assert [len(slot.cells) for slot in slots if "08:00" <= slot.clock <= "11:30"] == [
        2, 1, 1, 0, 1, 0, 0, 1,
    ]  # fmt: skip


def test_an_early_and_an_overnight_meeting_stretch_the_day():
    [day] = days_of(
        [TODAY], [entry("2026-11-25 05:00"), entry("2026-11-25 22:00", hours=10)], ALL, {},
        work_calendar(()),
    )  # fmt: skip
    slots = slots_of(day)
    assert (slots[0].clock, slots[-1].clock) == ("05:00", "23:30")
