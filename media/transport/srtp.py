"""SRTP contexts of one transport, as bare libsrtp handles for in-place work on our own buffers.

pylibsrtp's `Session.protect` copies twice per packet; the forward path calls
`lib.srtp_protect(handle, char*, int*)` itself on buffers it owns.
"""

from dataclasses import dataclass
from typing import Any

from aiortc.rtcdtlstransport import SRTPProtectionProfile
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from media.peer import Peer, StreamEndpoint
from media.sdp import DtlsRole
from media.transport.egress import STRIDE, Egress

# The retransmission cache repairs through RTX, so a sender never repeats an index; libsrtp shifts
# the whole replay vector per packet, also when sending, and 128 entries cost least.
TX_WINDOW_PACKETS = 128
RX_WINDOW_PACKETS = 1024  # late packets of a 2 Mbit/s layer, about 4 s

OK = 0  # srtp_err_status_ok


@dataclass(frozen=True, slots=True, eq=False)
class SrtpPair:
    """Both directions of one DTLS association."""

    rx: Any  # srtp_t
    tx: Any  # srtp_t


def derive(profile: SRTPProtectionProfile, material: bytes, role: DtlsRole) -> SrtpPair:
    """Our contexts in this DTLS role from exported keying material.

    Source: RFC 5764 section 4.2; the client's key and salt are first.
    """
    theirs, ours = (0, 1) if role == "server" else (1, 0)
    return SrtpPair(
        rx=_handle(_policy(profile, material, theirs, Policy.SSRC_ANY_INBOUND, RX_WINDOW_PACKETS)),
        tx=_handle(_policy(profile, material, ours, Policy.SSRC_ANY_OUTBOUND, TX_WINDOW_PACKETS)),
    )


def _handle(policy: Policy) -> Any:
    """A context that lives as long as this handle: whoever still holds it may still use it."""
    session = Session(policy)
    return ffi.gc(session._srtp[0], lambda _, keep=session: None)


def _policy(
    profile: SRTPProtectionProfile, material: bytes, side: int, ssrc_type: int, window: int
) -> Policy:
    policy = Policy(
        key=profile.get_key_and_salt(material, side),
        ssrc_type=ssrc_type,
        srtp_profile=profile.libsrtp_profile,
    )
    policy.window_size = window
    return policy


class InPlace:
    """One receive buffer that libsrtp decrypts in place."""

    __slots__ = ("_length", "_pointer", "address", "buffer", "buffers")

    def __init__(self, size_bytes: int) -> None:
        self.buffer = bytearray(size_bytes)
        self.buffers = (self.buffer,)  # as `recvmsg_into` wants it
        self._pointer = ffi.from_buffer(self.buffer)
        self.address = int(ffi.cast("uintptr_t", self._pointer))
        self._length = ffi.new("int *")

    def unprotect_rtp(self, handle: Any, size: int) -> int:
        """Bytes of the RTP packet now in the buffer; 0 when it fails authentication or replays."""
        self._length[0] = size
        status = lib.srtp_unprotect(handle, self._pointer, self._length)
        return int(self._length[0]) if status == OK else 0

    def unprotect_rtcp(self, handle: Any, size: int) -> int:
        """The same for RTCP."""
        self._length[0] = size
        status = lib.srtp_unprotect_rtcp(handle, self._pointer, self._length)
        return int(self._length[0]) if status == OK else 0


def queue_rtcp(egress: Egress, peer: Peer, packet: bytes) -> bool:
    """Encrypt one compound RTCP packet and queue it for the next flush.

    False when libsrtp refuses, or the peer has no address or no keys. A stream takes it at once.
    """
    if not peer.ready:
        return False
    slot = egress.reserve(1)
    start = slot * STRIDE
    egress.memory[start : start + len(packet)] = packet
    egress.length_memory[slot] = len(packet)
    length = egress.length_pointers[slot]
    if lib.srtp_protect_rtcp(peer.srtp_tx, egress.pointers[slot], length) != OK:
        return False
    if isinstance(peer.endpoint, StreamEndpoint):
        peer.endpoint.send(bytes(egress.bytes_view[slot, : egress.length_memory[slot]]))
    else:
        egress.push(peer.fd, slot, 1, peer.socket_name, peer.socket_namelen, 0)
    return True
