"""Lists of delegates to take away; whoever takes one is noted."""

import asyncio
from datetime import UTC, datetime

from aiohttp import web

from rooms.answers import standing
from rooms.answers.export import delegate_table, site_table, to_csv, to_xlsx
from rooms.answers.records import SiteAnswer
from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.meetings.meetings import Meeting
from rooms.records.audit import Action
from web.files import attachment
from web.i18n import gettext, mark
from web.pages.visitors import visitor_of
from web.services import SERVICES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def _exported(request: web.Request) -> tuple[Meeting, list[SiteAnswer], Account]:
    """What goes into an export: names of people, so it is noted who took it."""
    visitor, meeting = await visitor_of(request)
    if visitor.account is None:
        raise RequestRefused("not-found")
    services = request.app[SERVICES]
    seen = standing.of_branch(await services.answers.of_meeting(meeting.id), visitor.actor)
    await services.audit.note(
        visitor.account,
        Action.DELEGATES_EXPORTED,
        datetime.now(UTC),
        meeting_id=meeting.id,
        subject=request.path.rpartition("/")[2],
    )
    return meeting, seen, visitor.account


def _file_name(meeting: Meeting, ending: str) -> str:
    return f"{gettext(mark('Đại biểu'))} - {meeting.title}.{ending}"


async def export_csv(request: web.Request) -> web.Response:
    meeting, seen, _ = await _exported(request)
    content = to_csv(delegate_table(seen, gettext))
    return attachment(content, _file_name(meeting, "csv"), "text/csv")


async def export_xlsx(request: web.Request) -> web.Response:
    meeting, seen, _ = await _exported(request)
    sheets = (
        (gettext(mark("Đại biểu")), delegate_table(seen, gettext)),
        (gettext(mark("Điểm cầu")), site_table(seen, gettext)),
    )
    content = await asyncio.to_thread(to_xlsx, sheets)
    return attachment(content, _file_name(meeting, "xlsx"), XLSX)


ROUTES = [
    web.get("/cuoc-hop/{meeting}/xac-nhan/dai-bieu.csv", export_csv),
    web.get("/cuoc-hop/{meeting}/xac-nhan/dai-bieu.xlsx", export_xlsx),
]
