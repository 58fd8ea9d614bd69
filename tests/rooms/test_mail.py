"""The mail queue: what a message looks like, when it is tried again, when it is given up."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from rooms.mail import BACK_OFF, LEASE, Attachment, MailQueue, MailState, Outgoing, compose
from rooms.store.database import Database

NOW = datetime(2018, 6, 20, 2, 0, tzinfo=UTC)
ICS = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def mail(to: str = "kbang@example.vn") -> Outgoing:
    return Outgoing(to=to, subject="Giấy mời", text="Kính gửi", name="UBND huyện KBang")


def test_message_offers_the_event_twice_and_the_picture_inline() -> None:
    parts = (
        Attachment(name="ma.png", content=b"png", type="image/png", cid="qr"),
        Attachment(name="giấy mời.pdf", content=b"%PDF-", type="application/pdf"),
    )
    full = Outgoing(
        to="a@example.vn",
        subject="Giấy mời số\n123",
        text="Kính gửi",
        html='<img src="cid:qr">',
        attachments=parts,
        calendar=ICS,
    )
    read = message_from_bytes(compose(full, NOW).as_bytes(), policy=default)
    assert read["Subject"] == "Giấy mời số 123"
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/calendar",
        "application/ics",
        "application/pdf",
    ]
    calendar = next(part for part in read.walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == "REQUEST"
    assert [part.get_filename() for part in read.iter_attachments()] == [
        "giay-moi.ics",
        "giấy mời.pdf",
    ]


async def test_message_is_taken_once_and_forgotten_when_sent(empty_db: Database) -> None:
    queue = MailQueue(empty_db)
    mail_id = await queue.put(mail(), NOW)
    (due,) = await queue.take(NOW)
    assert due.message["To"] == "UBND huyện KBang <kbang@example.vn>"
    assert due.message.get_content().strip() == "Kính gửi"
    assert await queue.take(NOW) == []
    await queue.sent(mail_id, NOW)
    assert await queue.take(NOW + LEASE) == []
    found = await queue.get(mail_id)
    assert found is not None
    assert (found.state, found.sent_at) == (MailState.SENT, NOW)


async def test_message_of_a_sender_that_died_is_taken_again(empty_db: Database) -> None:
    queue = MailQueue(empty_db)
    await queue.put(mail(), NOW)
    await queue.take(NOW)
    assert len(await queue.take(NOW + LEASE)) == 1


async def test_failed_message_waits_longer_each_time(empty_db: Database) -> None:
    queue = MailQueue(empty_db)
    mail_id = await queue.put(mail(), NOW)
    now = NOW
    for wait in BACK_OFF:
        (due,) = await queue.take(now)
        assert await queue.failed(due, "busy", now) is MailState.QUEUED
        assert await queue.take(now + wait - timedelta(seconds=1)) == []
        now += wait
    found = await queue.get(mail_id)
    assert found is not None
    assert (found.attempts, found.error) == (len(BACK_OFF), "busy")


@pytest.mark.parametrize(("late", "for_good"), [(timedelta(), True), (timedelta(days=4), False)])
async def test_message_is_given_up(empty_db: Database, late: timedelta, for_good: bool) -> None:
    queue = MailQueue(empty_db)
    mail_id = await queue.put(mail(), NOW)
    (due,) = await queue.take(NOW)
    state = await queue.failed(due, "no such user", NOW + late, for_good=for_good)
    assert state is MailState.FAILED
    await queue.retry(mail_id, NOW + late)
    assert len(await queue.take(NOW + late)) == 1
