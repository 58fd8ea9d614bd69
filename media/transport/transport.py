"""One peer's transport: its ICE session, DTLS association and SRTP contexts, from offer to end."""

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from aiortc import RTCCertificate

from media.dump import DumpWriter
from media.forward.room import Room
from media.negotiated import NegotiatedMedia
from media.peer import Endpoint, Peer
from media.sdp import Offer
from media.transport.dtls import Dtls, HandshakeFailed
from media.transport.ice import IceSession, Path
from media.transport.mux import Local
from media.transport.srtp import SrtpPair

log = logging.getLogger(__name__)

REACH_TIMEOUT_S = 20.0  # from our answer to the first valid check


class TransportEvents(Protocol):
    """What a transport tells its worker. Called on the loop."""

    def on_connected(self, transport: "Transport") -> None:
        """ICE and DTLS are up."""

    def on_lost(self, transport: "Transport", reason: str) -> None:
        """It is over: "handshake" or "closed". Called at most once, never after `close`."""


class Transport:
    """See the module. `path`, `srtp` and `room` are read for every packet."""

    def __init__(
        self,
        room: Room,
        peer: Peer,
        offer: Offer,
        certificate: RTCCertificate,
        sockets: Sequence[Local],
        events: TransportEvents,
        relays: AbstractSet[str] = frozenset(),
    ) -> None:
        """`relays`: addresses that TURN servers send from."""
        self.room = room
        self.peer = peer
        self.fingerprints = offer.fingerprints
        self.ice: IceSession[Transport] | None = None  # set once by the worker, cleared by `close`
        self.srtp: SrtpPair | None = None
        self.path: Path | None = None
        self.dump: DumpWriter | None = None  # takes what arrives, decrypted
        self.answers = 0  # answers written for it; the version in their o= lines
        self._sockets = sockets
        self._events = events
        self._relays = relays
        self._voices = voice_ssrcs(peer.negotiated)
        self._reached = asyncio.Event()
        self._dtls = Dtls(certificate, offer.fingerprints, self.send, offer.dtls_role)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"transport-{id(self):x}")

    @property
    def endpoint(self) -> Endpoint | None:
        """Where the packet path sends to."""
        if self.path is None:
            return None
        return self._sockets[self.path.endpoint].endpoint(self.path.address, self._voices)

    @property
    def kind(self) -> str:
        """How the peer is reached: "udp", "tcp", or "relay" through a TURN server."""
        if self.path is None:
            return "udp"
        if self.path.address[0] in self._relays:
            return "relay"
        return self._sockets[self.path.endpoint].path

    def move(self, path: Path | None) -> None:
        """ICE selected `path`; None: the selected one is gone, and no other is known yet."""
        self.path = path
        if path is not None:
            self._reached.set()

    def send(self, datagram: bytes) -> None:
        """One datagram on the selected path; without one it is dropped, as on any network."""
        if self.path is not None:
            self._sockets[self.path.endpoint].send(datagram, self.path.address)

    def on_dtls(self, datagram: bytes) -> bool:
        """One DTLS datagram from one of the peer's paths; False when it was dropped."""
        return self._dtls.feed(datagram)

    async def close(self) -> None:
        """Tell the peer (close_notify) and stop. May be called twice."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        await self._dtls.close()
        self.srtp = None

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(REACH_TIMEOUT_S):
                await self._reached.wait()
            self.srtp = await self._dtls.handshake()
        except (TimeoutError, HandshakeFailed):
            self._events.on_lost(self, "handshake")
            return
        except Exception:
            log.exception("DTLS handshake broke off")
            self._events.on_lost(self, "handshake")
            return
        self._events.on_connected(self)
        await self._dtls.until_closed()
        self._events.on_lost(self, "closed")


def voice_ssrcs(media: NegotiatedMedia) -> frozenset[int]:
    """What we send as voice: goes before pictures on a stream."""
    slots = [slot for slot in media.slots if slot.kind == "audio"]
    return frozenset(
        ssrc for slot in slots for ssrc in (slot.ssrc, slot.rtx_ssrc) if ssrc is not None
    )
