"""What recipients get over the life of a meeting, read as their mail program reads it."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
import vobject
from sqlalchemy import select, update

from rooms.answers.answers import Answers
from rooms.answers.records import AnswerState, Reply
from rooms.directory.accounts import Account, Accounts
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.ics import Mailbox
from rooms.invitations.invitations import Invitations, Office
from rooms.invitations.letters import LetterDraft
from rooms.invitations.records import Audience, RecipientState, Series
from rooms.mail import MailQueue, complete
from rooms.meetings.meetings import Meeting, Meetings, MeetingState
from rooms.meetings.revisions import Revisions
from rooms.papers.fonts import PaperFonts
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.tables import MailRow, SiteRow

NOW = datetime(2018, 6, 26, 1, 0, tzinfo=UTC)
BASE = "https://hop.gialai.example"
STATIC = Path(__file__).parents[2] / "web" / "static"
PDF = b"%PDF-1.7\n/ByteRange [0 1 2 3] /Filter /adbe.pkcs7.detached\n%%EOF\n"


class Desk:
    """A secretary with a mailbox of everything that went out."""

    def __init__(self, db: Database, folder: Path, by: Account, fonts: PaperFonts) -> None:
        self.by = by
        self.meetings, self.answers = Meetings(db), Answers(db)
        self.queue, self.files = MailQueue(db), FileStore(folder / "files")
        self.now = NOW
        office = Office(
            sender=Mailbox(name="Điểm Cầu", email="hop@gialai.example"),
            server="mail.example",
            hotline="0269 3 555 017",
            public_url="",
            key=b"k" * 32,
        )
        self.invitations = Invitations(
            db,
            office,
            accounts=Accounts(db),
            meetings=self.meetings,
            revisions=Revisions(db),
            answers=self.answers,
            mail=self.queue,
            files=self.files,
            fonts=fonts,
        )

    async def numbered(self, meeting: Meeting) -> None:
        assert self.by.unit_id is not None
        series = Series(
            unit_id=self.by.unit_id,
            symbol="GM-UBND",
            issuer="ỦY BAN NHÂN DÂN TỈNH GIA LAI",
            inviter="Ủy ban nhân dân tỉnh Gia Lai",
            place="Gia Lai",
            signature="TL. CHỦ TỊCH\nCHÁNH VĂN PHÒNG",
            signer="Nguyễn Văn Bảy",
        )
        await self.invitations.numbers.save_series(series, self.by)
        await self.invitations.stored_letter(meeting)
        await self.invitations.numbers.give(meeting.id, date(2018, 6, 20), self.by, NOW)

    async def send(self, meeting: Meeting) -> None:
        await self.invitations.send(meeting.id, self.by, self.now, BASE)

    async def follow(self, later: timedelta = timedelta()) -> list[EmailMessage]:
        """Let time pass; what went out."""
        self.now += later
        await self.invitations.follow(self.now)
        return await self.went_out()

    async def went_out(self) -> list[EmailMessage]:
        mails = []
        for due in await self.queue.take(self.now, 100):
            await complete(due.message, self.files)
            await self.queue.sent(due.id, self.now)
            mails.append(due.message)
        return mails


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> PaperFonts:
    return PaperFonts(STATIC / "fonts", tmp_path_factory.mktemp("fonts"))


@pytest.fixture
async def desk(
    db: Database,
    tmp_path: Path,
    people: dict[str, Account],
    meeting: Meeting,
    fonts: PaperFonts,
) -> Desk:
    async with db.session() as session:
        for site in await session.scalars(select(SiteRow)):
            site.email = f"{site.code}@example.vn"
    desk = Desk(db, tmp_path, people["thuky"], fonts)
    await desk.numbered(meeting)
    await desk.invitations.letters.put_signed(meeting.id, PDF, "giay-moi.pdf", desk.by, NOW)
    return desk


def event(mail: EmailMessage):  # type: ignore[no-untyped-def]
    """The event as a calendar program reads it."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    calendar = vobject.readOne(part.get_content())
    assert calendar.method.value == part.get_param("method")
    return calendar


def to_site(mails: list[EmailMessage], code: str) -> EmailMessage:
    return next(mail for mail in mails if f"{code}@example.vn" in mail["To"])


async def test_invitation_says_what_one_must_know(desk: Desk, meeting: Meeting) -> None:
    await desk.invitations.letters.drop_signed(meeting.id, desk.by)
    await desk.send(meeting)
    mails = await desk.went_out()
    assert len(mails) == 3
    mail = to_site(mails, "kbang")
    assert mail["Subject"].startswith("[Giấy mời số 01/GM-UBND] Giao ban")
    text = mail.get_body(("plain",)).get_content()
    assert "Từ 09 giờ 00 phút đến 11 giờ 00 phút, ngày 26 tháng 6 năm 2018 (thứ Ba)" in text
    assert "Có 3 điểm cầu được mời." in text
    assert "có giá trị đến 11:00 ngày 27/6/2018" in text
    assert "Hỗ trợ kỹ thuật: gọi 0269 3 555 017." in text
    names = [part.get_filename() for part in mail.iter_attachments()]
    assert names == ["giay-moi.ics", "giay-moi-01-GM-UBND.pdf"]
    found = await desk.meetings.get(meeting.id)
    assert found is not None
    assert found.state is MeetingState.INVITED


async def test_event_is_read_by_another_library(desk: Desk, meeting: Meeting) -> None:
    await desk.send(meeting)
    mails = await desk.went_out()
    calendar = event(to_site(mails, "kbang"))
    assert calendar.method.value == "REQUEST"
    vevent = calendar.vevent
    assert vevent.dtstart.value == meeting.start
    assert vevent.dtstart.value.utcoffset() == timedelta(hours=7)
    raw = next(p for p in mails[0].walk() if p.get_content_type() == "text/calendar").get_content()
    assert "DTSTART;TZID=Asia/Ho_Chi_Minh:20180626T090000" in raw
    standard = calendar.vtimezone.serialize()
    assert "TZOFFSETTO:+0700" in standard
    assert vevent.organizer.value == "mailto:hop@gialai.example"
    assert [a.value for a in vevent.contents["attendee"]] == ["mailto:kbang@example.vn"]
    assert vevent.attendee.params["CN"] == ["UBND huyện KBang"]
    assert vevent.url.value.startswith(f"{BASE}/loi-moi/")
    assert len({event(mail).vevent.uid.value for mail in mails}) == 1
    assert len({event(mail).vevent.url.value for mail in mails}) == 3


async def test_links_in_mails_open(desk: Desk, meeting: Meeting) -> None:
    await desk.send(meeting)
    url = event(to_site(await desk.went_out(), "kbang")).vevent.url.value
    recipient = await desk.invitations.recipients.by_token(url.rsplit("/", 1)[1], NOW)
    assert recipient is not None
    assert recipient.name == "UBND huyện KBang"


async def test_nobody_is_invited_twice(desk: Desk, meeting: Meeting) -> None:
    await desk.send(meeting)
    await desk.send(meeting)
    assert len(await desk.went_out()) == 3
    assert await desk.follow(timedelta(minutes=30)) == []


async def test_a_change_replaces_the_event_after_a_while(desk: Desk, meeting: Meeting) -> None:
    await desk.send(meeting)
    first = event(to_site(await desk.went_out(), "kbang")).vevent
    current = await desk.meetings.get(meeting.id)
    assert current is not None
    later = timedelta(days=1)
    await desk.meetings.move(
        meeting.id,
        meeting.start + later,
        meeting.end + later,
        desk.by,
        desk.now,
        revision=current.revision,
    )
    assert await desk.follow(timedelta(minutes=9)) == []
    mails = await desk.follow(timedelta(minutes=1))
    assert len(mails) == 3
    mail = to_site(mails, "kbang")
    assert mail["Subject"].startswith("[Thay đổi] Giao ban - 09:00 ngày 27/6/2018")
    assert "(trước đây: từ 09 giờ 00 phút" in mail.get_body(("plain",)).get_content()
    changed = event(mail).vevent
    assert changed.uid.value == first.uid.value
    assert int(changed.sequence.value) > int(first.sequence.value)
    assert changed.dtstart.value == meeting.start + later
    assert changed.url.value == first.url.value
    assert await desk.follow(timedelta(minutes=30)) == []


async def test_a_change_taken_back_is_mailed_to_nobody(desk: Desk, meeting: Meeting) -> None:
    await desk.send(meeting)
    await desk.went_out()
    for hours in (5, 0):
        current = await desk.meetings.get(meeting.id)
        assert current is not None
        shift = timedelta(hours=hours)
        await desk.meetings.move(
            meeting.id,
            meeting.start + shift,
            meeting.end + shift,
            desk.by,
            desk.now,
            revision=current.revision,
        )
    assert await desk.follow(timedelta(minutes=20)) == []


async def test_a_cancellation_takes_the_event_away_at_once(desk: Desk, meeting: Meeting) -> None:
    await desk.send(meeting)
    first = event(to_site(await desk.went_out(), "kbang")).vevent
    await desk.meetings.advance(
        meeting.id, MeetingState.CANCELLED, desk.by, desk.now, "Chủ trì đi công tác"
    )
    mails = await desk.follow()
    assert len(mails) == 3
    calendar = event(to_site(mails, "kbang"))
    assert calendar.method.value == "CANCEL"
    assert calendar.vevent.status.value == "CANCELLED"
    assert calendar.vevent.uid.value == first.uid.value
    assert int(calendar.vevent.sequence.value) > int(first.sequence.value)
    assert "Lý do: Chủ trì đi công tác" in mails[0].get_body(("plain",)).get_content()
    assert await desk.follow(timedelta(minutes=30)) == []


async def test_what_waits_when_a_meeting_is_cancelled_never_goes_out(
    desk: Desk, meeting: Meeting
) -> None:
    await desk.send(meeting)
    await desk.meetings.advance(meeting.id, MeetingState.CANCELLED, desk.by, desk.now, "Bão")
    assert {event(mail).method.value for mail in await desk.follow()} == {"CANCEL"}


async def test_a_postponed_meeting_comes_back_with_its_new_time(
    desk: Desk, meeting: Meeting
) -> None:
    await desk.send(meeting)
    await desk.went_out()
    await desk.meetings.advance(meeting.id, MeetingState.POSTPONED, desk.by, desk.now, "Bão")
    off = event((await desk.follow())[0])
    assert off.method.value == "CANCEL"
    current = await desk.meetings.get(meeting.id)
    assert current is not None
    shift = timedelta(days=2)
    await desk.meetings.move(
        meeting.id,
        meeting.start + shift,
        meeting.end + shift,
        desk.by,
        desk.now,
        revision=current.revision,
    )
    mails = await desk.follow(timedelta(minutes=15))
    assert len(mails) == 3
    back = event(mails[0])
    assert back.method.value == "REQUEST"
    assert int(back.vevent.sequence.value) > int(off.vevent.sequence.value)


async def test_sites_that_come_and_go(desk: Desk, meeting: Meeting, template: object) -> None:
    await desk.send(meeting)
    await desk.went_out()
    current = await desk.meetings.get(meeting.id)
    assert current is not None
    draft = desk.meetings.draft_of(current)
    chuse = template.sites["chuse"]  # type: ignore[attr-defined]
    gone = template.sites["kbang"]  # type: ignore[attr-defined]
    kept = tuple(site for site in draft.sites if site.site_id != gone)
    new = msgspec.structs.replace(kept[0], site_id=chuse, composition="", delegates=None)
    await desk.meetings.change(
        meeting.id,
        msgspec.structs.replace(draft, sites=(*kept, new)),
        desk.by,
        desk.now,
        revision=current.revision,
    )
    mails = await desk.follow(timedelta(minutes=11))
    assert {mail["To"].addresses[0].addr_spec: event(mail).method.value for mail in mails} == {
        "kbang@example.vn": "CANCEL",
        "chuse@example.vn": "REQUEST",
    }


async def test_reminders_go_to_those_who_have_not_answered(desk: Desk, meeting: Meeting) -> None:
    desk.now = meeting.start - timedelta(hours=100)
    await desk.send(meeting)
    await desk.went_out()
    actor = await desk.answers.actor(meeting.id, desk.by)
    await desk.answers.answer(
        meeting.id,
        meeting.sites[0].site_id,
        Reply(state=AnswerState.CONFIRMED, presiding_name="Đinh Văn Brơi", head_count=12),
        actor,
        desk.now,
    )
    desk.now = meeting.start - timedelta(hours=48)
    mails = await desk.follow()
    assert len(mails) == 2
    assert all(mail["Subject"].startswith("[Nhắc lịch họp]") for mail in mails)
    assert await desk.follow() == []
    assert len(await desk.follow(timedelta(hours=24))) == 3
    states = {s.state for s in await desk.invitations.standings(meeting.id)}
    assert states == {RecipientState.CONFIRMED, RecipientState.SENT}


async def test_a_letter_that_goes_out_late_brings_no_reminder_at_once(
    desk: Desk, meeting: Meeting
) -> None:
    await desk.send(meeting)
    await desk.went_out()
    assert await desk.follow() == []
    assert [r.count for r in await desk.invitations.letters.reminders(meeting.id)] == [0, 0]


async def test_a_reminder_by_hand(desk: Desk, meeting: Meeting) -> None:
    with pytest.raises(RequestRefused, match="not-sent"):
        await desk.invitations.remind(meeting.id, desk.by, NOW)
    await desk.send(meeting)
    await desk.went_out()
    count = await desk.invitations.remind(meeting.id, desk.by, NOW, Audience.PENDING)
    assert count == len(await desk.went_out()) == 3


async def test_the_signed_letter_goes_along(desk: Desk, meeting: Meeting) -> None:
    letters = desk.invitations.letters
    for wrong in (b"", b"<html>", PDF[:-7], PDF + b"/Encrypt %%EOF", PDF + b"/JavaScript %%EOF"):
        with pytest.raises(Invalid):
            await letters.put_signed(meeting.id, wrong, "x.pdf", desk.by, NOW)
    signed = await letters.put_signed(meeting.id, PDF, "C:\\ky\\giấy mời.pdf", desk.by, NOW)
    assert (signed.name, signed.digital) == ("giấy mời.pdf", True)
    await desk.send(meeting)
    attached = list((await desk.went_out())[0].iter_attachments())[-1]
    assert attached.get_content() == PDF


async def test_a_letter_needs_a_number_before_it_goes_out(
    desk: Desk, people: dict[str, Account], db: Database
) -> None:
    draft = desk.meetings.draft_of(await desk.meetings.get(1))  # type: ignore[arg-type]
    later = timedelta(days=9)
    other = await desk.meetings.schedule(
        msgspec.structs.replace(draft, start=draft.start + later, end=draft.end + later),
        desk.by,
        NOW,
    )
    with pytest.raises(RequestRefused, match="no-number"):
        await desk.send(other)
    with pytest.raises(RequestRefused, match="not-allowed"):
        await desk.invitations.send(other.id, people["kbang"], NOW, BASE)


async def test_two_clerks_do_not_change_a_letter_at_once(desk: Desk, meeting: Meeting) -> None:
    letter = await desk.invitations.stored_letter(meeting)
    draft = LetterDraft(
        series_id=letter.series.id,
        issue_date=date(2018, 6, 21),
        abstract="Dự họp",
        requirements="",
        contact="",
        signature="CHỦ TỊCH",
        signer="Võ Ngọc Thành",
        recipients="Như trên",
    )
    letters = desk.invitations.letters
    await letters.save(meeting.id, draft, desk.by, revision=letter.revision)
    with pytest.raises(RequestRefused, match="changed-meanwhile"):
        await letters.save(meeting.id, draft, desk.by, revision=letter.revision)
    other_year = msgspec.structs.replace(draft, issue_date=date(2019, 1, 1))
    with pytest.raises(Invalid):
        await letters.save(meeting.id, other_year, desk.by, revision=letter.revision + 1)


async def test_state_of_mail_that_failed_is_seen(
    desk: Desk, meeting: Meeting, db: Database
) -> None:
    await desk.send(meeting)
    async with db.session() as session:
        await session.execute(update(MailRow).values(state="failed", error="550 no such user"))
    found = await desk.invitations.standings(meeting.id)
    assert {standing.state for standing in found} == {RecipientState.FAILED}
