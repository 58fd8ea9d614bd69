"""Sites: the list, the form, in use or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import Site
from rooms.directory.groups import Group
from rooms.directory.search import matches
from rooms.directory.sites import MICROPHONE_NAMES, Microphone, SiteDraft
from rooms.errors import Invalid, RequestRefused
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.i18n import gettext
from web.pages.common import SCHEDULERS
from web.pages.directory.common import (
    NOT_DEVICES,
    UnitOption,
    form_of,
    id_of,
    may_edit,
    number,
    tabs,
    translated_errors,
    unit_options,
)
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render

FIELDS = (
    "code", "name", "short_name", "unit_id", "rank", "place", "capacity", "technician_phone",
    "contact_name", "contact_phone", "email", "microphone", "device",
)  # fmt: skip

_NUMBERS = ("rank", "capacity", "unit_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesPage(Page):
    template: ClassVar[str] = "directory/sites.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    sites: tuple[Site, ...]
    total: int
    unit_names: dict[int, str]
    groups: tuple[Group, ...]
    group: int | None
    text: str
    retired: bool
    editor: bool


@require(*NOT_DEVICES)
async def show_all(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    text = request.query.get("tim", "").strip()[:100]
    group_id = number(request.query.get("cum", ""))
    retired = request.query.get("ngung") == "1"
    everything = await services.directory.sites(active=not retired)
    names = {unit.id: unit.short_name for unit in await services.directory.units()}
    groups = tuple(await services.groups.all())
    members = next((group.site_ids for group in groups if group.id == group_id), None)
    sites = tuple(
        site
        for site in everything
        if (members is None or site.id in members)
        and matches(text, site.name, site.short_name, site.code, names.get(site.unit_id, ""))
    )
    page = SitesPage(
        tabs=tabs(request, "sites"),
        sites=sites,
        total=len(everything),
        unit_names=names,
        groups=groups,
        group=group_id if members is not None else None,
        text=text,
        retired=retired,
        editor=may_edit(signed_in(request)),
    )
    return render(request, page)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFormPage(Page):
    template: ClassVar[str] = "directory/site_form.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    site: Site | None
    values: dict[str, str]
    errors: dict[str, str]
    units: tuple[UnitOption, ...]
    microphones: tuple[tuple[str, str], ...]


async def _form(
    request: web.Request,
    site: Site | None,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    page = SiteFormPage(
        tabs=tabs(request, "sites"),
        site=site,
        values={name: values.get(name, "") for name in FIELDS},
        errors=translated_errors(errors or {}),
        units=unit_options(await request.app[SERVICES].directory.tree()),
        microphones=tuple((m.value, gettext(name)) for m, name in MICROPHONE_NAMES.items()),
    )
    return render(request, page, status=422 if errors else 200)


async def _site(request: web.Request) -> Site:
    site = await request.app[SERVICES].directory.site(id_of(request))
    if site is None:
        raise RequestRefused("not-found")
    return site


@require(*SCHEDULERS)
async def show_new(request: web.Request) -> web.Response:
    sites = await request.app[SERVICES].directory.sites(active=None)
    rank = max((site.rank for site in sites), default=0) + 1
    values = {"rank": str(rank), "capacity": "30", "microphone": Microphone.DIRECT.value}
    return await _form(request, None, values | {"unit_id": request.query.get("don-vi", "")})


@require(*SCHEDULERS)
async def show_edit(request: web.Request) -> web.Response:
    site = await _site(request)
    return await _form(request, site, {name: str(getattr(site, name)) for name in FIELDS})


def to_draft(values: Mapping[str, str], active: bool) -> SiteDraft:
    """The form as a draft; what is no number becomes one the checks refuse."""
    plain = {name: values[name] for name in FIELDS if name not in _NUMBERS}
    return SiteDraft(
        **plain,
        rank=number(values["rank"]) or 0,
        capacity=_seats(values["capacity"]),
        unit_id=number(values["unit_id"]),
        active=active,
    )


def _seats(text: str) -> int:
    found = number(text or "0")
    return -1 if found is None else found


@require(*SCHEDULERS)
async def create(request: web.Request) -> web.Response:
    values = await form_of(request, FIELDS)
    try:
        site_id = await request.app[SERVICES].sites.add(to_draft(values, True))
    except Invalid as invalid:
        return await _form(request, None, values, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"site {site_id} added")
    return redirect("/danh-ba/diem-cau")


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.Response:
    site, values = await _site(request), await form_of(request, FIELDS)
    try:
        await request.app[SERVICES].sites.change(site.id, to_draft(values, site.active))
    except Invalid as invalid:
        return await _form(request, site, values, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"site {site.id} changed")
    return redirect("/danh-ba/diem-cau")


@require(*SCHEDULERS)
async def retire(request: web.Request) -> web.Response:
    await request.app[SERVICES].sites.set_active(id_of(request), False)
    await note(request, Action.DIRECTORY_CHANGED, f"site {id_of(request)} retired")
    return redirect("/danh-ba/diem-cau")


@require(*SCHEDULERS)
async def restore(request: web.Request) -> web.Response:
    await request.app[SERVICES].sites.set_active(id_of(request), True)
    await note(request, Action.DIRECTORY_CHANGED, f"site {id_of(request)} restored")
    return redirect("/danh-ba/diem-cau")


ROUTES = [
    web.get("/danh-ba/diem-cau", show_all),
    web.get("/danh-ba/diem-cau/moi", show_new),
    web.post("/danh-ba/diem-cau/moi", create),
    web.get(r"/danh-ba/diem-cau/{id:\d{1,10}}/sua", show_edit),
    web.post(r"/danh-ba/diem-cau/{id:\d{1,10}}/sua", save),
    web.post(r"/danh-ba/diem-cau/{id:\d{1,10}}/ngung", retire),
    web.post(r"/danh-ba/diem-cau/{id:\d{1,10}}/dung-lai", restore),
]
