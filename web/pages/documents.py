"""Documents of a meeting: the list, one document with what was said of it, the files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web
from multidict import MultiMapping

from rooms.documents import core
from rooms.documents.documents import TOO_LARGE, Documents
from rooms.documents.kinds import Kind
from rooms.documents.records import (
    Comment,
    Document,
    DocumentDraft,
    Read,
    Reader,
    Version,
    Visibility,
)
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import AgendaItem, Meeting
from rooms.records.audit import Action
from web.auth import redirect, signed_in
from web.file_forms import Upload, receive, streams
from web.i18n import gettext, mark
from web.pages.answer_form import number
from web.pages.common import reference
from web.pages.document_readers import document_of, documents_of, reading
from web.pages.tabs import Tab, meeting_tabs
from web.pages.visitors import Visitor
from web.services import SERVICES
from web.views import Page, render

MEGABYTE = 1_000_000

VISIBILITY_NAMES = {
    Visibility.ALL: mark("Mọi đại biểu được mời"),
    Visibility.CHAIR: mark("Chủ trì và thư ký"),
    Visibility.SITES: mark("Điểm cầu được chọn"),
}
DONE = {
    "them": mark("Đã tải tài liệu lên."),
    "ban": mark("Đã tải bản mới lên."),
    "sua": mark("Đã lưu."),
    "xoa": mark("Đã xóa tài liệu."),
    "gop-y": mark("Đã gửi ý kiến góp ý."),
}
NOT_SECRET = mark("Hệ thống chỉ nhận tài liệu không mật.")
NO_FILE = mark("Chọn tệp để tải lên.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The documents of one item of the agenda; None: of the meeting as a whole."""

    item: AgendaItem | None
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The form about a document as typed."""

    title: str = ""
    item: str = ""
    visibility: str = Visibility.ALL.value
    sites: frozenset[int] = frozenset()
    open_comments: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsPage(Page):
    template: ClassVar[str] = "documents.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    groups: tuple[Group, ...]
    count: int
    seen: Mapping[int, int]  # document -> newest version this reader opened
    edits: bool
    values: Values
    errors: Mapping[str, str]
    visibilities: Mapping[str, str]
    kinds: tuple[str, ...]
    max_bytes: int
    used_bytes: int
    room_bytes: int
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage(Page):
    template: ClassVar[str] = "document.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    document: Document
    version: Version
    item: AgendaItem | None
    converts: bool
    comments: tuple[Comment, ...]
    comments_open: bool
    may_comment: bool
    text: str
    edits: bool
    reads: tuple[Read, ...]
    values: Values
    errors: Mapping[str, str]
    visibilities: Mapping[str, str]
    site_names: Mapping[int, str]
    kinds: tuple[str, ...]
    max_bytes: int
    done: str


async def _editor(request: web.Request) -> tuple[Reader, Meeting]:
    """
    Raises:
        RequestRefused: "not-found", "not-allowed".
    """
    _, reader, meeting = await reading(request)
    if not core.may_edit(reader, meeting.state):
        raise RequestRefused("not-allowed")
    return reader, meeting


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {field: gettext(text) for field, text in texts.items()}


def _visibilities() -> dict[str, str]:
    return {kind.value: gettext(name) for kind, name in VISIBILITY_NAMES.items()}


def _kinds(documents: Documents) -> tuple[str, ...]:
    return tuple(kind.value for kind in Kind if kind in documents.limits.kinds)


def grouped(meeting: Meeting, documents: list[Document]) -> tuple[Group, ...]:
    """Documents of the whole meeting first, then by the agenda; empty groups are left out."""
    items: list[AgendaItem | None] = [None, *meeting.agenda]
    known = {item.id for item in meeting.agenda}
    groups = []
    for item in items:
        wanted = item.id if item is not None else None
        found = tuple(
            one
            for one in documents
            if one.agenda_item_id == wanted or (item is None and one.agenda_item_id not in known)
        )
        if found:
            groups.append(Group(item=item, documents=found))
    return tuple(groups)


def read_values(form: MultiMapping[object]) -> Values:
    sites = (number(str(value)) for value in form.getall("site", []))
    return Values(
        title=str(form.get("title", ""))[:500].strip(),
        item=str(form.get("item", ""))[:20],
        visibility=str(form.get("visibility", ""))[:20],
        sites=frozenset(site for site in sites if site is not None),
        open_comments=str(form.get("open_comments", "")) == "1",
    )


def to_draft(values: Values) -> DocumentDraft:
    """
    Raises:
        RequestRefused: "invalid", for a choice that is none.
    """
    try:
        visibility = Visibility(values.visibility)
    except ValueError:
        raise RequestRefused("invalid") from None
    return DocumentDraft(
        title=values.title,
        agenda_item_id=number(values.item),
        visibility=visibility,
        sites=values.sites if visibility is Visibility.SITES else frozenset(),
        open_comments=values.open_comments,
    )


async def _list(
    request: web.Request,
    visitor: Visitor,
    reader: Reader,
    meeting: Meeting,
    *,
    values: Values | None = None,
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    documents = documents_of(request)
    found = await documents.of_meeting(meeting, reader)
    used = await documents.used_bytes(meeting.id)
    page = DocumentsPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, visitor.account, "documents"),
        groups=grouped(meeting, found),
        count=len(found),
        seen=await documents.seen_by(meeting.id, reader),
        edits=core.may_edit(reader, meeting.state),
        values=values or Values(),
        errors=_texts(errors or {}),
        visibilities=_visibilities(),
        kinds=_kinds(documents),
        max_bytes=documents.limits.file_bytes,
        used_bytes=used,
        room_bytes=documents.limits.meeting_bytes,
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
    )
    return render(request, page, status=422 if errors else 200)


async def index(request: web.Request) -> web.Response:
    visitor, reader, meeting = await reading(request)
    return await _list(request, visitor, reader, meeting)


@streams
async def upload(request: web.Request) -> web.Response:
    """One or several new documents."""
    visitor, reader, meeting = await reading(request)
    if not core.may_edit(reader, meeting.state):
        raise RequestRefused("not-allowed")
    documents = documents_of(request)
    async with receive(request, documents.files, documents.limits.file_bytes) as form:
        values = read_values(form.fields)
        try:
            _expect_files(form.fields, form.uploads)
            for one in form.uploads:
                await _add(request, meeting, values, one, alone=len(form.uploads) == 1)
        except Invalid as invalid:
            return await _list(
                request, visitor, reader, meeting, values=values, errors=invalid.errors
            )
    return redirect(f"/cuoc-hop/{reference(meeting)}/tai-lieu?xong=them")


def _expect_files(form: MultiMapping[object], uploads: list[Upload]) -> None:
    if str(form.get("secrecy", "none")) != "none":
        raise Invalid({"secrecy": NOT_SECRET})
    if not uploads:
        raise Invalid({"file": NO_FILE})


async def _add(
    request: web.Request, meeting: Meeting, values: Values, one: Upload, *, alone: bool
) -> None:
    if one.too_large:
        raise Invalid({"file": TOO_LARGE})
    draft = to_draft(values)
    title = draft.title if alone else ""  # several files are called as they are
    account = signed_in(request)
    draft = DocumentDraft(
        title=title or one.name.rpartition(".")[0],
        agenda_item_id=draft.agenda_item_id,
        visibility=draft.visibility,
        sites=draft.sites,
        open_comments=draft.open_comments,
    )
    await documents_of(request).add(
        meeting, draft, one.file, one.name, account.id, datetime.now(UTC)
    )


async def _show(
    request: web.Request,
    visitor: Visitor,
    reader: Reader,
    meeting: Meeting,
    document: Document,
    version: Version,
    *,
    values: Values | None = None,
    errors: Mapping[str, str] | None = None,
    text: str = "",
) -> web.Response:
    documents = documents_of(request)
    items = {item.id: item for item in meeting.agenda}
    page = DocumentPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, visitor.account, "documents"),
        document=document,
        version=version,
        item=items.get(document.agenda_item_id),
        converts=documents.converts,
        comments=tuple(await documents.comments(document, reader)),
        comments_open=document.open_comments,
        may_comment=core.may_comment(reader, document, meeting.state),
        text=text,
        edits=core.may_edit(reader, meeting.state),
        reads=tuple(await documents.reads(document)) if reader.edits else (),
        values=values or _values_of(document),
        errors=_texts(errors or {}),
        visibilities=_visibilities(),
        site_names={site.site_id: site.name for site in meeting.sites},
        kinds=_kinds(documents),
        max_bytes=documents.limits.file_bytes,
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
    )
    return render(request, page, status=422 if errors else 200)


def _values_of(document: Document) -> Values:
    return Values(
        title=document.title,
        item=str(document.agenda_item_id or ""),
        visibility=document.visibility.value,
        sites=document.sites,
        open_comments=document.open_comments,
    )


async def show(request: web.Request) -> web.Response:
    """One document; opening a version it can show is noted."""
    visitor, reader, meeting = await reading(request)
    document = await document_of(request, meeting, reader)
    wanted = number(request.query.get("ban", ""))
    version = document.current if wanted is None else document.version(wanted)
    if version is None:
        raise RequestRefused("not-found")
    if version.shown_as and request.method == "GET":
        now = datetime.now(UTC)
        await documents_of(request).opened(document, version.number, reader, now)
    return await _show(request, visitor, reader, meeting, document, version)


@streams
async def upload_version(request: web.Request) -> web.Response:
    visitor, reader, meeting = await reading(request)
    if not core.may_edit(reader, meeting.state):
        raise RequestRefused("not-allowed")
    document = await document_of(request, meeting, reader)
    documents = documents_of(request)
    async with receive(request, documents.files, documents.limits.file_bytes) as form:
        try:
            _expect_files(form.fields, form.uploads)
            one = form.uploads[0]
            if one.too_large:
                raise Invalid({"file": TOO_LARGE})
            await documents.add_version(
                document,
                one.file,
                one.name,
                signed_in(request).id,
                datetime.now(UTC),
                note=str(form.fields.get("note", "")),
            )
        except Invalid as invalid:
            return await _show(
                request,
                visitor,
                reader,
                meeting,
                document,
                document.current,
                errors=invalid.errors,
            )
    return redirect(_address(meeting, document, "ban"))


def _address(meeting: Meeting, document: Document, done: str) -> str:
    return f"/cuoc-hop/{reference(meeting)}/tai-lieu/{document.id}?xong={done}"


async def change(request: web.Request) -> web.Response:
    visitor, reader, meeting = await reading(request)
    if not core.may_edit(reader, meeting.state):
        raise RequestRefused("not-allowed")
    document = await document_of(request, meeting, reader)
    values = read_values(await request.post())
    try:
        await documents_of(request).change(meeting, document, to_draft(values))
    except Invalid as invalid:
        return await _show(
            request,
            visitor,
            reader,
            meeting,
            document,
            document.current,
            values=values,
            errors=invalid.errors,
        )
    return redirect(_address(meeting, document, "sua"))


async def move(request: web.Request) -> web.Response:
    reader, meeting = await _editor(request)
    document = await document_of(request, meeting, reader)
    steps = -1 if request.match_info["way"] == "len" else 1
    await documents_of(request).move(document, steps)
    return redirect(f"/cuoc-hop/{reference(meeting)}/tai-lieu#tl-{document.id}")


async def remove(request: web.Request) -> web.Response:
    reader, meeting = await _editor(request)
    document = await document_of(request, meeting, reader)
    now = datetime.now(UTC)
    await documents_of(request).remove(document, now)
    await request.app[SERVICES].audit.note(
        signed_in(request),
        Action.DOCUMENT_REMOVED,
        now,
        meeting_id=meeting.id,
        subject=document.title[:200],
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/tai-lieu?xong=xoa")


async def comment(request: web.Request) -> web.Response:
    visitor, reader, meeting = await reading(request)
    document = await document_of(request, meeting, reader)
    text = str((await request.post()).get("text", ""))[: core.MAX_COMMENT_CHARS + 1]
    try:
        await documents_of(request).comment(meeting, document, reader, text, datetime.now(UTC))
    except Invalid as invalid:
        return await _show(
            request,
            visitor,
            reader,
            meeting,
            document,
            document.current,
            errors=invalid.errors,
            text=text,
        )
    return redirect(_address(meeting, document, "gop-y") + "#gop-y")


_HERE = "/cuoc-hop/{meeting}/tai-lieu"
_ONE = _HERE + r"/{document:\d{1,9}}"

ROUTES = [
    web.get(_HERE, index),
    web.post(_HERE, upload),
    web.get(_ONE, show),
    web.post(_ONE, change),
    web.post(_ONE + "/ban", upload_version),
    web.post(_ONE + "/gop-y", comment),
    web.post(_ONE + "/{way:len|xuong}", move),
    web.post(_ONE + "/xoa", remove),
]
