"""The description of the REST API, made from the types it really speaks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from aiohttp import web

from web.api.framework import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    PREFIX,
    Operation,
    Resources,
    described_path,
)
from web.api.replaying import HEADER as IDEMPOTENCY
from web.auth import SESSION_COOKIE, TOKEN_HEADER

VERSION = "1"
Json = dict[str, Any]

_PROBLEM: Json = {
    "type": "object",
    "required": ["type", "status", "code", "title"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable"},
        "title": {"type": "string", "description": "in the language of the request"},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "the field at fault -> what is wrong with it",
        },
    },
}
_REFUSED: Json = {
    "description": "Refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SECURITY: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made on the page “Mã truy cập API”. It acts for its account "
        "within its scopes; what an operation needs is listed with it.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": f"A signed-in browser. Changes carry {TOKEN_HEADER}, the csrf-token of any "
        "page of the same session.",
    },
}
_ABOUT = """\
Times are ISO 8601 with an offset; days are local (Asia/Ho_Chi_Minh). Errors are problem+json
(RFC 9457) in the language of the request (`Accept-Language` or `?lang=`). A PUT or PATCH needs
`If-Match` with the ETag of what was read: 428 without, 412 when somebody else was faster. A POST
with an `Idempotency-Key` may be repeated for 24 hours: it is done once and answered the same.
Lists give `limit` items a page and the cursor of the next, also as a Link header (RFC 8288)."""


def description(resources: Sequence[Resources]) -> Json:
    """The OpenAPI 3.1 document."""
    operations = [operation for one in resources for operation in one.operations]
    kinds = list(dict.fromkeys(_kinds(operations)))
    found, schemas = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    told = dict(zip(kinds, found, strict=True))
    paths: dict[str, Json] = {}
    for operation in operations:
        methods = paths.setdefault(described_path(operation.path), {})
        methods[operation.method.lower()] = _operation(operation, told, schemas)
    queries = {operation.query.__name__ for operation in operations if operation.query}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Điểm Cầu",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in sorted({one.tag for one in resources})],
        "paths": paths,
        "components": {
            "schemas": {
                **{name: schema for name, schema in schemas.items() if name not in queries},
                "Problem": _PROBLEM,
            },
            "responses": {"Problem": _REFUSED},
            "securitySchemes": _SECURITY,
        },
    }


def _kinds(operations: Iterable[Operation]) -> Iterator[Any]:
    for operation in operations:
        yield from (
            kind for kind in (operation.query, operation.body, operation.answer) if kind is not None
        )


def _operation(operation: Operation, told: dict[Any, Json], schemas: dict[str, Json]) -> Json:
    entry: Json = {
        "operationId": f"{operation.tag}-{operation.handler.__name__.replace('_', '-')}"
        f"-{operation.method.lower()}",
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [{"bearer": [operation.scope.value]}, {"session": []}],
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation, schemas),
            *_header_parameters(operation),
        ],
        "responses": {str(code): answer for code, answer in _answers(operation, told)},
    }
    if operation.roles:
        entry["description"] = f"Roles: {', '.join(role.value for role in operation.roles)}."
    if operation.body is not None or operation.takes != "application/json":
        schema = told.get(operation.body, {"type": "string", "format": "binary"})
        entry["requestBody"] = {
            "required": not operation.body_optional,
            "content": {operation.takes: {"schema": schema}},
        }
    return entry


def _path_parameters(operation: Operation) -> Iterator[Json]:
    numbers = set(re.findall(r"\{(\w+):int\}", operation.path))
    for name in re.findall(r"\{(\w+)\}", described_path(operation.path)):
        schema: Json = {"type": "string", "minLength": 1, "maxLength": 64}
        if name in numbers:
            schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(operation: Operation, schemas: dict[str, Json]) -> Iterator[Json]:
    if operation.query is not None:
        struct = schemas[operation.query.__name__]
        for name, schema in struct["properties"].items():
            required = name in struct.get("required", ())
            yield {"name": name, "in": "query", "required": required, "schema": schema}
    if operation.listing:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        yield {"name": "limit", "in": "query", "schema": limit}
        yield {
            "name": "cursor",
            "in": "query",
            "schema": {"type": "string"},
            "description": "`next` of the page before",
        }


def _header_parameters(operation: Operation) -> Iterator[Json]:
    text = {"type": "string"}
    if operation.seen is not None:
        required = operation.must_match
        yield {"name": "If-Match", "in": "header", "required": required, "schema": text}
    if operation.method == "POST":
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
        yield {"name": IDEMPOTENCY, "in": "header", "required": False, "schema": key}


def _answers(operation: Operation, told: dict[Any, Json]) -> Iterator[tuple[int, Json]]:
    yield _success(operation, told)
    codes = {400, 401, 403}
    if "{" in operation.path or operation.query is not None:
        codes.add(404)
    if operation.method != "GET":
        codes |= {409, 422}
    if operation.body is not None:
        codes |= {413, 415}
    if operation.seen is not None:
        codes |= {412, 428} if operation.must_match else {412}
    for code in sorted({*codes, 503}):
        yield code, {"$ref": "#/components/responses/Problem"}


def _success(operation: Operation, told: dict[Any, Json]) -> tuple[int, Json]:
    if operation.answer is not None:
        content = {operation.media_type: {"schema": told[operation.answer]}}
        return (201 if operation.created else 200), {"description": "OK", "content": content}
    if operation.media_type != "application/json":
        return 200, {"description": "OK", "content": {operation.media_type: {}}}
    return 204, {"description": "Done"}


def route(resources: Sequence[Resources]) -> web.RouteDef:
    document = msgspec.json.encode(description(resources))

    async def show(_request: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    return web.get(f"{PREFIX}/openapi.json", show)
