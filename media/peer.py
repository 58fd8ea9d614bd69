"""A peer of a room: what was negotiated with one transport, and where its packets go."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from media.bwe.stream_numbers import StreamNumbers
from media.negotiated import NegotiatedMedia
from media.transport.egress import SocketAddress

if TYPE_CHECKING:
    from media.forward.pacer import Pacer
    from media.forward.subscriber import Subscriber
    from media.receive.ingress import Ingress


@dataclass(frozen=True, slots=True)
class UdpEndpoint:
    """Where to send: `fd` of the (non-blocking) UDP socket, remote address as `recvfrom` gave it.

    `address` is (host, port) for AF_INET and (host, port, flowinfo, scope_id) for AF_INET6.
    """

    fd: int
    address: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StreamEndpoint:
    """A peer not reached by UDP (ICE-TCP): `send(datagram)` frames and queues, never raises."""

    send: Callable[[bytes], None]


Endpoint = UdpEndpoint | StreamEndpoint


class Upstream(Protocol):
    """The worker a relayed peer is connected to; it asks the publisher for us."""

    def want(self, source: str, rids: tuple[str, ...]) -> None:
        """Relay these layers, and no others."""

    def ask_keyframe(self, source: str, rid: str) -> None: ...


class Peer:
    """One transport of one seat in a room. The transport shell creates it; only `Room` changes it
    afterwards.

    Args:
        peer_id: "<seat>#<connection>".
        negotiated: from offer and answer.
        srtp_tx: the libsrtp context for sending, `pylibsrtp_session._srtp[0]`; None until DTLS is
            up (give it to `Room.peer_ready`). Keep the Session alive as long as the peer is in a
            room. Make the transmit policy with `window_size = 128`: libsrtp shifts the whole replay
            window per packet, 1024 costs 0.085 us more for each copy.
        endpoint: None until ICE chose a pair.
    """

    def __init__(
        self,
        peer_id: str,
        negotiated: NegotiatedMedia,
        *,
        srtp_tx: Any = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.id = peer_id
        self.negotiated = negotiated
        self.srtp_tx = srtp_tx
        self.endpoint: Endpoint | None = None
        self.fd = -1
        self._address: SocketAddress | None = None
        self.socket_name = 0  # memory address of the sockaddr
        self.socket_namelen = 0
        self.index = -1  # of its transport-wide counter in the room
        self.ingress: Ingress | None = None  # set by `Room.add_peer`
        self.subscriber: Subscriber | None = None
        self.pacer: Pacer | None = None  # pictures for a narrow line go through it
        # Where arrivals are told by stream.
        self.stream_numbers = StreamNumbers() if negotiated.by_stream else None
        self.connected_at: float | None = None
        self.rtt_s: float | None = None  # smoothed
        self.bytes_repeated = 0  # RTX
        self.remb_bps: int | None = None
        self.deaf_until = float("-inf")  # feedback about its line need not be read before
        self.auto = False  # fills its video slots by itself
        self.upstream: Upstream | None = None  # it is connected to another worker
        if endpoint is not None:
            self.move(endpoint)

    @property
    def ready(self) -> bool:
        """Keys and an address: packets can be sent."""
        return self.srtp_tx is not None and self.endpoint is not None

    def move(self, endpoint: Endpoint) -> None:
        if self.pacer is not None:
            self.pacer.clear()  # what is held would go to the old address
        self.endpoint = endpoint
        if isinstance(endpoint, UdpEndpoint):
            self.fd = endpoint.fd
            self._address = SocketAddress(endpoint.address)
            self.socket_name = self._address.name
            self.socket_namelen = self._address.length
        else:
            self.fd = -1

    def on_round_trip(self, seconds: float) -> None:
        self.rtt_s = seconds if self.rtt_s is None else 0.75 * self.rtt_s + 0.25 * seconds
