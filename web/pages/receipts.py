"""The receipts of a secret vote: each voter finds the own paper among those that were counted."""

from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.errors import RequestRefused
from rooms.meetings.meetings import Meeting
from rooms.session.model import Vote
from web.auth import require, signed_in
from web.pages.common import reference, visible_meeting
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsPage(Page):
    template: ClassVar[str] = "receipts.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    vote: Vote
    receipts: tuple[str, ...]
    cast: int  # ballots the log says were cast
    counted: int | None  # ballots in the box, as published


@require()
async def show(request: web.Request) -> web.Response:
    """For everybody who sees the meeting, once the vote is published."""
    services, account = request.app[SERVICES], signed_in(request)
    meeting = await visible_meeting(request, account)
    number = int(request.match_info["vote"])
    vote = await services.minutes.vote(meeting, number)
    if vote is None or not vote.secret or not vote.published:
        raise RequestRefused("not-found")
    page = ReceiptsPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, ""),
        vote=vote,
        receipts=tuple(await services.minutes.receipts(meeting, number)),
        cast=sum(vote.voted.values()),
        counted=None if vote.tally is None else sum(vote.tally),
    )
    return render(request, page)


ROUTES = [web.get(r"/cuoc-hop/{meeting}/bien-nhan/{vote:\d{1,9}}", show)]
