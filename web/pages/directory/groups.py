"""Groups of sites ("cụm"): the list and the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import Site
from rooms.directory.groups import Group
from rooms.errors import Invalid, RequestRefused
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.pages.common import SCHEDULERS
from web.pages.directory.common import (
    NOT_DEVICES,
    form_of,
    id_of,
    may_edit,
    number,
    tabs,
    translated_errors,
)
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsPage(Page):
    template: ClassVar[str] = "directory/groups.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    groups: tuple[Group, ...]
    sites: dict[int, Site]
    editor: bool


@require(*NOT_DEVICES)
async def show_all(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    page = GroupsPage(
        tabs=tabs(request, "groups"),
        groups=tuple(await services.groups.all()),
        sites={site.id: site for site in await services.directory.sites()},
        editor=may_edit(signed_in(request)),
    )
    return render(request, page)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFormPage(Page):
    template: ClassVar[str] = "directory/group_form.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    group: Group | None
    name: str
    rank: str
    chosen: frozenset[int]
    sites: tuple[Site, ...]
    errors: dict[str, str]


async def _form(
    request: web.Request,
    group: Group | None,
    values: Mapping[str, str],
    chosen: frozenset[int],
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    page = GroupFormPage(
        tabs=tabs(request, "groups"),
        group=group,
        name=values["name"],
        rank=values["rank"],
        chosen=chosen,
        sites=tuple(await request.app[SERVICES].directory.sites()),
        errors=translated_errors(errors or {}),
    )
    return render(request, page, status=422 if errors else 200)


async def _group(request: web.Request) -> Group:
    group = await request.app[SERVICES].groups.get(id_of(request))
    if group is None:
        raise RequestRefused("not-found")
    return group


@require(*SCHEDULERS)
async def show_new(request: web.Request) -> web.Response:
    rank = len(await request.app[SERVICES].groups.all()) + 1
    return await _form(request, None, {"name": "", "rank": str(rank)}, frozenset())


@require(*SCHEDULERS)
async def show_edit(request: web.Request) -> web.Response:
    group = await _group(request)
    values = {"name": group.name, "rank": str(group.rank)}
    return await _form(request, group, values, frozenset(group.site_ids))


async def _sent(request: web.Request) -> tuple[dict[str, str], frozenset[int]]:
    values = await form_of(request, ("name", "rank"))
    sent = (number(str(value)) for value in (await request.post()).getall("site", []))
    return values, frozenset(site for site in sent if site is not None)


@require(*SCHEDULERS)
async def create(request: web.Request) -> web.Response:
    values, chosen = await _sent(request)
    groups = request.app[SERVICES].groups
    try:
        group_id = await groups.add(values["name"], chosen, number(values["rank"]) or 0)
    except Invalid as invalid:
        return await _form(request, None, values, chosen, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"group {group_id} added")
    return redirect("/danh-ba/cum")


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.Response:
    group = await _group(request)
    values, chosen = await _sent(request)
    groups = request.app[SERVICES].groups
    try:
        await groups.change(group.id, values["name"], chosen, number(values["rank"]) or 0)
    except Invalid as invalid:
        return await _form(request, group, values, chosen, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"group {group.id} changed")
    return redirect("/danh-ba/cum")


@require(*SCHEDULERS)
async def remove(request: web.Request) -> web.Response:
    group = await _group(request)
    await request.app[SERVICES].groups.remove(group.id)
    await note(request, Action.DIRECTORY_CHANGED, f"group {group.id} removed: {group.name}")
    return redirect("/danh-ba/cum")


ROUTES = [
    web.get("/danh-ba/cum", show_all),
    web.get("/danh-ba/cum/moi", show_new),
    web.post("/danh-ba/cum/moi", create),
    web.get(r"/danh-ba/cum/{id:\d{1,10}}/sua", show_edit),
    web.post(r"/danh-ba/cum/{id:\d{1,10}}/sua", save),
    web.post(r"/danh-ba/cum/{id:\d{1,10}}/xoa", remove),
]
