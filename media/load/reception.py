"""What a light client receives: counted by clear headers, reported back, never decrypted here."""

import struct
import time
from collections.abc import Callable

from media.load.arrivals import Arrivals, transport_seq
from media.load.offer import OPUS_TYPE, TRANSPORT_CC_URI, Answer, Direction, Section
from media.load.streams import InTrack
from media.load.tally import Totals

DRAIN_PACKETS = 256  # then others have their turn
_PEEK = struct.Struct("!BBHII")
_CLOCKS = {OPUS_TYPE: 48000}
_VIDEO_CLOCK = 90000
_RTCP_TYPES = range(64, 96)  # second byte of RTCP without its first bit (RFC 5761 section 4)


def arrival_id(sections: list[Section], answer: Answer) -> int:
    """The header extension that carries the transport-wide number of what we get; 0: none."""
    ids = [
        answered.extensions[TRANSPORT_CC_URI]
        for section, answered in zip(sections, answer.sections, strict=False)
        if section.direction is Direction.RECEIVE and TRANSPORT_CC_URI in answered.extensions
    ]
    return ids[0] if ids else 0


class Reception:
    """The receiving half of a transport."""

    def __init__(self) -> None:
        self._arrivals = Arrivals()
        self._arrival_id = 0  # header extension with the transport-wide number; 0: not negotiated
        self.tracks: dict[int, InTrack] = {}  # by SSRC

    def start(self, sections: list[Section], answer: Answer) -> None:
        """The answer is known."""
        self._arrival_id = arrival_id(sections, answer)

    def drain(
        self,
        receive: Callable[[bytearray], int],
        buffer: bytearray,
        on_other: Callable[[bytes], None],
    ) -> None:
        """Read what has arrived; datagrams that are not RTP go to `on_other`.

        The hot path of a receiving client. `receive` fills the buffer and raises OSError when
        there is nothing more.
        """
        peek, tracks = _PEEK.unpack_from, self.tracks
        for _ in range(DRAIN_PACKETS):
            try:
                size = receive(buffer)
            except OSError:  # nothing more, or the port is gone for the moment
                break
            if size < 12:
                continue
            first, second, seq, rtp_time, ssrc = peek(buffer)
            if first & 0xC0 != 0x80 or second & 0x7F in _RTCP_TYPES:
                on_other(bytes(buffer[:size]))
                continue
            track = tracks.get(ssrc)
            if track is None:
                track = tracks[ssrc] = InTrack(ssrc, second & 0x7F, seq)
            if seq == track.expected_seq < 0xFFFF:  # nearly always; `count` without its call
                track.expected_seq = seq + 1
                track.received += 1
                track.octets += size
            else:
                track.count(seq, size)
            self._time(track, rtp_time, buffer, time.monotonic())

    def take(self, data: bytes, now: float) -> bool:
        """One datagram that arrived at `now`, read by the caller; False when it is not RTP."""
        if len(data) < 12:
            return False
        first, second, seq, rtp_time, ssrc = _PEEK.unpack_from(data)
        if first & 0xC0 != 0x80 or second & 0x7F in _RTCP_TYPES:
            return False
        track = self.tracks.get(ssrc)
        if track is None:
            track = self.tracks[ssrc] = InTrack(ssrc, second & 0x7F, seq)
        track.count(seq, len(data))
        self._time(track, rtp_time, data, now)
        return True

    def _time(self, track: InTrack, rtp_time: int, packet: bytes | bytearray, now: float) -> None:
        track.time(rtp_time, int(now * _CLOCKS.get(track.payload_type, _VIDEO_CLOCK)))
        if self._arrival_id:
            seq = transport_seq(packet, self._arrival_id)
            if seq >= 0:
                self._arrivals.packet(seq, now)

    def sender_report(self, ssrc: int, ntp: int, now: float) -> None:
        """The sender's report came: the next report block tells it the delay since."""
        if track := self.tracks.get(ssrc):
            track.last_report, track.last_report_at = ntp, now

    def report_blocks(self, now: float) -> list[bytes]:
        """Of the receiver report due now."""
        return [track.report_block(now) for track in self.tracks.values()]

    def arrival_feedback(self, ssrc: int) -> bytes | None:
        """The transport-cc packet due now, when it was negotiated and something came."""
        return self._arrivals.feedback(ssrc, next(iter(self.tracks), 0))

    def totals(self) -> Totals:
        tracks = self.tracks.values()
        return Totals(
            sum(track.received for track in tracks),
            sum(track.expected for track in tracks),
            sum(track.octets for track in tracks),
        )

    def packets(self, payload_type: int) -> int:
        """How many of this type were received."""
        tracks = self.tracks.values()
        return sum(track.received for track in tracks if track.payload_type == payload_type)
