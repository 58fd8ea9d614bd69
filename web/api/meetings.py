"""Meetings of the REST API: list, one, its lines' health, and scheduling."""

from datetime import UTC, date, datetime, time, timedelta

import msgspec
from aiohttp import web

from rooms.meetings.drafts import AgendaItem, MeetingDraft
from web.api.resources import (
    MeetingList,
    NewMeeting,
    meeting_detail,
    meeting_resource,
)
from web.auth import require, signed_in
from web.errors import problem
from web.formats import ZONE, local
from web.i18n import gettext, mark
from web.pages.common import (
    OVERSEERS,
    SCHEDULERS,
    meeting_of,
    midnight,
    session_of,
    visible_meeting,
)
from web.pages.meeting import describe_sites
from web.pages.schedule import AgendaRow, row_starts
from web.services import SERVICES

MAX_DAYS = 366


def json_response(value: object, status: int = 200) -> web.Response:
    response = web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _span(request: web.Request) -> tuple[date, date] | None:
    """Days in `?from=` and `?to=`, the last included; None when they make no sense."""
    today = local(datetime.now(UTC)).date()
    try:
        first = date.fromisoformat(request.query.get("from", today.isoformat()))
        last = date.fromisoformat(request.query.get("to", (first + timedelta(days=7)).isoformat()))
    except (ValueError, OverflowError):
        return None
    sane = 1900 < first.year < 9000 and first <= last and (last - first).days <= MAX_DAYS
    return (first, last) if sane else None


@require()
async def index(request: web.Request) -> web.Response:
    span = _span(request)
    if span is None:
        return problem(400, "bad-span", gettext(mark("Khoảng ngày không hợp lệ.")))
    meetings = await request.app[SERVICES].meetings.between(
        midnight(span[0]), midnight(span[1] + timedelta(days=1)), signed_in(request)
    )
    return json_response(MeetingList(meetings=tuple(meeting_resource(m) for m in meetings)))


@require()
async def show(request: web.Request) -> web.Response:
    meeting = await visible_meeting(request, signed_in(request))
    health = request.app[SERVICES].health.snapshot(meeting.id, history=False)
    sites = describe_sites(meeting, session_of(request, meeting), health)
    return json_response(meeting_detail(meeting, sites))


@require(*OVERSEERS)
async def health(request: web.Request) -> web.Response:
    meeting = await meeting_of(request)
    snapshot = request.app[SERVICES].health.snapshot(meeting.id)
    if snapshot is None:
        return problem(404, "not-live", gettext(mark("Cuộc họp này chưa mở hoặc đã kết thúc")))
    return json_response(snapshot)


def to_draft(new: NewMeeting) -> MeetingDraft:
    """The draft the service checks; times without an offset are local."""
    start, end = (at if at.tzinfo else at.replace(tzinfo=ZONE) for at in (new.start, new.end))
    rows = tuple(
        AgendaRow(title=item.title, minutes=str(item.minutes or "")) for item in new.agenda
    )
    begins = row_starts(rows, time(local(start).hour, local(start).minute))
    agenda = tuple(
        AgendaItem(
            position=position,
            title=item.title,
            start=at,
            presenter=item.presenter,
            minutes=item.minutes,
        )
        for position, (item, at) in enumerate(zip(new.agenda, begins, strict=True), start=1)
    )
    return MeetingDraft(
        title=new.title,
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        host_unit_id=new.host_unit_id,
        chair_id=new.chair_id,
        site_ids=new.site_ids,
        agenda=agenda,
        secrecy=new.secrecy,
        notes=new.notes,
    )


@require(*SCHEDULERS)
async def create(request: web.Request) -> web.Response:
    if request.content_type != "application/json":
        return problem(415, "not-json", gettext(mark("Yêu cầu phải là JSON.")))
    try:
        draft = to_draft(msgspec.json.decode(await request.read(), type=NewMeeting))
    except (msgspec.DecodeError, OverflowError, ValueError) as error:
        return problem(400, "malformed", f"{gettext(mark('JSON không hợp lệ.'))} {error}")
    services = request.app[SERVICES]
    meeting = await services.meetings.schedule(draft, signed_in(request), datetime.now(UTC))
    response = json_response(meeting_detail(meeting, describe_sites(meeting, None, None)), 201)
    response.headers["Location"] = f"/api/v1/meetings/{meeting.id}"
    return response


ROUTES = [
    web.get("/api/v1/meetings", index),
    web.post("/api/v1/meetings", create),
    web.get("/api/v1/meetings/{meeting}", show),
    web.get("/api/v1/meetings/{meeting}/health", health),
]
