"""What stands against a meeting, and when there would be room."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from rooms.dates.store import Dates
from rooms.dates.workdays import WorkCalendar
from rooms.errors import RequestRefused
from rooms.meetings.conflicts import (
    Booking,
    Subject,
    Wanted,
    clashes,
    free_times,
    fullest,
    notice,
)
from rooms.meetings.drafts import Duty, MeetingKind, OnDuty, draft_sites
from rooms.meetings.meetings import Meetings
from rooms.meetings.planning import Clashing, Planner, Rules
from rooms.meetings.records import MeetingState

EIGHT = datetime(2026, 3, 4, 1, tzinfo=UTC)  # 08:00 on a Wednesday
HOUR = timedelta(hours=1)
replace = msgspec.structs.replace


def other(start: datetime = EIGHT, hours: float = 2, **change: object) -> Booking:
    plain = {
        "meeting_id": 1,
        "title": "Bảo vệ rừng",
        "host_unit": "Huyện ủy Chư Sê",
        "precedence": 4,
        "start": start,
        "end": start + hours * HOUR,
        "sites": frozenset({7}),
    }
    return Booking(**{**plain, **change})  # type: ignore[arg-type]


WANT = Wanted(
    start=EIGHT,
    end=EIGHT + 2 * HOUR,
    precedence=2,
    sites=frozenset({5, 6, 7}),
    people=frozenset({(Subject.CHAIR, 1), (Subject.TECHNICIAN, 9)}),
    main_site=5,
    hall="hoi truong 2 9",
)


@pytest.mark.parametrize(
    ("booking", "told"),
    [
        (other(), ((7,), (), False)),
        (other(sites=frozenset({1, 2})), None),
        (other(EIGHT - 2 * HOUR), None),  # ends when ours begins
        (other(EIGHT + 2 * HOUR), None),
        (other(EIGHT - HOUR, hours=5), ((7,), (), False)),
        (
            other(sites=frozenset(), people=frozenset({(Subject.CHAIR, 1)})),
            ((), ((Subject.CHAIR, 1),), False),
        ),
        (  # our technician chairs the other one
            other(sites=frozenset(), people=frozenset({(Subject.CHAIR, 9)})),
            ((), ((Subject.TECHNICIAN, 9),), False),
        ),
        (other(sites=frozenset(), hall="hoi truong 2 9", main_site=5), ((), (), True)),
        (other(sites=frozenset(), hall="hoi truong 2 9"), ((), (), True)),
        (other(sites=frozenset(), hall="hoi truong 2 9", main_site=6), None),
    ],
)
def test_what_two_meetings_cannot_both_have(booking, told):
    found = clashes(WANT, [booking])
    assert [(c.sites, c.people, c.hall) for c in found] == ([told] if told else [])


@pytest.mark.parametrize(
    ("theirs", "yields", "wins"), [(1, False, True), (2, False, False), (4, True, False)]
)
def test_the_higher_body_wins(theirs, yields, wins):
    (clash,) = clashes(WANT, [other(precedence=theirs)])
    assert (clash.yields, clash.wins) == (yields, wins)


def test_the_fullest_moment_counts():
    sites = [frozenset(range(n, n + 40)) for n in (100, 200, 300)]
    bookings = [
        other(EIGHT, 1, sites=sites[0]),
        other(EIGHT + HOUR / 2, 1, sites=sites[1]),
        other(EIGHT + HOUR, 1, sites=sites[2]),  # the first has ended
    ]
    full = fullest(WANT, bookings, 83)
    assert (full.sites, full.at, full.exceeded) == (83, EIGHT + HOUR / 2, False)
    assert fullest(WANT, bookings, 82).exceeded


def test_free_times_are_near_suitable_and_ahead():
    def in_the_morning(start: datetime, end: datetime) -> bool:
        return start.hour < 5 and (end - EIGHT) % (24 * HOUR) <= 4 * HOUR  # 07:00-12:00

    found = free_times(WANT, [other()], 250, in_the_morning, EIGHT - 24 * HOUR)
    day = timedelta(days=1)
    assert [start for start, _ in found] == [
        EIGHT + 2 * HOUR,
        EIGHT + day,
        EIGHT + day + HOUR / 2,
        EIGHT + day - HOUR / 2,
    ]
    assert all(end - start == 2 * HOUR for start, end in found)
    assert free_times(WANT, [other()], 250, in_the_morning, EIGHT + 30 * day) == ()
    assert free_times(WANT, [], 2, in_the_morning, EIGHT) == ()


HOLIDAY = WorkCalendar(off=frozenset({date(2026, 3, 3)}), swaps=frozenset({date(2026, 3, 7)}))


@pytest.mark.parametrize(
    ("today", "day", "days", "short", "send_by"),
    [
        (date(2026, 3, 4), date(2026, 3, 9), 4, False, date(2026, 3, 5)),  # Saturday is worked
        (date(2026, 2, 27), date(2026, 3, 4), 2, True, date(2026, 2, 26)),  # Tuesday is not
        (date(2026, 3, 9), date(2026, 3, 12), 3, False, date(2026, 3, 9)),
        (date(2026, 3, 9), date(2026, 3, 9), 0, True, date(2026, 3, 5)),
    ],
)
def test_notice_counts_working_days(today, day, days, short, send_by):
    told = notice(today, day, MeetingKind.BRIEFING, HOLIDAY)
    assert (told.days, told.short, told.send_by) == (days, short, send_by)
    assert not notice(today, day, MeetingKind.EMERGENCY, HOLIDAY).short


# ---------------------------------------------------------------- with the store


@pytest.fixture
def planner(db) -> Planner:
    return Planner(db, Dates(db), Rules(sites_at_once=5))


async def test_a_planner_is_told_what_stands_in_the_way(db, planner, people, draft, now, template):
    staff = (OnDuty(account_id=people["kythuat"].id, duty=Duty.TECHNICIAN),)
    meetings = Meetings(db)
    held = await meetings.schedule(replace(draft, staff=staff), people["thuky"], now)
    new = replace(
        draft,
        title="Khác",
        chair_id=people["vptu"].id,
        staff=staff,
        sites=draft_sites([template.sites["kbang"], template.sites["chuse"]]),
    )
    outlook = await planner.outlook(new, now)
    (clash,) = outlook.clashes
    assert clash.booking.meeting_id == held.id
    assert clash.sites == (template.sites["kbang"],)
    assert clash.people == ((Subject.TECHNICIAN, people["kythuat"].id),)
    assert outlook.capacity is not None
    assert (outlook.capacity.sites, outlook.capacity.exceeded) == (5, False)
    start, end = (at + timedelta(hours=7) for at in outlook.free[0])
    assert (start.hour, start.minute, end.hour) == (13, 30, 15)  # not through noon
    assert outlook.notice is not None
    assert outlook.notice.short
    assert outlook.blocked
    itself = await planner.outlook(meetings.draft_of(held), now, besides={held.id})
    assert not itself.blocked
    assert itself.capacity is not None
    assert itself.capacity.sites == 3


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (MeetingState.DRAFT, False),
        (MeetingState.PENDING, True),
        (MeetingState.INVITED, True),
        (MeetingState.LIVE, True),
        (MeetingState.ENDED, False),
        (MeetingState.POSTPONED, False),
        (MeetingState.CANCELLED, False),
    ],
)
async def test_only_meetings_that_take_place_count(db, planner, draft, meeting, now, state, counts):
    await Meetings(db).set_state(meeting.id, state, now)
    assert (await planner.outlook(draft, now)).blocked is counts


async def test_a_clash_is_refused_at_the_last_moment_unless_accepted(db, people, draft, now):
    meetings = Meetings(db)
    first = await meetings.schedule(draft, people["thuky"], now, accept_clashes=False)
    with pytest.raises(Clashing, match="clash"):
        await meetings.schedule(draft, people["thuky"], now, accept_clashes=False)
    later = replace(draft, start=first.end, end=first.end + HOUR)
    second = await meetings.schedule(later, people["thuky"], now, accept_clashes=False)
    with pytest.raises(RequestRefused, match="clash"):
        await meetings.move(
            second.id,
            first.start,
            first.end,
            people["thuky"],
            now,
            revision=1,
            accept_clashes=False,
        )
    reason = "Cuộc họp của Tỉnh ủy được ưu tiên"
    moved = await meetings.move(
        second.id, first.start, first.end, people["thuky"], now, revision=1, note=reason
    )
    assert moved.start == first.start
    # A draft takes nothing yet.
    await meetings.schedule(draft, people["thuky"], now, MeetingState.DRAFT, accept_clashes=False)


async def test_a_full_service_is_told(db, people, draft, now, template):
    planner = Planner(db, Dates(db), Rules(sites_at_once=4))
    await Meetings(db).schedule(draft, people["thuky"], now)
    sites = draft_sites([template.sites["chuse"], template.sites["ankhe"]])
    new = replace(draft, chair_id=people["vptu"].id, sites=sites)
    outlook = await planner.outlook(new, now)
    assert not outlook.clashes
    assert outlook.capacity is not None
    assert (outlook.capacity.sites, outlook.capacity.exceeded) == (5, True)
    assert outlook.blocked
