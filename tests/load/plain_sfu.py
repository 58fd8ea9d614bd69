"""A small WHIP/WHEP server for the bench's own tests: every packet to every viewer, no more.

It stands for "another server": ICE-lite, DTLS and SRTP are real, and it can be told to lose or to
alter packets, which the bench must notice.
"""

import asyncio
import secrets
from dataclasses import dataclass, field

from aiohttp import web
from aioice import stun
from aiortc.sdp import SessionDescription

from media.load.dtls import Dtls, new_certificate, sha256_fingerprint

RTP_VERSION = 2


@dataclass(slots=True)
class Faults:
    lose_every: int = 0  # every so-many-th packet is not forwarded
    alter_every: int = 0  # a byte of every so-many-th payload is flipped
    seen: int = 0


class Client(asyncio.DatagramProtocol):
    """The server's end of one transport."""

    def __init__(self, sfu: "PlainSfu", publishes: bool, offer: SessionDescription) -> None:
        media = offer.media[0]
        self._sfu = sfu
        self._publishes = publishes
        self._user = f"{secrets.token_hex(4)}:{media.ice.usernameFragment}"
        self._password = secrets.token_hex(12)
        prints = tuple((f.algorithm, f.value) for f in media.dtls.fingerprints)
        self.dtls = Dtls(sfu.certificate, client=False, fingerprints=prints)
        self.address: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[0] < 4:
            self._stun(data, addr)
        elif data[0] < 64:
            for reply in self.dtls.handle(data):
                self.transport.sendto(reply, addr)
        elif self._publishes and self.dtls.connected and not 192 <= data[1] <= 223:
            self._sfu.forward(self.dtls.receive_srtp.unprotect(data))

    def _stun(self, data: bytes, addr: tuple[str, int]) -> None:
        request = stun.parse_message(data)
        assert request.attributes["USERNAME"] == self._user
        assert request.check_message_integrity(self._password.encode())
        if "USE-CANDIDATE" in request.attributes:
            self.address = addr
        response = stun.Message(
            stun.Method.BINDING,
            stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
            attributes={"XOR-MAPPED-ADDRESS": addr},
        )
        response.add_message_integrity(self._password.encode())
        self.transport.sendto(bytes(response), addr)

    def answer(self, offer: SessionDescription) -> str:
        algorithm, value = sha256_fingerprint(self._sfu.certificate)
        host, port = self.transport.get_extra_info("sockname")
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=ice-lite",
            f"a=fingerprint:{algorithm} {value}",
        ]
        for number, media in enumerate(offer.media):
            formats = " ".join(str(f) for f in media.fmt)
            lines.append(f"m={media.kind} 9 UDP/TLS/RTP/SAVPF {formats}")
            if number == 0:
                lines += [
                    f"a=ice-ufrag:{self._user.split(':')[0]}",
                    f"a=ice-pwd:{self._password}",
                    "a=setup:passive",
                    f"a=candidate:1 1 udp 2130706431 {host} {port} typ host",
                ]
            lines.append(f"a=mid:{media.rtp.muxId}")
        return "\r\n".join(lines) + "\r\n"


@dataclass(slots=True)
class PlainSfu:
    """The whole server; `app` is its HTTP side."""

    token: str
    faults: Faults = field(default_factory=Faults)
    certificate: object = field(default_factory=new_certificate)
    clients: dict[str, Client] = field(default_factory=dict)
    refused: int = 0
    ended: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{kind}/{meeting}", self._start)
        app.router.add_delete("/resource/{id}", self._end)
        return app

    def forward(self, packet: bytes) -> None:
        self.faults.seen += 1
        number = self.faults.seen
        if self.faults.lose_every and number % self.faults.lose_every == 0:
            return
        if self.faults.alter_every and number % self.faults.alter_every == 0:
            packet = packet[:40] + bytes([packet[40] ^ 0xFF]) + packet[41:]
        for client in self.clients.values():
            if not client._publishes and client.dtls.connected and client.address:
                client.transport.sendto(client.dtls.send_srtp.protect(packet), client.address)

    async def _start(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            self.refused += 1
            return web.json_response({"code": "unauthorized"}, status=401)
        assert request.content_type == "application/sdp"
        offer = SessionDescription.parse(await request.text())
        publishes = request.match_info["kind"] == "whip"
        _, client = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Client(self, publishes, offer), local_addr=("127.0.0.1", 0)
        )
        id_ = secrets.token_hex(4)
        self.clients[id_] = client
        return web.Response(
            status=201,
            text=client.answer(offer),
            content_type="application/sdp",
            headers={"Location": f"/resource/{id_}"},
        )

    async def _end(self, request: web.Request) -> web.Response:
        client = self.clients.pop(request.match_info["id"])
        client.transport.close()
        self.ended += 1
        return web.Response()
