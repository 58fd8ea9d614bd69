"""A peer of a room: what was negotiated with one transport, and where its packets go."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from media.negotiated import NegotiatedMedia


@dataclass(frozen=True, slots=True)
class UdpEndpoint:
    """Where to send: `fd` of the (non-blocking) UDP socket, remote address as `recvfrom` gave it.

    `address` is (host, port) for AF_INET and (host, port, flowinfo, scope_id) for AF_INET6.
    """

    fd: int
    address: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StreamEndpoint:
    """A peer not reached by UDP (ICE-TCP, tests): `send(datagram)` frames and queues; must not raise."""

    send: Callable[[bytes], None]


Endpoint = UdpEndpoint | StreamEndpoint


class Peer:
    """One transport of one seat in a room. B creates it; only `Room` changes it afterwards.

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
        self.endpoint = endpoint
