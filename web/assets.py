"""Static files: an address that changes with the content, so that caches may keep them."""

import hashlib
import time
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
FOREVER = "public, max-age=31536000, immutable"
CHECK_EACH_TIME = "no-cache"
_LOOK_EVERY_S = 0.5


class Assets:
    """Addresses of static files with a hash of their content.

    Hashes are kept until the file's modification time changes, which is looked at twice a second:
    an edited file shows at once, and a page with a thousand icons does not look a thousand times.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, str]] = {}
        self._looked: dict[str, tuple[float, str]] = {}  # monotonic seconds, what was found then

    def digest(self, name: str) -> str:
        """First 12 hex digits of the file's SHA-256; empty when there is no such file."""
        now = time.monotonic()
        looked = self._looked.get(name)
        if looked is None or now - looked[0] > _LOOK_EVERY_S:
            looked = (now, self._digest(name))
            if looked[1]:  # else names that clients make up would gather here
                self._looked[name] = looked
        return looked[1]

    def _digest(self, name: str) -> str:
        path = self._folder / name
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return ""
        known = self._known.get(name)
        if known is None or known[0] != changed:
            known = (changed, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
            self._known[name] = known
        return known[1]

    def url(self, name: str) -> str:
        """Address of a file under `static/`, e.g. ``css/pages.css``."""
        digest = self.digest(name)
        return f"{PREFIX}{name}?v={digest}" if digest else f"{PREFIX}{name}"

    def cache_control(self, name: str, version: str | None) -> str:
        """A file asked for by its hash may be kept forever, any other is checked each time."""
        return FOREVER if version and version == self.digest(name) else CHECK_EACH_TIME


def middleware(assets: Assets) -> Middleware:
    @web.middleware
    async def static_cache(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except OSError as error:  # a name no file can have
            if request.path.startswith(PREFIX):
                raise web.HTTPNotFound from error
            raise
        if request.path.startswith(PREFIX) and response.status in (200, 304):
            name = request.path.removeprefix(PREFIX)
            response.headers["Cache-Control"] = assets.cache_control(name, request.query.get("v"))
        return response

    return static_cache
