"""Webhooks of the REST API: administrators say which systems are told, and see what they were
told."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from rooms.directory.accounts import AccountRole
from rooms.directory.api_tokens import Scope
from rooms.webhooks.deliveries import Delivery
from rooms.webhooks.endpoints import Endpoint, EndpointDraft
from rooms.webhooks.events import MEETING_EVENTS, EventType
from web.api.framework import Body, Call, Created, Line, Listing, Resource, Resources

api = Resources("webhooks")
_ADMINISTRATORS = (AccountRole.ADMINISTRATOR,)
_DeliveryKey = tuple[Annotated[int, Meta(ge=1, le=2**31 - 1)]]


class WebhookResource(Resource, frozen=True, kw_only=True):
    id: int
    name: str
    url: str
    events: tuple[EventType, ...]
    active: bool
    revision: int
    created_at: datetime


class NewWebhookResource(WebhookResource, frozen=True, kw_only=True):
    """What is answered once, when the webhook is made."""

    secret: str  # of the HMAC in the header X-DiemCau-Signature


class WebhookBody(Body, frozen=True, kw_only=True):
    name: Line
    url: Line
    events: tuple[EventType, ...] = MEETING_EVENTS
    active: bool = True


def _draft(body: WebhookBody) -> EndpointDraft:
    return EndpointDraft(name=body.name, url=body.url, events=body.events, active=body.active)


def _resource(endpoint: Endpoint) -> WebhookResource:
    return WebhookResource(
        **{field: getattr(endpoint, field) for field in WebhookResource.__struct_fields__}
    )


@api.get("/webhooks", "Webhooks", scope=Scope.WEBHOOKS_READ, roles=_ADMINISTRATORS)
async def index(call: Call[None, None]) -> Listing[WebhookResource]:
    return call.part([_resource(endpoint) for endpoint in await call.services.webhooks.all()])


@api.post("/webhooks", "Add a webhook", scope=Scope.WEBHOOKS_WRITE, roles=_ADMINISTRATORS)
async def create(call: Call[None, WebhookBody]) -> Created[NewWebhookResource]:
    made = await call.services.webhooks.add(_draft(call.body), call.account, call.now)
    fields = NewWebhookResource.__struct_fields__
    answer = NewWebhookResource(**{field: getattr(made, field) for field in fields})
    return Created(answer, f"/webhooks/{made.id}")


@api.get("/webhooks/{webhook:int}", "One webhook", scope=Scope.WEBHOOKS_READ, roles=_ADMINISTRATORS)
async def show(call: Call[None, None]) -> WebhookResource:
    return _resource(await call.services.webhooks.get(call.number("webhook")))


@api.put(
    "/webhooks/{webhook:int}",
    "Change a webhook",
    scope=Scope.WEBHOOKS_WRITE,
    roles=_ADMINISTRATORS,
)
async def change(call: Call[None, WebhookBody]) -> WebhookResource:
    changed = await call.services.webhooks.change(
        call.number("webhook"),
        _draft(call.body),
        call.account,
        call.now,
        revision=call.revision,
    )
    return _resource(changed)


@api.delete(
    "/webhooks/{webhook:int}",
    "Remove a webhook and its delivery log",
    scope=Scope.WEBHOOKS_WRITE,
    roles=_ADMINISTRATORS,
)
async def remove(call: Call[None, None]) -> None:
    await call.services.webhooks.remove(call.number("webhook"), call.account, call.now)


@api.get(
    "/webhooks/{webhook:int}/deliveries",
    "What a webhook was sent, the newest first",
    scope=Scope.WEBHOOKS_READ,
    roles=_ADMINISTRATORS,
)
async def deliveries(call: Call[None, None]) -> Listing[Delivery]:
    webhook = await call.services.webhooks.get(call.number("webhook"))
    after = call.after(_DeliveryKey)
    found = await call.services.deliveries.log(
        webhook.id, call.limit + 1, before=after[0] if after else None
    )
    return call.listing(found, lambda delivery: (delivery.id,))


@api.post(
    "/webhooks/{webhook:int}/deliveries/{delivery:int}/resend",
    "Send a delivery again now",
    scope=Scope.WEBHOOKS_WRITE,
    roles=_ADMINISTRATORS,
)
async def resend(call: Call[None, None]) -> Delivery:
    return await call.services.deliveries.resend(
        call.number("webhook"), call.number("delivery"), call.now
    )
