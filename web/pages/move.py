"""Another time for a meeting: what it would do is shown before it is saved.

Dragging in the calendar ends here as well, so there is one way to change a time, and it works
without scripts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from aiohttp import web

from rooms.dates.days import DayKind
from rooms.dates.hours import OfficeHours
from rooms.errors import Invalid, RequestRefused
from rooms.meetings import lifecycle
from rooms.meetings.conflicts import Outlook
from rooms.meetings.meetings import Meeting, MeetingState, moved
from rooms.meetings.saving import draft_of
from web.auth import require, signed_in
from web.formats import ZONE, clock, local, short_date
from web.i18n import gettext, mark
from web.pages.calendar_days import PARTS
from web.pages.common import reference, visible_meeting
from web.pages.consequences import Consequence, Told, consequences, span
from web.pages.schedule_form import BAD_DATE, BAD_TIME, parse_day, parse_time
from web.services import SERVICES, Services
from web.views import Page, render

EVENING_START = time(19)
MAX_NOTE = 500
NEEDS_REASON = mark("Còn trùng lịch: muốn giữ giờ này thì ghi rõ lý do.")
SAME_TIME = mark("Thời gian này chính là thời gian hiện nay của cuộc họp.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveValues:
    """The form as typed."""

    day: str
    start: str
    end: str
    note: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTime:
    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePage(Page):
    template: ClassVar[str] = "calendar/move.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    values: MoveValues
    errors: dict[str, str]
    before: str
    after: str  # "" as long as the times cannot be read, or are those of now
    found: tuple[Consequence, ...]
    free: tuple[FreeTime, ...]
    blocked: bool  # saving asks for a reason


def _length(meeting: Meeting) -> timedelta:
    return meeting.end - meeting.start


def proposed(query: Mapping[str, str], meeting: Meeting, hours: OfficeHours) -> MoveValues:
    """The form as the address asks for it: a day, an hour, a part of the day (`buoi`)."""
    start = local(meeting.start)
    day = parse_day(query.get("ngay", "")) or start.date()
    at = parse_time(query.get("gio", "")) or _part_start(query.get("buoi"), start.time(), hours)
    end = datetime.combine(day, at) + _length(meeting)
    return MoveValues(
        day=short_date(day),
        start=f"{at:%H:%M}",
        end=f"{end:%H:%M}",
        revision=str(meeting.revision),
    )


def _part_start(part: str | None, now: time, hours: OfficeHours) -> time:
    """The time as it is when it is of that part, else when the part begins."""
    starts = {"sang": hours.morning_start, "chieu": hours.afternoon_start, "toi": EVENING_START}
    current = PARTS[0] if now.hour < 12 else PARTS[1] if now.hour < 18 else PARTS[2]
    return now if part not in starts or part == current else starts[part]


def times(values: MoveValues) -> tuple[datetime | None, datetime | None, dict[str, str]]:
    """The new start and end, and what could not be read. An end before the start is next day."""
    day, start, end = parse_day(values.day), parse_time(values.start), parse_time(values.end)
    errors = {}
    if day is None:
        errors["day"] = BAD_DATE
    if start is None:
        errors["start"] = BAD_TIME
    if end is None:
        errors["end"] = BAD_TIME
    if day is None or start is None or end is None:
        return None, None, errors
    begins = datetime.combine(day, start, ZONE)
    ends = datetime.combine(day, end, ZONE)
    if ends <= begins:
        ends += timedelta(days=1)
    return begins.astimezone(UTC), ends.astimezone(UTC), {}


async def _told(services: Services, meeting: Meeting) -> Told:
    recipients = await services.recipients.of_meeting(meeting.id)
    totals = await services.answers.totals(meeting.id)
    letters = sum(r.sent_at is not None and r.removed_at is None for r in recipients)
    return Told(letters=letters, confirmed=totals.confirmed)


async def _outlook(
    services: Services, meeting: Meeting, start: datetime, end: datetime, now: datetime
) -> tuple[Outlook, tuple[Consequence, ...]]:
    day = local(start).date()
    draft = moved(draft_of(meeting), start, end)
    outlook = await services.planner.outlook(draft, now, besides=[meeting.id])
    hours = await services.dates.hours_on(day, meeting.host_unit_id)
    names = {
        entry.day: gettext(entry.name)
        for entry in await services.dates.days([day.year])
        if entry.kind is DayKind.HOLIDAY
    }
    told = await _told(services, meeting)
    return outlook, consequences(meeting, outlook, told, hours, names.get(day, ""))


async def _page(
    services: Services,
    meeting: Meeting,
    values: MoveValues,
    now: datetime,
    errors: Mapping[str, str] | None = None,
) -> MovePage:
    start, end, unreadable = times(values)
    known = {**unreadable, **(errors or {})}
    same = (start, end) == (meeting.start, meeting.end)
    outlook, found = Outlook(), tuple[Consequence, ...]()
    if start is not None and end is not None and not same:
        outlook, found = await _outlook(services, meeting, start, end, now)
    return MovePage(
        meeting=meeting,
        reference=reference(meeting),
        values=values,
        errors={field: gettext(text) for field, text in known.items()},
        before=span(meeting.start, meeting.end),
        after=span(start, end) if start and end and not same else "",
        found=found,
        free=tuple(_free(meeting, *pair) for pair in outlook.free if pair[0] != meeting.start),
        blocked=outlook.blocked,
    )


def _free(meeting: Meeting, start: datetime, end: datetime) -> FreeTime:
    query = urlencode({"ngay": local(start).date().isoformat(), "gio": clock(start)})
    return FreeTime(text=span(start, end), href=f"/cuoc-hop/{reference(meeting)}/doi-lich?{query}")


async def _movable(request: web.Request) -> Meeting:
    """The meeting of the address, when its time may be changed.

    Raises:
        RequestRefused: "not-found", "not-allowed", "wrong-state".
    """
    account = signed_in(request)
    meeting = await visible_meeting(request, account)
    lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, account))
    if meeting.state is MeetingState.LIVE:
        raise RequestRefused("wrong-state")
    return meeting


@require()
async def show(request: web.Request) -> web.Response:
    services, now = request.app[SERVICES], datetime.now(UTC)
    meeting = await _movable(request)
    day = parse_day(request.query.get("ngay", "")) or local(meeting.start).date()
    hours = await services.dates.hours_on(day, meeting.host_unit_id)
    values = proposed(request.query, meeting, hours)
    return render(request, await _page(services, meeting, values, now))


@require()
async def submit(request: web.Request) -> web.Response:
    services, now = request.app[SERVICES], datetime.now(UTC)
    meeting = await _movable(request)
    form = await request.post()
    fields = {
        name: str(form.get(name, ""))[:MAX_NOTE].strip()
        for name in ("day", "start", "end", "note", "revision")
    }
    values = MoveValues(**fields)
    if form.get("action") != "save":
        return render(request, await _page(services, meeting, values, now))
    try:
        saved = await _save(request, meeting, values, now)
    except Invalid as invalid:
        page = await _page(services, meeting, values, now, invalid.errors)
        return render(request, page, status=422)
    query = urlencode({"ngay": local(saved.start).date().isoformat(), "da-doi": saved.id})
    raise web.HTTPSeeOther(f"/cuoc-hop?{query}#d{local(saved.start).date().isoformat()}")


async def _save(
    request: web.Request, meeting: Meeting, values: MoveValues, now: datetime
) -> Meeting:
    """Raises `Invalid` with a text for each field at fault."""
    start, end, errors = times(values)
    if start is None or end is None:
        raise Invalid(errors)
    if (start, end) == (meeting.start, meeting.end):
        raise Invalid({"day": SAME_TIME})
    revision = int(values.revision) if values.revision.isdecimal() else 0
    try:
        return await request.app[SERVICES].meetings.move(
            meeting.id,
            start,
            end,
            signed_in(request),
            now,
            revision=revision,
            note=values.note,
            accept_clashes=bool(values.note),
        )
    except RequestRefused as refused:
        if refused.code == "clash":
            raise Invalid({"note": NEEDS_REASON}) from None
        if refused.code == "changed-meanwhile":
            raise Invalid({"revision": refused.text}) from None
        raise


ROUTES = [
    web.get("/cuoc-hop/{meeting}/doi-lich", show),
    web.post("/cuoc-hop/{meeting}/doi-lich", submit),
]
