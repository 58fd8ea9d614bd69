"""Documents of meetings over the API. A file is the body of a request, streamed to the disk."""

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.documents import core
from rooms.documents.documents import TOO_LARGE
from rooms.documents.records import Document, DocumentDraft, Reader, Version, Visibility
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meeting
from rooms.records.audit import Action
from rooms.store.files import Incoming
from web.api.framework import (
    Body,
    Call,
    Created,
    Id,
    Line,
    Listing,
    Query,
    Resource,
    Resources,
    Text,
)
from web.file_forms import PIECE_BYTES
from web.pages.common import reference
from web.pages.document_files import as_file
from web.pages.document_readers import reading

api = Resources("documents")

Sites = Annotated[tuple[Id, ...], Meta(max_length=500)]


class VersionResource(Resource, frozen=True, kw_only=True):
    number: int
    name: str
    kind: str  # told by its content: "pdf", "docx", …
    size_bytes: int
    sha256: str
    note: str
    uploaded_by: str
    uploaded_at: datetime


class DocumentResource(Resource, frozen=True, kw_only=True):
    id: int
    title: str
    agenda_item_id: int | None
    visibility: Visibility
    sites: tuple[int, ...]  # that see it, when only some do
    open_comments: bool
    versions: tuple[VersionResource, ...]  # the newest first
    comments: int
    revision: int


class DocumentBody(Body, frozen=True, kw_only=True):
    title: Line
    agenda_item_id: Id | None = None
    visibility: Visibility = Visibility.ALL
    sites: Sites = ()
    open_comments: bool = False


class UploadQuery(Query, frozen=True, kw_only=True):
    """`name`: of the file. `sites`: ids with commas between them, for `visibility=sites`."""

    name: Line
    title: Line = ""
    agenda_item_id: Id | None = None
    visibility: Visibility = Visibility.ALL
    sites: Line = ""
    open_comments: bool = False


class VersionQuery(Query, frozen=True, kw_only=True):
    name: Line
    note: Line = ""


class CommentBody(Body, frozen=True, kw_only=True):
    text: Text


class CommentResource(Resource, frozen=True, kw_only=True):
    id: int
    version: int
    at: datetime
    by: str
    text: str


class ReadResource(Resource, frozen=True, kw_only=True):
    version: int
    by: str
    first_at: datetime
    last_at: datetime
    times: int


def _version(version: Version) -> VersionResource:
    return VersionResource(
        number=version.number,
        name=version.name,
        kind=version.kind.value,
        size_bytes=version.size_bytes,
        sha256=version.digest,
        note=version.note,
        uploaded_by=version.uploaded_by,
        uploaded_at=version.uploaded_at,
    )


def _document(document: Document, reader: Reader) -> DocumentResource:
    counted = reader.edits or document.open_comments
    return DocumentResource(
        id=document.id,
        title=document.title,
        agenda_item_id=document.agenda_item_id,
        visibility=document.visibility,
        sites=tuple(sorted(document.sites)),
        open_comments=document.open_comments,
        versions=tuple(_version(version) for version in document.versions),
        comments=document.comments if counted else 0,
        revision=document.revision,
    )


async def _find(call: Call[Any, Any], *, edit: bool = False) -> tuple[Reader, Meeting, Document]:
    _, reader, meeting = await reading(call.request)
    document = await call.services.documents.get(meeting, call.number("document"), reader)
    if edit:
        _edits(reader, meeting)
    return reader, meeting, document


def _edits(reader: Reader, meeting: Meeting) -> None:
    if not core.may_edit(reader, meeting.state):
        raise RequestRefused("not-allowed")


async def _receive(call: Call[Any, Any]) -> Incoming:
    """The body as a file, which the caller drops.

    Raises:
        Invalid: {"file": …} when it is too large.
    """
    documents = call.services.documents
    incoming = await documents.files.begin()
    try:
        async for piece in call.request.content.iter_chunked(PIECE_BYTES):
            if incoming.size_bytes + len(piece) > documents.limits.file_bytes:
                raise Invalid({"file": TOO_LARGE})
            await incoming.write(piece)
        await incoming.finish()
    except BaseException:
        await incoming.drop()
        raise
    return incoming


def _ids(text: str) -> frozenset[int]:
    """
    Raises:
        RequestRefused: "invalid".
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(not (part.isascii() and part.isdigit() and len(part) < 10) for part in parts):
        raise RequestRefused("invalid")
    return frozenset(map(int, parts))


_HERE = "/meetings/{meeting}/documents"
_ONE = _HERE + "/{document:int}"
_BYTES = "application/octet-stream"


@api.get(_HERE, "The documents of a meeting, in their order", scope=Scope.DOCUMENTS_READ)
async def index(call: Call[None, None]) -> Listing[DocumentResource]:
    _, reader, meeting = await reading(call.request)
    found = await call.services.documents.of_meeting(meeting, reader)
    return call.part([_document(one, reader) for one in found])


@api.post(
    _HERE,
    "Upload a document; nothing that is classified",
    scope=Scope.DOCUMENTS_WRITE,
    takes=_BYTES,
)
async def upload(call: Call[UploadQuery, None]) -> Created[DocumentResource]:
    _, reader, meeting = await reading(call.request)
    _edits(reader, meeting)
    query, documents = call.query, call.services.documents
    draft = DocumentDraft(
        title=query.title,
        agenda_item_id=query.agenda_item_id,
        visibility=query.visibility,
        sites=_ids(query.sites) if query.visibility is Visibility.SITES else frozenset(),
        open_comments=query.open_comments,
    )
    incoming = await _receive(call)
    try:
        made = await documents.add(meeting, draft, incoming, query.name, call.account.id, call.now)
    finally:
        await incoming.drop()
    document = await documents.get(meeting, made, reader)
    location = f"/meetings/{reference(meeting)}/documents/{made}"
    return Created(_document(document, reader), location)


@api.get(_ONE, "One document with its versions", scope=Scope.DOCUMENTS_READ)
async def show(call: Call[None, None]) -> DocumentResource:
    reader, _, document = await _find(call)
    return _document(document, reader)


@api.put(_ONE, "Title, place in the agenda, who sees it", scope=Scope.DOCUMENTS_WRITE)
async def change(call: Call[None, DocumentBody]) -> DocumentResource:
    reader, meeting, document = await _find(call, edit=True)
    body, documents = call.body, call.services.documents
    draft = DocumentDraft(
        title=body.title,
        agenda_item_id=body.agenda_item_id,
        visibility=body.visibility,
        sites=frozenset(body.sites) if body.visibility is Visibility.SITES else frozenset(),
        open_comments=body.open_comments,
    )
    await documents.change(meeting, document, draft, call.revision)
    return _document(await documents.get(meeting, document.id, reader), reader)


@api.delete(_ONE, "Remove a document with all its versions", scope=Scope.DOCUMENTS_WRITE)
async def remove(call: Call[None, None]) -> None:
    _, meeting, document = await _find(call, edit=True)
    await call.services.documents.remove(document, call.now)
    await call.services.audit.note(
        call.account,
        Action.DOCUMENT_REMOVED,
        call.now,
        meeting_id=meeting.id,
        subject=document.title[:200],
    )


@api.post(_ONE + "/versions", "Upload a newer version", scope=Scope.DOCUMENTS_WRITE, takes=_BYTES)
async def upload_version(call: Call[VersionQuery, None]) -> Created[VersionResource]:
    reader, meeting, document = await _find(call, edit=True)
    documents = call.services.documents
    incoming = await _receive(call)
    try:
        number = await documents.add_version(
            document, incoming, call.query.name, call.account.id, call.now, note=call.query.note
        )
    finally:
        await incoming.drop()
    after = (await documents.get(meeting, document.id, reader)).version(number)
    assert after is not None
    location = f"/meetings/{reference(meeting)}/documents/{document.id}/versions/{number}"
    return Created(_version(after), location)


@api.get(
    _ONE + "/versions/{number:int}",
    "The file of a version, with byte ranges",
    scope=Scope.DOCUMENTS_READ,
    media_type=_BYTES,
)
async def file(call: Call[None, None]) -> web.FileResponse:
    reader, _, document = await _find(call)
    version = document.version(call.number("number"))
    if version is None:
        raise RequestRefused("not-found")
    await call.services.documents.opened(document, version.number, reader, call.now)
    return as_file(call.request, version.digest, version.kind, version.name, inline=False)


@api.get(_ONE + "/comments", "What was said of a document", scope=Scope.DOCUMENTS_READ)
async def comments(call: Call[None, None]) -> Listing[CommentResource]:
    reader, _, document = await _find(call)
    found = await call.services.documents.comments(document, reader)
    return call.part(
        [
            CommentResource(id=one.id, version=one.number, at=one.at, by=one.by, text=one.text)
            for one in found
        ]
    )


@api.post(
    _ONE + "/comments", "Comment on a document before the meeting", scope=Scope.DOCUMENTS_WRITE
)
async def comment(call: Call[None, CommentBody]) -> Created[CommentResource]:
    reader, meeting, document = await _find(call)
    made = await call.services.documents.comment(
        meeting, document, reader, call.body.text, call.now
    )
    said = CommentResource(
        id=made,
        version=document.current.number,
        at=call.now,
        by=reader.name,
        text=call.body.text.strip(),
    )
    return Created(said, f"/meetings/{reference(meeting)}/documents/{document.id}/comments")


@api.get(_ONE + "/reads", "Who opened which version", scope=Scope.DOCUMENTS_READ)
async def reads(call: Call[None, None]) -> Listing[ReadResource]:
    reader, _, document = await _find(call)
    if not reader.edits:
        raise RequestRefused("not-allowed")
    found = await call.services.documents.reads(document)
    return call.part(
        [
            ReadResource(
                version=one.number,
                by=one.by,
                first_at=one.first_at,
                last_at=one.last_at,
                times=one.times,
            )
            for one in found
        ]
    )
