"""One meeting: when, who, which sites are connected, the agenda, the recordings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from rooms.documents.records import Document
from rooms.health import MeetingHealth
from rooms.meetings.drafts import KIND_NAMES, Duty
from rooms.meetings.lifecycle import may_edit, relation
from rooms.meetings.meetings import InvitedSite, Meeting, MeetingState
from rooms.meetings.records import StaffMember
from rooms.records.recordings import RecordingInfo
from rooms.rehearsals.checks import Standing
from rooms.session.model import Seat, SeatId, Session, site_of
from web.auth import require, signed_in
from web.formats import wait
from web.i18n import gettext, mark
from web.pages.common import OVERSEERS, SCHEDULERS, reference, seat_of, session_of, visible_meeting
from web.pages.document_readers import shown_to
from web.pages.rehearsal import checks_of
from web.pages.steps import CourseMark, StepButton, buttons, course
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render

LEFT = (MeetingState.POSTPONED, MeetingState.CANCELLED)
DUTY_TITLES = {
    Duty.CHAIR: mark("Đồng chủ trì"),
    Duty.SECRETARY: mark("Thư ký"),
    Duty.TECHNICIAN: mark("Trực kỹ thuật"),
}


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
    documents: tuple[Document, ...]
    live: bool
    began: bool
    count: str
    unit: str
    kind: str
    duties: tuple[tuple[str, str], ...]  # name of the duty, who
    course: tuple[CourseMark, ...]
    steps: tuple[StepButton, ...]
    may_edit: bool
    may_copy: bool
    checks: Standing | None  # of the sites before the meeting; None: not for this account
    left_note: str  # why it was postponed or cancelled
    asked: str  # a step that lacks its reason
    template_said: str


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


def duties(meeting: Meeting) -> tuple[tuple[str, str], ...]:
    """Who is on duty, duty by duty."""
    found = []
    for duty, name in DUTY_TITLES.items():
        people = [_titled(member) for member in meeting.on_duty(duty)]
        if people:
            found.append((gettext(name), "; ".join(people)))
    return tuple(found)


def _titled(member: StaffMember) -> str:
    return f"{member.name}, {member.position}" if member.position else member.name


def describe_guests(session: Session | None) -> tuple[Guest, ...]:
    """Persons in the room, in protocol order."""
    if session is None:
        return ()
    present = [seat for seat in session.seats.values() if seat.present and site_of(seat.id) is None]
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
    taken = await services.revisions.taken(meeting.id)
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
        documents=await shown_to(request, meeting, account),
        live=meeting.state is MeetingState.LIVE,
        began=began,
        count=count,
        unit=unit,
        kind=gettext(KIND_NAMES[meeting.kind]),
        duties=duties(meeting),
        course=course(meeting.state) if account.role in OVERSEERS else (),
        steps=buttons(meeting, account, taken),
        may_edit=may_edit(meeting.state, relation(meeting, account)),
        may_copy=account.role in SCHEDULERS,
        checks=await checks_of(request, meeting, account),
        left_note=taken[-1].note if taken and meeting.state in LEFT else "",
        asked=request.query.get("can-ly-do", ""),
        template_said=request.query.get("mau", ""),
    )
    return render(request, page)


ROUTES = [web.get("/cuoc-hop/{meeting}", show)]
