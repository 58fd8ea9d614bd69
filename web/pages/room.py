"""The device check and the meeting room: the frame their browser modules fill."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.meetings.records import OVER, UNPUBLISHED, WAITING
from rooms.meetings.seating import knocking_seat
from rooms.session.model import Seat
from web.auth import SIGN_IN, account_of
from web.formats import clock, long_date
from web.pages.common import CEILINGS, meeting_of, reference, seat_of
from web.pages.links import holds_link, seat_by_link
from web.services import SERVICES
from web.views import ASSETS, Page, render

LOOKED_AHEAD = timedelta(days=30)  # for the next meeting


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPage(Page):
    """`room.html`. `data` goes to the page's modules as JSON, beside the template's texts."""

    template: ClassVar[str] = "room.html"
    place: ClassVar[str] = "today"
    meeting: Meeting
    reference: str  # the meeting in addresses
    seat: Seat
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage(RoomPage):
    """`check.html`."""

    template: ClassVar[str] = "check.html"


def _data(request: web.Request, meeting: Meeting, seat: Seat) -> dict[str, Any]:
    """What the modules need: addresses, the meeting's outline, whose seat this is."""
    name = reference(meeting)
    return {
        "ws": "/ws",
        "icons": request.app[ASSETS].url("icons.svg"),
        "ceilings": CEILINGS,
        "hotline": request.app[SERVICES].settings.hotline,
        "meeting": {
            "id": meeting.id,
            "reference": name,
            "title": meeting.title,
            "start": meeting.start.timestamp(),
            "end": meeting.end.timestamp(),
            "chair": meeting.chair_name,
            "page": f"/cuoc-hop/{name}" + ("" if account_of(request) else "/loi-moi"),
            "check": f"/cuoc-hop/{name}/kiem-tra",
            "room": f"/cuoc-hop/{name}/phong",
        },
        "seat": {
            "id": seat.id,
            "name": seat.name,
            "shortName": seat.short_name,
            "role": seat.role,
            "onTiles": seat.on_tiles,
        },
    }


async def _seated(request: web.Request) -> tuple[Meeting, Seat]:
    """The meeting and the visitor's seat, by their sign-in or by the link they hold.

    Raises:
        HTTPSeeOther: to the sign-in page.
        RequestRefused: "not-found", "not-invited", "cancelled", "not-open".
    """
    account = account_of(request)
    if account is None and not holds_link(request):
        raise web.HTTPSeeOther(f"{SIGN_IN}?next={quote(request.path_qs, safe='/')}")
    meeting = await meeting_of(request)
    seat = seat_of(request, meeting, account) if account is not None else None
    seat = seat or await seat_by_link(request, meeting)
    if seat is None and account is not None:
        seat = knocking_seat(meeting, account)
    if seat is None:
        raise RequestRefused("not-invited")
    if meeting.state is MeetingState.CANCELLED:
        raise RequestRefused("cancelled")
    if meeting.state in (*UNPUBLISHED, MeetingState.POSTPONED):
        raise RequestRefused("not-open")
    return meeting, seat


async def show_check(request: web.Request) -> web.Response:
    meeting, seat = await _seated(request)
    page = CheckPage(
        meeting=meeting,
        reference=reference(meeting),
        seat=seat,
        data=_data(request, meeting, seat),
    )
    return render(request, page)


async def show_room(request: web.Request) -> web.Response:
    meeting, seat = await _seated(request)
    if meeting.state in OVER:
        end = "" if account_of(request) else "/loi-moi"
        raise web.HTTPSeeOther(f"/cuoc-hop/{reference(meeting)}{end}")
    page = RoomPage(
        meeting=meeting,
        reference=reference(meeting),
        seat=seat,
        data=_data(request, meeting, seat),
    )
    return render(request, page)


async def after(request: web.Request) -> web.Response:
    """What follows the meeting, for who was in it: when the conclusions are due, what is next."""
    meeting, _ = await _seated(request)
    now, account = datetime.now(UTC), account_of(request)
    rehearsed = meeting.state is not MeetingState.LIVE and meeting.state not in OVER
    due = await request.app[SERVICES].minutes.conclusions_due(now)
    found = await _next(request, meeting, account, now) if account is not None else None
    after = {"conclusions": "" if rehearsed else long_date(due), "next": found}
    return web.json_response(after, headers={"Cache-Control": "no-store"})


async def _next(
    request: web.Request, meeting: Meeting, account: Account, now: datetime
) -> dict[str, str] | None:
    """The next meeting with a seat for this account."""
    meetings = request.app[SERVICES].meetings
    for one in await meetings.between(now, now + LOOKED_AHEAD, account):
        seated = meetings.seat_for(one, account) is not None
        if one.id != meeting.id and one.state in WAITING and one.start > now and seated:
            when = f"{clock(one.start)}, {long_date(one.start)}"
            return {"title": one.title, "when": when, "page": f"/cuoc-hop/{reference(one)}"}
    return None


ROUTES = [
    web.get("/cuoc-hop/{meeting}/kiem-tra", show_check),
    web.get("/cuoc-hop/{meeting}/phong", show_room),
    web.get("/cuoc-hop/{meeting}/phong/sau-hop", after),
]
