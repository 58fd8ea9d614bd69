"""Who attends at each site of a meeting, and how many: said site by site."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
from aiohttp import web

from rooms.errors import Invalid, RequestRefused
from rooms.meetings import lifecycle
from rooms.meetings.drafts import MAX_COMPOSITION_CHARS, DraftSite
from rooms.meetings.meetings import Meeting, Meetings
from web.auth import require, signed_in
from web.i18n import gettext
from web.pages.common import reference, visible_meeting
from web.pages.schedule_form import BAD_DELEGATES, number, text_of
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A site as typed."""

    site_id: int
    name: str
    composition: str
    delegates: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionPage(Page):
    template: ClassVar[str] = "composition.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    lines: tuple[Line, ...]
    total: int
    revision: int
    error: str


async def _editable(request: web.Request) -> Meeting:
    """
    Raises:
        RequestRefused: who may not change the meeting does not change this either.
    """
    meeting = await visible_meeting(request, signed_in(request))
    lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, signed_in(request)))
    return meeting


def _page(
    request: web.Request, meeting: Meeting, lines: tuple[Line, ...], revision: int, error: str = ""
) -> CompositionPage:
    return CompositionPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, signed_in(request), "composition"),
        lines=lines,
        total=sum(number(line.delegates) or 0 for line in lines),
        revision=revision,
        error=gettext(error) if error else "",
    )


@require()
async def show(request: web.Request) -> web.Response:
    meeting = await _editable(request)
    lines = tuple(
        Line(
            site_id=site.site_id,
            name=site.name,
            composition=site.composition,
            delegates="" if site.delegates is None else str(site.delegates),
        )
        for site in meeting.sites
    )
    return render(request, _page(request, meeting, lines, meeting.revision))


@require()
async def submit(request: web.Request) -> web.Response:
    meeting = await _editable(request)
    sent = await request.post()
    lines = tuple(
        Line(
            site_id=site.site_id,
            name=site.name,
            composition=text_of(sent, f"composition:{site.site_id}", MAX_COMPOSITION_CHARS + 1),
            delegates=text_of(sent, f"delegates:{site.site_id}"),
        )
        for site in meeting.sites
    )
    revision = number(text_of(sent, "revision")) or 0
    if any(line.delegates and number(line.delegates) is None for line in lines):
        return render(request, _page(request, meeting, lines, revision, BAD_DELEGATES), status=422)
    draft = msgspec.structs.replace(
        Meetings.draft_of(meeting),
        sites=tuple(
            DraftSite(
                site_id=line.site_id,
                composition=line.composition,
                delegates=number(line.delegates),
            )
            for line in lines
        ),
    )
    account, now = signed_in(request), datetime.now(UTC)
    try:
        await request.app[SERVICES].meetings.change(
            meeting.id, draft, account, now, revision=revision
        )
    except Invalid as invalid:
        error = next(iter(invalid.errors.values()))
        return render(request, _page(request, meeting, lines, revision, error), status=422)
    except RequestRefused as refused:
        return render(
            request, _page(request, meeting, lines, meeting.revision, refused.text), status=409
        )
    raise web.HTTPSeeOther(f"/cuoc-hop/{reference(meeting)}")


ROUTES = [
    web.get("/cuoc-hop/{meeting}/thanh-phan", show),
    web.post("/cuoc-hop/{meeting}/thanh-phan", submit),
]
