"""One seat's line, for the technician: figures, what is paused, and what limits it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from rooms.directory.accounts import AccountRole
from rooms.errors import RequestRefused
from rooms.health import SeatHealth
from rooms.meetings.meetings import Meeting
from rooms.records.dumps import Dump
from rooms.session.commands import SetLimits
from rooms.session.limits import LEAST_CEILING_KBPS, MOST_CEILING_KBPS
from rooms.session.model import LineLimits, Profile, SeatId
from web.auth import redirect, require, signed_in
from web.pages.common import CEILINGS, DUMPERS, OVERSEERS, meeting_of, reference
from web.pages.line_words import (
    PROFILES,
    QUALITIES,
    TROUBLES,
    WHY,
    held,
    translated,
    words,
)
from web.services import SERVICES
from web.views import Page, render

DUMP_MINUTES = (1, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLinePage(Page):
    template: ClassVar[str] = "site_line.html"
    place: ClassVar[str] = "health"
    meeting: Meeting
    reference: str
    seat: SeatHealth
    names: dict[str, str]  # of all seats
    troubles: dict[str, str]
    qualities: dict[str, str]
    profiles: dict[str, str]
    why: dict[str, str]
    held: str
    dumps_allowed: bool
    dumps: tuple[Dump, ...]  # of this seat; the newest first
    dump_minutes: tuple[int, ...]
    may_dump: bool
    may_fetch: bool
    ceilings: tuple[int, ...]
    line_words: dict[str, Any]


@require(*OVERSEERS)
async def show(request: web.Request) -> web.Response:
    services, account = request.app[SERVICES], signed_in(request)
    meeting = await meeting_of(request)
    health = services.health.snapshot(meeting.id, history=False)
    if health is None:
        raise web.HTTPSeeOther(f"/ky-thuat?cuoc-hop={reference(meeting)}")
    seat = next((s for s in health.seats if s.seat == request.match_info["seat"]), None)
    if seat is None:
        raise RequestRefused("not-found")
    page = SiteLinePage(
        meeting=meeting,
        reference=reference(meeting),
        seat=seat,
        names={other.seat: other.name for other in health.seats},
        troubles=translated(TROUBLES),
        qualities=translated(QUALITIES),
        profiles=translated(PROFILES),
        why=translated(WHY),
        held=held(seat),
        dumps_allowed=services.dumps.allowed,
        dumps=tuple(await services.dumps.of(meeting.id, seat.seat)),
        dump_minutes=DUMP_MINUTES,
        may_dump=account.role in DUMPERS,
        may_fetch=account.role is AccountRole.ADMINISTRATOR,
        ceilings=CEILINGS,
        line_words=words(),
    )
    return render(request, page)


def _ceiling(text: str) -> int | None:
    """Of a form: kbit/s, "" for none."""
    if not text:
        return None
    kbps = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not LEAST_CEILING_KBPS <= kbps <= MOST_CEILING_KBPS:
        raise web.HTTPBadRequest
    return kbps


def _limits(form: Mapping[str, Any], now: LineLimits) -> LineLimits:
    """What a form asks for; what it does not name stays."""
    try:
        profile = Profile(str(form.get("che-do", now.profile)))
    except ValueError:
        raise web.HTTPBadRequest from None
    down, up = now.max_down_kbps, now.max_up_kbps
    if "nhan" in form:
        down = _ceiling(str(form["nhan"]))
    if "gui" in form:
        up = _ceiling(str(form["gui"]))
    return LineLimits(profile=profile, max_down_kbps=down, max_up_kbps=up)


@require(*OVERSEERS)
async def limit(request: web.Request) -> web.Response:
    """The technician chooses what a seat's line is asked to carry."""
    form = await request.post()
    meeting = await meeting_of(request, str(form.get("cuoc-hop", "")))
    seat = SeatId(str(form.get("diem-cau", ""))[:64])
    live = request.app[SERVICES].live
    session = live.session(meeting.id)
    known = session.seats.get(seat) if session is not None else None
    limits = _limits(form, known.limits if known is not None else LineLimits())
    command = SetLimits(
        seat=seat,
        profile=limits.profile,
        max_down_kbps=limits.max_down_kbps,
        max_up_kbps=limits.max_up_kbps,
    )
    await live.oversee(meeting.id, command, SeatId(f"user:{signed_in(request).id}"))
    if "trang" in form:
        return redirect(f"/ky-thuat/{reference(meeting)}/{seat}")
    return redirect(f"/ky-thuat?cuoc-hop={reference(meeting)}")


@require(*DUMPERS)
async def dump(request: web.Request) -> web.Response:
    """Begin or end a packet dump of the seat's line."""
    form = await request.post()
    meeting = await meeting_of(request)
    seat = SeatId(request.match_info["seat"])
    dumps = request.app[SERVICES].dumps
    if form.get("viec") == "dung":
        await dumps.stop(meeting.id, seat, signed_in(request))
    else:
        minutes = next((m for m in DUMP_MINUTES if str(m) == form.get("phut")), None)
        if minutes is None:
            raise web.HTTPBadRequest
        await dumps.start(meeting.id, seat, 60 * minutes, signed_in(request))
    return redirect(f"/ky-thuat/{reference(meeting)}/{seat}#goi-tin")


ROUTES = [
    web.post("/ky-thuat/che-do", limit),
    web.get("/ky-thuat/{meeting}/{seat}", show),
    web.post("/ky-thuat/{meeting}/{seat}/goi-tin", dump),
]
