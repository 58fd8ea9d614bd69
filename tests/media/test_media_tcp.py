"""ICE-TCP at the socket: who gets in, who is put out, and what a slow reader costs."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aioice import stun

from media import control, requests
from media.announced import Announced
from media.node import Node
from media.transport import tcp
from media.transport.framing import Deframer, framed
from media.transport.ports import Ports, open_ports

HOST = "127.0.0.1"
OFFER = (
    (Path(__file__).parent.parent / "captures" / "firefox_153esr_offer_4+9.sdp")
    .read_bytes()
    .decode()
)


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    with_ports = open_ports([Announced.parse(HOST)], 0)
    node = Node(with_ports.sockets, lambda report: None, listeners=with_ports.listeners)
    node.open_room("1")
    yield node
    await node.close()


class Client:
    """A client's end of one connection."""

    def __init__(self, node: Node) -> None:
        self._listener = node.tcp.listeners[0]
        self.deframer = Deframer()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # fills at once

    async def __aenter__(self) -> "Client":
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self.socket, (HOST, self._listener.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def receive(self) -> list[bytes]:
        """The next datagrams; empty when the server closed the connection."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            while True:
                try:
                    data = await loop.sock_recv(self.socket, 65536)
                except ConnectionError:
                    return []
                if not data or (datagrams := self.deframer.feed(data)):
                    return datagrams if data else []


def check(answer: str, nominate: bool = True) -> bytes:
    field = {
        name: value
        for line in answer.split("\r\n")
        for name, _, value in [line.removeprefix("a=ice-").partition(":")]
    }
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{field['ufrag']}:theirs"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 7
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(field["pwd"].encode())
    return bytes(message)


async def connect(node: Node, peer: str = "a") -> str:
    reply = await requests.handle(node, control.Connect(room="1", peer=peer, offer=OFFER), 0.0)
    assert isinstance(reply, control.Connected), reply
    return reply.answer


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while True:
            if done():
                return
            await asyncio.sleep(0.005)


async def test_a_check_over_tcp_is_answered_and_opens_the_path(node: Node) -> None:
    answer = await connect(node)
    tcp_lines = [line for line in answer.split("\r\n") if " tcp " in line]
    assert tcp_lines
    assert all(line.endswith("typ host tcptype passive") for line in tcp_lines)
    assert f" {HOST} {node.tcp.listeners[0].port} " in tcp_lines[0]
    async with Client(node) as client:
        request = framed(check(answer))
        for at in range(0, len(request), 7):  # however the stream is cut
            await client.send(request[at : at + 7])
        (reply,) = await client.receive()
        assert stun.parse_message(reply).message_class == stun.Class.RESPONSE
        transport = node.transports["a"]
        assert transport.kind == "tcp"
        await requests.handle(node, control.Disconnect(peer="a"), 0.0)
        assert await client.receive() == []  # the server lets go as well
    assert node.tcp.connections == 0


async def test_who_comes_through_a_turn_server_is_told_apart() -> None:
    ports = open_ports([Announced.parse(HOST)], 0)
    node = Node(ports.sockets, lambda _: None, listeners=ports.listeners, relays={HOST})
    node.open_room("1")
    try:
        answer = await connect(node)
        async with Client(node) as client:
            await client.send(framed(check(answer)))
            await client.receive()
            assert node.transports["a"].kind == "relay"
    finally:
        await node.close()


async def test_a_restart_for_tcp_has_no_other_candidates(node: Node) -> None:
    await connect(node)
    for path, kinds in (("tcp", {"tcp"}), ("any", {"udp", "tcp"})):
        request = control.Restart(peer="a", offer=OFFER, path=path)
        reply = await requests.handle(node, request, 0.0)
        assert isinstance(reply, control.Connected)
        lines = [line for line in reply.answer.split("\r\n") if line.startswith("a=candidate")]
        assert {line.split(" ")[2] for line in lines} == kinds


async def test_a_restart_for_tcp_leaves_turn_servers_their_way() -> None:
    """They reach us over UDP alone, by whatever way the client reaches them."""
    ports = open_ports([Announced.parse(HOST)], 0)
    node = Node(ports.sockets, lambda _: None, listeners=ports.listeners, relays={HOST})
    node.open_room("1")
    try:
        await connect(node)
        request = control.Restart(peer="a", offer=OFFER, path="tcp")
        reply = await requests.handle(node, request, 0.0)
        assert isinstance(reply, control.Connected)
        assert f" udp 2130706431 {HOST} {node._sockets[0].port} " in reply.answer
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as relay:
            relay.connect((HOST, node._sockets[0].port))
            relay.send(check(reply.answer))
            await until(lambda: node.transports["a"].kind == "relay")
    finally:
        await node.close()


async def test_a_client_moves_between_udp_and_tcp(node: Node) -> None:
    answer = await connect(node)
    transport = node.transports["a"]
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp:
        udp.connect((HOST, node._sockets[0].port))
        udp.send(check(answer))
        await until(lambda: transport.path is not None)
        assert transport.kind == "udp"
        async with Client(node) as client:
            await client.send(framed(check(answer, nominate=False)))
            await client.receive()
            assert transport.kind == "udp"
            await client.send(framed(check(answer)))
            await client.receive()
            assert transport.kind == "tcp"
        # The stream ends: back to what is known, until the client nominates.
        await until(lambda: transport.kind == "udp")


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        framed(b"\x16\xfe\xfd" + bytes(50)),  # DTLS before any check
        framed(b"\x80" + bytes(50)),
        framed(bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))),
    ],
    ids=("http", "dtls", "rtp", "unsigned"),
)
async def test_who_does_not_begin_with_a_valid_check_is_put_out(node: Node, first: bytes) -> None:
    async with Client(node) as client:
        await client.send(first)
        assert await client.receive() == []
    assert node.tcp.connections == 0
    assert node.tcp._unproven == 0


async def test_silence_is_put_out_and_so_is_a_client_without_consent(node: Node) -> None:
    answer = await connect(node)
    async with Client(node) as silent, Client(node) as client:
        await client.send(framed(check(answer)))
        await client.receive()
        await until(lambda: node.tcp.connections == 2)
        now = asyncio.get_running_loop().time()
        node.tcp.expire(now + tcp.FIRST_CHECK_S + 1)
        assert await silent.receive() == []
        assert node.tcp.connections == 1
        node.tcp.expire(now + tcp.CONSENT_S + 1)
        assert await client.receive() == []
    assert node.tcp.drops == {"tcp_no_check": 1}


async def test_connections_are_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_UNPROVEN", 3)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Client(node)) for _ in range(5)]
        await until(lambda: node.tcp.drops["tcp_full"] == 2)
        assert node.tcp.connections == 3
        assert await clients[-1].receive() == []
    await until(lambda: node.tcp.connections == 0)
    assert not node.tcp._hosts
    async with Client(node) as client:  # there is room again
        await client.send(framed(check(await connect(node))))
        assert await client.receive()


async def test_a_slow_reader_costs_pictures_then_its_connection(node: Node) -> None:
    answer = await connect(node)
    async with Client(node) as client:
        await client.send(framed(check(answer)))
        await client.receive()
        endpoint: Any = node.transports["a"].endpoint
        picture = struct.pack("!BBHII", 0x80, 96, 0, 0, 0xFFFFFFFF) + bytes(1200)
        while not node.tcp.drops["tcp_picture_queue"]:
            endpoint.send(picture)
        voice = next(iter(node.transports["a"]._voices))
        endpoint.send(struct.pack("!BBHII", 0x80, 111, 0, 0, voice) + b"voice")
        await asyncio.sleep(0.6)  # what waited too long is given up
        dropped = node.tcp.drops["tcp_picture_queue"]
        seen: list[bytes] = []
        async with asyncio.timeout(5):
            while not any(d.endswith(b"voice") for d in seen):
                seen += await client.receive()
        assert node.tcp.drops["tcp_picture_queue"] > dropped
        while not (connection := next(iter(node.tcp.listeners[0].connections.values()))).unsent:
            endpoint.send(picture)
        assert connection.unsent
        now = asyncio.get_running_loop().time() + tcp.STALL_S + 1
        node.tcp.expire(now)
        assert node.tcp.drops["tcp_stalled"] == 1
        endpoint.send(picture)  # counted, not raised
        assert node.tcp.drops["tcp_gone"] == 1


async def test_addresses_behind_a_translating_router() -> None:
    addresses = [Announced.parse(text) for text in (HOST, f"203.0.113.5={HOST}", "::1")]
    ports: Ports = open_ports(addresses, 0)
    assert [(local.host, local.index) for local in ports.sockets] == [(HOST, 0), ("::1", 1)]
    assert [(local.host, local.index) for local in ports.listeners] == [(HOST, 2), ("::1", 3)]
    assert len({local.port for local in (*ports.sockets, *ports.listeners)}) == 1
    node = Node(ports.sockets, lambda _: None, listeners=ports.listeners, announced=ports.announced)
    node.open_room("1")
    try:
        answer = await connect(node)
        first = answer.partition("a=end-of-candidates")[0].split("\r\n")
        told = [line.split(" ")[2:6] for line in first if line.startswith("a=candidate")]
        assert [(kind, host) for kind, _, host, _ in told] == [
            (kind, host) for kind in ("udp", "tcp") for host in (HOST, "203.0.113.5", "::1")
        ]
        assert [int(p) for _, p, _, _ in told] == sorted((int(p) for _, p, _, _ in told))[::-1]
    finally:
        await node.close()


@pytest.mark.parametrize("text", ["", "host", "=10.0.0.1", "10.0.0.1=::1", "10.0.0.1=x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|famil"):
        Announced.parse(text)
