"""The administrator's pages of webhooks: which systems are told of meetings, and what they were
told."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from rooms.directory.accounts import AccountRole
from rooms.errors import Invalid
from rooms.webhooks.deliveries import Delivery, DeliveryState
from rooms.webhooks.endpoints import MAX_NAME_CHARS, Endpoint, EndpointDraft
from rooms.webhooks.events import MEETING_EVENTS, EventType
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark
from web.pages.line_words import translated
from web.services import SERVICES
from web.views import Page, render

ADDRESS = "/quan-tri/thong-bao"
LOG_LENGTH = 50
MAX_URL_CHARS = 500

EVENT_NAMES = {
    EventType.CREATED: mark("Lập cuộc họp mới"),
    EventType.CHANGED: mark("Cuộc họp thay đổi"),
    EventType.CANCELLED: mark("Hủy cuộc họp"),
    EventType.STARTED: mark("Cuộc họp bắt đầu"),
    EventType.ENDED: mark("Cuộc họp kết thúc"),
    EventType.PING: mark("Gửi thử"),
}
STATE_NAMES = {
    DeliveryState.WAITING: mark("Chờ gửi"),
    DeliveryState.DELIVERED: mark("Đã nhận"),
    DeliveryState.FAILED: mark("Không gửi được"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksPage(Page):
    template: ClassVar[str] = "webhooks.html"
    place: ClassVar[str] = "accounts"
    endpoints: tuple[Endpoint, ...]
    events: dict[str, str]
    values: EndpointDraft
    errors: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPage(Page):
    template: ClassVar[str] = "webhook.html"
    place: ClassVar[str] = "accounts"
    endpoint: Endpoint
    events: dict[str, str]  # those to choose from
    event_names: dict[str, str]
    states: dict[str, str]
    deliveries: tuple[Delivery, ...]
    older: int | None  # the id to go on before
    values: EndpointDraft
    errors: dict[str, str]


def _choices() -> dict[str, str]:
    return {event.value: gettext(EVENT_NAMES[event]) for event in MEETING_EVENTS}


def _texts(errors: dict[str, str]) -> dict[str, str]:
    return {field: gettext(text) for field, text in errors.items()}


async def _show_all(
    request: web.Request, values: EndpointDraft, errors: dict[str, str]
) -> web.Response:
    page = WebhooksPage(
        endpoints=tuple(await request.app[SERVICES].webhooks.all()),
        events=_choices(),
        values=values,
        errors=_texts(errors),
    )
    return render(request, page, status=422 if errors else 200)


@require(AccountRole.ADMINISTRATOR)
async def index(request: web.Request) -> web.Response:
    return await _show_all(request, EndpointDraft(name="", url="https://"), {})


async def _sent(request: web.Request) -> EndpointDraft:
    form = await request.post()
    sent = {str(value) for value in form.getall("su-kien", ())}
    return EndpointDraft(
        name=str(form.get("ten", ""))[: MAX_NAME_CHARS + 1],
        url=str(form.get("dia-chi", "")).strip()[: MAX_URL_CHARS + 1],
        events=tuple(event for event in MEETING_EVENTS if event.value in sent),
        active="bat" in form,
    )


@require(AccountRole.ADMINISTRATOR)
async def add(request: web.Request) -> web.Response:
    draft = await _sent(request)
    webhooks = request.app[SERVICES].webhooks
    try:
        endpoint = await webhooks.add(draft, signed_in(request), datetime.now(UTC))
    except Invalid as invalid:
        return await _show_all(request, draft, invalid.errors)
    return redirect(f"{ADDRESS}/{endpoint.id}")


async def _endpoint(request: web.Request) -> Endpoint:
    return await request.app[SERVICES].webhooks.get(int(request.match_info["webhook"]))


def _before(request: web.Request) -> int | None:
    text = request.query.get("truoc", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


async def _show(
    request: web.Request,
    endpoint: Endpoint,
    values: EndpointDraft | None = None,
    errors: dict[str, str] | None = None,
) -> web.Response:
    found = await request.app[SERVICES].deliveries.log(
        endpoint.id, LOG_LENGTH + 1, _before(request)
    )
    page = WebhookPage(
        endpoint=endpoint,
        events=_choices(),
        event_names=translated(EVENT_NAMES),
        states=translated(STATE_NAMES),
        deliveries=tuple(found[:LOG_LENGTH]),
        older=found[LOG_LENGTH - 1].id if len(found) > LOG_LENGTH else None,
        values=values or _draft(endpoint),
        errors=_texts(errors or {}),
    )
    return render(request, page, status=422 if errors else 200)


def _draft(endpoint: Endpoint) -> EndpointDraft:
    return EndpointDraft(
        name=endpoint.name, url=endpoint.url, events=endpoint.events, active=endpoint.active
    )


@require(AccountRole.ADMINISTRATOR)
async def show(request: web.Request) -> web.Response:
    return await _show(request, await _endpoint(request))


@require(AccountRole.ADMINISTRATOR)
async def change(request: web.Request) -> web.Response:
    endpoint, draft = await _endpoint(request), await _sent(request)
    webhooks = request.app[SERVICES].webhooks
    try:
        await webhooks.change(endpoint.id, draft, signed_in(request), datetime.now(UTC))
    except Invalid as invalid:
        return await _show(request, endpoint, draft, invalid.errors)
    return redirect(f"{ADDRESS}/{endpoint.id}")


@require(AccountRole.ADMINISTRATOR)
async def remove(request: web.Request) -> web.Response:
    endpoint = await _endpoint(request)
    now = datetime.now(UTC)
    await request.app[SERVICES].webhooks.remove(endpoint.id, signed_in(request), now)
    return redirect(ADDRESS)


@require(AccountRole.ADMINISTRATOR)
async def renew_secret(request: web.Request) -> web.Response:
    endpoint = await _endpoint(request)
    now = datetime.now(UTC)
    await request.app[SERVICES].webhooks.renew_secret(endpoint.id, signed_in(request), now)
    return redirect(f"{ADDRESS}/{endpoint.id}#khoa")


@require(AccountRole.ADMINISTRATOR)
async def ping(request: web.Request) -> web.Response:
    endpoint = await _endpoint(request)
    token = secrets.token_hex(8)
    await request.app[SERVICES].deliveries.ping(endpoint.id, token, datetime.now(UTC))
    return redirect(f"{ADDRESS}/{endpoint.id}#nhat-ky")


@require(AccountRole.ADMINISTRATOR)
async def resend(request: web.Request) -> web.Response:
    endpoint = await _endpoint(request)
    delivery = int(request.match_info["delivery"])
    await request.app[SERVICES].deliveries.resend(endpoint.id, delivery, datetime.now(UTC))
    return redirect(f"{ADDRESS}/{endpoint.id}#nhat-ky")


_ONE = ADDRESS + r"/{webhook:\d{1,9}}"
ROUTES = [
    web.get(ADDRESS, index),
    web.post(ADDRESS, add),
    web.get(_ONE, show),
    web.post(_ONE, change),
    web.post(_ONE + "/xoa", remove),
    web.post(_ONE + "/khoa", renew_secret),
    web.post(_ONE + "/thu", ping),
    web.post(_ONE + r"/{delivery:\d{1,9}}/gui-lai", resend),
]
