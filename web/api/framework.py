"""How a REST resource is made: one registration of a typed handler is its route, its checks and
its entry in the OpenAPI document. `web/api/README.md` shows how to add one.
"""

import asyncio
import base64
import binascii
import re
import types
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints
from weakref import WeakValueDictionary

import msgspec
from aiohttp import web
from msgspec import Meta

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.api_tokens import Scope
from rooms.errors import Invalid, RequestRefused
from web.api import preconditions, reading, replaying
from web.auth import account_of, bearer_scopes
from web.errors import Problem
from web.i18n import mark
from web.services import SERVICES, Services

PREFIX = "/api/v1"
DEFAULT_LIMIT, MAX_LIMIT = 50, 200

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""An id in a body or query: bounded, so that no store ever sees a number it cannot hold."""

Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=20_000)]

Q = TypeVar("Q")
B = TypeVar("B")
T = TypeVar("T")
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


class Resource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of answers. A field `revision: int` makes the ETag one of revisions."""


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of what clients send; an unknown field is refused, so that a typing error is told."""


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of the parameters in `?…`; every field needs a default or is required."""


class Listing(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One page of a list. `next`: the cursor of the page after it; null on the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Created(Generic[T]):
    """Answer 201 with the new thing, and where it is found from now on."""

    value: T
    location: str = ""  # under PREFIX: "/meetings/12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """What a handler is given: who asks, and what was sent, checked and typed."""

    request: web.Request
    account: Account
    query: Q
    body: B
    now: datetime
    limit: int = DEFAULT_LIMIT  # of a list: items a page
    cursor: tuple[Any, ...] | None = None
    revision: int | None = None  # the one the client has seen, from If-Match

    @property
    def services(self) -> Services:
        return self.request.app[SERVICES]

    def number(self, name: str) -> int:
        """The part `{name:int}` of the address."""
        return int(self.request.match_info[name])

    def text(self, name: str) -> str:
        """The part `{name}` of the address."""
        return self.request.match_info[name]

    def after(self, kind: Any) -> Any:
        """The key, as `kind`, of the last item the client has; None at the start of the list."""
        if self.cursor is None:
            return None
        try:
            return msgspec.convert(self.cursor, kind)
        except msgspec.ValidationError:
            raise bad_cursor() from None

    def listing(self, found: Sequence[T], key: Callable[[T], tuple[Any, ...]]) -> Listing[T]:
        """The page of `found`, which holds one item more than `limit` when there are more."""
        items = tuple(found[: self.limit])
        more = len(found) > self.limit
        return Listing(items=items, next=encode_cursor(key(items[-1])) if more else None)

    def part(self, whole: Sequence[T]) -> Listing[T]:
        """The page of a list that is at hand as a whole; fine up to a few thousand items."""
        start = (self.after(tuple[Annotated[int, Meta(ge=0)]]) or (0,))[0]
        end = start + self.limit
        return Listing(
            items=tuple(whole[start:end]),
            next=encode_cursor((end,)) if end < len(whole) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address, as registered."""

    method: str
    path: str  # under PREFIX, "/people/{person:int}"
    summary: str
    tag: str
    scope: Scope
    roles: tuple[AccountRole, ...]  # empty: everybody who is signed in
    handler: Callable[[Call[Any, Any]], Awaitable[Any]]
    query: type[Query] | None
    body: Any  # a type msgspec decodes; None: no body
    body_optional: bool
    answer: Any  # a type msgspec encodes; None: 204
    created: bool
    listing: bool
    media_type: str  # of the answer
    takes: str  # the media type of the body, when the handler reads it by itself
    seen: "Operation | None" = None  # the GET a change is checked against

    @property
    def must_match(self) -> bool:
        """A change that may overwrite another's needs If-Match."""
        return self.seen is not None and self.method in ("PUT", "PATCH")


@dataclass(slots=True)
class Resources:
    """The operations of one module; `tag` groups them in the OpenAPI document."""

    tag: str
    operations: list[Operation] = field(default_factory=list)

    def get(self, path: str, summary: str, **options: Any) -> Callable[[H], H]:
        return self._register("GET", path, summary, **options)

    def post(self, path: str, summary: str, **options: Any) -> Callable[[H], H]:
        return self._register("POST", path, summary, **options)

    def put(self, path: str, summary: str, **options: Any) -> Callable[[H], H]:
        return self._register("PUT", path, summary, **options)

    def patch(self, path: str, summary: str, **options: Any) -> Callable[[H], H]:
        return self._register("PATCH", path, summary, **options)

    def delete(self, path: str, summary: str, **options: Any) -> Callable[[H], H]:
        return self._register("DELETE", path, summary, **options)

    def _register(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        scope: Scope,
        roles: tuple[AccountRole, ...] = (),
        media_type: str = "application/json",
        takes: str = "application/json",
        guarded: bool = True,
    ) -> Callable[[H], H]:
        def register(handler: H) -> H:
            signature = signature_of(handler)
            seen = self._seen(path) if guarded and method in ("PUT", "PATCH", "DELETE") else None
            operation = Operation(
                method=method,
                path=path,
                summary=summary,
                tag=self.tag,
                scope=scope,
                roles=roles,
                handler=handler,
                media_type=media_type,
                takes=takes,
                seen=seen,
                **signature,
            )
            self.operations.append(operation)
            return handler

        return register

    def _seen(self, path: str) -> Operation | None:
        known = (one for one in self.operations if (one.method, one.path) == ("GET", path))
        return next(known, None)

    def routes(self) -> list[web.RouteDef]:
        tagged = frozenset(one.answer for one in self.operations if one.method == "GET")
        return [_route(operation, operation.answer in tagged) for operation in self.operations]


def signature_of(handler: Callable[..., Any]) -> dict[str, Any]:
    """What a handler takes and answers, read from its annotations:
    `async def create(call: Call[None, NewPerson]) -> Created[Person]`."""
    hints = get_type_hints(handler)
    query, body = get_args(hints["call"]) or (None, None)
    answer, created = hints["return"], False
    if get_origin(answer) is Created:
        (answer,), created = get_args(answer), True
    optional = isinstance(body, types.UnionType) and type(None) in get_args(body)
    streams = isinstance(answer, type) and issubclass(answer, web.StreamResponse)
    return {
        "query": _type_or_none(query),
        "body": _type_or_none(body),
        "body_optional": optional,
        "answer": None if streams else _type_or_none(answer),
        "created": created,
        "listing": get_origin(answer) is Listing,
    }


def _type_or_none(kind: Any) -> Any:
    return None if kind is type(None) else kind


_INT_PART = re.compile(r"\{(\w+):int\}")


def route_path(path: str) -> str:
    """The address as the router wants it."""
    return PREFIX + _INT_PART.sub(r"{\1:[1-9]\\d{0,8}}", path)


def described_path(path: str) -> str:
    """The address as the OpenAPI document writes it."""
    return PREFIX + re.sub(r"\{(\w+):[^{}]*(\{[^{}]*\})?[^{}]*\}", r"{\1}", path)


def _route(operation: Operation, tagged: bool) -> web.RouteDef:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        account = _admit(operation, request)
        try:
            call = await _call(operation, request, account)
            key = request.headers.get(replaying.HEADER)
            if key is None or operation.method != "POST":
                return await _perform(operation, call, tagged)
            return await replaying.once(call, key, lambda: _perform(operation, call, tagged))
        except Invalid as invalid:
            raise Invalid({_camel(name): text for name, text in invalid.errors.items()}) from None
        except RequestRefused as refused:
            if refused.code == "changed-meanwhile":
                raise preconditions.changed() from None
            raise
        except OverflowError:
            raise reading.malformed("number out of range") from None

    endpoint.__name__ = operation.handler.__name__
    make = getattr(web, operation.method.lower())
    route: web.RouteDef = make(route_path(operation.path), endpoint)
    return route


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _admit(operation: Operation, request: web.Request) -> Account:
    account = account_of(request)
    if account is None:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
    scopes = bearer_scopes(request)
    if scopes is not None and operation.scope not in scopes:
        asked = f'Bearer error="insufficient_scope", scope="{operation.scope}"'
        raise Problem(
            403,
            "scope-missing",
            mark("Mã truy cập này không có quyền cần cho việc này."),
            headers={"WWW-Authenticate": asked},
        )
    if operation.roles and account.role not in operation.roles:
        raise RequestRefused("not-allowed")
    return account


async def _call(operation: Operation, request: web.Request, account: Account) -> Call[Any, Any]:
    limit, cursor, rest = DEFAULT_LIMIT, None, request.query
    if operation.listing:
        limit, after, rest = reading.window(request.query, DEFAULT_LIMIT, MAX_LIMIT)
        cursor = None if after is None else decode_cursor(after)
    body = None
    if operation.body is not None and operation.takes == "application/json":
        body = await reading.body(request, operation.body, operation.body_optional)
    return Call(
        request=request,
        account=account,
        query=reading.query(rest, operation.query),
        body=body,
        now=datetime.now(UTC),
        limit=limit,
        cursor=cursor,
    )


_LOCKS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def _perform(operation: Operation, call: Call[Any, Any], tagged: bool) -> web.StreamResponse:
    if operation.seen is None:
        return _respond(operation, call, await operation.handler(call), tagged)
    # Looked at and changed under one lock: two changes of the same thing come one after another.
    async with _LOCKS.setdefault(call.request.path, asyncio.Lock()):
        call = await _expecting(operation, call)
        return _respond(operation, call, await operation.handler(call), tagged)


async def _expecting(operation: Operation, call: Call[Any, Any]) -> Call[Any, Any]:
    wanted = preconditions.wanted(call.request, required=operation.must_match)
    seen = operation.seen
    if wanted is None or seen is None:
        return call
    plain = {"query": reading.query({}, seen.query), "body": None}
    now_there = await seen.handler(replace(call, **plain))
    return replace(call, revision=preconditions.check(wanted, now_there))


def _respond(
    operation: Operation, call: Call[Any, Any], answer: Any, tagged: bool
) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None:
        return web.Response(status=204, headers={"Cache-Control": "no-store"})
    value = answer.value if isinstance(answer, Created) else answer
    body = msgspec.json.encode(value)
    headers = {"Cache-Control": "no-store"}
    if isinstance(answer, Created) and answer.location:
        headers["Location"] = PREFIX + answer.location
    if isinstance(answer, Listing):
        headers["Link"] = _links(call, answer)
    if tagged:
        headers["ETag"] = preconditions.etag(value, body)
        if operation.method == "GET" and preconditions.unchanged(call.request, headers["ETag"]):
            return web.Response(status=304, headers=headers)
    return web.Response(
        body=body,
        status=201 if operation.created else 200,
        headers=headers,
        content_type=operation.media_type,
    )


def _links(call: Call[Any, Any], listing: Listing[Any]) -> str:
    """RFC 8288: where the list begins and goes on."""
    here = call.request.rel_url.without_query_params("cursor")
    links = [f'<{here}>; rel="first"']
    if listing.next is not None:
        links.append(f'<{here.update_query(cursor=listing.next)}>; rel="next"')
    return ", ".join(links)


def encode_cursor(key: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


_CURSOR = msgspec.json.Decoder(
    tuple[Annotated[str, Meta(max_length=300)] | Annotated[int, Meta(ge=-(2**53), le=2**53)], ...]
)


def decode_cursor(text: str) -> tuple[Any, ...]:
    try:
        return _CURSOR.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        raise bad_cursor() from None


def bad_cursor() -> Problem:
    return Problem(400, "bad-cursor", mark("Vị trí trong danh sách (cursor) không hợp lệ."))
