"""The description of the REST API, made from the structs it really speaks."""

from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from rooms.health import MeetingHealth
from rooms.records.dumps import Dump
from web.api.dumps import AuditList, DumpList, NewDump
from web.api.meetings import json_response
from web.api.resources import MeetingDetail, MeetingList, NewMeeting, RecordingResource
from web.auth import SESSION_COOKIE, TOKEN_HEADER

VERSION = "1"
_PROBLEM = {
    "type": "object",
    "required": ["status", "code", "title"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable"},
        "title": {"type": "string", "description": "in the language of the request"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_MEETING = {"name": "meeting", "in": "path", "required": True, "schema": {"type": "string"}}
_RECORDING = {"name": "recording", "in": "path", "required": True, "schema": {"type": "string"}}
_SEAT = {"name": "seat", "in": "path", "required": True, "schema": {"type": "string"}}
_DUMP = {"name": "dump", "in": "path", "required": True, "schema": {"type": "string"}}
_TOKEN = {
    "name": TOKEN_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "the csrf-token of any page of the same session",
}
_DAYS = [
    {"name": name, "in": "query", "schema": {"type": "string", "format": "date"}}
    for name in ("from", "to")
]


def _operation(
    summary: str,
    schema: dict[str, Any],
    parameters: list[dict[str, Any]],
    *,
    status: int = 200,
    refusals: tuple[int, ...] = (401, 403, 404),
) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): {
            "description": "OK",
            "content": {"application/json": {"schema": schema}},
        }
    }
    for code in refusals:
        answers[str(code)] = {"$ref": "#/components/responses/Problem"}
    return {"summary": summary, "parameters": parameters, "responses": answers}


def _dump_paths(
    dumps: dict[str, Any], dump: dict[str, Any], new: dict[str, Any], audit: dict[str, Any]
) -> dict[str, Any]:
    start = _operation(
        "Take a packet dump of a site's line",
        dump,
        [_MEETING, _SEAT, _TOKEN],
        status=201,
        refusals=(400, 401, 403, 404, 409, 503),
    )
    start["requestBody"] = {"content": {"application/json": {"schema": new}}}
    stop = _operation("End it", {}, [_MEETING, _SEAT, _TOKEN], status=204)
    stop["responses"]["204"] = {"description": "it runs no more"}
    fetch = _operation("The file, for `diemcau replay`; administrators", {}, [_DUMP])
    fetch["responses"]["200"] = {"description": "OK", "content": {"application/octet-stream": {}}}
    return {
        "/api/v1/meetings/{meeting}/dumps": {
            "get": _operation("Packet dumps of a meeting", dumps, [_MEETING])
        },
        "/api/v1/meetings/{meeting}/seats/{seat}/dump": {"post": start, "delete": stop},
        "/api/v1/dumps/{dump}": {"get": fetch},
        "/api/v1/audit": {
            "get": _operation("The audit record; administrators", audit, [], refusals=(401, 403))
        },
    }


@cache
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    types = (
        *(MeetingList, MeetingDetail, MeetingHealth, RecordingResource, NewMeeting),
        *(DumpList, Dump, NewDump, AuditList),
    )
    (meetings, detail, health, recording, new, *of_dumps), schemas = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    schedule = _operation(
        "Schedule a meeting", detail, [], status=201, refusals=(400, 401, 403, 415, 422)
    )
    schedule["requestBody"] = {"required": True, "content": {"application/json": {"schema": new}}}
    schedule["parameters"] = [_TOKEN]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Điểm Cầu", "version": VERSION, "license": {"name": "Apache-2.0"}},
        "security": [{"session": []}],
        "paths": {
            "/api/v1/meetings": {
                "get": _operation("Meetings you may enter", meetings, _DAYS, refusals=(400, 401)),
                "post": schedule,
            },
            "/api/v1/meetings/{meeting}": {
                "get": _operation("One meeting, its sites as they stand", detail, [_MEETING])
            },
            "/api/v1/meetings/{meeting}/health": {
                "get": _operation("Every seat's line, for the technician", health, [_MEETING])
            },
            **_dump_paths(*of_dumps),
            "/api/v1/recordings/{recording}": {
                "get": _operation("State and progress of a recording", recording, [_RECORDING])
            },
        },
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "responses": {
                "Problem": {
                    "description": "Refused",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
            },
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}
            },
        },
    }


async def show(request: web.Request) -> web.Response:
    return json_response(description())


ROUTES = [web.get("/api/v1/openapi.json", show)]
