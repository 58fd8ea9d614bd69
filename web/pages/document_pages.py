"""Pages of documents as pictures and texts, and what can be shown in the room of a meeting."""

from typing import Any

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.documents.pages import WIDTHS, width_for
from rooms.documents.records import Document, Preview, Reader, Visibility
from rooms.documents.showing import page_source
from rooms.errors import RequestRefused
from rooms.meetings.records import Meeting
from rooms.meetings.seating import knocking_seat
from web.auth import account_of
from web.pages.answer_form import number
from web.pages.common import meeting_of, seat_of, session_of
from web.pages.document_readers import document_of, documents_of, reading
from web.services import SERVICES

_KEPT = "private, max-age=31536000, immutable"  # the content of a version never changes


async def _source(request: web.Request) -> tuple[str, Meeting]:
    """What the pages of a version are made of, under the rights of its document."""
    reader, meeting = await _reader(request)
    document = await document_of(request, meeting, reader)
    version = document.version(int(request.match_info["number"]))
    source = None if version is None else page_source(version)
    if source is None:
        raise RequestRefused("not-found")
    return source, meeting


def _page(request: web.Request) -> int:
    return int(request.match_info["page"])


async def _reader(request: web.Request) -> tuple[Reader, Meeting]:
    """Who reads by invitation; else who was admitted to the room, of what is shown there now."""
    try:
        _, reader, meeting = await reading(request)
    except RequestRefused:
        account, meeting = account_of(request), await meeting_of(request)
        if account is None or not _shown_to_guest(request, meeting, account):
            raise
        reader = Reader(key=f"account:{account.id}", name=account.full_name, invited=True)
    return reader, meeting


def _shown_to_guest(request: web.Request, meeting: Meeting, account: Account) -> bool:
    session, seat = session_of(request, meeting), knocking_seat(meeting, account)
    if session is None or session.document is None or seat is None:
        return False
    known = session.seats.get(seat.id)
    shown = (str(session.document.id), str(session.document.version))
    asked = (request.match_info["document"], request.match_info["number"])
    return known is not None and known.present and shown == asked


async def picture(request: web.Request) -> web.StreamResponse:
    """`?rong=`: how many dots wide it is wanted; some widths are made."""
    source, meeting = await _source(request)
    width = width_for(number(request.query.get("rong", "")) or WIDTHS[1])
    _seen(request, meeting)
    made = await documents_of(request).pages.picture(source, _page(request), width)
    if made is None:
        raise RequestRefused("not-found")
    headers = {"Content-Type": "image/webp", "Cache-Control": _KEPT, "X-Robots-Tag": "noindex"}
    return web.FileResponse(made, headers=headers)  # with an ETag


def _seen(request: web.Request, meeting: Meeting) -> None:
    """The technician sees that documents reach the site."""
    account = account_of(request)
    if account is not None:
        seat = seat_of(request, meeting, account)
        if seat is not None:
            request.app[SERVICES].health.saw_document(meeting.id, seat.id)


async def text(request: web.Request) -> web.Response:
    """What is written on a page, for screen readers and for who searches."""
    source, _ = await _source(request)
    found = await documents_of(request).pages.text(source, _page(request))
    if found is None:
        raise RequestRefused("not-found")
    return web.Response(text=found, headers={"Cache-Control": _KEPT, "X-Robots-Tag": "noindex"})


async def index(request: web.Request) -> web.Response:
    """The documents this visitor may open, for the room: in their order, with their agenda item."""
    _, reader, meeting = await reading(request)
    found = await documents_of(request).of_meeting(meeting, reader)
    shown = [_outline(document) for document in found]
    return web.json_response(shown, headers={"Cache-Control": "private, no-store"})


def _outline(document: Document) -> dict[str, Any]:
    version = document.current
    return {
        "id": document.id,
        "version": version.number,
        "title": document.title,
        "item": document.agenda_item_id,
        "kind": version.kind.value,
        "state": _state(document),
    }


def _state(document: Document) -> str:
    """ "ready", "waiting" (it is converted still), "restricted" (not for all) or "none"."""
    version = document.current
    if document.visibility is not Visibility.ALL:
        return "restricted"
    if version.preview is Preview.WAITING:
        return "waiting"
    return "ready" if version.shown_as in ("pdf", "picture") else "none"


_HERE = "/cuoc-hop/{meeting}/tai-lieu"
_PAGE = _HERE + r"/{document:\d{1,9}}/{number:\d{1,6}}/trang/{page:[1-9]\d{0,4}}"

ROUTES = [
    web.get(_HERE + "/danh-sach", index),
    web.get(_PAGE, picture),
    web.get(_PAGE + "/chu", text),
]
