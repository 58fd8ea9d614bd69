"""Recordings of the REST API: state and progress of one."""

from aiohttp import web

from web.api.meetings import json_response
from web.api.resources import recording_resource
from web.auth import require
from web.pages.recording import visible_recording


@require()
async def show(request: web.Request) -> web.Response:
    recording, _meeting = await visible_recording(request)
    return json_response(recording_resource(recording))


ROUTES = [web.get("/api/v1/recordings/{recording:[0-9A-Za-z_-]{1,64}}", show)]
