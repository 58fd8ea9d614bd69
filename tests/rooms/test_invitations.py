"""Invitations in the store: numbers are given once, links open, expire and are revoked."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from rooms.directory.accounts import Account
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.numbers import Numbers, series_faults
from rooms.invitations.recipients import Recipients
from rooms.invitations.records import LetterForm, Series
from rooms.invitations.tokens import LINK_AFTER
from rooms.meetings.meetings import Meeting, MeetingDraft, Meetings
from rooms.store.database import Database
from rooms.store.tables import LetterRow, MeetingSiteRow, PersonRow, SiteRow, UnitRow

NOW = datetime(2018, 6, 26, 1, 0, tzinfo=UTC)
DAY = date(2018, 6, 20)
KEY = b"k" * 32


def series(unit_id: int, **more: object) -> Series:
    fields = {
        "unit_id": unit_id,
        "symbol": "GM-UBND",
        "issuer": "ỦY BAN NHÂN DÂN TỈNH GIA LAI",
        "inviter": "Ủy ban nhân dân tỉnh Gia Lai",
        "place": "Gia Lai",
        **more,
    }
    return Series(**fields)  # type: ignore[arg-type]


async def add_letter(db: Database, meeting_id: int, series_id: int) -> None:
    async with db.session() as session:
        session.add(
            LetterRow(
                meeting_id=meeting_id,
                series_id=series_id,
                abstract="Dự họp giao ban",
                requirements="",
                contact="",
                signature="",
                signer="",
                recipients="",
                signed_hash="",
                signed_name="",
                signed_size=0,
                signed_digitally=False,
                called_off=False,
                base_url="",
                revision=1,
            )
        )


@pytest.fixture
async def numbers(db: Database) -> Numbers:
    return Numbers(db)


@pytest.fixture
async def book(numbers: Numbers, people: dict[str, Account]) -> int:
    """A series of the secretary's unit."""
    unit = people["thuky"].unit_id
    assert unit is not None
    return await numbers.save_series(series(unit), people["thuky"])


async def more_meetings(
    db: Database, draft: MeetingDraft, by: Account, book: int, count: int
) -> list[int]:
    ids = []
    for _ in range(count):
        meeting = await Meetings(db).schedule(draft, by, NOW)
        await add_letter(db, meeting.id, book)
        ids.append(meeting.id)
    return ids


async def test_numbers_are_given_once_under_concurrency(
    db: Database, draft: MeetingDraft, people: dict[str, Account], book: int, tmp_path
) -> None:
    by = people["thuky"]
    meetings = await more_meetings(db, draft, by, book, 12)
    other = Database(f"sqlite+aiosqlite:///{tmp_path}/rooms.db")  # as another process has it
    clerks = [Numbers(db), Numbers(other)]
    given = await asyncio.gather(
        *(clerks[i % 2].give(meeting, DAY, by, NOW) for i, meeting in enumerate(meetings * 2))
    )
    await other.close()
    assert sorted({number.number for number in given}) == list(range(1, 13))
    lines = await clerks[0].book(book, 2018)
    assert [line.number.number for line in lines] == list(range(12, 0, -1))
    assert {line.meeting_id for line in lines} == set(meetings)


async def test_a_typed_number_goes_on_from_there_and_is_refused_twice(
    db: Database, draft: MeetingDraft, people: dict[str, Account], numbers: Numbers, book: int
) -> None:
    by = people["thuky"]
    first, second, third = await more_meetings(db, draft, by, book, 3)
    typed = await numbers.give(first, DAY, by, NOW, number=122)
    assert typed.text == "122/GM-UBND"
    with pytest.raises(Invalid) as refused:
        await numbers.give(second, DAY, by, NOW, number=122)
    assert set(refused.value.errors) == {"number"}
    assert (await numbers.give(second, DAY, by, NOW)).number == 123
    assert (await numbers.give(third, date(2019, 1, 2), by, NOW)).text == "01/GM-UBND"


async def test_a_letter_keeps_its_number_until_it_is_replaced(
    db: Database, draft: MeetingDraft, people: dict[str, Account], numbers: Numbers, book: int
) -> None:
    by = people["thuky"]
    (meeting,) = await more_meetings(db, draft, by, book, 1)
    first = await numbers.give(meeting, DAY, by, NOW)
    assert await numbers.give(meeting, DAY, by, NOW) == first
    second = await numbers.give(meeting, DAY, by, NOW, again=True)
    assert second.number == 2
    assert [(line.number.number, line.replaced) for line in await numbers.book(book, 2018)] == [
        (2, False),
        (1, True),
    ]


async def test_numbers_outlive_their_meeting(
    db: Database, draft: MeetingDraft, people: dict[str, Account], numbers: Numbers, book: int
) -> None:
    by = people["thuky"]
    (meeting,) = await more_meetings(db, draft, by, book, 1)
    await numbers.give(meeting, DAY, by, NOW)
    async with db.session() as session:
        await session.execute(delete(LetterRow))
    assert await numbers.next_number(book, 2018) == 2


async def test_only_clerks_give_numbers(
    db: Database, draft: MeetingDraft, people: dict[str, Account], numbers: Numbers, book: int
) -> None:
    (meeting,) = await more_meetings(db, draft, people["thuky"], book, 1)
    with pytest.raises(RequestRefused, match="not-allowed"):
        await numbers.give(meeting, DAY, people["kbang"], NOW)


async def test_one_series_for_each_issuer(
    people: dict[str, Account], numbers: Numbers, book: int
) -> None:
    unit = people["thuky"].unit_id
    assert unit is not None
    with pytest.raises(Invalid) as refused:
        await numbers.save_series(series(unit, symbol="GM-VP"), people["thuky"])
    assert set(refused.value.errors) == {"unit_id"}


async def test_the_series_of_the_unit_above_is_found(
    db: Database, people: dict[str, Account], numbers: Numbers, book: int
) -> None:
    async with db.reading() as session:
        below = await session.scalar(select(UnitRow.id).where(UnitRow.level == "commune"))
    found = await numbers.series_for(below or 0)
    assert found is not None
    assert found.id == book


@pytest.mark.parametrize(
    ("form", "symbol", "text"),
    [
        (LetterForm.STATE, "GM-UBND", "05/GM-UBND"),
        (LetterForm.PARTY, "GM/TU", "5-GM/TU"),
    ],
)
def test_two_digits_in_the_form_of_the_state(form: LetterForm, symbol: str, text: str) -> None:
    assert series(1, form=form, symbol=symbol).numbered(5) == text


@pytest.mark.parametrize("symbol", ["", "gm-ubnd", "GM UBND", "GM", "GM-UBND-<script>"])
def test_symbols_that_are_none(symbol: str) -> None:
    assert set(series_faults(series(1, symbol=symbol))) == {"symbol"}


# ---------------------------------------------------------------- recipients


@pytest.fixture
async def recipients(db: Database, meeting: Meeting) -> Recipients:
    found = Recipients(db, KEY)
    await found.sync(meeting.id, NOW)
    return found


async def test_recipients_follow_the_sites_of_the_meeting(
    db: Database, meeting: Meeting, recipients: Recipients
) -> None:
    async with db.session() as session:
        site = await session.scalar(select(SiteRow).where(SiteRow.code == "kbang"))
        assert site is not None
        site.email = "kbang@example.vn"
    await recipients.sync(meeting.id, NOW)
    found = await recipients.of_meeting(meeting.id)
    assert [recipient.site_id for recipient in found] == [s.site_id for s in meeting.sites]
    assert {recipient.email for recipient in found} == {"", "kbang@example.vn"}
    async with db.session() as session:
        await session.execute(delete(MeetingSiteRow).where(MeetingSiteRow.site_id == site.id))
    await recipients.sync(meeting.id, NOW)
    gone = [r for r in await recipients.of_meeting(meeting.id) if r.removed_at is not None]
    assert [recipient.site_id for recipient in gone] == [site.id]
    assert await recipients.by_token(recipients.token(gone[0]), NOW) is None


async def test_a_link_opens_until_a_day_after_the_meeting(
    meeting: Meeting, recipients: Recipients
) -> None:
    first = (await recipients.of_meeting(meeting.id))[0]
    token = recipients.token(first)
    last = meeting.end + LINK_AFTER
    assert await recipients.by_token(token, last - timedelta(seconds=1)) == first
    assert await recipients.by_token(token, last) is None
    assert await recipients.by_token("x" * 32, NOW) is None
    assert await recipients.by_token("../../etc", NOW) is None


async def test_a_revoked_link_stays_closed_and_a_new_one_opens(
    meeting: Meeting, recipients: Recipients
) -> None:
    first = (await recipients.of_meeting(meeting.id))[0]
    old = recipients.token(first)
    await recipients.revoke(meeting.id, first.id, NOW)
    assert await recipients.by_token(old, NOW) is None
    await recipients.renew(meeting.id, first.id)
    renewed = await recipients.get(first.id)
    assert renewed is not None
    assert await recipients.by_token(old, NOW) is None
    assert await recipients.by_token(recipients.token(renewed), NOW) == renewed


async def test_a_person_is_invited_once_and_answers(
    db: Database, meeting: Meeting, recipients: Recipients
) -> None:
    async with db.session() as session:
        person = PersonRow(
            honorific="Ông",
            full_name="Nguyễn Văn Bảy",
            position="Chánh Văn phòng",
            unit_id=meeting.host_unit_id,
            rank=1,
            email="bay@example.vn",
            phone="",
            active=True,
            search="",
            given_key="",
        )
        session.add(person)
    first = await recipients.add_person(meeting.id, person.id, NOW)
    assert await recipients.add_person(meeting.id, person.id, NOW) == first
    with pytest.raises(Invalid):
        await recipients.answered(first, NOW, comes=False)
    await recipients.answered(first, NOW, comes=True)
    found = (await recipients.of_meeting(meeting.id))[-1]
    assert (found.name, found.pending) == ("Ông Nguyễn Văn Bảy, Chánh Văn phòng", False)
    await recipients.remove_person(meeting.id, first, NOW)
    assert await recipients.get(first) is None
