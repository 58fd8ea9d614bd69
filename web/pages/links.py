"""Personal links: the invited open them without an account, and other pages know them from then on.

The address of a link holds its token. Opening it puts the token into a cookie; the store decides at
every request whether it still opens the door, so that a revoked link is closed at once.
"""

from datetime import UTC, datetime

from aiohttp import web

from rooms.invitations.records import Recipient
from rooms.invitations.tokens import TOKEN
from rooms.meetings.meetings import Meeting
from rooms.meetings.seating import invited_seat, seat_for, site_seat
from rooms.session.model import Role, Seat
from web.auth import set_cookie
from web.services import SERVICES

LINK_COOKIE = "diemcau_links"
LINKS_KEPT = 6  # of different meetings, in one browser
_COOKIE_SECONDS = 60 * 24 * 3600


def _held(request: web.Request) -> list[str]:
    """The tokens this browser holds, the newest first."""
    cookie = request.cookies.get(LINK_COOKIE, "")
    return [token for token in cookie.split(".")[:LINKS_KEPT] if TOKEN.fullmatch(token)]


def holds_link(request: web.Request) -> bool:
    """Whether this browser ever opened a personal link; it may be closed by now."""
    return bool(_held(request))


async def recipient_of(request: web.Request, meeting: Meeting | None = None) -> Recipient | None:
    """Whose personal link this browser holds, to this meeting or, without one, to the newest."""
    recipients = request.app[SERVICES].recipients
    now = datetime.now(UTC)
    for token in _held(request):
        found = await recipients.by_token(token, now)
        if found is not None and (meeting is None or found.meeting_id == meeting.id):
            return found
    return None


def remember(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Keep a link that was opened."""
    held = [token, *(other for other in _held(request) if other != token)]
    set_cookie(request, response, LINK_COOKIE, ".".join(held[:LINKS_KEPT]), _COOKIE_SECONDS)


async def seat_by_link(request: web.Request, meeting: Meeting) -> Seat | None:
    """The seat that the link this browser holds leads to; None: no link, or none for a seat."""
    recipient = await recipient_of(request, meeting)
    return None if recipient is None else await seat_of_recipient(request, meeting, recipient)


async def seat_of_recipient(
    request: web.Request, meeting: Meeting, recipient: Recipient
) -> Seat | None:
    """Where the holder of a link sits: the site's seat, or a delegate's own.

    A link may be passed on, so it never leads to the seat of a chair, a secretary or a technician:
    they sign in.
    """
    services = request.app[SERVICES]
    if recipient.site_id is not None:
        seats = (site_seat(site) for site in meeting.sites if site.site_id == recipient.site_id)
        return next(seats, None)
    if recipient.person_id is None:
        return None
    person = await services.people.get(recipient.person_id)
    account = None
    if person is not None and person.account_id is not None:
        account = await services.accounts.by_id(person.account_id)
    own = seat_for(meeting, account) if account is not None and account.active else None
    if own is None:
        return invited_seat(recipient.id, recipient.name)
    return own if own.role in (Role.DELEGATE, Role.SITE) else None
