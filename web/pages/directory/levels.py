"""The levels of the tree in one form: names, order, since when and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import Level, today
from rooms.directory.imports.tables import parse_day
from rooms.directory.levels import MAX_LEVELS
from rooms.errors import Invalid
from rooms.records.audit import Action
from web.auth import redirect, require
from web.formats import short_date
from web.i18n import mark
from web.pages.common import SCHEDULERS
from web.pages.directory.common import MAX_TEXT, number, tabs, translated_errors
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render

FIELDS = ("code", "name", "plural", "name_en", "rank", "valid_from", "valid_to")
Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelsPage(Page):
    template: ClassVar[str] = "directory/levels.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    rows: tuple[Row, ...]  # the last one is for a new level
    known: int
    errors: dict[str, str]


def _row(level: Level) -> Row:
    days = {name: getattr(level, name) for name in ("valid_from", "valid_to")}
    shown = {name: short_date(day) if day else "" for name, day in days.items()}
    return {name: str(getattr(level, name)) for name in FIELDS} | shown


async def _show(
    request: web.Request, rows: Sequence[Row] = (), errors: Mapping[str, str] | None = None
) -> web.Response:
    known = [_row(level) for level in await request.app[SERVICES].levels.all()]
    shown = [*(rows or known)]
    if len(shown) == len(known):
        shown.append(dict.fromkeys(FIELDS, ""))
    page = LevelsPage(
        tabs=tabs(request, "units"),
        rows=tuple(shown),
        known=len(known),
        errors=translated_errors(errors or {}),
    )
    return render(request, page, status=422 if errors else 200)


@require(*SCHEDULERS)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _sent(request: web.Request) -> list[Row]:
    """The rows as typed; a new one that was left empty is none."""
    form = await request.post()
    columns = {name: [str(v)[:MAX_TEXT].strip() for v in form.getall(name, [])] for name in FIELDS}
    count = min(MAX_LEVELS, *(len(values) for values in columns.values()))
    rows = [{name: columns[name][index] for name in FIELDS} for index in range(count)]
    return [row for row in rows if any(row.values())]


def _levels(rows: Sequence[Row]) -> list[Level]:
    """
    Raises:
        Invalid: a day is none.
    """
    errors = {
        f"{index}:{name}": mark("Ngày phải có dạng ngày/tháng/năm, ví dụ 01/07/2025.")
        for index, row in enumerate(rows)
        for name in ("valid_from", "valid_to")
        if row[name] and parse_day(row[name]) is None
    }
    if errors:
        raise Invalid(errors)
    return [
        Level(
            code=row["code"],
            name=row["name"],
            plural=row["plural"],
            name_en=row["name_en"],
            rank=number(row["rank"]) or 0,
            valid_from=parse_day(row["valid_from"]),
            valid_to=parse_day(row["valid_to"]),
        )
        for row in rows
    ]


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.Response:
    rows = await _sent(request)
    try:
        await request.app[SERVICES].levels.save(_levels(rows), today())
    except Invalid as invalid:
        return await _show(request, rows, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, "levels")
    return redirect("/danh-ba/cap")


ROUTES = [web.get("/danh-ba/cap", show), web.post("/danh-ba/cap", save)]
