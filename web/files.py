"""Files in answers: names of downloads."""

import re
from urllib.parse import quote

from aiohttp import web

from rooms.directory.search import fold

_UNSAFE = re.compile(r'[\x00-\x1f\x7f"/\\:*?<>|]+')
_ASCII_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]+")
_LONGEST = 150


def disposition(kind: str, name: str) -> str:
    """Content-Disposition with a name for old and new clients (RFC 6266, RFC 5987).

    Args:
        kind: "attachment" or "inline".
    """
    name = _UNSAFE.sub("-", name).strip(". ")
    if len(name) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        ending = f"{dot}{ending}" if stem and len(ending) < 10 else ""
        name = name[: _LONGEST - len(ending)].rstrip() + ending
    stem, dot, ending = name.rpartition(".")
    plain = f"{fold(stem)}.{fold(ending)}" if stem else fold(name)
    plain = _ASCII_UNSAFE.sub("-", plain).strip("- ") or "tep"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name or 'tep', safe='')}"


def attachment(content: bytes, name: str, media_type: str) -> web.Response:
    """Content made for this request, to be saved under a name."""
    headers = {"Content-Disposition": disposition("attachment", name), "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=media_type, headers=headers)
