"""The technician's page "Sức khỏe phòng họp": how every seat's line does, live."""

from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from rooms.health import MeetingHealth
from rooms.meetings.meetings import Meeting, MeetingState
from web.auth import require
from web.pages.common import OVERSEERS, meeting_of, reference
from web.pages.line_words import (
    PROFILES,
    QUALITIES,
    TROUBLES,
    held,
    pauses,
    translated,
    words,
)
from web.services import SERVICES
from web.views import Page, render

SEVERITY = {"lost": 0, "weak": 1, "good": 2, "absent": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A meeting in session, to choose from."""

    reference: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage(Page):
    template: ClassVar[str] = "health.html"
    place: ClassVar[str] = "health"
    choices: tuple[Choice, ...]
    meeting: Meeting | None
    health: MeetingHealth | None
    order: str  # "rank" | "worst"
    troubles: dict[str, str]
    qualities: dict[str, str]
    profiles: dict[str, str]
    held: dict[str, str]  # by seat: what limits its line
    pauses: dict[str, str]
    line_words: dict[str, Any]


def ordered(health: MeetingHealth, order: str) -> MeetingHealth:
    """Seats in protocol order, or the worst line first."""
    if order != "worst":
        return health
    seats = sorted(health.seats, key=lambda seat: (SEVERITY.get(seat.quality, 9), seat.rank))
    return MeetingHealth(
        meeting=health.meeting,
        title=health.title,
        now=health.now,
        recording_growing=health.recording_growing,
        recording_bytes=health.recording_bytes,
        seats=tuple(seats),
    )


async def _chosen(request: web.Request, live: list[Meeting]) -> Meeting | None:
    """The meeting in `?cuoc-hop=`, else the first in session."""
    asked = request.query.get("cuoc-hop")
    if asked:
        return await meeting_of(request, asked)
    return live[0] if live else None


@require(*OVERSEERS)
async def show(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    live = await services.meetings.in_state(MeetingState.LIVE)
    meeting = await _chosen(request, live)
    order = "worst" if request.query.get("xep") == "xau-nhat" else "rank"
    health = services.health.snapshot(meeting.id, history=False) if meeting else None
    seats = health.seats if health else ()
    page = HealthPage(
        choices=tuple(
            Choice(
                reference=reference(choice),
                title=choice.title,
                chosen=meeting is not None and choice.id == meeting.id,
            )
            for choice in live
        ),
        meeting=meeting,
        health=ordered(health, order) if health else None,
        order=order,
        troubles=translated(TROUBLES),
        qualities=translated(QUALITIES),
        profiles=translated(PROFILES),
        held={seat.seat: held(seat) for seat in seats},
        pauses={seat.seat: pauses(seat) for seat in seats},
        line_words=words(),
    )
    return render(request, page)


ROUTES = [web.get("/ky-thuat", show)]
