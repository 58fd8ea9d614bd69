"""Scheduling, finding and seating."""

from datetime import date, timedelta

import msgspec
import pytest

from rooms.errors import Invalid, RequestRefused
from rooms.meetings.drafts import (
    MAX_LINES,
    AgendaItem,
    DraftSite,
    Duty,
    OnDuty,
    draft_sites,
    faults,
)
from rooms.meetings.meetings import Meeting, Meetings
from rooms.meetings.records import MeetingState
from rooms.meetings.seating import opening_seats
from rooms.session.model import Role


@pytest.fixture
def meetings(db) -> Meetings:
    return Meetings(db)


async def test_what_was_scheduled_is_found_by_id_and_short_name(meetings, people, draft, now):
    agenda = (
        AgendaItem(position=9, title=" Điểm danh ", minutes=10),
        AgendaItem(position=4, title="Kết luận", presenter="Chủ trì"),
    )
    wanted = msgspec.structs.replace(
        draft, short_name="giao-ban", agenda=agenda, title=" Giao ban "
    )
    meeting = await meetings.schedule(wanted, people["thuky"], now)
    assert meeting == await meetings.get(meeting.id) == await meetings.get("giao-ban")
    assert meeting == await meetings.get(str(meeting.id))
    assert (meeting.title, meeting.state) == ("Giao ban", MeetingState.APPROVED)
    assert [site.code for site in meeting.sites] == ["ubndtinh", "pleiku", "kbang"]
    assert [(item.position, item.title) for item in meeting.agenda] == [
        (1, "Điểm danh"),
        (2, "Kết luận"),
    ]
    assert (meeting.chair_name, meeting.host_unit) == ("Tên chutri", "Văn phòng UBND tỉnh")
    assert (meeting.start, meeting.end) == (wanted.start, wanted.end)
    for nothing in (999, "999", "nothing", "", "9" * 30, "²"):
        assert await meetings.get(nothing) is None


FAULTS = {
    "title": {"title": "  "},
    "start": {"start": None},
    "end": {"end": None},
    "host_unit_id": {"host_unit_id": None},
    "chair_id": {"chair_id": None},
    "site_ids": {"sites": ()},
    "secrecy": {"secrecy": "mat"},
    "short_name": {"short_name": "2018"},
    "agenda": {"agenda": (AgendaItem(position=1, title=" "),)},
}


@pytest.mark.parametrize("field", FAULTS)
def test_each_fault_is_named(field, draft, now):
    assert list(faults(msgspec.structs.replace(draft, **FAULTS[field]), now)) == [field]


def test_times_must_make_sense(draft, now):
    for change in (
        {"end": draft.start},
        {"end": draft.start + timedelta(hours=25)},
        {"start": now - timedelta(hours=3), "end": now},
    ):
        assert list(faults(msgspec.structs.replace(draft, **change), now)) == ["end"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x" * 201},
        {"agenda": tuple(AgendaItem(position=n, title="x") for n in range(MAX_LINES + 1))},
        {"agenda": (AgendaItem(position=1, title="x" * 301),)},
        {"agenda": (AgendaItem(position=1, title="x", minutes=0),)},
        {"notes": "x" * 4001},
        {"venue": "x" * 201},
        {"staff": tuple(OnDuty(account_id=n, duty=Duty.SECRETARY) for n in range(21))},
    ],
)
def test_everything_is_bounded(change, draft, now):
    assert list(faults(msgspec.structs.replace(draft, **change), now)) == list(change)


@pytest.mark.parametrize(
    "sites",
    [
        draft_sites(range(501)),
        (DraftSite(site_id=1, composition="x" * 1001),),
        (DraftSite(site_id=1, delegates=10_001),),
    ],
)
def test_sites_are_bounded(sites, draft, now):
    assert list(faults(msgspec.structs.replace(draft, sites=sites), now)) == ["site_ids"]


async def test_references_to_nothing_are_faults(meetings, people, draft, now):
    lost = msgspec.structs.replace(
        draft, host_unit_id=9999, chair_id=9999, sites=draft_sites([9999])
    )
    with pytest.raises(Invalid) as invalid:
        await meetings.schedule(lost, people["thuky"], now)
    assert set(invalid.value.errors) == {"host_unit_id", "chair_id", "site_ids"}


async def test_a_short_name_is_used_once(meetings, people, draft, now):
    named = msgspec.structs.replace(draft, short_name="giao-ban")
    await meetings.schedule(named, people["thuky"], now)
    with pytest.raises(Invalid) as invalid:
        await meetings.schedule(named, people["thuky"], now)
    assert set(invalid.value.errors) == {"short_name"}


@pytest.mark.parametrize("username", ["chutri", "kythuat", "kbang"])
async def test_only_the_secretariat_and_administrators_schedule(
    meetings, people, draft, now, username
):
    with pytest.raises(RequestRefused, match="not-allowed"):
        await meetings.schedule(draft, people[username], now)


async def test_a_day_is_the_provinces_day(meetings, people, draft, now):
    late = msgspec.structs.replace(
        draft,
        start=now.replace(hour=16, minute=30),  # 23:30 in Gia Lai
        end=now.replace(hour=18),  # 01:00 of the next day
    )
    meeting = await meetings.schedule(late, people["quantri"], now)
    for day in (date(2018, 6, 26), date(2018, 6, 27)):
        assert await meetings.on_day(day, None) == [meeting]
    assert await meetings.on_day(date(2018, 6, 28), None) == []


async def test_people_see_the_meetings_they_may_enter(meetings, people, meeting):
    day = date(2018, 6, 26)
    seen = {name for name, who in people.items() if await meetings.on_day(day, who) == [meeting]}
    assert seen == set(people) - {"vptu", "chuse"}


async def test_states(meetings, meeting):
    await meetings.set_state(meeting.id, MeetingState.LIVE)
    (live,) = await meetings.in_state(MeetingState.LIVE)
    assert (live.id, live.state) == (meeting.id, MeetingState.LIVE)


# ---------------------------------------------------------------- who sits where


async def test_seats_by_account(meetings, people, meeting: Meeting):
    def place(username: str):
        seat = meetings.seat_for(meeting, people[username])
        return seat and (seat.id.split(":")[0], seat.role, seat.on_tiles, seat.camera)

    assert {username: place(username) for username in people} == {
        "chutri": ("site", Role.CHAIR, True, True),
        "vptu": None,
        "daibieu": ("user", Role.DELEGATE, True, True),
        "thuky": ("user", Role.SECRETARY, False, False),
        "kythuat": ("user", Role.TECHNICIAN, False, False),
        "quantri": ("user", Role.TECHNICIAN, False, False),
        "ubndtinh": ("site", Role.SITE, True, True),
        "kbang": ("site", Role.SITE, True, True),
        "chuse": None,
    }


async def test_a_site_and_its_chair_share_the_seat(meetings, people, meeting):
    chair = meetings.seat_for(meeting, people["chutri"])
    device = meetings.seat_for(meeting, people["ubndtinh"])
    assert chair is not None
    assert device is not None
    assert chair.id == device.id
    assert (chair.person, device.person) == ("Tên chutri, Chức vụ", "")
    assert chair.phone == "0269 3 555 020"


async def test_a_chair_whose_site_is_not_invited_sits_for_itself(meetings, people, draft, now):
    elsewhere = msgspec.structs.replace(draft, chair_id=people["vptu"].id)
    meeting = await meetings.schedule(elsewhere, people["thuky"], now)
    seat = meetings.seat_for(meeting, people["vptu"])
    assert seat is not None
    assert (seat.role, seat.on_tiles) == (Role.CHAIR, True)
    opening = opening_seats(meeting)
    assert opening[0].id == seat.id
    assert [s.role for s in opening] == [Role.CHAIR, Role.SITE, Role.SITE, Role.SITE]


async def test_the_opening_seats_name_the_chairs_site(people, meeting):
    opening = opening_seats(meeting)
    assert [(s.short_name, s.role) for s in opening] == [
        ("UBND tỉnh", Role.CHAIR),
        ("Pleiku", Role.SITE),
        ("KBang", Role.SITE),
    ]
    assert opening[0].person == "Tên chutri, Chức vụ"


# ---------------------------------------------------------------- planning for one's own branch


async def test_a_unit_registers_meetings_of_its_own_branch(meetings, people, draft, now, template):
    own = msgspec.structs.replace(
        draft,
        host_unit_id=people["kbang"].unit_id,
        sites=draft_sites([template.sites["kbang"]]),
    )
    pending = await meetings.schedule(own, people["kbang"], now, MeetingState.PENDING)
    assert pending.state is MeetingState.PENDING
    approved = await meetings.advance(pending.id, MeetingState.APPROVED, people["thuky"], now)
    assert approved.state is MeetingState.APPROVED
    with pytest.raises(RequestRefused, match="not-allowed"):
        await meetings.change(
            pending.id,
            msgspec.structs.replace(own, title="Khác"),
            people["kbang"],
            now,
            revision=approved.revision,
        )


@pytest.mark.parametrize("username", ["kbang", "daibieu"])
async def test_nobody_plans_for_other_branches(meetings, people, draft, now, username):
    with pytest.raises(Invalid) as invalid:
        await meetings.schedule(draft, people[username], now, MeetingState.DRAFT)
    assert set(invalid.value.errors) == {"host_unit_id", "site_ids"}
