"""Settings of the calendar: office hours of the province and of units, with their validity."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

from aiohttp import web

from rooms.dates.hours import USUAL, OfficeHours
from rooms.dates.store import EDITORS
from rooms.directory.directory import Unit
from rooms.errors import Invalid
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.formats import local, short_date
from web.i18n import gettext
from web.pages.schedule_form import BAD_DATE, BAD_TIME, parse_day, parse_time
from web.services import SERVICES
from web.views import Page, render

TIMES = ("morning_start", "morning_end", "afternoon_start", "afternoon_end")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursValues:
    """The form as typed."""

    unit_id: str = ""
    valid_from: str = ""
    valid_to: str = ""
    morning_start: str = ""
    morning_end: str = ""
    afternoon_start: str = ""
    afternoon_end: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursLine:
    hours: OfficeHours
    unit: str  # "" for the province
    now: bool  # in force today


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHoursPage(Page):
    template: ClassVar[str] = "calendar/office_hours.html"
    place: ClassVar[str] = "calendar"
    lines: tuple[HoursLine, ...]
    usual: OfficeHours
    units: tuple[Unit, ...]
    values: HoursValues
    errors: dict[str, str]


async def _page(
    request: web.Request,
    values: HoursValues | None = None,
    errors: dict[str, str] | None = None,
) -> OfficeHoursPage:
    services = request.app[SERVICES]
    today = local(datetime.now(UTC)).date()
    units = await services.directory.units()
    names = {unit.id: unit.short_name for unit in units}
    return OfficeHoursPage(
        lines=tuple(
            HoursLine(
                hours=hours,
                unit=names.get(hours.unit_id, f"#{hours.unit_id}") if hours.unit_id else "",
                now=hours.valid(today),
            )
            for hours in await services.dates.office_hours()
        ),
        usual=USUAL,
        units=tuple(unit for unit in units if unit.level == "agency"),
        values=values or _usual(today),
        errors={field: gettext(text) for field, text in (errors or {}).items()},
    )


def _usual(today: date) -> HoursValues:
    times = {name: f"{getattr(USUAL, name):%H:%M}" for name in TIMES}
    return HoursValues(valid_from=short_date(today), **times)


@require(*EDITORS)
async def show(request: web.Request) -> web.Response:
    return render(request, await _page(request))


@require(*EDITORS)
async def add(request: web.Request) -> web.Response:
    form = await request.post()
    values = HoursValues(
        **{name: str(form.get(name, ""))[:300].strip() for name in HoursValues.__slots__}
    )
    try:
        hours = read(values)
        await request.app[SERVICES].dates.add_hours(hours, signed_in(request))
    except Invalid as invalid:
        return render(request, await _page(request, values, invalid.errors), status=422)
    await _note(request, f"+ {_said(hours)}")
    return redirect("/lich/gio-lam-viec")


def read(values: HoursValues) -> OfficeHours:
    """The hours as typed.

    Raises:
        Invalid: what cannot be read.
    """
    times = {name: parse_time(getattr(values, name)) for name in TIMES}
    errors = {name: BAD_TIME for name, at in times.items() if at is None}
    first = parse_day(values.valid_from)
    last = parse_day(values.valid_to) if values.valid_to else None
    if first is None:
        errors["valid_from"] = BAD_DATE
    if values.valid_to and last is None:
        errors["valid_to"] = BAD_DATE
    if errors or first is None:
        raise Invalid(errors)
    unit = values.unit_id
    known = {name: at for name, at in times.items() if at is not None}
    return OfficeHours(
        unit_id=int(unit) if unit.isascii() and unit.isdigit() and len(unit) < 10 else None,
        valid_from=first,
        valid_to=last,
        morning_start=known["morning_start"],
        morning_end=known["morning_end"],
        afternoon_start=known["afternoon_start"],
        afternoon_end=known["afternoon_end"],
        note=values.note,
    )


def _said(hours: OfficeHours) -> str:
    unit = hours.unit_id or "*"
    return f"{unit} {hours.valid_from} {hours.morning_start:%H:%M}-{hours.afternoon_end:%H:%M}"


@require(*EDITORS)
async def remove(request: web.Request) -> web.Response:
    number = int(request.match_info["hours"])
    await request.app[SERVICES].dates.remove_hours(number, signed_in(request))
    await _note(request, f"- {number}")
    return redirect("/lich/gio-lam-viec")


async def _note(request: web.Request, subject: str) -> None:
    audit = request.app[SERVICES].audit
    await audit.note(
        signed_in(request), Action.OFFICE_HOURS_SET, datetime.now(UTC), subject=subject[:200]
    )


ROUTES = [
    web.get("/lich/gio-lam-viec", show),
    web.post("/lich/gio-lam-viec", add),
    web.post(r"/lich/gio-lam-viec/{hours:\d{1,9}}/xoa", remove),
]
