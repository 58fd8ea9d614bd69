"""Render a page: one typed context per template, the frame around it added here."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rooms.directory.accounts import Account, AccountRole
from web import formats, lunar
from web.assets import Assets
from web.auth import account_of, csrf_token
from web.i18n import current_language, gettext, mark, ngettext
from web.services import SERVICES, WebSettings

TEMPLATES = Path(__file__).parent / "templates"

ENVIRONMENT = web.AppKey("environment", Environment)
ASSETS = web.AppKey("assets", Assets)

ROLE_NAMES = {
    AccountRole.ADMINISTRATOR: mark("Quản trị hệ thống"),
    AccountRole.SECRETARIAT: mark("Thư ký"),
    AccountRole.TECHNICIAN: mark("Cán bộ kỹ thuật"),
    AccountRole.OFFICIAL: mark("Đại biểu"),
    AccountRole.SITE_DEVICE: mark("Máy của điểm cầu"),
}

FILTERS = (
    formats.clock,
    formats.clock_seconds,
    formats.end_clock,
    formats.weekday,
    formats.long_date,
    formats.short_date,
    formats.iso_date,
    formats.day_month,
    formats.decimal,
    formats.file_size,
    formats.rate,
    formats.duration,
)

_SEES_HEALTH = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT, AccountRole.TECHNICIAN)

_SEES_REPORTS = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT, AccountRole.OFFICIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Base of the contexts; a subclass names its template and the fields it shows."""

    template: ClassVar[str]
    place: ClassVar[str] = ""  # the navigation entry that is marked as current


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    place: str
    href: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What `base.html` shows around every page."""

    account: Account | None
    settings: WebSettings
    language: str
    other_language: str
    csrf: str
    path: str  # of this page with its query, to come back to
    nav: tuple[NavItem, ...]
    place: str
    now: datetime


def make_environment(assets: Assets) -> Environment:
    """The template environment: escaping on, undefined names refused, texts translated."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]

    icons: dict[tuple[str, str, str], Markup] = {}  # a long table has a thousand of them

    def icon(name: str, extra: str = "") -> Markup:
        key = (name, extra, assets.url("icons.svg"))
        found = icons.get(key)
        if found is None:
            found = icons[key] = _icon(*key)
        return found

    environment.globals.update(
        _=translate,
        icon=icon,
        static=assets.url,
        role_name=lambda role: gettext(ROLE_NAMES[role]),
        lunar_day=lunar.day_month,
    )
    environment.filters.update({filter.__name__: filter for filter in FILTERS})
    return environment


def _icon(name: str, extra: str, sprite: str) -> Markup:
    classes = f"i {extra}".strip()
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        classes, sprite, name
    )


def translate(message: str, **values: Any) -> Markup:
    """`_()` of the templates: what Jinja's own does, without two detours for each of the thousand
    words of a long table. Values are escaped."""
    text = _translated(current_language(), message)
    return text % values if values or "%" in text else text  # "%%" is one in either case


@lru_cache(maxsize=4096)
def _translated(_language: str, message: str) -> Markup:
    return Markup(gettext(message))


def navigation(account: Account | None) -> tuple[NavItem, ...]:
    """The entries this account may open."""
    if account is None:
        return ()
    items = [
        NavItem(place="today", href="/", label=gettext("Hôm nay")),
        NavItem(place="calendar", href="/cuoc-hop", label=gettext("Lịch công tác")),
    ]
    if account.role in _SEES_REPORTS:
        items.append(NavItem(place="reports", href="/bao-cao", label=gettext("Báo cáo")))
    if account.role is not AccountRole.SITE_DEVICE:
        items.append(NavItem(place="directory", href="/danh-ba", label=gettext("Danh bạ")))
    if account.role in _SEES_HEALTH:
        items.append(NavItem(place="health", href="/ky-thuat", label=gettext("Sức khỏe phòng họp")))
    if account.role is AccountRole.ADMINISTRATOR:
        items.append(
            NavItem(place="accounts", href="/quan-tri/tai-khoan", label=gettext("Tài khoản"))
        )
    items.append(NavItem(place="help", href="/tro-giup", label=gettext("Trợ giúp")))
    return tuple(items)


def frame_of(request: web.Request, place: str) -> Frame:
    account = account_of(request)
    language = current_language()
    return Frame(
        account=account,
        settings=request.app[SERVICES].settings,
        language=language,
        other_language="en" if language == "vi" else "vi",
        csrf=csrf_token(request),
        path=request.path_qs,
        nav=navigation(account),
        place=place,
        now=datetime.now(UTC),
    )


def render(request: web.Request, page: Page, *, status: int = 200) -> web.Response:
    """The page as a response; every field of the context is a name in the template."""
    frame = frame_of(request, page.place)
    names: dict[str, Any] = {field.name: getattr(page, field.name) for field in fields(page)}
    template = request.app[ENVIRONMENT].get_template(page.template)
    body = template.render(frame=frame, settings=frame.settings, language=frame.language, **names)
    response = web.Response(text=body, content_type="text/html", status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
