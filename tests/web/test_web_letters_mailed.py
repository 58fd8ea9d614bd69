"""From the page to a mail server on loopback, and into a calendar program: what replaces what."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
import vobject
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import update
from web_world import Site, add_meeting

from conference.config import MailSettings
from conference.mailer import Mailer
from rooms.invitations.records import Series
from rooms.meetings.meetings import MeetingState
from rooms.store.tables import SiteRow


class Calendar:
    """A mailbox whose calendar takes what comes as RFC 5546 section 2.1.5 says."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[int, str, datetime]] = {}  # by UID
        self.mails = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        part = next(p for p in mail.walk() if p.get_content_type() == "text/calendar")
        calendar = vobject.readOne(part.get_content())
        event, sequence = calendar.vevent, int(calendar.vevent.sequence.value)
        known = self.events.get(event.uid.value)
        if known is None or sequence > known[0]:
            entry = (sequence, calendar.method.value, event.dtstart.value)
            self.events[event.uid.value] = entry
        self.mails += 1
        return "250 OK"


@pytest.fixture
async def calendar() -> AsyncIterator[tuple[Calendar, MailSettings]]:
    kept, loop = Calendar(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(kept, loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield kept, MailSettings(host="127.0.0.1", port=port, tls="none", sender="hop@gialai.example")
    server.close()


async def test_an_update_and_a_cancellation_replace_the_event(
    site: Site, calendar: tuple[Calendar, MailSettings]
) -> None:
    kept, settings = calendar
    services, by = site.services, site.world.people["thuky"]
    mailer = Mailer(services.mail, services.files, settings)
    now = datetime.now(UTC).replace(microsecond=0)
    meeting = await add_meeting(site.world, "Hội nghị giao ban", now + timedelta(days=6))
    async with services.recipients._db.session() as session:
        await session.execute(
            update(SiteRow)
            .where(SiteRow.id == site.world.sites["KBang"])
            .values(email="kbang@example.vn")
        )
    series = Series(
        unit_id=site.world.units["ubnd-tinh"],
        symbol="GM-UBND",
        issuer="UBND TỈNH GIA LAI",
        inviter="UBND tỉnh Gia Lai",
        place="Gia Lai",
    )
    await services.invitations.numbers.save_series(series, by)
    clerk = await site.browser("thuky")
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await clerk.get(here)
    await clerk.post(f"{here}/so", {})
    await clerk.post(f"{here}/gui", {})
    await mailer.deliver(datetime.now(UTC))
    (first,) = kept.events.values()
    assert first[1:] == ("REQUEST", meeting.start)

    current = await services.meetings.get(meeting.id)
    assert current is not None
    later = timedelta(days=1)
    await services.meetings.move(
        meeting.id,
        meeting.start + later,
        meeting.end + later,
        by,
        datetime.now(UTC),
        revision=current.revision,
    )
    await services.invitations.follow(datetime.now(UTC) + timedelta(minutes=11))
    await mailer.deliver(datetime.now(UTC) + timedelta(minutes=12))
    (second,) = kept.events.values()
    assert second[1:] == ("REQUEST", meeting.start + later)

    await services.meetings.advance(
        meeting.id, MeetingState.CANCELLED, by, datetime.now(UTC), "Bão"
    )
    await services.invitations.follow(datetime.now(UTC) + timedelta(minutes=13))
    await mailer.deliver(datetime.now(UTC) + timedelta(minutes=14))
    (third,) = kept.events.values()
    assert third[1] == "CANCEL"
    assert first[0] < second[0] < third[0]
    assert kept.mails == 3
