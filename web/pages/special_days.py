"""Settings of the calendar: holidays, swap days and days worth a note, year by year."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from aiohttp import web

from rooms.dates.days import FIRST_YEAR, LAST_YEAR, CalendarDay, DayKind
from rooms.dates.store import EDITORS
from rooms.errors import Invalid
from rooms.records.audit import Action
from web.auth import require, signed_in
from web.formats import local, short_date
from web.i18n import gettext, mark
from web.pages.common import midnight
from web.pages.line_words import translated
from web.pages.schedule_form import BAD_DATE, parse_day
from web.services import SERVICES
from web.views import Page, render

KIND_WORDS = {
    DayKind.HOLIDAY: mark("Ngày nghỉ"),
    DayKind.SWAP: mark("Làm bù"),
    DayKind.MARKED: mark("Ngày ghi nhớ"),
    DayKind.PLAIN: mark("Như ngày thường"),
}
NEEDS_KIND = mark("Chọn loại ngày.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayValues:
    """The form as typed."""

    day: str = ""
    kind: str = DayKind.HOLIDAY.value
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDaysPage(Page):
    template: ClassVar[str] = "calendar/special_days.html"
    place: ClassVar[str] = "calendar"
    year: int
    years: tuple[int, ...]  # to go to
    days: tuple[CalendarDay, ...]
    working: int  # working days of the year
    kinds: dict[str, str]
    values: DayValues
    errors: dict[str, str]
    changed: date | None
    meetings: int  # on the day that was changed


def _year(text: str, today: date) -> int:
    year = int(text) if text.isascii() and text.isdigit() and len(text) == 4 else today.year
    return min(max(year, FIRST_YEAR), LAST_YEAR)


async def _page(
    request: web.Request,
    year: int,
    values: DayValues | None = None,
    errors: dict[str, str] | None = None,
) -> SpecialDaysPage:
    dates = request.app[SERVICES].dates
    days = await dates.days([year])
    calendar = await dates.calendar([year])
    changed = parse_day(request.query.get("da-sua", ""))
    last = date(year, 12, 31)
    return SpecialDaysPage(
        year=year,
        years=tuple(y for y in range(year - 1, year + 2) if FIRST_YEAR <= y <= LAST_YEAR),
        days=tuple(days),
        working=calendar.working_days_between(date(year, 1, 1) - timedelta(days=1), last),
        kinds=translated(KIND_WORDS),
        values=values or _asked_for(request, days),
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        changed=changed,
        meetings=await _meetings(request, changed) if changed else 0,
    )


def _asked_for(request: web.Request, days: list[CalendarDay]) -> DayValues:
    """The form for the day in `?sua=`."""
    day = parse_day(request.query.get("sua", ""))
    if day is None:
        return DayValues()
    known = next((entry for entry in days if entry.day == day), None)
    kind = known.kind.value if known else DayKind.HOLIDAY.value
    return DayValues(day=short_date(day), kind=kind, name=known.name if known else "")


async def _meetings(request: web.Request, day: date) -> int:
    start = midnight(day)
    entries = request.app[SERVICES].entries
    return len(await entries.between(start, start + timedelta(days=1), signed_in(request)))


@require(*EDITORS)
async def show(request: web.Request) -> web.Response:
    today = local(datetime.now(UTC)).date()
    return render(request, await _page(request, _year(request.query.get("nam", ""), today)))


@require(*EDITORS)
async def save(request: web.Request) -> web.Response:
    form = await request.post()
    values = DayValues(**{name: _text(form.get(name)) for name in ("day", "kind", "name")})
    day = parse_day(values.day)
    now = datetime.now(UTC)
    try:
        if day is None:
            raise Invalid({"day": BAD_DATE})
        if form.get("action") == "reset":
            await request.app[SERVICES].dates.reset_day(day, signed_in(request))
        else:
            await _set(request, day, values, now)
    except Invalid as invalid:
        year = _year(_text(form.get("year")), local(now).date())
        return render(request, await _page(request, year, values, invalid.errors), status=422)
    await _note(request, day, values, now)
    query = urlencode({"nam": day.year, "da-sua": day.isoformat()})
    raise web.HTTPSeeOther(f"/lich/ngay-nghi?{query}")


def _text(value: object) -> str:
    return str(value or "")[:200].strip()


async def _set(request: web.Request, day: date, values: DayValues, now: datetime) -> None:
    kind = next((kind for kind in DayKind if kind == values.kind), None)
    if kind is None:
        raise Invalid({"kind": NEEDS_KIND})
    name = values.name if kind is not DayKind.PLAIN else ""
    entry = CalendarDay(day=day, kind=kind, name=name)
    await request.app[SERVICES].dates.set_day(entry, signed_in(request), now)


async def _note(request: web.Request, day: date, values: DayValues, now: datetime) -> None:
    subject = f"{day.isoformat()} {values.kind} {values.name}".strip()[:200]
    audit = request.app[SERVICES].audit
    await audit.note(signed_in(request), Action.CALENDAR_DAY_SET, now, subject=subject)


ROUTES = [web.get("/lich/ngay-nghi", show), web.post("/lich/ngay-nghi", save)]
