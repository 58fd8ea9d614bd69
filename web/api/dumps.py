"""Packet dumps of the REST API: technicians take them, administrators fetch them; the audit."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from rooms.directory.accounts import AccountRole
from rooms.records.audit import AuditEntry
from rooms.records.dumps import LONGEST_S, Dump
from rooms.session.model import SeatId
from web.api.meetings import json_response
from web.auth import require, signed_in
from web.errors import problem
from web.i18n import gettext, mark
from web.pages.common import DUMPERS, OVERSEERS, meeting_of
from web.services import SERVICES


class NewDump(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The body of POST …/dump."""

    seconds: Annotated[int, Meta(ge=1, le=LONGEST_S)] = 60  # ends by itself then


class DumpList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    allowed: bool  # the setting `[media] dumps`
    dumps: tuple[Dump, ...]  # the newest first


class AuditList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    entries: tuple[AuditEntry, ...]  # the newest first


@require(*OVERSEERS)
async def index(request: web.Request) -> web.Response:
    meeting = await meeting_of(request)
    dumps = request.app[SERVICES].dumps
    return json_response(DumpList(allowed=dumps.allowed, dumps=tuple(await dumps.of(meeting.id))))


@require(*DUMPERS)
async def start(request: web.Request) -> web.Response:
    meeting = await meeting_of(request)
    body = await request.read()
    try:
        wanted = msgspec.json.decode(body, type=NewDump) if body else NewDump()
    except msgspec.DecodeError as error:
        return problem(400, "malformed", f"{gettext(mark('JSON không hợp lệ.'))} {error}")
    dump = await request.app[SERVICES].dumps.start(
        meeting.id, SeatId(request.match_info["seat"]), wanted.seconds, signed_in(request)
    )
    return json_response(dump, 201)


@require(*DUMPERS)
async def stop(request: web.Request) -> web.Response:
    meeting = await meeting_of(request)
    seat = SeatId(request.match_info["seat"])
    await request.app[SERVICES].dumps.stop(meeting.id, seat, signed_in(request))
    return web.Response(status=204)


@require(AccountRole.ADMINISTRATOR)
async def fetch(request: web.Request) -> web.FileResponse:
    name = request.match_info["dump"]
    path = await request.app[SERVICES].dumps.fetch(name, signed_in(request))
    headers = {
        "Cache-Control": "no-store",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{path.name}"',
    }
    return web.FileResponse(path, headers=headers)


@require(AccountRole.ADMINISTRATOR)
async def audit(request: web.Request) -> web.Response:
    return json_response(AuditList(entries=tuple(await request.app[SERVICES].audit.recent())))


ROUTES = [
    web.get("/api/v1/meetings/{meeting}/dumps", index),
    web.post("/api/v1/meetings/{meeting}/seats/{seat}/dump", start),
    web.delete("/api/v1/meetings/{meeting}/seats/{seat}/dump", stop),
    web.get("/api/v1/dumps/{dump}", fetch),
    web.get("/api/v1/audit", audit),
]
