"""Forms with files, read piece by piece: a file goes to the disk and never whole into memory.

The form token is checked by `receive` when it comes, before any file: it has to be the first field
of the form, or in the header.
"""

import contextlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import BodyPartReader, web
from multidict import MultiDict

from rooms.store.files import FileStore, Incoming
from web.auth import STREAMS, TOKEN_FIELD, TOKEN_HEADER, Forged, csrf_token

PIECE_BYTES = 256 * 1024
MAX_FIELDS = 1_000
MAX_FIELD_BYTES = 20_000
MAX_FILES = 20
DRAINED = 4  # times the limit: what is read and thrown away, so that the browser gets an answer

_HANDLER = TypeVar("_HANDLER", bound=Callable[[web.Request], Awaitable[web.StreamResponse]])


@dataclass(slots=True)
class Upload:
    """A file of the form; `too_large`: only its beginning was kept."""

    name: str
    file: Incoming
    too_large: bool = False


@dataclass(slots=True)
class Form:
    fields: MultiDict[object] = field(default_factory=MultiDict)
    uploads: list[Upload] = field(default_factory=list)


def streams(handler: _HANDLER) -> _HANDLER:
    """The handler reads its form by `receive`, which checks the token."""
    setattr(handler, STREAMS, True)
    return handler


@contextlib.asynccontextmanager
async def receive(request: web.Request, store: FileStore, max_bytes: int) -> AsyncIterator[Form]:
    """The form; its files are dropped at the end of the block unless the store has kept them.

    Raises:
        Forged: the token is missing, wrong, or comes after a file.
        HTTPBadRequest, HTTPRequestEntityTooLarge: no form, or far too much of it.
    """
    form = Form()
    try:
        await _read(request, store, max_bytes, form)
        yield form
    finally:
        for upload in form.uploads:
            await upload.file.drop()


async def _read(request: web.Request, store: FileStore, max_bytes: int, form: Form) -> None:
    if request.content_type != "multipart/form-data":
        raise web.HTTPBadRequest
    admitted = _is_token(request, request.headers.get(TOKEN_HEADER))
    try:
        reader = await request.multipart()
        async for part in reader:
            if not isinstance(part, BodyPartReader) or len(form.fields) >= MAX_FIELDS:
                raise web.HTTPBadRequest
            if part.filename is None:
                name, value = part.name or "", await _text(part)
                form.fields.add(name, value)
                admitted = admitted or (name == TOKEN_FIELD and _is_token(request, value))
            else:
                if not admitted:
                    raise Forged
                await _file(part, store, max_bytes, form)
    except (ValueError, AssertionError):
        raise web.HTTPBadRequest from None
    if not admitted:
        raise Forged


def _is_token(request: web.Request, sent: str | None) -> bool:
    return sent is not None and hmac.compare_digest(sent.encode(), csrf_token(request).encode())


async def _text(part: BodyPartReader) -> str:
    content = bytearray()
    while piece := await part.read_chunk(MAX_FIELD_BYTES):
        content += piece
        if len(content) > MAX_FIELD_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_FIELD_BYTES, len(content))
    return content.decode("utf-8", "replace")


async def _file(part: BodyPartReader, store: FileStore, max_bytes: int, form: Form) -> None:
    if not part.filename:  # a field of the form in which nothing was chosen
        await part.release()
        return
    if len(form.uploads) >= MAX_FILES:
        raise web.HTTPBadRequest
    upload = Upload(name=part.filename, file=await store.begin())
    form.uploads.append(upload)
    drained = 0
    while piece := await part.read_chunk(PIECE_BYTES):
        if upload.file.size_bytes + len(piece) <= max_bytes:
            await upload.file.write(piece)
            continue
        upload.too_large = True
        drained += len(piece)
        if drained > DRAINED * max_bytes:
            raise web.HTTPRequestEntityTooLarge(max_bytes, drained)
    await upload.file.finish()
