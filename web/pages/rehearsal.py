"""The technician's page of a test run: every site, what it passed, by measurement or by word."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.meetings.meetings import InvitedSite, Meeting, MeetingState
from rooms.rehearsals.checks import Point, SiteChecks, Standing, standing
from rooms.session.model import site_of
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark
from web.pages.answer_form import number
from web.pages.common import OVERSEERS, meeting_of, reference, visible_meeting
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render

POINTS = {
    Point.PICTURE: mark("Hình"),
    Point.SOUND_OUT: mark("Tiếng gửi đi"),
    Point.SOUND_IN: mark("Tiếng nhận về"),
    Point.LINE: mark("Đường truyền"),
    Point.DOCUMENT: mark("Xem tài liệu"),
}
WORDS = {"dat": True, "khong-dat": False, "bo": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    number: int
    site: InvitedSite
    checks: SiteChecks
    state: str  # of its line now


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPage(Page):
    template: ClassVar[str] = "rehearsal.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    points: Mapping[str, str]
    rows: tuple[SiteRow, ...]
    standing: Standing
    running: bool  # a test run, or the meeting itself: sites are measured
    missing: bool  # only sites that have not passed are shown
    editable: bool


async def checks_of(request: web.Request, meeting: Meeting, account: Account) -> Standing | None:
    """How the sites stand, for those who watch over the meeting."""
    if account.role not in OVERSEERS:
        return None
    checks = await request.app[SERVICES].rehearsals.of_meeting(meeting.id)
    return standing((site.site_id for site in meeting.sites), checks)


def _states(request: web.Request, meeting: Meeting) -> dict[int, str]:
    """How the lines of the sites do now: "present", "weak", "lost"; others are absent."""
    health = request.app[SERVICES].health.snapshot(meeting.id, history=False)
    seats = health.seats if health is not None else ()
    return {
        site: "present" if seat.quality == "good" else seat.quality
        for seat in seats
        if (site := site_of(seat.seat)) is not None
    }


@require(*OVERSEERS)
async def show(request: web.Request) -> web.Response:
    meeting = await visible_meeting(request, signed_in(request))
    checks = await request.app[SERVICES].rehearsals.of_meeting(meeting.id)
    states = _states(request, meeting)
    missing = request.query.get("loc") == "chua-dat"
    rows = [
        SiteRow(
            number=place,
            site=site,
            checks=checks.get(site.site_id, SiteChecks(site_id=site.site_id)),
            state=states.get(site.site_id, "absent"),
        )
        for place, site in enumerate(meeting.sites, start=1)
    ]
    page = RehearsalPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, signed_in(request), "rehearsal"),
        points={point.value: gettext(name) for point, name in POINTS.items()},
        rows=tuple(row for row in rows if not (missing and row.checks.passed)),
        standing=standing((site.site_id for site in meeting.sites), checks),
        running=meeting.state is MeetingState.REHEARSAL,
        missing=missing,
        editable=meeting.state is not MeetingState.ARCHIVED,
    )
    return render(request, page)


@require(*OVERSEERS)
async def change(request: web.Request) -> web.Response:
    """A word on one check of a site ("picture:dat"), or its devices and the note."""
    meeting = await meeting_of(request)
    site = int(request.match_info["site"])
    if all(invited.site_id != site for invited in meeting.sites):
        raise RequestRefused("not-found")
    if meeting.state is MeetingState.ARCHIVED:
        raise RequestRefused("wrong-state")
    form = await request.post()
    desk = request.app[SERVICES].rehearsals
    if "muc" in form:
        point, passed = _word(str(form["muc"]))
        await desk.tick(meeting.id, site, point, passed, datetime.now(UTC))
    else:
        await desk.describe(
            meeting.id, site, number(str(form.get("so-may", ""))), str(form.get("ghi-chu", ""))
        )
    only = "?loc=chua-dat" if form.get("loc") == "chua-dat" else ""
    return redirect(f"/cuoc-hop/{reference(meeting)}/chay-thu{only}#dc-{site}")


def _word(text: str) -> tuple[Point, bool | None]:
    point, _, word = text.partition(":")
    try:
        return Point(point), WORDS[word]
    except (ValueError, KeyError):
        raise RequestRefused("invalid") from None


ROUTES = [
    web.get("/cuoc-hop/{meeting}/chay-thu", show),
    web.post(r"/cuoc-hop/{meeting}/chay-thu/{site:\d{1,9}}", change),
]
