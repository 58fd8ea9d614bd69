"""How far each invitation has come: from the recipient, their mails and their answer. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from rooms.answers.records import AnswerState, SiteAnswer
from rooms.invitations.records import Audience, Recipient, RecipientState
from rooms.mail import Mail, MailState


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    recipient: Recipient
    state: RecipientState
    mail: Mail | None  # the newest to them
    answer: SiteAnswer | None
    phone: str = ""

    @property
    def pending(self) -> bool:
        """Has not said whether they come."""
        return self.state not in (
            RecipientState.CONFIRMED,
            RecipientState.DECLINED,
            RecipientState.REMOVED,
        )


def standings(
    recipients: Iterable[Recipient], mails: Iterable[Mail], answers: Iterable[SiteAnswer]
) -> list[Standing]:
    """In the order of the recipients. `mails` has the newest first."""
    newest: dict[int, Mail] = {}
    for mail in mails:
        if mail.recipient_id is not None:
            newest.setdefault(mail.recipient_id, mail)
    by_site = {answer.site_id: answer for answer in answers}
    return [_standing(one, newest, by_site) for one in recipients]


def _standing(
    recipient: Recipient, mails: Mapping[int, Mail], answers: Mapping[int, SiteAnswer]
) -> Standing:
    mail = mails.get(recipient.id)
    answer = answers.get(recipient.site_id) if recipient.site_id is not None else None
    return Standing(
        recipient=recipient,
        state=state_of(recipient, mail, answer.state if answer else None),
        mail=mail,
        answer=answer,
        phone=answer.phone if answer else "",
    )


def state_of(recipient: Recipient, mail: Mail | None, answer: AnswerState | None) -> RecipientState:
    """The furthest an invitation has come. A site's own answer counts, whoever gave it."""
    if recipient.removed_at is not None:
        return RecipientState.REMOVED
    if answer is AnswerState.CONFIRMED or recipient.confirmed_at is not None:
        return RecipientState.CONFIRMED
    if answer is AnswerState.DECLINED or recipient.declined_at is not None:
        return RecipientState.DECLINED
    if recipient.opened_at is not None:
        return RecipientState.OPENED
    if not recipient.email:
        return RecipientState.NO_ADDRESS
    if mail is None or recipient.sent_at is None:
        return RecipientState.NEW
    return {
        MailState.QUEUED: RecipientState.QUEUED,
        MailState.SENT: RecipientState.SENT,
        MailState.FAILED: RecipientState.FAILED,
    }[mail.state]


def in_audience(standing: Standing, audience: Audience) -> bool:
    if standing.state is RecipientState.REMOVED:
        return False
    return audience is Audience.ALL or standing.pending
