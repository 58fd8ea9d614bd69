"""Watching a recording, and its file with byte ranges."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from aiohttp import web

from rooms.errors import RequestRefused
from rooms.meetings.meetings import Meeting
from rooms.records.recordings import RecordingInfo, RecordingState
from web.auth import require, signed_in
from web.formats import local
from web.pages.common import may_see, reference
from web.services import SERVICES
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPage(Page):
    template: ClassVar[str] = "recording.html"
    place: ClassVar[str] = "today"
    recording: RecordingInfo
    meeting: Meeting
    reference: str


async def visible_recording(request: web.Request) -> tuple[RecordingInfo, Meeting]:
    """The recording of the address and its meeting, when the account may see them.

    Raises:
        RequestRefused: "not-found", "not-invited".
    """
    services = request.app[SERVICES]
    recording = await services.recordings.get(request.match_info["recording"])
    meeting = await services.meetings.get(recording.meeting_id) if recording else None
    if recording is None or meeting is None:
        raise RequestRefused("not-found")
    if not may_see(request, meeting, signed_in(request)):
        raise RequestRefused("not-invited")
    return recording, meeting


@require()
async def show(request: web.Request) -> web.Response:
    recording, meeting = await visible_recording(request)
    page = RecordingPage(recording=recording, meeting=meeting, reference=reference(meeting))
    return render(request, page)


@require()
async def video(request: web.Request) -> web.FileResponse:
    """The MP4. Ranges let a browser jump; `?tai-ve=1` saves it under a name with the date."""
    recording, meeting = await visible_recording(request)
    path = recording.video
    if recording.state is not RecordingState.READY or path is None or not path.is_file():
        raise RequestRefused("not-found")
    headers = {"Cache-Control": "private, no-cache", "Content-Type": "video/mp4"}
    if request.query.get("tai-ve"):
        stem = f"{local(recording.started):%Y-%m-%d %Hh%M} {meeting.title}"[:120]
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(stem)}.mp4"
    return web.FileResponse(path, headers=headers)


ROUTES = [
    web.get("/ban-ghi/{recording:[0-9A-Za-z_-]{1,64}}", show),
    web.get("/ban-ghi/{recording:[0-9A-Za-z_-]{1,64}}/video", video),
]
