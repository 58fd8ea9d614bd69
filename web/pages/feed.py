"""One's own calendar for Outlook, Google and telephones: a secret address, and what it serves."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from aiohttp import web

from rooms.dates.entries import CalendarEntry, Scope, Wanted
from rooms.dates.feeds import Feed
from rooms.dates.ics import CalendarEvent, subscription
from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.invitations.ics import event_uid
from rooms.meetings.drafts import KIND_NAMES, MeetingKind
from rooms.meetings.lifecycle import STATE_NAMES
from rooms.meetings.records import UNPUBLISHED, MeetingState
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark, ngettext, use_language
from web.pages.common import site_url
from web.services import SERVICES
from web.views import Page, render

BEFORE, AHEAD = timedelta(days=90), timedelta(days=400)
_OFF = (MeetingState.CANCELLED, MeetingState.POSTPONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage(Page):
    template: ClassVar[str] = "calendar/feed.html"
    place: ClassVar[str] = "calendar"
    feed: Feed | None
    address: str  # "" without a feed
    webcal: str


def _page(request: web.Request, feed: Feed | None) -> FeedPage:
    address = f"{site_url(request)}/lich/{feed.token}.ics" if feed else ""
    webcal = "webcal://" + address.partition("://")[2] if feed else ""
    return FeedPage(feed=feed, address=address, webcal=webcal)


@require()
async def show(request: web.Request) -> web.Response:
    feed = await request.app[SERVICES].feeds.of(signed_in(request))
    return render(request, _page(request, feed))


@require()
async def change(request: web.Request) -> web.Response:
    feeds, account = request.app[SERVICES].feeds, signed_in(request)
    form = await request.post()
    if form.get("action") == "revoke":
        await feeds.revoke(account)
    else:
        await feeds.renew(account, datetime.now(UTC))
    return redirect("/lich/dang-ky")


def events(
    entries: Sequence[CalendarEntry], key: bytes, base: str, hotline: str
) -> list[CalendarEvent]:
    """Entries as events, in the language of the request."""
    return [_event(entry, key, base, hotline) for entry in entries]


def _event(entry: CalendarEntry, key: bytes, base: str, hotline: str) -> CalendarEvent:
    url = f"{base}/cuoc-hop/{entry.reference}"
    place = ", ".join(text for text in (entry.venue, entry.main_site) if text)
    sites = ngettext("%(num)d điểm cầu", "%(num)d điểm cầu", entry.sites) % {"num": entry.sites}
    off = f"[{gettext(STATE_NAMES[entry.state])}] " if entry.state in _OFF + UNPUBLISHED else ""
    return CalendarEvent(
        uid=event_uid(entry.id, key),
        sequence=entry.revision - 1,
        start=entry.start,
        end=entry.end,
        changed_at=entry.changed_at,
        summary=off + entry.title,
        location=f"{place} ({sites})" if place else sites,
        description=_description(entry, url, hotline),
        url=url,
        status=_status(entry.state),
        category=_kind(entry.kind),
    )


def _status(state: MeetingState) -> str:
    if state is MeetingState.CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if state in (MeetingState.POSTPONED, *UNPUBLISHED) else "CONFIRMED"


def _kind(kind: str) -> str:
    known = next((one for one in MeetingKind if one == kind), None)
    return gettext(KIND_NAMES[known]) if known else ""


def _description(entry: CalendarEntry, url: str, hotline: str) -> str:
    chair = ", ".join(text for text in (entry.chair_name, entry.chair_position) if text)
    lines = (
        f"{gettext('Chủ trì:')} {chair}",
        f"{gettext('Đơn vị chủ trì:')} {entry.host_unit}",
        f"{gettext('Vào họp:')} {url}",
        f"{gettext('Đường dây nóng kỹ thuật:')} {hotline}",
    )
    return "\n".join(lines)


async def _entries(request: web.Request, account: Account, now: datetime) -> list[CalendarEntry]:
    wanted = Wanted(scope=Scope.MINE)
    return await request.app[SERVICES].entries.between(now - BEFORE, now + AHEAD, account, wanted)


async def read(request: web.Request) -> web.Response:
    services, now = request.app[SERVICES], datetime.now(UTC)
    account = await services.feeds.reader(request.match_info["secret"], now)
    if account is None:
        raise RequestRefused("not-found")
    use_language(account.language)
    settings = services.settings
    found = events(
        await _entries(request, account, now),
        settings.token_key,
        site_url(request),
        settings.hotline,
    )
    name = gettext(mark("Lịch họp - %(name)s")) % {"name": account.full_name}
    return _calendar(request, subscription(name, found))


def _calendar(request: web.Request, content: bytes) -> web.Response:
    etag = hashlib.sha256(content).hexdigest()[:32]
    headers = {
        "Cache-Control": "private, max-age=300",
        "ETag": f'"{etag}"',
        "X-Robots-Tag": "noindex",
    }
    if any(known.value in (etag, "*") for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=content, content_type="text/calendar", charset="utf-8", headers=headers
    )


ROUTES = [
    web.get("/lich/dang-ky", show),
    web.post("/lich/dang-ky", change),
    web.get("/lich/{secret}.ics", read),
]
