"""What the pages of papers share: written as Word or PDF, filed signed, shown again."""

import asyncio

from aiohttp import web

from rooms.documents.kinds import MEDIA_TYPES, Kind
from rooms.errors import RequestRefused
from rooms.invitations.records import Series
from rooms.meetings.meetings import Meeting
from rooms.minutes.minutes import Signed
from rooms.papers.docx import to_docx
from rooms.papers.paper import Paper
from rooms.papers.pdf import to_pdf
from web.files import attachment, disposition
from web.services import SERVICES


async def series_of(request: web.Request, meeting: Meeting) -> Series | None:
    """Who issues the letters of a meeting issues its papers."""
    letter = await request.app[SERVICES].invitations.letter(meeting)
    return None if letter is None else letter.series


async def written(request: web.Request, paper: Paper, form: str) -> bytes:
    """`form`: "docx" or "pdf"."""
    if form == "docx":
        return await asyncio.to_thread(to_docx, paper)
    return await asyncio.to_thread(to_pdf, paper, request.app[SERVICES].fonts)


async def download(request: web.Request, paper: Paper, name: str) -> web.Response:
    """The paper in the form the address asks for."""
    form = request.match_info["kind"]
    content = await written(request, paper, form)
    return attachment(content, f"{name}.{form}", MEDIA_TYPES[Kind(form)])


async def uploaded(request: web.Request) -> tuple[bytes, str]:
    """Content and name of the file of a form; empty: none was sent."""
    upload = (await request.post()).get("file")
    if not isinstance(upload, web.FileField):
        return b"", ""
    with upload.file:
        return await asyncio.to_thread(upload.file.read), upload.filename


def signed_file(request: web.Request, signed: Signed | None) -> web.FileResponse:
    """
    Raises:
        RequestRefused: "not-found".
    """
    if signed is None:
        raise RequestRefused("not-found")
    headers = {
        "Content-Disposition": disposition("attachment", signed.name),
        "Content-Type": "application/pdf",
        "Cache-Control": "no-store",
    }
    return web.FileResponse(request.app[SERVICES].files.path(signed.digest), headers=headers)
