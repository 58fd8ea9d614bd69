"""ETag, If-Match and If-None-Match (RFC 9110 section 13): nobody overwrites what they have not
seen.

An ETag is a digest of what was answered. A thing with revisions has its revision in front, and
If-Match looks at that alone: what changes by itself (who is in the room now) is no edit.
"""

import hashlib

import msgspec
from aiohttp import web

from web.errors import Problem
from web.i18n import mark

ANY = "*"
_DIGEST_CHARS = 16


def changed() -> Problem:
    return Problem(
        412,
        "changed-meanwhile",
        mark("Người khác vừa sửa nội dung này. Xin đọc lại bản mới rồi sửa tiếp."),
    )


def etag(value: object, body: bytes | None = None) -> str:
    body = msgspec.json.encode(value) if body is None else body
    digest = hashlib.sha256(body).hexdigest()[:_DIGEST_CHARS]
    revision = revision_of(value)
    return f'"{digest}"' if revision is None else f'"{revision}-{digest}"'


def revision_of(value: object) -> int | None:
    revision = getattr(value, "revision", None)
    return revision if isinstance(revision, int) else None


def wanted(request: web.Request, *, required: bool) -> tuple[str, ...] | None:
    """The tags of If-Match; None: there are none and none are needed."""
    text = request.headers.get("If-Match", "")
    tags = tuple(tag.strip() for tag in text.split(",") if tag.strip())
    if not tags and required:
        raise Problem(
            428,
            "if-match-needed",
            mark("Gửi kèm If-Match với ETag của bản đã đọc, để không ghi đè bản của người khác."),
        )
    return tags or None


def check(tags: tuple[str, ...], now_there: object) -> int | None:
    """The revision the client has seen.

    Raises:
        Problem: 412, it is another one now.
    """
    revision, tag = revision_of(now_there), etag(now_there)
    if ANY in tags or tag in tags:
        return revision
    if revision is not None and any(one.startswith(f'"{revision}-') for one in tags):
        return revision
    raise changed()


def unchanged(request: web.Request, tag: str) -> bool:
    """Whether the client has just this (If-None-Match, weak comparison)."""
    sent = request.headers.get("If-None-Match", "")
    tags = [one.strip().removeprefix("W/") for one in sent.split(",")]
    return ANY in tags or tag in tags
