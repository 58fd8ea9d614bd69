"""Packet dumps of the REST API: technicians take them, administrators fetch them; the audit."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from rooms.directory.accounts import AccountRole
from rooms.directory.api_tokens import Scope
from rooms.records.audit import AuditEntry
from rooms.records.dumps import LONGEST_S, Dump
from rooms.session.model import SeatId
from web.api.framework import Body, Call, Created, Resource, Resources
from web.pages.common import DUMPERS, OVERSEERS, meeting_of

api = Resources("technical")


class NewDump(Body, frozen=True, kw_only=True):
    """The body of POST …/dump."""

    seconds: Annotated[int, Meta(ge=1, le=LONGEST_S)] = 60  # ends by itself then


class DumpList(Resource, frozen=True, kw_only=True):
    allowed: bool  # the setting `[media] dumps`
    dumps: tuple[Dump, ...]  # the newest first


class AuditList(Resource, frozen=True, kw_only=True):
    entries: tuple[AuditEntry, ...]  # the newest first


@api.get(
    "/meetings/{meeting}/dumps",
    "Packet dumps of a meeting",
    scope=Scope.TECHNICAL_READ,
    roles=OVERSEERS,
)
async def index(call: Call[None, None]) -> DumpList:
    meeting = await meeting_of(call.request)
    dumps = call.services.dumps
    return DumpList(allowed=dumps.allowed, dumps=tuple(await dumps.of(meeting.id)))


@api.post(
    "/meetings/{meeting}/seats/{seat}/dump",
    "Take a packet dump of a site's line",
    scope=Scope.TECHNICAL_WRITE,
    roles=DUMPERS,
)
async def start(call: Call[None, NewDump | None]) -> Created[Dump]:
    meeting = await meeting_of(call.request)
    seconds = (call.body or NewDump()).seconds
    seat = SeatId(call.text("seat"))
    return Created(await call.services.dumps.start(meeting.id, seat, seconds, call.account))


@api.delete(
    "/meetings/{meeting}/seats/{seat}/dump",
    "End it",
    scope=Scope.TECHNICAL_WRITE,
    roles=DUMPERS,
)
async def stop(call: Call[None, None]) -> None:
    meeting = await meeting_of(call.request)
    await call.services.dumps.stop(meeting.id, SeatId(call.text("seat")), call.account)


@api.get(
    "/dumps/{dump}",
    "The file, for `diemcau replay`",
    scope=Scope.TECHNICAL_READ,
    roles=(AccountRole.ADMINISTRATOR,),
    media_type="application/octet-stream",
)
async def fetch(call: Call[None, None]) -> web.FileResponse:
    path = await call.services.dumps.fetch(call.text("dump"), call.account)
    headers = {
        "Cache-Control": "no-store",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{path.name}"',
    }
    return web.FileResponse(path, headers=headers)


@api.get(
    "/audit",
    "The audit record, the newest entries",
    scope=Scope.AUDIT_READ,
    roles=(AccountRole.ADMINISTRATOR,),
)
async def audit(call: Call[None, None]) -> AuditList:
    return AuditList(entries=tuple(await call.services.audit.recent()))
