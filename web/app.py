"""The web application: middleware, pages, the REST API, static files.

`conference.app` adds the WebSocket, WHIP/WHEP and operational routes to what `build_app` returns.
"""

import re
from collections.abc import Iterable

from aiohttp import web

from web import api, assets, auth, errors, pages, uploads
from web.services import SERVICES, Services
from web.views import ASSETS, ENVIRONMENT, make_environment

MAX_BODY_BYTES = 512 * 1024
BEARER_PATHS = ("/whip/", "/whep/")  # take bearer tokens, look at no cookie
PLAIN_PATHS = (assets.PREFIX, "/cong-khai", "/healthz", "/readyz", "/metrics", *BEARER_PATHS)

_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
        "autoplay=(self), screen-wake-lock=(self), speaker-selection=(self), geolocation=()"
    ),
}


def content_security_policy(host: str) -> str:
    """Scripts and styles come from our files alone; sockets go to this host alone.

    The socket addresses are named because older browsers do not count wss: as 'self'.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob: mediastream:",
            f"connect-src 'self'{sockets}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "diemcau"
    if response.content_type == "text/html":
        policy = content_security_policy(request.host)
        response.headers.setdefault("Content-Security-Policy", policy)
    if request.app[SERVICES].settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def build_app(services: Services, *, plain_paths: Iterable[str] = PLAIN_PATHS) -> web.Application:
    """The application with all pages and the REST API.

    Args:
        plain_paths: prefixes of addresses that know no sign-in session.
    """
    files = assets.Assets()
    plain = tuple(plain_paths)
    app = web.Application(
        client_max_size=MAX_BODY_BYTES,
        middlewares=[
            errors.middleware,
            auth.identify(plain),
            errors.middleware,  # again: an error page, too, gets the cookie its forms need
            uploads.middleware,
            auth.protect(plain),
            assets.middleware(files),
        ],
    )
    app[SERVICES] = services
    app[ASSETS] = files
    app[ENVIRONMENT] = make_environment(files)
    app.on_response_prepare.append(_add_headers)
    app.router.add_static(assets.PREFIX, assets.STATIC, append_version=False)
    app.add_routes(pages.ROUTES)
    app.add_routes(api.ROUTES)
    return app
