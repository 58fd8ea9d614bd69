"""What a light client receives: counted by clear headers, reported back, never decrypted here."""

import struct
import time
from collections.abc import Callable

from media.load.arrivals import Arrivals, transport_seq
from media.load.offer import OPUS_TYPE, TRANSPORT_CC_URI, Answer, Direction, Section
from media.load.streams import InTrack, receiver_report

DRAIN_PACKETS = 256  # then others have their turn
MAX_BLOCKS = 31  # RFC 3550 section 6.4.2
_PEEK = struct.Struct("!BBHII")
_CLOCKS = {OPUS_TYPE: 48000}
_VIDEO_CLOCK = 90000
_RTCP_TYPES = range(64, 96)  # second byte of RTCP without its first bit (RFC 5761 section 4)


class Reception:
    """The receiving half of a transport."""

    def __init__(self, *, timed: bool) -> None:
        """`timed`: packets are read as they come, so that their arrival times mean something."""
        self._timed = timed
        self._arrivals = Arrivals()
        self._arrival_id = 0  # header extension with the transport-wide number; 0: not negotiated
        self._unplaced = 0  # packets of untimed drains whose number is not read yet
        self._drained_at = 0.0
        self.tracks: dict[int, InTrack] = {}  # by SSRC

    def start(self, sections: list[Section], answer: Answer) -> None:
        """The answer is known: which header extension carries the transport-wide number."""
        for section, answered in zip(sections, answer.sections, strict=False):
            if section.direction is Direction.RECEIVE:
                self._arrival_id = answered.extensions.get(TRANSPORT_CC_URI, 0)

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
        peek, tracks, timed = _PEEK.unpack_from, self.tracks, self._timed
        found = 0
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
            found += 1
            track = tracks.get(ssrc)
            if track is None:
                track = tracks[ssrc] = InTrack(ssrc, second & 0x7F, seq)
            if seq == track.expected_seq < 0xFFFF:  # nearly always; `count` without its call
                track.expected_seq = seq + 1
                track.received += 1
                track.octets += size
            else:
                track.count(seq, size)
            if timed:
                self._time(track, rtp_time, buffer)
        if not timed:
            self._place(found, buffer)

    def take(self, data: bytes) -> bool:
        """One datagram, read by the caller; False when it is not RTP."""
        if len(data) < 12:
            return False
        first, second, seq, rtp_time, ssrc = _PEEK.unpack_from(data)
        if first & 0xC0 != 0x80 or second & 0x7F in _RTCP_TYPES:
            return False
        track = self.tracks.get(ssrc)
        if track is None:
            track = self.tracks[ssrc] = InTrack(ssrc, second & 0x7F, seq)
        track.count(seq, len(data))
        self._time(track, rtp_time, data)
        return True

    def _time(self, track: InTrack, rtp_time: int, packet: bytes | bytearray) -> None:
        now = time.monotonic()
        track.time(rtp_time, int(now * _CLOCKS.get(track.payload_type, _VIDEO_CLOCK)))
        if self._arrival_id:
            seq = transport_seq(packet, self._arrival_id)
            if seq >= 0:
                self._arrivals.packet(seq, now)

    def _place(self, found: int, buffer: bytearray) -> None:
        """Note the arrival of `found` packets, the last of which may still stand in the buffer."""
        now, since = time.monotonic(), self._drained_at
        self._drained_at = now
        self._unplaced += found
        if not (self._arrival_id and self._unplaced) or buffer[1] & 0x7F in _RTCP_TYPES:
            return
        last = transport_seq(buffer, self._arrival_id)
        if last >= 0:
            self._arrivals.run(last, self._unplaced, since, now)
            self._unplaced = 0

    def sender_report(self, ssrc: int, ntp: int) -> None:
        """The sender's report came: the next report block tells it the delay since."""
        if track := self.tracks.get(ssrc):
            track.last_report, track.last_report_at = ntp, time.monotonic()

    def report(self, ssrc: int, now: float) -> bytes:
        """The receiver report due now."""
        blocks = [track.report_block(now) for track in self.tracks.values()]
        return receiver_report(ssrc, blocks[:MAX_BLOCKS])

    def arrival_feedback(self, ssrc: int) -> bytes | None:
        """The transport-cc packet due now, when it was negotiated and something came."""
        return self._arrivals.feedback(ssrc, next(iter(self.tracks), 0))
