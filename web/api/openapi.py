"""The description of the REST API, made from the structs it really speaks."""

from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from rooms.health import MeetingHealth
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


@cache
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    types = (MeetingList, MeetingDetail, MeetingHealth, RecordingResource, NewMeeting)
    (meetings, detail, health, recording, new), schemas = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    schedule = _operation(
        "Schedule a meeting", detail, [], status=201, refusals=(400, 401, 403, 415, 422)
    )
    schedule["requestBody"] = {"required": True, "content": {"application/json": {"schema": new}}}
    schedule["parameters"] = [
        {
            "name": TOKEN_HEADER,
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "the csrf-token of any page of the same session",
        }
    ]
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
