"""The REST API against its own OpenAPI document: whatever is sent, right or wrong, is answered as
the document says and never with a 5xx.

By default it is a glance: one request for each operation, wrong where it takes a body or
parameters. `API_EXAMPLES=300 pytest tests/web/test_web_api_schema.py` looks closely.
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from web_world import Site, add_meeting, running_site

from rooms.directory.api_tokens import Scope
from rooms.invitations.records import Series
from rooms.webhooks.endpoints import EndpointDraft
from web.api import RESOURCES
from web.api.openapi import description

EXAMPLES = int(os.environ.get("API_EXAMPLES", "1"))
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
SCHEMA = schemathesis.openapi.from_dict(description(RESOURCES))
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


def cases() -> Iterator[tuple[APIOperation, GenerationMode]]:
    for operation in OPERATIONS:
        takes = bool(operation.body.items or operation.query.items)
        modes = (RIGHT, WRONG) if EXAMPLES > 1 else (WRONG if takes else RIGHT,)
        yield from ((operation, mode) for mode in modes)


CASES = list(cases())


@dataclass(frozen=True)
class Served:
    url: str
    token: str


async def _fill(site: Site) -> str:
    """Something to find, and a token that may do everything."""
    now, administrator = datetime.now(UTC), site.world.people["quantri"]
    await add_meeting(site.world, "Họp", now + timedelta(hours=2))
    draft = EndpointDraft(name="Cổng", url="https://cong.example.vn/h")
    endpoint = await site.services.webhooks.add(draft, administrator, now)
    series = Series(
        unit_id=site.world.units["ubnd-tinh"],
        symbol="GM-UBND",
        issuer="UBND TỈNH",
        inviter="UBND tỉnh",
        place="Gia Lai",
    )
    await site.services.invitations.numbers.save_series(series, administrator)
    await site.services.deliveries.ping(endpoint.id, "a", now)
    _, token = await site.services.tokens.make(
        administrator, "schemathesis", tuple(Scope), now, lifetime=None
    )
    return token


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The site on a thread of its own: schemathesis calls as any client would, blocking."""
    found: list[Served] = []
    ready, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve(folder: Path) -> None:
        async with running_site(folder) as site:
            found.append(Served(str(site.server.make_url("/")), await _fill(site)))
            ready.set()
            await done.wait()

    thread = threading.Thread(
        target=lambda: loop.run_until_complete(serve(tmp_path_factory.mktemp("api")))
    )
    thread.start()
    assert ready.wait(20)
    yield found[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(20)
    loop.close()


@pytest.fixture(scope="module")
def session(served: Served) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {served.token}"
        yield session


@pytest.mark.parametrize(
    ("operation", "mode"), CASES, ids=[f"{one.method} {one.path} {mode}" for one, mode in CASES]
)
def test_answers_are_as_described(
    served: Served,
    session: requests.Session,
    operation: APIOperation,
    mode: GenerationMode,
):
    @given(st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES < 20,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    def look(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(base_url=served.url, session=session, checks=CHECKS)

    look()
