"""Units, sites and accounts."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from rooms.directory.accounts import AccountRole, Accounts
from rooms.directory.directory import Directory
from rooms.directory.throttle import (
    MAX_FAILURES_OF_ADDRESS,
    MAX_FAILURES_OF_USERNAME,
    Failures,
    throttled,
)
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import LOCAL, Meetings
from rooms.meetings.records import MeetingState
from rooms.seed.seed import DEMO_MEETING, DEMO_PASSWORD, seed_demo, seed_directory, short_name
from rooms.session.events import Entry, MeetingOpened
from rooms.session.model import Role
from rooms.store.database import Database
from rooms.store.log import EventLog
from rooms.store.tables import AccountRow, AccountSessionRow, MeetingRow

# ---------------------------------------------------------------- seed data


async def test_the_directory_is_seeded_once(empty_db: Database):
    await seed_directory(empty_db)
    await seed_directory(empty_db)
    directory = Directory(empty_db)
    units, sites = await directory.units(), await directory.sites()
    assert len(units) == 308
    assert len(await directory.units(levels=("district",))) == 17
    assert [site.short_name for site in sites][:7] == [
        "UBND tỉnh", "Tỉnh ủy", "Sở TT&TT", "Pleiku", "An Khê", "Ayun Pa", "KBang",
    ]  # fmt: skip
    assert len(sites) == 20


async def test_a_site_belongs_to_its_unit_and_the_unit_to_its_parent(empty_db: Database):
    await seed_directory(empty_db)
    directory = Directory(empty_db)
    kbang = next(site for site in await directory.sites() if site.code == "kbang")
    assert await directory.site(kbang.id) == kbang
    unit = await directory.unit(kbang.unit_id)
    assert unit is not None
    assert (unit.name, unit.short_name) == ("Ủy ban nhân dân huyện KBang", "UBND huyện KBang")
    district = await directory.unit(unit.parent_id or 0)
    assert district is not None
    assert district.name == "Huyện KBang"
    assert await directory.unit(10_000) is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Ủy ban nhân dân tỉnh Gia Lai", "UBND tỉnh"),
        ("Tỉnh ủy Gia Lai", "Tỉnh ủy"),
        ("Văn phòng Ủy ban nhân dân tỉnh", "Văn phòng UBND tỉnh"),
        ("Sở Tài chính", "Sở Tài chính"),
    ],
)
def test_short_names_of_units(name: str, short: str):
    assert short_name(name) == short


async def test_the_demo_has_its_people_and_a_meeting_in_session(empty_db: Database):
    now = datetime(2018, 6, 26, 1, 20, tzinfo=UTC)
    await seed_directory(empty_db)
    await seed_demo(empty_db, now)
    await seed_demo(empty_db, now)
    meetings, accounts = Meetings(empty_db), Accounts(empty_db)
    demo = await meetings.get(DEMO_MEETING)
    assert demo is not None
    assert demo.start < now < demo.end
    assert demo.title == "Hội nghị giao ban trực tuyến tháng 6 năm 2018"
    roles = []
    for username in ("chutri", "thuky", "kythuat", "kbang", "quantri"):
        account = await accounts.by_username(username)
        assert account is not None
        seat = meetings.seat_for(demo, account)
        roles.append(seat and seat.role)
    assert roles == [Role.CHAIR, Role.SECRETARY, Role.TECHNICIAN, Role.SITE, Role.TECHNICIAN]
    assert await accounts.authenticate("kbang", DEMO_PASSWORD, "::1", now)
    around = await meetings.between(now - timedelta(days=3), now + timedelta(days=3))
    assert {meeting.state for meeting in around} == {MeetingState.APPROVED, MeetingState.ENDED}
    assert len([one for one in around if not _of_calendar(one.short_name)]) == 6


def _of_calendar(short_name: str | None) -> bool:
    """One of those that fill the calendar and the report of the demo."""
    return (short_name or "").startswith(("lich-", "bao-cao-"))


async def test_a_later_start_moves_the_demo_to_its_day(empty_db: Database):
    await seed_directory(empty_db)
    monday = datetime(2018, 6, 25, 1, 20, tzinfo=UTC)
    await seed_demo(empty_db, monday)
    meetings = Meetings(empty_db)
    first = await meetings.get(DEMO_MEETING)
    tuesday = monday + timedelta(days=1)
    await seed_demo(empty_db, tuesday)
    moved = await meetings.get(DEMO_MEETING)
    assert first is not None
    assert moved is not None
    assert moved.id == first.id
    assert moved.start.astimezone(LOCAL).date() == tuesday.date()
    async with empty_db.reading() as session:
        names = await session.scalars(select(MeetingRow.short_name))
        assert len([name for name in names if not _of_calendar(name)]) == 6


@pytest.mark.parametrize("ended", [True, False])
async def test_a_demo_that_was_held_stays_in_the_history(empty_db: Database, ended: bool):
    await seed_directory(empty_db)
    monday = datetime(2018, 6, 25, 1, 20, tzinfo=UTC)
    await seed_demo(empty_db, monday)
    meetings = Meetings(empty_db)
    held = await meetings.get(DEMO_MEETING)
    assert held is not None
    opened = MeetingOpened(meeting=held.id, title=held.title, seats=())
    await EventLog(empty_db).append(held.id, [Entry(seq=1, at=0.0, actor="system", event=opened)])
    await meetings.set_state(held.id, MeetingState.ENDED if ended else MeetingState.LIVE)
    await seed_demo(empty_db, monday if ended else monday + timedelta(days=1))
    new = await meetings.get(DEMO_MEETING)
    old = await meetings.get(held.id)
    assert new is not None
    assert old is not None
    assert new.id != held.id
    assert (new.state, old.state) == (MeetingState.APPROVED, MeetingState.ENDED)
    assert old.short_name is None


# ---------------------------------------------------------------- accounts


async def test_the_right_password_opens(accounts: Accounts, people, now):
    account = await accounts.authenticate(" ThuKy ", "mot-mat-khau", "10.0.0.1", now)
    assert account == people["thuky"]
    assert account.unit_name == "Văn phòng UBND tỉnh"


@pytest.mark.parametrize("username", ["thuky", "nobody", ""])
async def test_a_wrong_password_and_an_unknown_name_sound_alike(accounts, people, now, username):
    with pytest.raises(RequestRefused) as refused:
        await accounts.authenticate(username, "sai", "10.0.0.1", now)
    assert refused.value.code == "bad-credentials"


async def test_accounts_switched_off_or_without_password_stay_out(db, accounts, people, now):
    bare = await accounts.create(
        username="moi", full_name="Mới", role=AccountRole.OFFICIAL, password=None
    )
    async with db.session() as session:
        (await session.get_one(AccountRow, people["thuky"].id)).active = False
    for username in ("thuky", bare.username):
        with pytest.raises(RequestRefused, match="bad-credentials"):
            await accounts.authenticate(username, "mot-mat-khau", "10.0.0.1", now)


async def test_guessing_is_throttled_and_forgotten_after_a_while(accounts, people, now):
    for _ in range(MAX_FAILURES_OF_USERNAME):
        with pytest.raises(RequestRefused, match="bad-credentials"):
            await accounts.authenticate("thuky", "sai", "10.0.0.1", now)
    with pytest.raises(RequestRefused, match="throttled"):
        await accounts.authenticate("thuky", "mot-mat-khau", "10.0.0.2", now)
    assert await accounts.authenticate("kythuat", "mot-mat-khau", "10.0.0.1", now)
    later = now + Failures.WINDOW
    assert await accounts.authenticate("thuky", "mot-mat-khau", "10.0.0.2", later)


async def test_the_right_password_clears_earlier_failures(accounts, people, now):
    for _ in range(3):
        for _ in range(MAX_FAILURES_OF_USERNAME - 1):
            with pytest.raises(RequestRefused, match="bad-credentials"):
                await accounts.authenticate("thuky", "sai", "10.0.0.1", now)
        await accounts.authenticate("thuky", "mot-mat-khau", "10.0.0.1", now)


def test_throttling_per_address():
    assert throttled(Failures(of_username=0, of_address=MAX_FAILURES_OF_ADDRESS))
    assert not throttled(Failures(of_username=1, of_address=MAX_FAILURES_OF_ADDRESS - 1))


async def test_a_session_slides_and_its_token_is_not_stored(db, accounts, people, now):
    account = people["thuky"]
    token = await accounts.open_session(account.id, "10.0.0.1", "Firefox", now)
    async with db.reading() as session:
        hashes = list(await session.scalars(select(AccountSessionRow.token_hash)))
    assert token not in hashes
    for hours in (11, 22, 33):
        assert await accounts.session_account(token, now + timedelta(hours=hours)) == account
    assert await accounts.session_account(token, now + timedelta(hours=33 + 12)) is None


async def test_a_room_device_stays_signed_in_for_weeks(accounts, people, now):
    token = await accounts.open_session(people["kbang"].id, "10.0.0.1", "", now)
    assert await accounts.session_account(token, now + timedelta(days=29))


async def test_a_closed_or_foreign_token_opens_nothing(accounts, people, now):
    token = await accounts.open_session(people["thuky"].id, "10.0.0.1", "", now)
    await accounts.close_session(token)
    assert await accounts.session_account(token, now) is None
    assert await accounts.session_account("made-up", now) is None


async def test_a_new_password_signs_everybody_out(accounts, people, now):
    token = await accounts.open_session(people["thuky"].id, "10.0.0.1", "", now)
    await accounts.set_password(people["thuky"].id, "mat-khau-moi")
    assert await accounts.session_account(token, now) is None
    assert await accounts.authenticate("thuky", "mat-khau-moi", "10.0.0.1", now)


async def test_names_are_unique_and_well_formed(accounts: Accounts, people):
    def create(username: str, password: str = "mot-mat-khau"):
        return accounts.create(
            username=username, full_name="X", role=AccountRole.OFFICIAL, password=password
        )

    with pytest.raises(RequestRefused, match="name-taken"):
        await create("ThuKy")
    with pytest.raises(Invalid) as invalid:
        await create("thư ký")
    assert set(invalid.value.errors) == {"username"}
    with pytest.raises(Invalid) as invalid:
        await create("thuky2", password="ngan")
    assert set(invalid.value.errors) == {"password"}


async def test_language_and_the_list_of_people(accounts: Accounts, people):
    await accounts.set_language(people["thuky"].id, "en")
    account = await accounts.by_id(people["thuky"].id)
    assert account is not None
    assert account.language == "en"
    names = [person.username for person in await accounts.people()]
    assert names == ["chutri", "daibieu", "kythuat", "thuky", "vptu"]
