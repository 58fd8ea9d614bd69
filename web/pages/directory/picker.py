"""Search for the pickers of other pages: GET /danh-ba/tim.json?loai=sites&tim=kbang"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from rooms.directory.directory import today
from rooms.directory.imports.service import ListKind
from rooms.directory.search import matches
from web.auth import require
from web.pages.directory.common import NOT_DEVICES, found_units, number
from web.pages.directory.units import path_text
from web.services import SERVICES, Services

LIMIT, MOST = 20, 100


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """Something to pick: `name` is shown, `detail` tells it from others of that name."""

    id: int
    name: str
    detail: str
    sites: tuple[int, ...] = ()  # of a group


async def _units(services: Services, text: str, limit: int) -> list[Option]:
    tree = await services.directory.tree()
    aliases, codes = await services.units.aliases(), await services.units.codes(today())
    found = found_units(tree, aliases, codes, text)[:limit]
    return [Option(id=u.id, name=u.short_name, detail=path_text(tree, u.id)) for u in found]


async def _sites(services: Services, text: str, limit: int) -> list[Option]:
    names = {unit.id: unit.short_name for unit in await services.directory.units()}
    found = [
        site
        for site in await services.directory.sites()
        if matches(text, site.name, site.short_name, site.code, names.get(site.unit_id, ""))
    ]
    return [Option(id=s.id, name=s.name, detail=s.place) for s in found[:limit]]


async def _people(services: Services, text: str, limit: int) -> list[Option]:
    found = await services.people.find(text, limit=limit)
    return [Option(id=p.id, name=p.addressed, detail=p.unit_name) for p in found.people]


async def _groups(services: Services, text: str, limit: int) -> list[Option]:
    found = [group for group in await services.groups.all() if matches(text, group.name)]
    return [Option(id=g.id, name=g.name, detail="", sites=g.site_ids) for g in found[:limit]]


_SEARCHES: dict[ListKind, Callable[[Services, str, int], Awaitable[list[Option]]]] = {
    ListKind.UNITS: _units,
    ListKind.SITES: _sites,
    ListKind.PEOPLE: _people,
    ListKind.GROUPS: _groups,
}


@require(*NOT_DEVICES)
async def search(request: web.Request) -> web.Response:
    kind = request.query.get("loai", ListKind.SITES.value)
    if kind not in list(ListKind):
        raise web.HTTPBadRequest
    text = request.query.get("tim", "").strip()[:100]
    limit = min(number(request.query.get("so", "")) or LIMIT, MOST)
    found = await _SEARCHES[ListKind(kind)](request.app[SERVICES], text, limit)
    body = msgspec.json.encode(found)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/json", headers=headers)


ROUTES = [web.get("/danh-ba/tim.json", search)]
