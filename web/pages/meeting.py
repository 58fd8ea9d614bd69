"""One meeting: when, who, which sites are connected, the agenda, the recordings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from rooms.health import MeetingHealth
from rooms.meetings.meetings import InvitedSite, Meeting, MeetingState
from rooms.records.recordings import RecordingInfo
from rooms.session.model import Seat, SeatId, Session
from web.auth import require, signed_in
from web.formats import wait
from web.pages.common import reference, seat_of, session_of, visible_meeting
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLine:
    number: int  # in protocol order, from 1
    site: InvitedSite
    presides: bool
    state: str  # "present" | "weak" | "lost" | "absent"
    since: float | None  # UTC epoch seconds of the present stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody in the room who sits at no invited site."""

    name: str  # with the position
    role: str  # of `rooms.session.model.Role`


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingPage(Page):
    template: ClassVar[str] = "meeting.html"
    place: ClassVar[str] = "today"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    seat: Seat | None
    sites: tuple[SiteLine, ...]
    connected: int
    guests: tuple[Guest, ...]
    recordings: tuple[RecordingInfo, ...]
    live: bool
    began: bool
    count: str
    unit: str


def site_state(seat: Seat | None, quality: str | None) -> str:
    """How a site's line stands, from its seat and the health board's word."""
    if seat is None or not seat.present:
        return "lost" if quality == "lost" else "absent"
    return quality if quality in ("weak", "lost") else "present"


def describe_sites(
    meeting: Meeting, session: Session | None, health: MeetingHealth | None
) -> tuple[SiteLine, ...]:
    """The invited sites in protocol order with their present state."""
    quality = {seat.seat: seat.quality for seat in health.seats} if health else {}
    seats = session.seats if session else {}
    lines = []
    for number, site in enumerate(meeting.sites, start=1):
        seat_id = SeatId(f"site:{site.site_id}")
        seat = seats.get(seat_id)
        lines.append(
            SiteLine(
                number=number,
                site=site,
                presides=site.site_id == meeting.chair_site_id,
                state=site_state(seat, quality.get(seat_id)),
                since=seat.since if seat and seat.present else None,
            )
        )
    return tuple(lines)


def describe_guests(session: Session | None) -> tuple[Guest, ...]:
    """Persons in the room, in protocol order."""
    if session is None:
        return ()
    present = [
        seat for id, seat in session.seats.items() if seat.present and not id.startswith("site:")
    ]
    present.sort(key=lambda seat: seat.rank)
    return tuple(Guest(name=seat.person or seat.name, role=seat.role) for seat in present)


@require()
async def show(request: web.Request) -> web.Response:
    account = signed_in(request)
    services = request.app[SERVICES]
    meeting = await visible_meeting(request, account)
    now = datetime.now(UTC)
    session = session_of(request, meeting)
    sites = describe_sites(meeting, session, services.health.snapshot(meeting.id, history=False))
    began = meeting.start <= now
    count, unit = wait(now - meeting.start if began else meeting.start - now)
    page = MeetingPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, "overview"),
        seat=seat_of(request, meeting, account),
        sites=sites,
        connected=sum(line.since is not None for line in sites),
        guests=describe_guests(session),
        recordings=tuple(await services.recordings.of_meeting(meeting.id)),
        live=meeting.state is MeetingState.LIVE,
        began=began,
        count=count,
        unit=unit,
    )
    return render(request, page)


ROUTES = [web.get("/cuoc-hop/{meeting}", show)]
