"""The work calendar: a day by half hours, the weekly sheet, a month."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

from aiohttp import web
from msgspec.structs import replace

from rooms.dates.days import CalendarDay, work_calendar
from rooms.dates.entries import OVERSEERS, CalendarEntry, Scope, Wanted
from rooms.dates.hours import OfficeHours
from rooms.dates.store import EDITORS
from rooms.directory.accounts import Account
from rooms.directory.directory import Unit
from rooms.meetings.drafts import KIND_NAMES
from rooms.meetings.lifecycle import STATE_NAMES
from rooms.meetings.meetings import Meeting
from rooms.meetings.saving import REGISTRARS
from web.auth import require, signed_in
from web.formats import local
from web.i18n import gettext
from web.pages.calendar_days import Allowed, Day, Slot, days_of, slots_of
from web.pages.calendar_query import Asked, View, read_query
from web.pages.calendar_words import PART_NAMES, SCOPE_NAMES, VIEW_NAMES
from web.pages.common import SCHEDULERS, midnight
from web.pages.line_words import translated
from web.pages.lunar_choice import shows_lunar
from web.services import SERVICES, Services
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPage(Page):
    template: ClassVar[str] = "calendar.html"
    place: ClassVar[str] = "calendar"
    asked: Asked
    today: date
    days: tuple[Day, ...]
    weeks: tuple[tuple[Day, ...], ...]
    slots: tuple[Slot, ...]  # of the day view
    hours: OfficeHours | None  # of the reader's unit, on that day
    count: int
    kinds: dict[str, str]
    states: dict[str, str]
    units: tuple[Unit, ...]
    part_names: dict[str, str]
    scope_names: dict[str, str]
    view_names: dict[str, str]
    lunar: bool
    moved: Meeting | None  # whose time was just changed
    may_schedule: bool
    may_move: bool
    may_edit_dates: bool


async def read(
    services: Services, asked: Asked, account: Account, now: datetime
) -> tuple[list[CalendarEntry], Allowed, list[CalendarDay]]:
    """The entries asked for, what the reader may do with them, and the special days."""
    first, after = asked.span
    start, end = midnight(first), midnight(after)
    entries = await services.entries.between(start, end, account, asked.wanted)
    opens = None
    if account.role not in OVERSEERS:
        own = await services.entries.between(start, end, account, Wanted(scope=Scope.MINE))
        opens = frozenset(entry.id for entry in own)
    allowed = Allowed(opens=opens, moves=account.role in SCHEDULERS, now=now)
    return entries, allowed, await services.dates.days({day.year for day in asked.days})


async def _moved(request: web.Request, account: Account) -> Meeting | None:
    text = request.query.get("da-doi", "")
    if not (text.isascii() and text.isdigit()) or account.role not in SCHEDULERS:
        return None
    return await request.app[SERVICES].meetings.get(text)


async def _units(services: Services) -> tuple[Unit, ...]:
    return tuple(await services.directory.units(("agency",)))


@require()
async def show(request: web.Request) -> web.Response:
    account, services = signed_in(request), request.app[SERVICES]
    now = datetime.now(UTC)
    asked = read_query(request.query, account, local(now).date())
    entries, allowed, special = await read(services, asked, account, now)
    days = days_of(
        asked.days,
        entries,
        allowed,
        {entry.day: replace(entry, name=gettext(entry.name)) for entry in special},
        work_calendar(special),
        month=asked.day.month if asked.view is View.MONTH else None,
    )
    of_day = asked.view is View.DAY
    page = CalendarPage(
        asked=asked,
        today=local(now).date(),
        days=days,
        weeks=tuple(days[i : i + 7] for i in range(0, len(days), 7)),
        slots=slots_of(days[0]) if of_day else (),
        hours=await services.dates.hours_on(asked.day, account.unit_id) if of_day else None,
        count=len(entries),
        kinds=translated(KIND_NAMES),
        states=translated(STATE_NAMES),
        units=await _units(services),
        part_names=translated(PART_NAMES),
        scope_names=translated(SCOPE_NAMES),
        view_names=translated(VIEW_NAMES),
        lunar=shows_lunar(request),
        moved=await _moved(request, account),
        may_schedule=account.role in (*SCHEDULERS, *REGISTRARS),
        may_move=account.role in SCHEDULERS,
        may_edit_dates=account.role in EDITORS,
    )
    return render(request, page)


ROUTES = [web.get("/cuoc-hop", show)]
