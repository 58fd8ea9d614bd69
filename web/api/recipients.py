"""Recipients of invitations over the API: who is invited, what was mailed, what became of it."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.errors import RequestRefused
from rooms.invitations.records import Audience, RecipientState, Reminder
from rooms.invitations.standing import Standing
from rooms.mail import Mail, MailState
from rooms.meetings.meetings import Meeting
from web.api.framework import Body, Call, Created, Id, Listing, Resource, Resources
from web.pages.common import SCHEDULERS, meeting_of
from web.pages.letter import base_url

Hours = Annotated[int, Meta(ge=1, le=720)]

api = Resources("recipients")


class RecipientResource(Resource, frozen=True, kw_only=True):
    id: int
    site_id: int | None
    person_id: int | None
    name: str
    email: str
    state: RecipientState
    sent_at: datetime | None
    opened_at: datetime | None
    confirmed_at: datetime | None
    declined_at: datetime | None
    link_expires: datetime | None
    revoked_at: datetime | None


class NewRecipient(Body, frozen=True, kw_only=True):
    person_id: Id


class SendBody(Body, frozen=True, kw_only=True):
    """`recipients`: these alone, again if need be; without it all who have not been sent to."""

    recipients: tuple[Id, ...] | None = None


class SentResource(Resource, frozen=True, kw_only=True):
    queued: int


class ReminderBody(Body, frozen=True, kw_only=True):
    audience: Audience = Audience.PENDING


class ReminderItem(Body, frozen=True, kw_only=True):
    hours_before: Hours
    audience: Audience = Audience.PENDING


class RemindersBody(Body, frozen=True, kw_only=True):
    reminders: tuple[ReminderItem, ...]


class ReminderResource(Resource, frozen=True, kw_only=True):
    id: int
    hours_before: int
    audience: Audience
    done_at: datetime | None
    count: int


class MailResource(Resource, frozen=True, kw_only=True):
    id: int
    recipient_id: int | None
    kind: str
    to: str
    subject: str
    state: MailState
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    error: str


def _recipient(standing: Standing) -> RecipientResource:
    one = standing.recipient
    return RecipientResource(
        id=one.id,
        site_id=one.site_id,
        person_id=one.person_id,
        name=one.name,
        email=one.email,
        state=standing.state,
        sent_at=one.sent_at,
        opened_at=one.opened_at,
        confirmed_at=one.confirmed_at,
        declined_at=one.declined_at,
        link_expires=one.link_expires,
        revoked_at=one.revoked_at,
    )


def _reminder(reminder: Reminder) -> ReminderResource:
    return ReminderResource(
        id=reminder.id,
        hours_before=reminder.hours_before,
        audience=reminder.audience,
        done_at=reminder.done_at,
        count=reminder.count,
    )


def _mail(mail: Mail) -> MailResource:
    fields = {name: getattr(mail, name) for name in MailResource.__struct_fields__}
    return MailResource(**fields)


@api.get(
    "/meetings/{meeting}/recipients",
    "Recipients and how far their invitations have come",
    scope=Scope.INVITATIONS_READ,
    roles=SCHEDULERS,
)
async def recipients(call: Call[None, None]) -> Listing[RecipientResource]:
    meeting = await meeting_of(call.request)
    await call.services.recipients.sync(meeting.id, call.now)
    found = await call.services.invitations.standings(meeting.id)
    return call.part([_recipient(standing) for standing in found])


@api.post(
    "/meetings/{meeting}/recipients",
    "Invite a person by name",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def add_recipient(call: Call[None, NewRecipient]) -> Created[RecipientResource]:
    meeting = await meeting_of(call.request)
    one = await call.services.recipients.add_person(meeting.id, call.body.person_id, call.now)
    found = await _standing(call, meeting, one)
    return Created(_recipient(found), f"/meetings/{meeting.id}/recipients/{one}")


@api.get(
    "/meetings/{meeting}/recipients/{recipient:int}",
    "One recipient",
    scope=Scope.INVITATIONS_READ,
    roles=SCHEDULERS,
)
async def recipient(call: Call[None, None]) -> RecipientResource:
    meeting = await meeting_of(call.request)
    return _recipient(await _standing(call, meeting, call.number("recipient")))


@api.delete(
    "/meetings/{meeting}/recipients/{recipient:int}",
    "Take a person off the list",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def remove_recipient(call: Call[None, None]) -> None:
    meeting = await meeting_of(call.request)
    await call.services.recipients.remove_person(meeting.id, call.number("recipient"), call.now)


@api.post(
    "/meetings/{meeting}/recipients/{recipient:int}/revoke",
    "Close the personal link",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def revoke(call: Call[None, None]) -> RecipientResource:
    meeting, one = await meeting_of(call.request), call.number("recipient")
    await call.services.recipients.revoke(meeting.id, one, call.now)
    return _recipient(await _standing(call, meeting, one))


@api.post(
    "/meetings/{meeting}/recipients/{recipient:int}/renew",
    "Make a new personal link",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def renew(call: Call[None, None]) -> RecipientResource:
    meeting, one = await meeting_of(call.request), call.number("recipient")
    await call.services.recipients.renew(meeting.id, one)
    return _recipient(await _standing(call, meeting, one))


async def _standing(call: Call[Any, Any], meeting: Meeting, one: int) -> Standing:
    for standing in await call.services.invitations.standings(meeting.id):
        if standing.recipient.id == one:
            return standing
    raise RequestRefused("not-found")


@api.post(
    "/meetings/{meeting}/invitations",
    "Mail the invitation",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def send(call: Call[None, SendBody]) -> SentResource:
    meeting = await meeting_of(call.request)
    only = set(call.body.recipients) if call.body.recipients is not None else None
    result = await call.services.invitations.send(
        meeting.id, call.account, call.now, base_url(call.request), only=only
    )
    return SentResource(queued=result.sent)


@api.post(
    "/meetings/{meeting}/reminders/send",
    "Remind those who have not answered, or all",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def remind(call: Call[None, ReminderBody]) -> SentResource:
    meeting = await meeting_of(call.request)
    queued = await call.services.invitations.remind(
        meeting.id, call.account, call.now, call.body.audience
    )
    return SentResource(queued=queued)


@api.get(
    "/meetings/{meeting}/reminders",
    "Reminders that go out by themselves",
    scope=Scope.INVITATIONS_READ,
    roles=SCHEDULERS,
)
async def reminders(call: Call[None, None]) -> Listing[ReminderResource]:
    meeting = await meeting_of(call.request)
    found = await call.services.invitations.letters.reminders(meeting.id)
    return call.part([_reminder(one) for one in found])


@api.put(
    "/meetings/{meeting}/reminders",
    "Replace the reminders that have not gone out",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
    guarded=False,
)
async def set_reminders(call: Call[None, RemindersBody]) -> Listing[ReminderResource]:
    meeting, letters = await meeting_of(call.request), call.services.invitations.letters
    await call.services.invitations.stored_letter(meeting)
    wanted = [(one.hours_before, one.audience) for one in call.body.reminders]
    await letters.set_reminders(meeting.id, wanted, call.account)
    return call.part([_reminder(one) for one in await letters.reminders(meeting.id)])


@api.get(
    "/meetings/{meeting}/mails",
    "What was mailed about a meeting, the newest first",
    scope=Scope.INVITATIONS_READ,
    roles=SCHEDULERS,
)
async def mails(call: Call[None, None]) -> Listing[MailResource]:
    meeting = await meeting_of(call.request)
    found = await call.services.mail.of_meeting(meeting.id)
    return call.part([_mail(mail) for mail in found])
