"""What the pages of the directory share: tabs, rights, reading of forms."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from aiohttp.web_request import FileField

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.directory import Level, UnitTree, today
from rooms.directory.imports.tables import parse_day
from rooms.directory.search import matches
from rooms.directory.trees import Tree, Unit
from rooms.errors import RequestRefused
from web.auth import signed_in
from web.i18n import current_language, gettext, mark
from web.pages.common import OVERSEERS, SCHEDULERS
from web.pages.tabs import Tab

MAX_TEXT = 300
MAX_ID = 2**31 - 1

_TABS = (
    ("units", mark("Đơn vị"), "/danh-ba"),
    ("sites", mark("Điểm cầu"), "/danh-ba/diem-cau"),
    ("people", mark("Cán bộ"), "/danh-ba/can-bo"),
    ("groups", mark("Cụm điểm cầu"), "/danh-ba/cum"),
    ("imports", mark("Nhập, xuất danh sách"), "/danh-ba/nhap"),
    ("reforms", mark("Sắp xếp đơn vị"), "/danh-ba/sap-xep"),
)
_OF_EDITORS = ("imports", "reforms")


def may_edit(account: Account) -> bool:
    return account.role in SCHEDULERS


def sees_contacts(account: Account) -> bool:
    """Telephones and addresses of people are for those who work with them."""
    return account.role in OVERSEERS


def tabs(request: web.Request, current: str) -> tuple[Tab, ...]:
    """The pages of the directory this account may open."""
    editor = may_edit(signed_in(request))
    return tuple(
        Tab(label=gettext(label), href=href, current=name == current)
        for name, label, href in _TABS
        if editor or name not in _OF_EDITORS
    )


async def form_of(request: web.Request, names: Iterable[str]) -> dict[str, str]:
    """The named fields as typed, cut to what fits."""
    form = await request.post()
    return {name: str(form.get(name, ""))[:MAX_TEXT].strip() for name in names}


async def file_of(request: web.Request, name: str) -> bytes | None:
    """The content of a file that was sent with the form; None when there is none."""
    field = (await request.post()).get(name)
    if not isinstance(field, FileField):
        return None
    with field.file:
        return field.file.read()


def number(text: str) -> int | None:
    """A whole number as typed; None when it is none."""
    text = text.strip()
    fits = text.isascii() and text.isdigit() and len(text) < 11
    return int(text) if fits and int(text) <= MAX_ID else None


def id_of(request: web.Request, name: str = "id") -> int:
    """The id in the address.

    Raises:
        RequestRefused: "not-found".
    """
    found = number(request.match_info[name])
    if found is None:
        raise RequestRefused("not-found")
    return found


def day_of(request: web.Request) -> date:
    """The day asked for in the address; today when none is."""
    return parse_day(request.query.get("ngay", "").strip()) or today()


def translated_errors(errors: Mapping[str, str]) -> dict[str, str]:
    return {field: gettext(text) for field, text in errors.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOption:
    id: int
    label: str  # with the place it lies in, where two have one name


def level_name(level: Level) -> str:
    """As its row says, in the language of the request."""
    return level.name if current_language() == "vi" else level.name_en


def unit_options(
    tree: UnitTree, keep: Callable[[Unit], bool] = lambda unit: True
) -> tuple[UnitOption, ...]:
    """Units to choose from, in protocol order."""
    units = [unit for unit in tree.units.values() if keep(unit)]
    twice = _repeated(unit.short_name for unit in units)
    return tuple(
        UnitOption(id=unit.id, label=_label(unit, tree, unit.short_name in twice)) for unit in units
    )


def _repeated(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return twice


def _label(unit: Unit, tree: UnitTree, twice: bool) -> str:
    above = tree.units.get(unit.parent_id or 0)
    return f"{unit.short_name} ({above.short_name})" if twice and above else unit.short_name


def found_units(
    tree: UnitTree, aliases: Mapping[int, list[str]], codes: Mapping[int, str], text: str
) -> list[Unit]:
    """Units whose name, other names or code match, in protocol order."""
    return [
        unit
        for unit in tree.units.values()
        if matches(text, unit.name, unit.short_name, *aliases.get(unit.id, ()))
        or codes.get(unit.id, "").casefold() == text.casefold()
    ]


def read_tree(text: str) -> Tree:
    return Tree(text) if text in list(Tree) else Tree.PLACE


NOT_DEVICES = (
    AccountRole.ADMINISTRATOR,
    AccountRole.SECRETARIAT,
    AccountRole.TECHNICIAN,
    AccountRole.OFFICIAL,
)
