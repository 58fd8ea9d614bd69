"""Idempotency-Key: a POST that is sent again after a broken line is answered as the first time
and done once. Only what succeeded is kept; what was refused may be sent again, mended.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from rooms.records.replays import Replay
from web.errors import Problem
from web.i18n import mark
from web.services import SERVICES

if TYPE_CHECKING:
    from web.api.framework import Call

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def once(
    call: "Call[Any, Any]", key: str, perform: Callable[[], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if not _KEY.fullmatch(key):
        raise Problem(
            400, "bad-key", mark("Idempotency-Key gồm 1 đến 255 ký tự ASCII, không có dấu cách.")
        )
    replays = call.request.app[SERVICES].replays
    request_hash = _hash(call.request, call.body)
    earlier = await replays.claim(call.account.id, key, request_hash, call.now)
    if earlier is not None:
        return _again(earlier, request_hash)
    try:
        response = await perform()
    except Exception:
        await replays.release(call.account.id, key)
        raise
    if isinstance(response, web.Response):
        await replays.keep(call.account.id, key, _replay(request_hash, response))
    return response


def _hash(request: web.Request, body: object) -> str:
    content = hashlib.sha256(f"{request.method} {request.path_qs}\n".encode())
    content.update(msgspec.json.encode(body))
    return content.hexdigest()


def _replay(request_hash: str, response: web.Response) -> Replay:
    body = response.body
    return Replay(
        request_hash=request_hash,
        status=response.status,
        location=response.headers.get("Location", ""),
        etag=response.headers.get("ETag", ""),
        body=body if isinstance(body, bytes) else b"",
    )


def _again(earlier: Replay, request_hash: str) -> web.Response:
    if earlier.request_hash != request_hash:
        raise Problem(422, "key-reused", mark("Idempotency-Key này đã dùng cho một yêu cầu khác."))
    if not earlier.status:
        raise Problem(
            409, "under-way", mark("Yêu cầu trước có cùng Idempotency-Key còn đang được xử lý.")
        )
    headers = {"Cache-Control": "no-store", REPLAYED: "true"}
    headers |= {"Location": earlier.location} if earlier.location else {}
    headers |= {"ETag": earlier.etag} if earlier.etag else {}
    kind = "application/json" if earlier.body else None
    return web.Response(
        body=earlier.body, status=earlier.status, headers=headers, content_type=kind
    )
