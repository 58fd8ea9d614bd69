"""The files of documents, with ranges: to be saved, or shown in the page."""

from datetime import UTC, datetime

from aiohttp import web

from rooms.documents.kinds import MEDIA_TYPES, Kind
from rooms.documents.records import Document, Reader, Version
from rooms.errors import RequestRefused
from web.files import disposition
from web.pages.document_readers import document_of, documents_of, reading

# What a file may do in a browser: nothing. The browser's own viewer of PDFs works neither in a
# sandbox nor where plug-ins are forbidden.
_INERT = "default-src 'none'; sandbox; frame-ancestors 'self'"
_VIEWED = "frame-ancestors 'self'"


async def _version(request: web.Request) -> tuple[Reader, Document, Version]:
    _, reader, meeting = await reading(request)
    document = await document_of(request, meeting, reader)
    version = document.version(int(request.match_info["number"]))
    if version is None:
        raise RequestRefused("not-found")
    return reader, document, version


async def file(request: web.Request) -> web.FileResponse:
    """The file as it was uploaded, with ranges; `?xem=1` shows a picture, a text or a PDF."""
    reader, document, version = await _version(request)
    if request.method == "GET" and "Range" not in request.headers:
        now = datetime.now(UTC)
        await documents_of(request).opened(document, version.number, reader, now)
    shown = version.kind is Kind.PDF or version.shown_as in ("picture", "text")
    inline = shown and bool(request.query.get("xem"))
    return as_file(request, version.digest, version.kind, version.name, inline=inline)


async def preview(request: web.Request) -> web.FileResponse:
    """The PDF that was made of an office file."""
    _, document, version = await _version(request)
    if version.preview_digest is None:
        raise RequestRefused("not-found")
    name = f"{document.title}.pdf"
    return as_file(request, version.preview_digest, Kind.PDF, name, inline=True)


def as_file(
    request: web.Request, digest: str, kind: Kind, name: str, *, inline: bool
) -> web.FileResponse:
    path = documents_of(request).files.path(digest)
    if not path.is_file():
        raise RequestRefused("not-found")
    media_type = MEDIA_TYPES[kind]
    if kind is Kind.TEXT:
        media_type += "; charset=utf-8"
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": disposition("inline" if inline else "attachment", name),
        "Content-Security-Policy": _VIEWED if inline and kind is Kind.PDF else _INERT,
        "Cache-Control": "private, no-cache",
        "X-Robots-Tag": "noindex",
    }
    return web.FileResponse(path, headers=headers)


_FILE = r"/cuoc-hop/{meeting}/tai-lieu/{document:\d{1,9}}/{number:\d{1,6}}"

ROUTES = [
    web.get(_FILE + "/tep", file),
    web.get(_FILE + "/xem", preview),
]
