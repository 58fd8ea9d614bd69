"""The node inside this process: what it keeps, and what it leaves behind."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from media import control, requests
from media.forward.audit import Step
from media.forward.auditor import Stalled
from media.node import Node
from media.reporter import Reporter
from media.transport.mux import open_sockets

OFFER = (
    (Path(__file__).parent.parent / "captures" / "firefox_153esr_offer_4+9.sdp")
    .read_bytes()
    .decode()
)


@pytest.fixture
def reports() -> list[Any]:
    return []


@pytest.fixture
async def node(reports: list[Any]) -> AsyncIterator[Node]:
    node = Node(open_sockets(["127.0.0.1"], 0), reports.append)
    node.open_room("1")
    yield node
    await node.close()


async def ask(node: Node, request: Any) -> Any:
    return await requests.handle(node, request, asyncio.get_running_loop().time())


async def test_a_peer_that_left_leaves_nothing_behind(node: Node) -> None:
    remains = []
    for number in range(5):
        peer = str(number)
        reply = await ask(node, control.Connect(room="1", peer=peer, offer=OFFER))
        assert isinstance(reply, control.Connected)
        await ask(node, control.Restart(peer=peer, offer=OFFER))
        transport = node.transports[peer]
        remains += [weakref.ref(transport), weakref.ref(transport.peer)]
        del transport
    for number in range(5):
        await ask(node, control.Disconnect(peer=str(number)))
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()
    assert [ref() for ref in remains if ref() is not None] == []
    assert node.reporter.snapshot()["rooms"] == {"1": {}}


async def test_closing_a_room_ends_its_peers_only(node: Node) -> None:
    node.open_room("2")
    await ask(node, control.Connect(room="1", peer="a", offer=OFFER))
    await ask(node, control.Connect(room="2", peer="b", offer=OFFER))
    assert isinstance(await ask(node, control.CloseRoom(room="1")), control.Done)
    assert list(node.transports) == ["b"]
    assert list(node.rooms) == ["2"]


async def test_only_the_last_step_of_the_audit_ends_a_transport(
    node: Node, reports: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(node, control.Connect(room="1", peer="a", offer=OFFER))
    room = node.rooms["1"]
    for step in Step:
        monkeypatch.setattr(room.auditor, "check", lambda now, s=step: [Stalled("a", "7", s)])
        room.poll(room.next_deadline(0.0) + 9.0)
        node.reporter.tick(0.0)
        gone = [r.reason for r in reports if isinstance(r, control.PeerLost)]
        assert gone == (["stalled"] if step is Step.TRANSPORT else [])
        assert reports[-1 - len(gone)] == control.Stalled(room="1", peer="a", mid="7", step=step)
        monkeypatch.undo()
    assert "a" not in node.transports


async def test_a_bug_in_a_handler_is_one_reply(
    node: Node, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Reporter) -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr(Reporter, "snapshot", broken)
    reply = await ask(node, control.Snapshot())
    assert reply == control.Failed(code="internal", detail="Snapshot")
    assert len([record for record in caplog.records if record.exc_info]) == 1
    assert isinstance(await ask(node, control.OpenRoom(room="3")), control.Done)


def test_every_request_has_a_handler() -> None:
    assert set(requests.HANDLERS) == set(control.AnyRequest.__args__)


async def test_logs_hold_no_addresses_and_no_credentials(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="media")
    reply = await ask(node, control.Connect(room="1", peer="a", offer=OFFER))
    await ask(node, control.Disconnect(peer="a"))
    secrets = [
        line.partition(":")[2]
        for line in (OFFER + reply.answer).split("\r\n")
        if line.startswith(("a=ice-ufrag", "a=ice-pwd", "a=fingerprint"))
    ]
    assert secrets
    assert not any(secret in caplog.text for secret in secrets)
