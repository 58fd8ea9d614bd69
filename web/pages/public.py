"""What everybody may know, for the province's portal: a page, a fragment to put into another page,
a frame, a JSON feed, a calendar. No sign-in, no cookie; caches may keep it.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import msgspec
from aiohttp import web

from rooms.dates.entries import CalendarEntry
from rooms.dates.ics import subscription
from web.formats import end_clock, local
from web.i18n import DEFAULT, gettext, known_language, mark, use_language
from web.pages.common import midnight, site_url
from web.pages.feed import events
from web.services import SERVICES
from web.views import ENVIRONMENT

AHEAD_DAYS = 60
MOST = 100
MAX_AGE_SECONDS = 300
FRAGMENT, FRAME, JSON_FEED, CALENDAR = (
    "/cong-khai/manh.html",
    "/cong-khai/khung",
    "/cong-khai.json",
    "/cong-khai.ics",
)
PAGE = "public/page.html"
_JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"


class MeetingFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a program wants to know of a meeting beside its words."""

    start: datetime
    end: datetime
    state: str
    kind: str
    host: str
    chair: str
    venue: str
    sites: int


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of JSON Feed 1.1; fields that begin with a low line are extensions."""

    id: str
    url: str
    title: str
    content_text: str
    date_modified: datetime
    _diemcau: MeetingFacts


class JsonFeed(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    title: str
    home_page_url: str
    feed_url: str
    language: str
    items: tuple[FeedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDay:
    date: date
    entries: tuple[CalendarEntry, ...]


async def _upcoming(request: web.Request, now: datetime) -> list[CalendarEntry]:
    """Of today and the days after, as many as `?so=` asks for."""
    today = local(now).date()
    start, end = midnight(today), midnight(today + timedelta(days=AHEAD_DAYS))
    found = await request.app[SERVICES].entries.public(start, end)
    text = request.query.get("so", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else MOST
    return found[: max(1, min(wanted, MOST))]


def _days(entries: list[CalendarEntry]) -> tuple[PublicDay, ...]:
    grouped = groupby(entries, key=lambda entry: local(entry.start).date())
    return tuple(PublicDay(date=day, entries=tuple(of_day)) for day, of_day in grouped)


def place(entry: CalendarEntry) -> str:
    return ", ".join(text for text in (entry.venue, entry.main_site) if text)


def _html(request: web.Request, template: str, entries: list[CalendarEntry]) -> str:
    settings = request.app[SERVICES].settings
    names = {
        "days": _days(entries),
        "settings": settings,
        "base": site_url(request),
        "language": known_language(request.query.get("lang")) or DEFAULT,
        "heading": "h2" if template == PAGE else "h3",  # others put it below titles of their own
        "place": place,
    }
    return request.app[ENVIRONMENT].get_template(template).render(names)


def _page(request: web.Request, entries: list[CalendarEntry]) -> web.Response:
    return web.Response(text=_html(request, PAGE, entries), content_type="text/html")


def _fragment(request: web.Request, entries: list[CalendarEntry]) -> web.Response:
    text = _html(request, "public/fragment.html", entries)
    return _open(web.Response(text=text, content_type="text/html"))


def _frame(request: web.Request, entries: list[CalendarEntry]) -> web.Response:
    """A document of its own that any page may hold in an iframe."""
    response = web.Response(
        text=_html(request, "public/frame.html", entries), content_type="text/html"
    )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors *"
    )
    return _open(response)


def _json(request: web.Request, entries: list[CalendarEntry]) -> web.Response:
    base, province = site_url(request), request.app[SERVICES].settings.province
    feed = JsonFeed(
        version=_JSON_FEED_VERSION,
        title=gettext(mark("Lịch họp công khai - %(province)s")) % {"province": province},
        home_page_url=f"{base}/cong-khai",
        feed_url=f"{base}{JSON_FEED}",
        language=known_language(request.query.get("lang")) or DEFAULT,
        items=tuple(_item(entry, base) for entry in entries),
    )
    body = msgspec.json.encode(feed)
    return _open(web.Response(body=body, content_type="application/feed+json", charset="utf-8"))


def _item(entry: CalendarEntry, base: str) -> FeedItem:
    start = local(entry.start)
    facts = MeetingFacts(
        start=start,
        end=local(entry.end),
        state=entry.state.value,
        kind=entry.kind,
        host=entry.host_unit,
        chair=", ".join(text for text in (entry.chair_name, entry.chair_position) if text),
        venue=place(entry),
        sites=entry.sites,
    )
    text = f"{start:%H:%M}-{end_clock(entry.end, entry.start)}, {start:%d/%m/%Y}. "
    return FeedItem(
        id=f"{base}/cong-khai#m{entry.id}",
        url=f"{base}/cong-khai#m{entry.id}",
        title=entry.title,
        content_text=text + ". ".join(part for part in (entry.host_unit, facts.venue) if part),
        date_modified=entry.changed_at,
        _diemcau=facts,
    )


def _calendar(request: web.Request, entries: list[CalendarEntry]) -> web.Response:
    settings = request.app[SERVICES].settings
    name = gettext(mark("Lịch họp công khai - %(province)s")) % {"province": settings.province}
    found = events(entries, settings.token_key, site_url(request), settings.hotline)
    body = subscription(name, found)
    return _open(web.Response(body=body, content_type="text/calendar", charset="utf-8"))


def _open(response: web.Response) -> web.Response:
    """Other sites may read it."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _serve(
    make: Callable[[web.Request, list[CalendarEntry]], web.Response],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        use_language(known_language(request.query.get("lang")) or DEFAULT)
        return _cacheable(request, make(request, await _upcoming(request, datetime.now(UTC))))

    return handler


def _cacheable(request: web.Request, response: web.Response) -> web.Response:
    body = response.body
    assert isinstance(body, bytes)
    etag = hashlib.sha256(body).hexdigest()[:32]
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    if any(known.value in (etag, "*") for known in request.if_none_match or ()):
        headers = {
            name: value for name, value in response.headers.items() if name != "Content-Type"
        }
        return web.Response(status=304, headers=headers)
    return response


ROUTES = [
    web.get("/cong-khai", _serve(_page)),
    web.get(FRAGMENT, _serve(_fragment)),
    web.get(FRAME, _serve(_frame)),
    web.get(JSON_FEED, _serve(_json)),
    web.get(CALENDAR, _serve(_calendar)),
]
