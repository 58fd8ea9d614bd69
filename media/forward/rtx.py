"""What leaves in the RTX streams of slots: packets again (RFC 4588), and padding.

Never under a slot's own SSRC: an equal number with other bytes would reuse the AES-GCM nonce.
"""

from collections.abc import Callable
from struct import Struct

from pylibsrtp._binding import lib

from media.bwe.arrival import LINE_BYTES
from media.drops import Counters, DropReason
from media.forward.down_track import DownTrack, Epoch
from media.forward.groups import WireFormat
from media.forward.numbers import TransportNumbers
from media.negotiated import TRANSPORT_CC
from media.peer import Peer, StreamEndpoint
from media.receive.source_packet import SourcePacket
from media.rtp import vp8
from media.transport.egress import MAX_DATAGRAM, Egress

_NUMBERS = Struct("!HII")
_PADDED_HEADER = Struct("!BBHIIHHBHB")  # with one extension element of two bytes
_PADDED_NUMBER_AT = 17


class RtxSender:
    """Single packets into the egress. `now`: monotonic seconds.

    Args:
        time: of a `now`: when a packet made now leaves.
    """

    def __init__(
        self,
        egress: Egress,
        counters: Counters,
        numbers: TransportNumbers,
        time: Callable[[float], float],
    ) -> None:
        self.egress = egress
        self.counters = counters
        self.numbers = numbers
        self._time = time

    def resend(self, sink: DownTrack, epoch: Epoch, packet: SourcePacket, now: float) -> bool:
        """One packet again; False when the slot has no RTX."""
        peer = sink.peer
        rtx_ssrc, payload_type = sink.slot.rtx_ssrc, epoch.codec.rtx_payload_type
        if rtx_ssrc is None or payload_type is None or peer.srtp_tx is None:
            return False
        now = self._time(now)
        wire = WireFormat(epoch.encoding, epoch.codec, sink.slot.extensions)
        head, transport = wire.head(packet, now, payload_type)
        out = packet.extended + epoch.sequence_offset & 0xFFFF
        body = packet.raw[packet.start : packet.end]
        datagram = bytearray(head) + out.to_bytes(2, "big") + body
        if len(datagram) > MAX_DATAGRAM:
            return False
        sink.rtx_sequence = sink.rtx_sequence + 1 & 0xFFFF
        timestamp = packet.timestamp + epoch.timestamp_offset & 0xFFFFFFFF
        _NUMBERS.pack_into(datagram, 2, sink.rtx_sequence, timestamp, rtx_ssrc)
        picture = packet.vp8
        if picture is not None:
            pid, tl0 = picture.picture_id + epoch.pid_offset, picture.tl0 + epoch.tl0_offset
            vp8.rewrite(datagram, len(head) + 2, picture, pid, tl0)
        if transport:
            self.numbers.write(datagram, transport, peer, now)
        size = self._send(peer, datagram)
        if not size:
            return False
        self.counters.add("packets_out")
        self.counters.add("bytes_out", size)
        peer.bytes_repeated += len(datagram)
        return True

    def pad(self, sink: DownTrack, size_bytes: int, now: float) -> bool:
        """A packet of nothing but padding, about `size_bytes` on the line: probes. False when the
        slot has no RTX or no transport-wide numbers."""
        peer = sink.peer
        extension = sink.slot.extensions.get(TRANSPORT_CC, 0)
        payload_type = sink.slot.codecs[0].rtx_payload_type
        if not 0 < extension < 15 or payload_type is None or not peer.ready:
            return False
        head = _PADDED_HEADER.pack(0xB0, payload_type, 0, 0, 0, 0xBEDE, 1, extension << 4 | 1, 0, 0)
        fill = min(255, max(1, size_bytes - LINE_BYTES - len(head)))
        datagram = bytearray(head) + bytes(fill - 1) + bytes((fill,))
        sink.rtx_sequence = sink.rtx_sequence + 1 & 0xFFFF
        _NUMBERS.pack_into(datagram, 2, sink.rtx_sequence, 0, sink.slot.rtx_ssrc or 0)
        self.numbers.write(datagram, _PADDED_NUMBER_AT, peer, self._time(now))
        if not self._send(peer, datagram):
            return False
        self.counters.add("probe_packets")
        return True

    def _send(self, peer: Peer, datagram: bytearray) -> int:
        """Encrypted and queued: its bytes then; 0 when libsrtp refuses."""
        egress = self.egress
        slot = egress.reserve(1)
        at = slot * egress.bytes_view.shape[1]
        egress.memory[at : at + len(datagram)] = datagram
        egress.length_memory[slot] = len(datagram)
        if lib.srtp_protect(peer.srtp_tx, egress.pointers[slot], egress.length_pointers[slot]):
            self.counters.drop(DropReason.SRTP)
            return 0
        size: int = egress.length_memory[slot]
        if isinstance(peer.endpoint, StreamEndpoint):
            peer.endpoint.send(egress.bytes_view[slot, :size].tobytes())
        else:
            egress.push(peer.fd, slot, 1, peer.socket_name, peer.socket_namelen, 0)
        return size
