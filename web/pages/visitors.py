"""Who visits the pages of a meeting: somebody signed in, or the holder of a personal link."""

from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from rooms.answers.records import Actor
from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.meetings.lifecycle import published
from rooms.meetings.meetings import Meeting
from web.auth import SIGN_IN, account_of
from web.pages.common import may_see, meeting_of
from web.pages.links import holds_link, recipient_of
from web.services import SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    actor: Actor
    account: Account | None  # None: came by a personal link
    invited: bool  # to the meeting itself, or works for it


async def visitor_of(request: web.Request) -> tuple[Visitor, Meeting]:
    """The visitor and the meeting of the address.

    Whoever is neither invited nor above an invited site is told that there is nothing.

    Raises:
        HTTPSeeOther: to the sign-in page.
        RequestRefused: "not-found".
    """
    account = account_of(request)
    if account is None:
        return await _by_link(request)
    meeting = await meeting_of(request)
    actor = await request.app[SERVICES].answers.actor(meeting.id, account)
    invited = actor.watches or may_see(request, meeting, account)
    below = actor.sites & {site.site_id for site in meeting.sites}
    if not invited and not (below and published(meeting.state)):
        raise RequestRefused("not-found")
    return Visitor(actor=actor, account=account, invited=invited), meeting


async def _by_link(request: web.Request) -> tuple[Visitor, Meeting]:
    if not holds_link(request):
        back = request.path_qs if request.method == "GET" else "/"
        raise web.HTTPSeeOther(f"{SIGN_IN}?next={quote(back, safe='/')}")
    meeting = await meeting_of(request)
    recipient = await recipient_of(request, meeting)
    if recipient is None or not published(meeting.state):
        raise RequestRefused("not-found")
    actor = await request.app[SERVICES].answers.link_actor(recipient.id)
    return Visitor(actor=actor, account=None, invited=True), meeting
