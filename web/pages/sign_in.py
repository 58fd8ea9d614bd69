"""Signing in and out, and the interface language."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import cos, pi, sin
from typing import ClassVar

from aiohttp import web

from rooms.errors import RequestRefused
from web.auth import (
    LANGUAGE_COOKIE,
    SIGN_IN,
    YEAR_SECONDS,
    account_of,
    close_session,
    open_session,
    redirect,
    safe_next,
    set_cookie,
)
from web.errors import STATUS_OF_CODE
from web.i18n import gettext, known_language
from web.services import SERVICES, DemoAccount
from web.views import Page, render

MAX_FIELD = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The drawing beside the form: a meeting table with one seat for every site."""

    sites: int
    seats: tuple[tuple[float, float], ...]  # centres in a 600-unit square; the first has the floor
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage(Page):
    template: ClassVar[str] = "sign_in.html"
    username: str
    onward: str  # where to go after signing in
    error: str
    demo_accounts: tuple[DemoAccount, ...]
    table: Table


def draw_table(sites: int) -> Table:
    """Seats evenly around the table, clockwise from the top, small enough not to touch."""
    shown = min(max(sites, 3), 60)
    turns = [2 * pi * i / shown for i in range(shown)]
    seats = tuple((round(300 + 228 * sin(a), 1), round(300 - 228 * cos(a), 1)) for a in turns)
    return Table(sites=sites, seats=seats, radius=min(15.0, round(480 / shown, 1)))


async def _page(
    request: web.Request, *, username: str = "", onward: str, error: str = ""
) -> SignInPage:
    services = request.app[SERVICES]
    settings = services.settings
    return SignInPage(
        username=username,
        onward=onward,
        error=error,
        demo_accounts=settings.demo_accounts if settings.demo else (),
        table=draw_table(len(await services.directory.sites())),
    )


async def show(request: web.Request) -> web.Response:
    onward = safe_next(request.query.get("next"))
    if account_of(request) is not None:
        raise web.HTTPSeeOther(onward)
    return render(request, await _page(request, onward=onward))


async def submit(request: web.Request) -> web.Response:
    form = await request.post()
    username = str(form.get("username", ""))[:MAX_FIELD].strip()
    password = str(form.get("password", ""))[:MAX_FIELD]
    onward = safe_next(str(form.get("next", "")))
    accounts = request.app[SERVICES].accounts
    try:
        account = await accounts.authenticate(
            username, password, request.remote or "", datetime.now(UTC)
        )
    except RequestRefused as refused:
        page = await _page(request, username=username, onward=onward, error=gettext(refused.text))
        return render(request, page, status=STATUS_OF_CODE[refused.code])
    response = redirect(onward)
    await open_session(request, response, account)
    return response


async def sign_out(request: web.Request) -> web.Response:
    response = redirect(SIGN_IN)
    await close_session(request, response)
    return response


async def choose_language(request: web.Request) -> web.Response:
    form = await request.post()
    language = known_language(str(form.get("lang", "")))
    response = redirect(_without_language(safe_next(str(form.get("next", "")))))
    if language is not None:
        set_cookie(request, response, LANGUAGE_COOKIE, language, YEAR_SECONDS)
        account = account_of(request)
        if account is not None:
            await request.app[SERVICES].accounts.set_language(account.id, language)
    return response


def _without_language(path: str) -> str:
    """The path without a `lang=` of its own, which would win over the new choice."""
    address, _, query = path.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("lang=")]
    return f"{address}?{'&'.join(kept)}" if kept else address


ROUTES = [
    web.get(SIGN_IN, show),
    web.post(SIGN_IN, submit),
    web.post("/dang-xuat", sign_out),
    web.post("/ngon-ngu", choose_language),
]
