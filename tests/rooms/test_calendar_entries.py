"""What a calendar shows to whom, and the secret addresses of calendars."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import update

from rooms.dates.entries import Entries, Scope, Wanted
from rooms.dates.feeds import Feeds
from rooms.meetings.meetings import Meetings, MeetingState
from rooms.store.tables import MeetingRow

DAY = timedelta(days=1)


@pytest.fixture
async def titles(db, meeting, now):
    """The titles an account sees of the day of `meeting`."""

    async def look(account, scope=Scope.PROVINCE, **wanted):
        found = await Entries(db).between(
            now - DAY, now + DAY, account, Wanted(scope=scope, **wanted)
        )
        return [entry.title for entry in found]

    return look


async def test_an_entry_says_what_a_line_needs(db, meeting, people, now):
    [entry] = await Entries(db).between(now, now + DAY, people["thuky"])
    assert (entry.id, entry.title, entry.sites) == (meeting.id, "Giao ban", 3)
    assert (entry.start, entry.end) == (meeting.start, meeting.end)
    assert (entry.chair_name, entry.host_unit) == ("Tên chutri", "Văn phòng UBND tỉnh")
    assert (entry.reference, entry.main_site) == (str(meeting.id), "")


@pytest.mark.parametrize(
    ("who", "mine"),
    [
        ("chutri", True),  # the chair
        ("thuky", True),  # who made it
        ("kbang", True),  # an invited site
        ("daibieu", True),  # an official of an invited unit
        ("chuse", False),
        ("vptu", False),
        ("kythuat", False),  # may enter, but it is not theirs
    ],
)
async def test_whose_meeting_it_is(titles, people, who, mine):
    assert await titles(people[who], Scope.MINE) == ["Giao ban"] * mine
    assert await titles(people[who]) == ["Giao ban"]  # all may know


@pytest.mark.parametrize(
    ("who", "of_unit"), [("kbang", True), ("daibieu", True), ("thuky", True), ("chuse", False)]
)
async def test_meetings_of_a_unit(titles, people, who, of_unit):
    assert await titles(people[who], Scope.UNIT) == ["Giao ban"] * of_unit


@pytest.mark.parametrize("state", [MeetingState.DRAFT, MeetingState.PENDING])
async def test_what_is_not_decided_is_for_those_who_decide(db, titles, meeting, people, state):
    async with db.session() as session:
        await session.execute(update(MeetingRow).values(state=state.value))
    assert await titles(people["kbang"]) == []
    for who in ("thuky", "kythuat", "quantri", "chutri"):
        assert await titles(people[who]) == ["Giao ban"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"text": "giao BAN"}, True),
        ({"text": "van phong"}, True),
        ({"text": "tổng kết"}, False),
        ({"state": MeetingState.APPROVED}, True),
        ({"state": MeetingState.CANCELLED}, False),
        ({"kind": "meeting"}, True),
        ({"kind": "council"}, False),
    ],
)
async def test_filters(titles, people, wanted, found):
    assert await titles(people["thuky"], **wanted) == ["Giao ban"] * found


async def test_only_decided_meetings_that_are_marked_are_public(db, meeting, now):
    entries = Entries(db)
    assert await entries.public(now, now + DAY) == []
    async with db.session() as session:
        await session.execute(update(MeetingRow).values(public=True))
    assert [entry.id for entry in await entries.public(now, now + DAY)] == [meeting.id]
    async with db.session() as session:
        await session.execute(update(MeetingRow).values(state="draft"))
    assert await entries.public(now, now + DAY) == []


async def test_entries_are_those_that_touch_the_time_asked_for(db, people, draft, now):
    entries, meetings = Entries(db), Meetings(db)
    night = msgspec.structs.replace(
        draft, title="Qua đêm", start=now + timedelta(hours=20), end=now + timedelta(hours=30)
    )
    await meetings.schedule(night, people["thuky"], now)

    async def titles(start, end):
        found = await entries.between(now + start, now + end, people["thuky"])
        return [entry.title for entry in found]

    assert await titles(timedelta(hours=24), timedelta(hours=25)) == ["Qua đêm"]
    assert await titles(timedelta(hours=30), timedelta(hours=40)) == []
    assert await titles(timedelta(hours=10), timedelta(hours=20)) == []


@pytest.fixture
def feeds(db, accounts) -> Feeds:
    return Feeds(db, accounts, b"k" * 32)


async def test_an_address_is_shown_again_read_changed_and_taken_back(feeds, people, now):
    account = people["chutri"]
    assert await feeds.of(account) is None
    first = await feeds.renew(account, now)
    assert await feeds.of(account) == first
    assert await feeds.reader(first.token, now) == account
    assert (await feeds.of(account)).read_at == now

    second = await feeds.renew(account, now)
    assert second.token != first.token
    assert await feeds.reader(first.token, now) is None
    assert await feeds.reader(second.token, now) == account
    await feeds.revoke(account)
    assert await feeds.of(account) is None
    assert await feeds.reader(second.token, now) is None


async def test_reading_is_noted_once_an_hour(feeds, people, now):
    feed = await feeds.renew(people["chutri"], now)
    for minutes, noted in ((0, 0), (59, 0), (60, 60)):
        await feeds.reader(feed.token, now + timedelta(minutes=minutes))
        assert (await feeds.of(people["chutri"])).read_at == now + timedelta(minutes=noted)


@pytest.mark.parametrize("token", ["", "x", "a" * 32, "á" * 32, "../" * 11])
async def test_made_up_addresses_show_nothing(feeds, people, now, token):
    await feeds.renew(people["chutri"], now)
    assert await feeds.reader(token, now) is None


async def test_another_key_makes_the_old_address_unknown(db, accounts, feeds, people, now):
    await feeds.renew(people["chutri"], now)
    assert await Feeds(db, accounts, b"x" * 32).of(people["chutri"]) is None
