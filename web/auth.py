"""Who is asking, and whether the request really comes from one of our own pages.

The sign-in session is a random token in an HttpOnly cookie; the store keeps its hash alone. Every
changing request must come from our own origin and carry a token bound to that cookie, the sign-in
form included. Programs send `Authorization: Bearer …` to the REST API instead: no cookie is looked
at then, and no form token is needed.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.api_tokens import Scope
from rooms.errors import RequestRefused
from web.i18n import DEFAULT, Language, current_language, known_language, use_language
from web.services import SERVICES

SESSION_COOKIE = "diemcau_session"
VISIT_COOKIE = "diemcau_visit"  # binds the form token of somebody who has not signed in
LANGUAGE_COOKIE = "lang"
TOKEN_FIELD = "csrf"
TOKEN_HEADER = "X-CSRF-Token"
STREAMS = "reads_its_token"  # attribute of handlers that check the form token themselves
SIGN_IN = "/dang-nhap"
SESSION_SECONDS = 30 * 24 * 3600
YEAR_SECONDS = 365 * 24 * 3600

ACCOUNT: web.RequestKey[Account | None] = web.RequestKey("account", object)  # type: ignore[arg-type]
VISIT: web.RequestKey[str] = web.RequestKey("visit", str)
SCOPES: web.RequestKey[frozenset[Scope]] = web.RequestKey("scopes", frozenset)
API = "/api/"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_PAGE = Callable[[web.Request], Awaitable[web.StreamResponse]]


def account_of(request: web.Request) -> Account | None:
    """Who is signed in; None when nobody is, or on a static file."""
    return request.get(ACCOUNT)


def signed_in(request: web.Request) -> Account:
    """The account of a handler behind `require`."""
    account = account_of(request)
    assert account is not None
    return account


def bearer_scopes(request: web.Request) -> frozenset[Scope] | None:
    """What the token of this request may be used for; None: it came with a session."""
    return request.get(SCOPES)


def _bearer(request: web.Request) -> str | None:
    """The token in the Authorization header of a request to the API."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    is_bearer = kind.lower() == "bearer" and request.path.startswith(API)
    return token.strip() if is_bearer else None


class UnknownToken(web.HTTPUnauthorized):
    """The bearer token opens nothing: unknown, expired or revoked."""

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


async def _account_of_bearer(request: web.Request, token: str) -> Account:
    tokens = request.app[SERVICES].tokens
    found = await tokens.bearer(token, request.remote or "", datetime.now(UTC))
    if found is None:
        raise UnknownToken
    account, request[SCOPES] = found
    return account


async def _account_of_session(request: web.Request) -> Account | None:
    token = request.cookies.get(SESSION_COOKIE, "")
    if not _TOKEN.fullmatch(token):
        return None
    return await request.app[SERVICES].accounts.session_account(token, datetime.now(UTC))


def csrf_token(request: web.Request) -> str:
    """The token forms of this visitor carry: an HMAC of their session or visit cookie."""
    seed = request.cookies.get(SESSION_COOKIE, "") if account_of(request) else ""
    seed = seed or request.get(VISIT, "")
    key = request.app[SERVICES].settings.token_key
    return hmac.new(key, b"csrf\0" + seed.encode(), hashlib.sha256).hexdigest()


def same_origin(request: web.Request) -> bool:
    """Whether a browser says the request comes from our own pages.

    Clients that are not browsers send neither header and pass: they hold no cookie of ours that a
    page could abuse. The WebSocket handshake is to be checked with this too.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    public = request.app[SERVICES].settings.public_url
    if public and origin == public:
        return True
    return urlsplit(origin).netloc == request.host


def safe_next(value: str | None) -> str:
    """A path of this site to go on to; anything else becomes the home page."""
    if (
        not value
        or not value.startswith("/")
        or value[1:2] in ("/", "\\")
        or any(ord(character) < 0x21 or character == "\\" for character in value)
    ):
        return "/"
    return value


def redirect(path: str) -> web.Response:
    """Go on to a path of this site with GET; unlike the exception it can carry cookies."""
    return web.Response(status=303, headers={"Location": str(URL(path))})


def set_cookie(
    request: web.Request, response: web.StreamResponse, name: str, value: str, max_age: int
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=request.app[SERVICES].settings.secure_cookies,
    )


async def open_session(
    request: web.Request, response: web.StreamResponse, account: Account
) -> None:
    """Sign the account in: a fresh token, and the one it replaces is closed."""
    accounts = request.app[SERVICES].accounts
    old = request.cookies.get(SESSION_COOKIE)
    if old and _TOKEN.fullmatch(old):
        await accounts.close_session(old)
    agent = request.headers.get("User-Agent", "")[:200]
    token = await accounts.open_session(account.id, request.remote or "", agent, datetime.now(UTC))
    set_cookie(request, response, SESSION_COOKIE, token, SESSION_SECONDS)


async def close_session(request: web.Request, response: web.StreamResponse) -> None:
    token = request.cookies.get(SESSION_COOKIE)
    if token and _TOKEN.fullmatch(token):
        await request.app[SERVICES].accounts.close_session(token)
    response.del_cookie(SESSION_COOKIE, path="/")


def _language(request: web.Request, account: Account | None) -> Language:
    """Asked for in the address, chosen earlier, or the account's own. Programs ask by header."""
    asked = request.headers.get("Accept-Language", "") if request.path.startswith(API) else ""
    return (
        known_language(request.query.get("lang"))
        or known_language(request.cookies.get(LANGUAGE_COOKIE))
        or known_language(asked[:2].lower())
        or (account.language if account else DEFAULT)
    )


def identify(skip: tuple[str, ...]) -> Middleware:
    """Middleware: find the account, the visit and the language of each request."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(skip):
            return await handler(request)
        bearer = _bearer(request)
        if bearer is None:
            account = await _account_of_session(request)
        else:
            account = await _account_of_bearer(request, bearer)
        request[ACCOUNT] = account
        visit = request.cookies.get(VISIT_COOKIE, "")
        known_visit = _TOKEN.fullmatch(visit) is not None
        request[VISIT] = visit if known_visit else secrets.token_urlsafe(24)
        use_language(_language(request, account))
        response = await handler(request)
        if response.prepared:
            return response
        if account is None and not known_visit and response.content_type == "text/html":
            set_cookie(request, response, VISIT_COOKIE, request[VISIT], YEAR_SECONDS)
        if known_language(request.query.get("lang")):
            set_cookie(request, response, LANGUAGE_COOKIE, current_language(), YEAR_SECONDS)
        return response

    return middleware


async def _sent_token(request: web.Request) -> str:
    header = request.headers.get(TOKEN_HEADER)
    if header is not None:
        return header
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent = (await request.post()).get(TOKEN_FIELD)
        return sent if isinstance(sent, str) else ""
    return ""


def protect(skip: tuple[str, ...]) -> Middleware:
    """Middleware: refuse changing requests that our own pages did not send.

    `skip` names the addresses that take bearer tokens and look at no cookie.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method in _SAFE_METHODS or request.path.startswith(skip):
            return await handler(request)
        if bearer_scopes(request) is not None:
            return await handler(request)
        expected = csrf_token(request)
        if not same_origin(request):
            raise Forged
        if getattr(request.match_info.handler, STREAMS, False):
            return await handler(request)
        sent = await _sent_token(request)
        if not hmac.compare_digest(sent.encode(), expected.encode()):
            raise Forged
        return await handler(request)

    return middleware


class Forged(web.HTTPForbidden):
    """The form token is missing or stale, or another site sent the request."""

    def __init__(self) -> None:
        super().__init__(reason="Forged or stale form")


def require(*roles: AccountRole) -> Callable[[_PAGE], _PAGE]:
    """Let a handler run only for signed-in accounts, with `roles` only for these.

    Others go to the sign-in page and come back. A wrong role is refused with "not-allowed".
    """

    def decorate(handler: _PAGE) -> _PAGE:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            account = account_of(request)
            if account is None:
                back = request.path_qs if request.method == "GET" else "/"
                raise web.HTTPSeeOther(f"{SIGN_IN}?next={quote(back, safe='/')}")
            if roles and account.role not in roles:
                raise RequestRefused("not-allowed")
            return await handler(request)

        return guarded

    return decorate
