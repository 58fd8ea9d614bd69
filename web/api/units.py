"""Units and levels of the REST API."""

from datetime import date
from typing import Annotated, Any

from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.directory.directory import Level, Tree, Unit, UnitTree, today
from rooms.directory.search import matches
from rooms.directory.units import PastUnit, Succession, UnitCode, UnitDraft, UnitStory
from rooms.errors import RequestRefused
from rooms.records.audit import Action
from web.api.framework import Body, Call, Created, Id, Line, Listing, Query, Resource, Resources
from web.pages.common import SCHEDULERS
from web.pages.directory.common import NOT_DEVICES

api = Resources("units")
Rank = Annotated[int, Meta(ge=1, le=99_999)]
Day = date


class UnitResource(Resource, frozen=True, kw_only=True):
    id: int
    code: str
    name: str
    short_name: str
    name_en: str
    kind: str
    level: str
    tree: Tree
    parent_id: int | None
    superior_id: int | None  # in its own line
    rank: int
    valid_from: date | None
    valid_to: date | None  # the first day without it
    aliases: tuple[str, ...]


class UnitStoryResource(UnitResource, frozen=True, kw_only=True):
    """With what the unit was called before, where it came from and what became of it."""

    codes: tuple[UnitCode, ...]
    versions: tuple[PastUnit, ...]
    predecessors: tuple[Succession, ...]
    successors: tuple[Succession, ...]


class UnitsQuery(Query, frozen=True, kw_only=True):
    """`on`: as of a day; today when not said. `within`: only the branch of this unit."""

    on: Day | None = None
    search: Line = ""
    level: Line = ""
    tree: Tree | None = None
    parent_id: Id | None = None
    within: Id | None = None


class DayQuery(Query, frozen=True, kw_only=True):
    on: Day | None = None


class UnitBody(Body, frozen=True, kw_only=True):
    """`since`: the day from which it is so; without it a mistake is put right."""

    code: Line
    name: Line
    short_name: Line = ""
    name_en: Line = ""
    kind: Line
    level: Line
    tree: Tree = Tree.PLACE
    parent_id: Id | None = None
    superior_id: Id | None = None
    rank: Rank = 1
    aliases: Annotated[tuple[Line, ...], Meta(max_length=20)] = ()
    since: Day | None = None


class EndBody(Body, frozen=True, kw_only=True):
    day: Day  # the first without the unit


def _resource(unit: Unit, codes: dict[int, str], aliases: dict[int, list[str]]) -> UnitResource:
    return UnitResource(
        **{name: getattr(unit, name) for name in Unit.__struct_fields__},
        code=codes.get(unit.id, ""),
        aliases=tuple(aliases.get(unit.id, ())),
    )


def _story(story: UnitStory) -> UnitStoryResource:
    told = ("aliases", "codes", "versions", "predecessors", "successors", "code")
    return UnitStoryResource(
        **{name: getattr(story.unit, name) for name in Unit.__struct_fields__},
        **{name: getattr(story, name) for name in told},
    )


def _wanted(unit: Unit, query: UnitsQuery, tree: UnitTree, names: list[str]) -> bool:
    return (
        (not query.level or unit.level == query.level)
        and (query.tree is None or unit.tree is query.tree)
        and (query.parent_id is None or unit.parent_id == query.parent_id)
        and (query.within is None or unit.id in tree.branch(query.within))
        and matches(query.search, unit.name, unit.short_name, *names)
    )


@api.get("/levels", "Levels of the tree", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def levels(call: Call[DayQuery, None]) -> Listing[Level]:
    return call.part(await call.services.directory.levels(call.query.on))


@api.get(
    "/units", "Units of a day in protocol order", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES
)
async def index(call: Call[UnitsQuery, None]) -> Listing[UnitResource]:
    services, query = call.services, call.query
    tree = await services.directory.tree(query.on)
    codes = dict(await services.units.codes(query.on or today()))
    aliases = await services.units.aliases()
    found = [
        _resource(unit, codes, aliases)
        for unit in tree.units.values()
        if _wanted(unit, query, tree, aliases.get(unit.id, []))
    ]
    return call.part(found)


async def _told(call: Call[Any, Any], unit_id: int) -> UnitStoryResource:
    story = await call.services.units.story(unit_id)
    if story is None:
        raise RequestRefused("not-found")
    return _story(story)


@api.get("/units/{unit:int}", "One unit", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def show(call: Call[None, None]) -> UnitStoryResource:
    return await _told(call, call.number("unit"))


async def _note(call: Call[Any, Any], subject: str) -> None:
    audit = call.services.audit
    await audit.note(call.account, Action.DIRECTORY_CHANGED, call.now, subject=subject)


def _draft(body: UnitBody) -> UnitDraft:
    return UnitDraft(**{name: getattr(body, name) for name in UnitDraft.__struct_fields__})


@api.post("/units", "Add a unit", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def create(call: Call[None, UnitBody]) -> Created[UnitStoryResource]:
    unit_id = await call.services.units.add(_draft(call.body), call.body.since, today())
    await _note(call, f"unit {unit_id} added")
    return Created(await _told(call, unit_id), f"/units/{unit_id}")


@api.put("/units/{unit:int}", "Change a unit", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def change(call: Call[None, UnitBody]) -> UnitStoryResource:
    unit_id = call.number("unit")
    await call.services.units.change(unit_id, _draft(call.body), call.body.since, today())
    await _note(call, f"unit {unit_id} changed")
    return await _told(call, unit_id)


@api.post("/units/{unit:int}/end", "End a unit", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def end(call: Call[None, EndBody]) -> None:
    await call.services.units.retire(call.number("unit"), call.body.day)
    await _note(call, f"unit {call.number('unit')} ends {call.body.day}")
