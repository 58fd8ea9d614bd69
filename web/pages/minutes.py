"""The minutes of a meeting: the draft from its log, edited, exported, and the meeting's file."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar

import msgspec
from aiohttp import web

from rooms.documents.records import Reader
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.minutes import archive
from rooms.minutes.archive import Part
from rooms.minutes.minutes import MAX_SECTION_CHARS, WRITERS, Minutes
from rooms.minutes.paper import minutes_paper
from rooms.minutes.papers import PaperKind
from rooms.minutes.text import Section, first_draft
from rooms.papers.paper import Paper
from rooms.records.audit import Action
from rooms.records.ledger import Proceedings
from rooms.records.recordings import RecordingState
from web.auth import redirect, require, signed_in
from web.files import disposition
from web.formats import local
from web.i18n import gettext
from web.pages import meeting_papers, paper_files
from web.pages.common import OVERSEERS, reference, visible_meeting
from web.pages.paper_files import series_of, signed_file, uploaded, written
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render

_PIECE = 1 << 18
OVER = (MeetingState.ENDED, MeetingState.ARCHIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesPage(Page):
    template: ClassVar[str] = "minutes.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    minutes: Minutes | None  # None: the meeting has not begun
    found: Proceedings | None
    writes: bool
    saved: bool
    clash: bool  # somebody else saved meanwhile; the texts are those just sent
    due: date | None  # of the notice of conclusions
    overdue: bool
    over: bool
    fault: str  # of the file that was sent


async def _page(
    request: web.Request,
    meeting: Meeting,
    *,
    sent: tuple[Section, ...] | None = None,
    fault: str = "",
    status: int = 200,
) -> web.Response:
    services, account, now = request.app[SERVICES], signed_in(request), datetime.now(UTC)
    found = await services.minutes.proceedings(meeting, now)
    minutes = None if found is None else await services.minutes.of_meeting(meeting, found)
    if minutes is not None and sent is not None:
        minutes = msgspec.structs.replace(minutes, sections=sent)
    due = None
    if found is not None and found.ended is not None:
        due = await services.minutes.conclusions_due(datetime.fromtimestamp(found.ended, UTC))
    notice = await services.meeting_papers.of_meeting(meeting, PaperKind.NOTICE)
    page = MinutesPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, "minutes"),
        minutes=minutes,
        found=found,
        writes=account.role in WRITERS and meeting.state is not MeetingState.ARCHIVED,
        saved="luu" in request.query,
        clash=sent is not None,
        due=due,
        overdue=due is not None and due < local(now).date() and notice.signed is None,
        over=meeting.state in OVER,
        fault=fault,
    )
    return render(request, page, status=status)


@require(*OVERSEERS)
async def show(request: web.Request) -> web.Response:
    return await _page(request, await visible_meeting(request, signed_in(request)))


@require(*WRITERS)
async def save(request: web.Request) -> web.Response:
    services, account = request.app[SERVICES], signed_in(request)
    meeting = await visible_meeting(request, account)
    now = datetime.now(UTC)
    found = await services.minutes.proceedings(meeting, now)
    if found is None:
        raise RequestRefused("not-found")
    form = await request.post()
    drafted = first_draft(meeting, found)
    if form.get("action") == "again":
        sections = drafted
    else:
        sections = tuple(
            msgspec.structs.replace(
                section, text=str(form.get(section.key, section.text))[:MAX_SECTION_CHARS]
            )
            for section in drafted
        )
    revision = str(form.get("revision", ""))
    try:
        await services.minutes.save(
            meeting,
            sections,
            account,
            now,
            revision=int(revision) if revision.isascii() and revision.isdigit() else -1,
        )
    except RequestRefused as refused:
        if refused.code != "changed-meanwhile":
            raise
        return await _page(request, meeting, sent=sections, status=409)
    return redirect(f"/cuoc-hop/{reference(meeting)}/bien-ban?luu")


async def _paper(request: web.Request, meeting: Meeting, now: datetime) -> Paper:
    services = request.app[SERVICES]
    found = await services.minutes.proceedings(meeting, now)
    if found is None:
        raise RequestRefused("not-found")
    minutes = await services.minutes.of_meeting(meeting, found)
    series = await series_of(request, meeting)
    return minutes_paper(meeting, found, minutes.sections, series, local(meeting.start).date())


@require(*OVERSEERS)
async def download(request: web.Request) -> web.Response:
    meeting = await visible_meeting(request, signed_in(request))
    paper = await _paper(request, meeting, datetime.now(UTC))
    return await paper_files.download(request, paper, f"bien-ban-{reference(meeting)}")


@require(*WRITERS)
async def put_signed(request: web.Request) -> web.Response:
    """File the signed PDF; the text as it stands is kept with it."""
    services, account, now = request.app[SERVICES], signed_in(request), datetime.now(UTC)
    meeting = await visible_meeting(request, account)
    found = await services.minutes.proceedings(meeting, now)
    if found is None:
        raise RequestRefused("not-found")
    content, name = await uploaded(request)
    minutes = await services.minutes.of_meeting(meeting, found)
    try:
        if not minutes.revision:
            await services.minutes.save(meeting, minutes.sections, account, now, revision=0)
        await services.minutes.put_signed(meeting, content, name, account, now)
    except Invalid as invalid:
        fault = invalid.errors["file"]
        return await _page(request, meeting, fault=gettext(fault), status=422)
    return redirect(f"/cuoc-hop/{reference(meeting)}/bien-ban?luu")


@require(*OVERSEERS)
async def show_signed(request: web.Request) -> web.StreamResponse:
    services, account = request.app[SERVICES], signed_in(request)
    meeting = await visible_meeting(request, account)
    found = await services.minutes.proceedings(meeting, datetime.now(UTC))
    minutes = None if found is None else await services.minutes.of_meeting(meeting, found)
    return signed_file(request, None if minutes is None else minutes.signed)


# ---------------------------------------------------------------- the file of the meeting


async def _parts(request: web.Request, meeting: Meeting) -> list[Part]:
    services, now = request.app[SERVICES], datetime.now(UTC)
    found = await services.minutes.proceedings(meeting, now)
    if found is None:
        raise RequestRefused("not-found")
    paper = await _paper(request, meeting, now)
    minutes = await services.minutes.of_meeting(meeting, found)
    parts = [
        Part("bien-ban.docx", await written(request, paper, "docx")),
        Part("bien-ban.pdf", await written(request, paper, "pdf")),
        archive.attendance_part(found),
        Part("bieu-quyet.json", msgspec.json.format(msgspec.json.encode(found.votes))),
        archive.log_part(await services.minutes.log(meeting)),
    ]
    if minutes.signed is not None:
        path = services.files.path(minutes.signed.digest)
        parts.append(Part("bien-ban-da-ky.pdf", path=path))
    return [
        *parts,
        *await meeting_papers.parts(request, meeting, found),
        *await _letter(request, meeting),
        *await _documents(request, meeting),
        *await _films(request, meeting),
    ]


async def _letter(request: web.Request, meeting: Meeting) -> list[Part]:
    services = request.app[SERVICES]
    letter = await services.invitations.letter(meeting)
    if letter is None:
        return []
    if letter.signed is not None:
        return [Part("giay-moi-da-ky.pdf", path=services.files.path(letter.signed.digest))]
    pdf = await services.invitations.pdf(letter, meeting, datetime.now(UTC))
    return [Part("giay-moi.pdf", pdf)]


async def _documents(request: web.Request, meeting: Meeting) -> list[Part]:
    """The newest version of each, in the order of the tab; numbers keep equal names apart."""
    documents, account = request.app[SERVICES].documents, signed_in(request)
    reader = Reader(key=f"account:{account.id}", name=account.full_name, invited=True, edits=True)
    return [
        Part(
            f"tai-lieu/{number:02d} {document.current.name.replace('/', '-')}",
            path=documents.files.path(document.current.digest),
        )
        for number, document in enumerate(await documents.of_meeting(meeting, reader), start=1)
    ]


async def _films(request: web.Request, meeting: Meeting) -> list[Part]:
    recordings = await request.app[SERVICES].recordings.of_meeting(meeting.id)
    return [
        Part(f"ban-ghi/{number:02d}.mp4", path=recording.video)
        for number, recording in enumerate(recordings, start=1)
        if recording.state is RecordingState.READY and recording.video is not None
    ]


@require(*WRITERS)
async def whole_file(request: web.Request) -> web.StreamResponse:
    """The archive, written beside and sent as it is; the temporary file goes with the answer."""
    account = signed_in(request)
    meeting = await visible_meeting(request, account)
    parts = await _parts(request, meeting)
    with tempfile.TemporaryDirectory(prefix="diemcau-") as folder:
        path = Path(folder) / "ho-so.zip"
        await asyncio.to_thread(archive.write, path, parts)
        await request.app[SERVICES].audit.note(
            account, Action.MEETING_FILE_EXPORTED, datetime.now(UTC), meeting_id=meeting.id
        )
        name = f"ho-so-{reference(meeting)}.zip"
        headers = {
            "Content-Disposition": disposition("attachment", name),
            "Content-Type": "application/zip",
            "Cache-Control": "no-store",
        }
        response = web.StreamResponse(headers=headers)
        response.content_length = path.stat().st_size
        await response.prepare(request)
        with path.open("rb") as source:
            while piece := await asyncio.to_thread(source.read, _PIECE):
                await response.write(piece)
        return response


ROUTES = [
    web.get("/cuoc-hop/{meeting}/bien-ban", show),
    web.post("/cuoc-hop/{meeting}/bien-ban", save),
    web.post("/cuoc-hop/{meeting}/bien-ban/da-ky", put_signed),
    web.get("/cuoc-hop/{meeting}/bien-ban/da-ky.pdf", show_signed),
    web.get(r"/cuoc-hop/{meeting}/bien-ban.{kind:docx|pdf}", download),
    web.get("/cuoc-hop/{meeting}/ho-so.zip", whole_file),
]
