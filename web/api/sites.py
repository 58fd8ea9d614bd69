"""Sites and groups of sites of the REST API."""

from datetime import date
from typing import Annotated, Any

from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.directory.directory import Site
from rooms.directory.groups import Group
from rooms.directory.search import matches
from rooms.directory.sites import Microphone, SiteDraft
from rooms.errors import RequestRefused
from rooms.records.audit import Action
from web.api.framework import Body, Call, Created, Id, Line, Listing, Query, Resource, Resources
from web.pages.common import SCHEDULERS
from web.pages.directory.common import NOT_DEVICES

api = Resources("sites")
Rank = Annotated[int, Meta(ge=1, le=99_999)]


class SiteResource(Resource, frozen=True, kw_only=True):
    id: int
    code: str
    name: str
    short_name: str
    unit_id: int
    rank: int  # protocol order, ascending
    place: str
    capacity: int
    technician_phone: str
    contact_name: str
    contact_phone: str
    email: str
    microphone: str
    device: str
    active: bool


class SitesQuery(Query, frozen=True, kw_only=True):
    """`on`: after a confirmed reform, as they will be then. `within`: the branch of a unit."""

    on: date | None = None
    search: Line = ""
    unit_id: Id | None = None
    within: Id | None = None
    group: Id | None = None
    active: bool = True


class SiteBody(Body, frozen=True, kw_only=True):
    code: Line
    name: Line
    short_name: Line
    unit_id: Id
    rank: Rank = 1
    place: Line = ""
    capacity: Annotated[int, Meta(ge=0, le=10_000)] = 0
    technician_phone: Line = ""
    contact_name: Line = ""
    contact_phone: Line = ""
    email: Line = ""
    microphone: Microphone = Microphone.DIRECT
    device: Line = ""
    active: bool = True


class GroupResource(Resource, frozen=True, kw_only=True):
    id: int
    name: str
    rank: int
    site_ids: tuple[int, ...]


class GroupBody(Body, frozen=True, kw_only=True):
    name: Line
    rank: Rank = 1
    site_ids: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=1000)]


async def _note(call: Call[Any, Any], subject: str) -> None:
    audit = call.services.audit
    await audit.note(call.account, Action.DIRECTORY_CHANGED, call.now, subject=subject)


def _site(site: Site) -> SiteResource:
    return SiteResource(**{name: getattr(site, name) for name in SiteResource.__struct_fields__})


@api.get("/sites", "Sites in protocol order", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def index(call: Call[SitesQuery, None]) -> Listing[SiteResource]:
    query, services = call.query, call.services
    sites = await services.directory.sites(query.on, active=query.active)
    branch = None
    if query.within is not None:
        branch = (await services.directory.tree(query.on)).branch(query.within)
    group = await services.groups.get(query.group) if query.group is not None else None
    found = [
        _site(site)
        for site in sites
        if (query.unit_id is None or site.unit_id == query.unit_id)
        and (branch is None or site.unit_id in branch)
        and (query.group is None or (group is not None and site.id in group.site_ids))
        and matches(query.search, site.name, site.short_name, site.code)
    ]
    return call.part(found)


async def _found(call: Call[Any, Any], site_id: int) -> SiteResource:
    site = await call.services.directory.site(site_id)
    if site is None:
        raise RequestRefused("not-found")
    return _site(site)


@api.get("/sites/{site:int}", "One site", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def show(call: Call[None, None]) -> SiteResource:
    return await _found(call, call.number("site"))


def _draft(body: SiteBody) -> SiteDraft:
    values = {name: getattr(body, name) for name in SiteDraft.__struct_fields__}
    return SiteDraft(**{**values, "microphone": body.microphone.value})


@api.post("/sites", "Add a site", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def create(call: Call[None, SiteBody]) -> Created[SiteResource]:
    site_id = await call.services.sites.add(_draft(call.body))
    await _note(call, f"site {site_id} added")
    return Created(await _found(call, site_id), f"/sites/{site_id}")


@api.put("/sites/{site:int}", "Change a site", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def change(call: Call[None, SiteBody]) -> SiteResource:
    site_id = call.number("site")
    await call.services.sites.change(site_id, _draft(call.body))
    await _note(call, f"site {site_id} changed")
    return await _found(call, site_id)


# ---------------------------------------------------------------- groups


def _group(group: Group) -> GroupResource:
    return GroupResource(**{name: getattr(group, name) for name in GroupResource.__struct_fields__})


async def _found_group(call: Call[Any, Any], group_id: int) -> GroupResource:
    group = await call.services.groups.get(group_id)
    if group is None:
        raise RequestRefused("not-found")
    return _group(group)


@api.get("/groups", "Groups of sites", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def groups(call: Call[None, None]) -> Listing[GroupResource]:
    return call.part([_group(group) for group in await call.services.groups.all()])


@api.get("/groups/{group:int}", "One group", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def show_group(call: Call[None, None]) -> GroupResource:
    return await _found_group(call, call.number("group"))


@api.post("/groups", "Add a group", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def create_group(call: Call[None, GroupBody]) -> Created[GroupResource]:
    body = call.body
    group_id = await call.services.groups.add(body.name, frozenset(body.site_ids), body.rank)
    await _note(call, f"group {group_id} added")
    return Created(await _found_group(call, group_id), f"/groups/{group_id}")


@api.put("/groups/{group:int}", "Change a group", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def change_group(call: Call[None, GroupBody]) -> GroupResource:
    group_id, body = call.number("group"), call.body
    await call.services.groups.change(group_id, body.name, frozenset(body.site_ids), body.rank)
    await _note(call, f"group {group_id} changed")
    return await _found_group(call, group_id)


@api.delete("/groups/{group:int}", "Remove a group", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def remove_group(call: Call[None, None]) -> None:
    await call.services.groups.remove(call.number("group"))
    await _note(call, f"group {call.number('group')} removed")
