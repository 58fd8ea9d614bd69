"""Papers beside the minutes: the record of the roll call, the notice of conclusions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

import msgspec
from aiohttp import web

from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.minutes.archive import Part
from rooms.minutes.minutes import WRITERS
from rooms.minutes.notice import notice_paper, notice_text
from rooms.minutes.paper import numbered
from rooms.minutes.papers import MeetingPaper, PaperKind
from rooms.minutes.roll import roll_paper
from rooms.papers.paper import Paper
from rooms.records.ledger import Proceedings
from web.auth import redirect, require, signed_in
from web.formats import local
from web.i18n import gettext, mark
from web.pages import paper_files
from web.pages.answer_form import number as read_number
from web.pages.common import OVERSEERS, reference, visible_meeting
from web.pages.paper_files import series_of, signed_file, uploaded, written
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render

ADDRESSES = {PaperKind.ROLL: "diem-danh", PaperKind.NOTICE: "thong-bao-ket-luan"}
_KINDS = {address: kind for kind, address in ADDRESSES.items()}
_TITLES = {
    PaperKind.ROLL: mark("Biên bản điểm danh"),
    PaperKind.NOTICE: mark("Thông báo kết luận"),
}
_WHERE = f"/cuoc-hop/{{meeting}}/{{paper:{'|'.join(_KINDS)}}}"
MAX_NUMBER = 99_999


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPage(Page):
    template: ClassVar[str] = "meeting_paper.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    title: str
    address: str
    edited: bool  # a text of its own; the roll call follows the log
    paper: MeetingPaper
    numbered: str  # "12/TB-UBND"
    found: Proceedings
    writes: bool
    saved: bool
    clash: bool
    due: date | None
    overdue: bool
    fault: str  # of the file that was sent
    typed: str  # in the field of the number
    number_fault: bool


def _kind(request: web.Request) -> PaperKind:
    return _KINDS[request.match_info["paper"]]


async def _found(request: web.Request, meeting: Meeting, now: datetime) -> Proceedings:
    found = await request.app[SERVICES].minutes.proceedings(meeting, now)
    if found is None:
        raise RequestRefused("not-found")
    return found


async def _stored(
    request: web.Request, meeting: Meeting, kind: PaperKind, found: Proceedings
) -> MeetingPaper:
    draft = notice_text(meeting, found) if kind is PaperKind.NOTICE else ""
    return await request.app[SERVICES].meeting_papers.of_meeting(meeting, kind, draft)


async def _set(
    request: web.Request, meeting: Meeting, kind: PaperKind, found: Proceedings, now: datetime
) -> Paper:
    """The paper as data, ready to be written."""
    series = await series_of(request, meeting)
    if kind is PaperKind.ROLL:
        return roll_paper(meeting, found, series, local(meeting.start).date())
    stored = await _stored(request, meeting, kind, found)
    return notice_paper(meeting, stored.text, series, stored.number, local(now).date())


async def _page(
    request: web.Request,
    meeting: Meeting,
    *,
    sent: str | None = None,
    typed: str | None = None,
    clash: bool = False,
    fault: str = "",
    number_fault: bool = False,
    status: int = 200,
) -> web.Response:
    services, account, now = request.app[SERVICES], signed_in(request), datetime.now(UTC)
    kind, found = _kind(request), await _found(request, meeting, now)
    paper = await _stored(request, meeting, kind, found)
    due = None
    if kind is PaperKind.NOTICE and found.ended is not None:
        due = await services.minutes.conclusions_due(datetime.fromtimestamp(found.ended, UTC))
    page = PaperPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, "minutes"),
        title=gettext(_TITLES[kind]),
        address=ADDRESSES[kind],
        edited=kind is PaperKind.NOTICE,
        paper=paper if sent is None else msgspec.structs.replace(paper, text=sent),
        numbered=numbered(await series_of(request, meeting), "TB", paper.number).strip(),
        found=found,
        writes=account.role in WRITERS and meeting.state is not MeetingState.ARCHIVED,
        saved="luu" in request.query,
        clash=clash,
        due=due,
        overdue=due is not None and paper.signed is None and due < local(now).date(),
        fault=fault,
        typed=str(paper.number or "") if typed is None else typed,
        number_fault=number_fault,
    )
    return render(request, page, status=status)


@require(*OVERSEERS)
async def show(request: web.Request) -> web.Response:
    return await _page(request, await visible_meeting(request, signed_in(request)))


@require(*WRITERS)
async def save(request: web.Request) -> web.Response:
    services, account, now = request.app[SERVICES], signed_in(request), datetime.now(UTC)
    meeting, kind = await visible_meeting(request, account), _kind(request)
    found = await _found(request, meeting, now)
    form = await request.post()
    text, typed = str(form.get("text", "")), str(form.get("number", "")).strip()
    number = read_number(typed)
    if kind is not PaperKind.NOTICE or not text.strip() or form.get("action") == "again":
        text = notice_text(meeting, found) if kind is PaperKind.NOTICE else ""
    if typed and (number is None or not 1 <= number <= MAX_NUMBER):
        return await _page(request, meeting, sent=text, typed=typed, number_fault=True, status=422)
    revision = read_number(str(form.get("revision", "")))
    try:
        await services.meeting_papers.save(
            meeting, kind, text, number, account, now, revision=-1 if revision is None else revision
        )
    except RequestRefused as refused:
        if refused.code != "changed-meanwhile":
            raise
        return await _page(request, meeting, sent=text, typed=typed, clash=True, status=409)
    return redirect(f"/cuoc-hop/{reference(meeting)}/{ADDRESSES[kind]}?luu")


@require(*OVERSEERS)
async def download(request: web.Request) -> web.Response:
    meeting, now = await visible_meeting(request, signed_in(request)), datetime.now(UTC)
    found = await _found(request, meeting, now)
    paper = await _set(request, meeting, _kind(request), found, now)
    name = f"{request.match_info['paper']}-{reference(meeting)}"
    return await paper_files.download(request, paper, name)


@require(*WRITERS)
async def put_signed(request: web.Request) -> web.Response:
    services, account, now = request.app[SERVICES], signed_in(request), datetime.now(UTC)
    meeting, kind = await visible_meeting(request, account), _kind(request)
    await _found(request, meeting, now)
    content, name = await uploaded(request)
    try:
        await services.meeting_papers.put_signed(meeting, kind, content, name, account, now)
    except Invalid as invalid:
        fault = invalid.errors["file"]
        return await _page(request, meeting, fault=gettext(fault), status=422)
    return redirect(f"/cuoc-hop/{reference(meeting)}/{ADDRESSES[kind]}?luu")


@require(*OVERSEERS)
async def show_signed(request: web.Request) -> web.StreamResponse:
    services, account = request.app[SERVICES], signed_in(request)
    meeting = await visible_meeting(request, account)
    paper = await services.meeting_papers.of_meeting(meeting, _kind(request))
    return signed_file(request, paper.signed)


async def parts(request: web.Request, meeting: Meeting, found: Proceedings) -> list[Part]:
    """What the file of the meeting holds of these papers."""
    services, now = request.app[SERVICES], datetime.now(UTC)
    held: list[Part] = []
    for kind, address in ADDRESSES.items():
        paper = await _set(request, meeting, kind, found, now)
        for form in ("docx", "pdf"):
            held.append(Part(f"{address}.{form}", await written(request, paper, form)))
        stored = await services.meeting_papers.of_meeting(meeting, kind)
        if stored.signed is not None:
            path = services.files.path(stored.signed.digest)
            held.append(Part(f"{address}-da-ky.pdf", path=path))
    return held


ROUTES = [
    web.get(_WHERE, show),
    web.post(_WHERE, save),
    web.post(f"{_WHERE}/da-ky", put_signed),
    web.get(f"{_WHERE}/da-ky.pdf", show_signed),
    web.get(rf"{_WHERE}.{{kind:docx|pdf}}", download),
]
