"""The schedule form. It works without scripts: rows and site groups are submit buttons."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from aiohttp import web
from multidict import MultiMapping

from rooms.directory.accounts import Account
from rooms.directory.directory import Site, Unit
from rooms.errors import Invalid
from rooms.meetings.drafts import AgendaItem, MeetingDraft, draft_sites, faults
from web.auth import require, signed_in
from web.formats import ZONE, local
from web.i18n import gettext, mark
from web.pages.common import SCHEDULERS, reference
from web.services import SERVICES, Services
from web.views import Page, render

MAX_ROWS = 60
MAX_TEXT = 500
FIRST_ROWS = 3
HOST_LEVELS = ("province", "district")

_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_TIME = re.compile(r"(\d{1,2})\s*(?:[:hg.]\s*(\d{2})?)?")

BAD_DATE = mark("Ngày họp ghi theo dạng ngày/tháng/năm, ví dụ 26/06/2026.")
BAD_TIME = mark("Giờ ghi theo dạng 08:00.")
BAD_MINUTES = mark("Số phút là số từ 1 đến 600.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRow:
    """One line as typed."""

    title: str = ""
    presenter: str = ""
    minutes: str = ""

    @property
    def empty(self) -> bool:
        return not (self.title or self.presenter or self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """The form as typed, kept when it comes back with errors."""

    title: str = ""
    host_unit: str = ""
    chair: str = ""
    day: str = ""
    start: str = ""
    end: str = ""
    notes: str = ""
    secrecy: str = "none"
    sites: frozenset[int] = frozenset()
    rows: tuple[AgendaRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteGroup:
    key: str  # level of the units: "province", "district", …
    name: str
    sites: tuple[Site, ...]
    chosen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGroup:
    name: str
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage(Page):
    template: ClassVar[str] = "schedule.html"
    place: ClassVar[str] = "calendar"
    values: FormValues
    errors: dict[str, str]  # field -> text in the language of the request
    hosts: tuple[HostGroup, ...]
    chairs: tuple[Account, ...]
    groups: tuple[SiteGroup, ...]
    starts: tuple[str, ...]  # when each agenda row begins, "" when unknown
    minutes: int  # of the agenda


_HOST_NAMES = {"province": mark("Cấp tỉnh"), "district": mark("Cấp huyện")}

_GROUP_NAMES = {
    "province": mark("Điểm cầu cấp tỉnh"),
    "district": mark("Điểm cầu cấp huyện"),
    "commune": mark("Điểm cầu cấp xã"),
}


def parse_day(text: str) -> date | None:
    """A date as people write it: ``26/6/2026``, ``26-06-2026``, or ISO; None when it is none."""
    match = _DAY_FIRST.fullmatch(text.strip())
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """A time as people write it: ``08:00``, ``8h30``, ``8g30``, ``8``; None when it is none."""
    match = _TIME.fullmatch(text.strip().lower())
    if not match or int(match[1]) > 23 or int(match[2] or 0) > 59:
        return None
    return time(int(match[1]), int(match[2] or 0))


def _text(form: MultiMapping[object], name: str) -> str:
    return str(form.get(name, ""))[:MAX_TEXT].strip()


def _texts(form: MultiMapping[object], name: str) -> list[str]:
    return [str(value)[:MAX_TEXT].strip() for value in form.getall(name, [])][:MAX_ROWS]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def read_form(form: MultiMapping[object]) -> FormValues:
    """What was typed, bounded in size."""
    titles = _texts(form, "agenda_title")
    presenters = _texts(form, "agenda_presenter")
    minutes = _texts(form, "agenda_minutes")
    rows = tuple(
        AgendaRow(
            title=title,
            presenter=presenters[i] if i < len(presenters) else "",
            minutes=minutes[i] if i < len(minutes) else "",
        )
        for i, title in enumerate(titles)
    )
    sites = (_number(str(value)) for value in form.getall("site", [])[:2000])
    return FormValues(
        title=_text(form, "title"),
        host_unit=_text(form, "host_unit_id"),
        chair=_text(form, "chair_id"),
        day=_text(form, "day"),
        start=_text(form, "start"),
        end=_text(form, "end"),
        notes=_text(form, "notes"),
        secrecy=_text(form, "secrecy") or "none",
        sites=frozenset(site for site in sites if site is not None),
        rows=rows,
    )


def row_minutes(row: AgendaRow) -> int | None:
    minutes = _number(row.minutes)
    return minutes if minutes is not None and 1 <= minutes <= 600 else None


def row_starts(rows: tuple[AgendaRow, ...], start: time | None) -> tuple[time | None, ...]:
    """When each row begins, as long as every row before it says how long it takes."""
    at = datetime.combine(date.min, start) if start else None
    starts: list[time | None] = []
    for row in rows:
        starts.append(at.time() if at else None)
        minutes = row_minutes(row)
        at = at + timedelta(minutes=minutes) if at and minutes else None
    return tuple(starts)


def to_draft(values: FormValues) -> tuple[MeetingDraft, dict[str, str]]:
    """The draft, and what could not be read at all: field -> message id.

    A meeting whose end is not after its start is left to the service to refuse.
    """
    errors: dict[str, str] = {}
    day, start, end = parse_day(values.day), parse_time(values.start), parse_time(values.end)
    if day is None:
        errors["day"] = BAD_DATE
    if start is None:
        errors["start"] = BAD_TIME
    if end is None:
        errors["end"] = BAD_TIME
    rows = tuple(row for row in values.rows if not row.empty)
    if any(row.minutes and row_minutes(row) is None for row in rows):
        errors["agenda"] = BAD_MINUTES
    agenda = tuple(
        AgendaItem(
            position=position,
            title=row.title,
            start=begins,
            presenter=row.presenter,
            minutes=row_minutes(row),
        )
        for position, (row, begins) in enumerate(
            zip(rows, row_starts(rows, start), strict=True), start=1
        )
    )
    draft = MeetingDraft(
        title=values.title,
        start=datetime.combine(day, start, ZONE).astimezone(UTC) if day and start else None,
        end=datetime.combine(day, end, ZONE).astimezone(UTC) if day and end else None,
        host_unit_id=_number(values.host_unit),
        chair_id=_number(values.chair),
        sites=draft_sites(sorted(values.sites)),
        agenda=agenda,
        secrecy=values.secrecy,
        notes=values.notes,
    )
    return draft, errors


def all_faults(draft: MeetingDraft, unreadable: dict[str, str], now: datetime) -> dict[str, str]:
    """What could not be read, and what is wrong with the rest; one text for each field."""
    found = faults(draft, now)
    if "day" in unreadable:
        found = {field: text for field, text in found.items() if field not in ("start", "end")}
    return {**found, **unreadable}


def apply_action(values: FormValues, action: str, groups: dict[str, frozenset[int]]) -> FormValues:
    """A button that changes the form without sending it; unknown ones change nothing."""
    name, _, argument = action.partition(":")
    if name == "add-row" and len(values.rows) < MAX_ROWS:
        return replace(values, rows=(*values.rows, AgendaRow()))
    if name == "remove-row":
        index = _number(argument)
        return replace(values, rows=tuple(r for i, r in enumerate(values.rows) if i != index))
    if name == "choose":
        return replace(values, sites=values.sites | groups.get(argument, frozenset()))
    if name == "clear":
        return replace(values, sites=values.sites - groups.get(argument, frozenset()))
    return values


def level_of(unit: Unit, units: dict[int, Unit]) -> str:
    """The level a unit works at: an agency's is that of the area it belongs to."""
    parent = units.get(unit.parent_id) if unit.parent_id is not None else None
    return level_of(parent, units) if unit.level == "agency" and parent else unit.level


async def _by_level(services: Services) -> tuple[dict[str, list[Unit]], dict[str, list[Site]]]:
    """Agencies, which can host, and sites; each by level, in protocol order."""
    all_units = await services.directory.units()
    units = {unit.id: unit for unit in all_units}
    hosts: dict[str, list[Unit]] = {}
    for unit in all_units:
        level = level_of(unit, units)
        if unit.level == "agency" and level in HOST_LEVELS:
            hosts.setdefault(level, []).append(unit)
    sites: dict[str, list[Site]] = {}
    for site in await services.directory.sites():
        owner = units.get(site.unit_id)
        sites.setdefault(level_of(owner, units) if owner else "province", []).append(site)
    return hosts, sites


async def _page(services: Services, values: FormValues, errors: dict[str, str]) -> SchedulePage:
    hosts, by_level = await _by_level(services)
    starts = row_starts(values.rows, parse_time(values.start))
    return SchedulePage(
        values=values,
        errors={field: gettext(text) for field, text in errors.items()},
        hosts=tuple(
            HostGroup(name=gettext(_HOST_NAMES[level]), units=tuple(units))
            for level, units in hosts.items()
        ),
        chairs=tuple(await services.accounts.officials()),
        groups=tuple(
            SiteGroup(
                key=level,
                name=gettext(_GROUP_NAMES.get(level, level)),
                sites=tuple(sites),
                chosen=sum(site.id in values.sites for site in sites),
            )
            for level, sites in by_level.items()
        ),
        starts=tuple(f"{at:%H:%M}" if at else "" for at in starts),
        minutes=sum(row_minutes(row) or 0 for row in values.rows),
    )


def _blank(account: Account, now: datetime) -> FormValues:
    """A new form: tomorrow morning, the scheduler's own unit as host."""
    tomorrow = local(now).date() + timedelta(days=1)
    return FormValues(
        day=f"{tomorrow:%d/%m/%Y}",
        start="08:00",
        end="11:00",
        host_unit=str(account.unit_id or ""),
        rows=(AgendaRow(),) * FIRST_ROWS,
    )


@require(*SCHEDULERS)
async def show(request: web.Request) -> web.Response:
    values = _blank(signed_in(request), datetime.now(UTC))
    return render(request, await _page(request.app[SERVICES], values, {}))


@require(*SCHEDULERS)
async def submit(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    form = await request.post()
    values = read_form(form)
    action = _text(form, "action")
    if action and action != "save":
        _hosts, by_level = await _by_level(services)
        groups = {level: frozenset(s.id for s in sites) for level, sites in by_level.items()}
        changed = apply_action(values, action, groups)
        return render(request, await _page(services, changed, {}))
    now = datetime.now(UTC)
    draft, unreadable = to_draft(values)
    errors = all_faults(draft, unreadable, now) if unreadable else {}
    if not errors:
        try:
            meeting = await services.meetings.schedule(draft, signed_in(request), now)
        except Invalid as invalid:
            errors = invalid.errors
        else:
            raise web.HTTPSeeOther(f"/cuoc-hop/{reference(meeting)}")
    return render(request, await _page(services, values, errors), status=422)


ROUTES = [
    web.get("/cuoc-hop/moi", show),
    web.post("/cuoc-hop/moi", submit),
]
