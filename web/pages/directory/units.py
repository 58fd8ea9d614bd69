"""Units: the trees of a day, the page of one unit, its form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import Level, Site, Tree, Unit, UnitTree, today
from rooms.directory.imports.tables import parse_day
from rooms.directory.people import Person
from rooms.directory.reforms.service import CONFIRMED, Reform
from rooms.directory.trees import TREE_NAMES
from rooms.directory.units import UnitDraft, UnitStory
from rooms.errors import Invalid, RequestRefused
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark
from web.pages.common import SCHEDULERS
from web.pages.directory.common import (
    NOT_DEVICES,
    UnitOption,
    day_of,
    form_of,
    found_units,
    id_of,
    may_edit,
    number,
    read_tree,
    sees_contacts,
    tabs,
    translated_errors,
    unit_options,
)
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render

FIELDS = (
    "code", "name", "short_name", "name_en", "kind", "level", "parent_id", "superior_id", "tree",
    "rank", "aliases", "since",
)  # fmt: skip
_OPEN_DEPTH = 1  # how far the tree stands open


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A unit in a tree, with what is below it."""

    unit: Unit
    depth: int
    below: tuple["Node", ...]
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeChoice:
    value: str
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsPage(Page):
    template: ClassVar[str] = "directory/units.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    day: date
    is_today: bool
    text: str
    tree: str
    trees: tuple[TreeChoice, ...]
    nodes: tuple[Node, ...]
    found: tuple[Unit, ...]
    paths: dict[int, str]
    total: int
    levels: dict[str, Level]
    counts: tuple[tuple[Level, int], ...]
    waiting: Reform | None
    editor: bool


@require(*NOT_DEVICES)
async def show_all(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    day, text = day_of(request), request.query.get("tim", "").strip()[:100]
    chosen = read_tree(request.query.get("he", ""))
    tree = await services.directory.tree(day)
    levels = {level.code: level for level in await services.directory.levels(day)}
    found: list[Unit] = []
    if text:
        aliases, codes = await services.units.aliases(), await services.units.codes(day)
        found = found_units(tree, aliases, codes, text)
    page = UnitsPage(
        tabs=tabs(request, "units"),
        day=day,
        is_today=day == today(),
        text=text,
        tree=chosen.value,
        trees=_tree_choices(chosen, day),
        nodes=() if text else _nodes(tree, chosen),
        found=tuple(found),
        paths={unit.id: path_text(tree, unit.id) for unit in found},
        total=len(tree.units),
        levels=levels,
        counts=tuple(_counts(tree, levels)),
        waiting=await _waiting(request),
        editor=may_edit(signed_in(request)),
    )
    return render(request, page)


def _tree_choices(chosen: Tree, day: date) -> tuple[TreeChoice, ...]:
    at = "" if day == today() else f"&ngay={day.isoformat()}"
    return tuple(
        TreeChoice(
            value=tree.value,
            label=gettext(name),
            href=f"/danh-ba?he={tree.value}{at}",
            current=tree is chosen,
        )
        for tree, name in TREE_NAMES.items()
    )


def _nodes(tree: UnitTree, chosen: Tree) -> tuple[Node, ...]:
    return tuple(_node(tree, chosen, root, 0, frozenset()) for root in tree.roots(chosen))


def _node(tree: UnitTree, chosen: Tree, unit: Unit, depth: int, above: frozenset[int]) -> Node:
    """By place a unit holds all that lies in it; in a line, its subordinates."""
    below = tree.lying_in(unit.id) if chosen is Tree.PLACE else tree.subordinates(unit.id)
    seen = above | {unit.id}
    nodes = tuple(
        _node(tree, chosen, child, depth + 1, seen) for child in below if child.id not in seen
    )
    return Node(unit=unit, depth=depth, below=nodes, open=depth < _OPEN_DEPTH)


def _counts(tree: UnitTree, levels: Mapping[str, Level]) -> Iterator[tuple[Level, int]]:
    for code, level in levels.items():
        yield level, sum(unit.level == code for unit in tree.units.values())


def path_text(tree: UnitTree, unit_id: int) -> str:
    """Where a unit lies: "Tỉnh Gia Lai › Huyện KBang"."""
    return " › ".join(unit.name for unit in tree.path(unit_id)[:-1])


async def _waiting(request: web.Request) -> Reform | None:
    reforms = await request.app[SERVICES].reforms.all()
    return next((reform for reform in reforms if reform.state == CONFIRMED), None)


# ---------------------------------------------------------------- one unit


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPage(Page):
    template: ClassVar[str] = "directory/unit.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    day: date
    is_today: bool
    story: UnitStory
    unit: Unit  # as of the day
    exists: bool  # on the day
    level: str
    tree_name: str
    path: tuple[Unit, ...]
    superior: Unit | None
    below: tuple[Unit, ...]
    subordinates: tuple[Unit, ...]
    sites: tuple[Site, ...]
    people: tuple[Person, ...]
    contacts: bool
    editor: bool
    error: str


async def _story(request: web.Request) -> UnitStory:
    story = await request.app[SERVICES].units.story(id_of(request))
    if story is None:
        raise RequestRefused("not-found")
    return story


@require(*NOT_DEVICES)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(request: web.Request, error: str = "") -> web.Response:
    services = request.app[SERVICES]
    story, day = await _story(request), day_of(request)
    tree = await services.directory.tree(day)
    unit = tree.units.get(story.unit.id, story.unit)
    levels = {level.code: level.name for level in await services.directory.levels(day)}
    account = signed_in(request)
    sites = [site for site in await services.directory.sites(day) if site.unit_id == unit.id]
    people = await services.people.find(unit_ids=frozenset({unit.id}), limit=100)
    page = UnitPage(
        tabs=tabs(request, "units"),
        day=day,
        is_today=day == today(),
        story=story,
        unit=unit,
        exists=unit.id in tree.units,
        level=levels.get(unit.level, unit.level),
        tree_name=gettext(TREE_NAMES[unit.tree]),
        path=tuple(tree.path(unit.id)[:-1]),
        superior=tree.units.get(tree.superior(unit) or 0),
        below=tuple(tree.lying_in(unit.id)),
        subordinates=tuple(tree.subordinates(unit.id)) if unit.tree is not Tree.PLACE else (),
        sites=tuple(sites),
        people=people.people,
        contacts=sees_contacts(account),
        editor=may_edit(account),
        error=error,
    )
    return render(request, page, status=409 if error else 200)


@require(*SCHEDULERS)
async def retire(request: web.Request) -> web.Response:
    form = await form_of(request, ("day",))
    day = parse_day(form["day"])
    if day is None:
        return await _show(request, gettext(mark("Nhập ngày kết thúc, dạng ngày/tháng/năm.")))
    try:
        await request.app[SERVICES].units.retire(id_of(request), day)
    except RequestRefused as refused:
        if refused.code != "unit-in-use":
            raise
        return await _show(request, gettext(refused.text))
    except Invalid as invalid:
        (text,) = invalid.errors.values()
        return await _show(request, gettext(text))
    await note(request, Action.DIRECTORY_CHANGED, f"unit {id_of(request)} ends {day}")
    return redirect(f"/danh-ba/don-vi/{id_of(request)}")


# ---------------------------------------------------------------- the form


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFormPage(Page):
    template: ClassVar[str] = "directory/unit_form.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    unit: Unit | None
    values: dict[str, str]
    errors: dict[str, str]
    levels: tuple[Level, ...]
    trees: tuple[tuple[str, str], ...]
    kinds: tuple[str, ...]
    units: tuple[UnitOption, ...]
    superiors: tuple[UnitOption, ...]


async def _form(
    request: web.Request,
    unit: Unit | None,
    values: dict[str, str],
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    directory = request.app[SERVICES].directory
    tree = await directory.tree()
    page = UnitFormPage(
        tabs=tabs(request, "units"),
        unit=unit,
        values={name: values.get(name, "") for name in FIELDS},
        errors=translated_errors(errors or {}),
        levels=tuple(await directory.levels()),
        trees=tuple((value.value, gettext(name)) for value, name in TREE_NAMES.items()),
        kinds=tuple(sorted({other.kind for other in tree.units.values()})),
        units=unit_options(tree),
        superiors=unit_options(tree, lambda other: other.tree is not Tree.PLACE),
    )
    return render(request, page, status=422 if errors else 200)


@require(*SCHEDULERS)
async def show_new(request: web.Request) -> web.Response:
    parent = request.query.get("cap-tren", "")
    return await _form(request, None, {"parent_id": parent, "level": "agency", "rank": "1"})


@require(*SCHEDULERS)
async def show_edit(request: web.Request) -> web.Response:
    story = await _story(request)
    unit = story.unit
    values = {name: _typed(getattr(unit, name, None)) for name in FIELDS}
    values |= {"code": story.code, "aliases": "\n".join(story.aliases), "tree": unit.tree.value}
    return await _form(request, unit, values)


def _typed(value: object) -> str:
    return "" if value is None else str(value)


def to_draft(values: Mapping[str, str]) -> UnitDraft:
    """The form as a draft; what is no number becomes one the checks refuse."""
    same = ("code", "name", "short_name", "name_en", "kind", "level")
    aliases = (alias.strip() for alias in values["aliases"].splitlines())
    return UnitDraft(
        **{name: values[name] for name in same},
        parent_id=number(values["parent_id"]),
        superior_id=number(values["superior_id"]),
        tree=read_tree(values["tree"]),
        rank=number(values["rank"]) or 0,
        aliases=tuple(dict.fromkeys(alias for alias in aliases if alias)),
    )


def _since(values: Mapping[str, str]) -> date | None:
    day = parse_day(values["since"]) if values["since"] else None
    if values["since"] and day is None:
        raise Invalid({"since": mark("Ngày phải có dạng ngày/tháng/năm, ví dụ 01/07/2025.")})
    return day


@require(*SCHEDULERS)
async def create(request: web.Request) -> web.Response:
    values = await _values(request)
    units = request.app[SERVICES].units
    try:
        unit_id = await units.add(to_draft(values), _since(values), today())
    except Invalid as invalid:
        return await _form(request, None, values, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"unit {unit_id} added")
    return redirect(f"/danh-ba/don-vi/{unit_id}")


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.Response:
    story, values = await _story(request), await _values(request)
    units = request.app[SERVICES].units
    try:
        await units.change(story.unit.id, to_draft(values), _since(values), today())
    except Invalid as invalid:
        return await _form(request, story.unit, values, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"unit {story.unit.id} changed")
    return redirect(f"/danh-ba/don-vi/{story.unit.id}")


async def _values(request: web.Request) -> dict[str, str]:
    values = await form_of(request, FIELDS)
    aliases = str((await request.post()).get("aliases", ""))[:5000]
    return values | {"aliases": aliases.replace("\r\n", "\n")}


ROUTES = [
    web.get("/danh-ba", show_all),
    web.get("/danh-ba/don-vi/moi", show_new),
    web.post("/danh-ba/don-vi/moi", create),
    web.get(r"/danh-ba/don-vi/{id:\d{1,10}}", show),
    web.get(r"/danh-ba/don-vi/{id:\d{1,10}}/sua", show_edit),
    web.post(r"/danh-ba/don-vi/{id:\d{1,10}}/sua", save),
    web.post(r"/danh-ba/don-vi/{id:\d{1,10}}/ket-thuc", retire),
]
