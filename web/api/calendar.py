"""The calendar of the REST API: meetings as lines, special days, office hours."""

from datetime import date, datetime, time, timedelta
from typing import Annotated

from msgspec import Meta

from rooms.dates.days import FIRST_YEAR, LAST_YEAR, CalendarDay, DayKind
from rooms.dates.entries import CalendarEntry, Wanted
from rooms.dates.entries import Scope as Whose
from rooms.dates.hours import OfficeHours
from rooms.dates.store import EDITORS
from rooms.directory.api_tokens import Scope
from rooms.errors import RequestRefused
from rooms.meetings.drafts import MeetingKind
from rooms.meetings.records import MeetingState
from web.api.framework import Body, Call, Created, Id, Line, Listing, Query, Resource, Resources
from web.api.meetings import MAX_DAYS
from web.errors import Problem
from web.formats import local
from web.i18n import mark
from web.pages.calendar_query import usual_scope
from web.pages.common import midnight

api = Resources("calendar")

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A local time of day, "07:30"."""


class EntryResource(Resource, frozen=True, kw_only=True):
    """A meeting as a line of the calendar. Times are UTC."""

    id: int
    title: str
    kind: str
    state: MeetingState
    start: datetime
    end: datetime
    host_unit_id: int
    host_unit: str
    chair_name: str
    chair_position: str
    venue: str
    main_site: str
    composition: str
    sites: int
    public: bool
    revision: int
    changed_at: datetime


class CalendarQuery(
    Query,
    frozen=True,
    kw_only=True,
    rename={"first": "from", "last": "to", "unit_id": "unitId"},
):
    """Local days, the last included; a week from today when not said. `whose`: those of the
    account, of its unit and below, of the province."""

    first: date | None = None
    last: date | None = None
    whose: Whose | None = None
    kind: MeetingKind | None = None
    state: MeetingState | None = None
    unit_id: Id | None = None
    search: Line = ""


class DayResource(Resource, frozen=True, kw_only=True):
    day: date
    kind: DayKind
    name: str
    edited: bool  # by the province; else as officially
    working: bool


class YearQuery(Query, frozen=True, kw_only=True):
    year: Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)] | None = None


class NewDay(Body, frozen=True, kw_only=True):
    kind: DayKind
    name: Annotated[str, Meta(max_length=120)] = ""


class HoursResource(Resource, frozen=True, kw_only=True):
    """Hours of a unit and those below it; `unitId` null: of the province."""

    id: int
    unit_id: int | None
    valid_from: date
    valid_to: date | None
    morning_start: Clock
    morning_end: Clock
    afternoon_start: Clock
    afternoon_end: Clock
    note: str


class NewHours(Body, frozen=True, kw_only=True):
    unit_id: Id | None = None
    valid_from: date
    valid_to: date | None = None
    morning_start: Clock
    morning_end: Clock
    afternoon_start: Clock
    afternoon_end: Clock
    note: Annotated[str, Meta(max_length=200)] = ""


@api.get("/calendar", "Meetings as lines of the calendar", scope=Scope.CALENDAR_READ)
async def index(call: Call[CalendarQuery, None]) -> Listing[EntryResource]:
    query = call.query
    first, last = _span(query, local(call.now).date())
    found = await call.services.entries.between(
        midnight(first),
        midnight(last + timedelta(days=1)),
        call.account,
        Wanted(
            scope=query.whose or usual_scope(call.account),
            kind=query.kind.value if query.kind else "",
            state=query.state,
            unit_id=query.unit_id,
            text=query.search,
        ),
    )
    return call.part(tuple(_entry(entry) for entry in found))


def _span(query: CalendarQuery, today: date) -> tuple[date, date]:
    first = query.first or today
    sane = 1900 < first.year < 9000
    last = query.last or (first + timedelta(days=7) if sane else first)
    if not sane or not 0 <= (last - first).days <= MAX_DAYS:
        raise Problem(400, "bad-span", mark("Khoảng ngày không hợp lệ."))
    return first, last


def _entry(entry: CalendarEntry) -> EntryResource:
    return EntryResource(**{name: getattr(entry, name) for name in EntryResource.__struct_fields__})


@api.get("/calendar/days", "Holidays, swap days, days of note", scope=Scope.CALENDAR_READ)
async def days(call: Call[YearQuery, None]) -> Listing[DayResource]:
    year = call.query.year or local(call.now).year
    calendar = await call.services.dates.calendar([year])
    found = await call.services.dates.days([year])
    return call.part(tuple(_day(entry, calendar.is_working(entry.day)) for entry in found))


@api.get("/calendar/days/{day}", "What a day is", scope=Scope.CALENDAR_READ)
async def day(call: Call[None, None]) -> DayResource:
    return await _known(call)


@api.put("/calendar/days/{day}", "Say what a day is", scope=Scope.CALENDAR_WRITE, roles=EDITORS)
async def set_day(call: Call[None, NewDay]) -> DayResource:
    entry = CalendarDay(day=_asked(call), kind=call.body.kind, name=call.body.name)
    await call.services.dates.set_day(entry, call.account, call.now)
    return await _known(call)


@api.delete(
    "/calendar/days/{day}",
    "Back to the official calendar",
    scope=Scope.CALENDAR_WRITE,
    roles=EDITORS,
)
async def reset_day(call: Call[None, None]) -> None:
    await call.services.dates.reset_day(_asked(call), call.account)


def _asked(call: Call[None, NewDay] | Call[None, None]) -> date:
    try:
        found = date.fromisoformat(call.text("day"))
    except ValueError:
        raise RequestRefused("not-found") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RequestRefused("not-found")
    return found


async def _known(call: Call[None, NewDay] | Call[None, None]) -> DayResource:
    asked = _asked(call)
    dates = call.services.dates
    found = {entry.day: entry for entry in await dates.days([asked.year])}
    plain = CalendarDay(day=asked, kind=DayKind.PLAIN, name="")
    working = (await dates.calendar([asked.year])).is_working(asked)
    return _day(found.get(asked, plain), working)


def _day(entry: CalendarDay, working: bool) -> DayResource:
    return DayResource(
        day=entry.day, kind=entry.kind, name=entry.name, edited=entry.edited, working=working
    )


@api.get("/office-hours", "Office hours of units", scope=Scope.CALENDAR_READ)
async def office_hours(call: Call[None, None]) -> Listing[HoursResource]:
    return call.part(tuple(_hours(hours) for hours in await call.services.dates.office_hours()))


@api.post("/office-hours", "Set office hours", scope=Scope.CALENDAR_WRITE, roles=EDITORS)
async def add_hours(call: Call[None, NewHours]) -> Created[HoursResource]:
    body = call.body
    new = OfficeHours(
        unit_id=body.unit_id,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        note=body.note,
        morning_start=time.fromisoformat(body.morning_start),
        morning_end=time.fromisoformat(body.morning_end),
        afternoon_start=time.fromisoformat(body.afternoon_start),
        afternoon_end=time.fromisoformat(body.afternoon_end),
    )
    return Created(_hours(await call.services.dates.add_hours(new, call.account)))


@api.delete(
    "/office-hours/{hours:int}",
    "Remove office hours",
    scope=Scope.CALENDAR_WRITE,
    roles=EDITORS,
)
async def remove_hours(call: Call[None, None]) -> None:
    await call.services.dates.remove_hours(call.number("hours"), call.account)


def _hours(hours: OfficeHours) -> HoursResource:
    assert hours.id is not None
    return HoursResource(
        id=hours.id,
        unit_id=hours.unit_id,
        valid_from=hours.valid_from,
        valid_to=hours.valid_to,
        morning_start=f"{hours.morning_start:%H:%M}",
        morning_end=f"{hours.morning_end:%H:%M}",
        afternoon_start=f"{hours.afternoon_start:%H:%M}",
        afternoon_end=f"{hours.afternoon_end:%H:%M}",
        note=hours.note,
    )
