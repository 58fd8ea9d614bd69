"""Webhooks over real HTTP on loopback."""

import asyncio
import contextlib
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from conference.webhooks import GuardedResolver, attempt, run_webhooks
from rooms.directory.accounts import AccountRole, Accounts
from rooms.records.audit import Audit
from rooms.store.database import Database
from rooms.webhooks.deliveries import Deliveries, Parcel
from rooms.webhooks.endpoints import EndpointDraft, Endpoints

HERE = frozenset({"127.0.0.1"})


class Receiver:
    """Keeps what it is sent; refuses the first `refusals`."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.taken = asyncio.Event()
        self.got: list[tuple[dict[str, str], bytes]] = []
        app = web.Application()
        app.router.add_post("/hook", self._take)
        app.router.add_post("/away", self._send_away)
        self.server = TestServer(app, host="127.0.0.1")

    async def _take(self, request: web.Request) -> web.Response:
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=503)
        self.got.append((dict(request.headers), await request.read()))
        self.taken.set()
        return web.Response(status=204)

    async def _send_away(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/hook")

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.server.port}{path}"


def parcel(url: str) -> Parcel:
    return Parcel(
        delivery_id=1,
        webhook_id=1,
        url=url,
        secret="khoa",
        event="ping",
        event_id="ping-1",
        body=b'{"id":"ping-1"}',
        attempts=0,
    )


async def test_an_event_arrives_signed(tmp_path: Path):
    receiver = Receiver()
    await receiver.server.start_server()
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/w.db")
    await db.migrate()
    administrator = await Accounts(db).create(
        username="quantri", full_name="x", role=AccountRole.ADMINISTRATOR, password=None
    )
    draft = EndpointDraft(name="Cổng", url=receiver.url())
    endpoint = await Endpoints(db, Audit(db), tuple(HERE)).add(
        draft, administrator, datetime.now(UTC)
    )
    deliveries = Deliveries(db)
    await deliveries.ping(endpoint.id, "a", datetime.now(UTC))
    task = asyncio.create_task(run_webhooks(deliveries, tuple(HERE), look_every_s=0.01))
    await asyncio.wait_for(receiver.taken.wait(), 5)
    for _ in range(200):
        (told,) = await deliveries.log(endpoint.id, 1)
        if told.state == "delivered":
            break
        await asyncio.sleep(0.01)
    assert told.state == "delivered"
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    ((headers, body),) = receiver.got
    signed = headers["X-DiemCau-Timestamp"].encode() + b"." + body
    expected = hmac.new(endpoint.secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-DiemCau-Signature"] == f"sha256={expected}"
    assert headers["X-DiemCau-Event"] == "ping"
    await receiver.server.close()
    await db.close()


async def test_refusals_redirects_and_silence_are_failures():
    receiver = Receiver(refusals=1)
    await receiver.server.start_server()
    patience = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=patience) as session:
        busy = await attempt(parcel(receiver.url()), session, HERE)
        assert (busy.taken, busy.status) == (False, 503)
        away = await attempt(parcel(receiver.url("/away")), session, HERE)
        assert (away.taken, away.status) == (False, 302)
        assert receiver.got == []
        forbidden = await attempt(parcel(receiver.url()), session, frozenset())
        assert (forbidden.status, forbidden.error) == (None, "address not allowed")
        url = receiver.url()
        await receiver.server.close()
        gone = await attempt(parcel(url), session, HERE)
        assert gone.status is None
        assert "Client" in gone.error


async def test_a_name_that_leads_to_this_machine_is_not_connected_to():
    resolver = GuardedResolver()
    with pytest.raises(OSError, match="this machine"):
        await resolver.resolve("localhost", 80)
    await resolver.close()
