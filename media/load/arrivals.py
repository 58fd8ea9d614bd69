"""Transport-wide arrival feedback of a light client (transport-cc). Pure."""

import struct
from collections.abc import Sequence
from operator import sub

from media.rtp import transport_cc

_FORMAT = 15  # draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1
_TRANSPORT_FEEDBACK = 205
_ONE_BYTE_PROFILE = b"\xbe\xde"  # RFC 8285 section 4.2
_HEAD = struct.Struct("!BBHIIHHIH")
_RECEIVED = 1 << 13  # chunk: a run of packets with deltas of one byte
_TICKS_PER_REFERENCE = 256
_MAX_SPAN = 2000  # packets one feedback covers at most; after a longer pause it starts anew


def transport_seq(packet: bytes | bytearray, id_: int) -> int:
    """The transport-wide sequence number in the clear header of an RTP packet; -1: none.

    `packet` may be a buffer with rubbish behind the packet.
    """
    first = packet[0]
    at = 12 + 4 * (first & 0x0F)
    if not first & 0x10 or packet[at : at + 2] != _ONE_BYTE_PROFILE:
        return -1
    end = min(at + 4 + 4 * (packet[at + 2] << 8 | packet[at + 3]), len(packet) - 2)
    at += 4
    while at < end:
        head = packet[at]
        if head == 0:  # padding
            at += 1
        elif head >> 4 == id_:
            return packet[at + 1] << 8 | packet[at + 2]
        elif head >> 4 == 15:
            return -1
        else:
            at += 2 + (head & 0x0F)
    return -1


class Arrivals:
    """What has arrived since the last feedback."""

    def __init__(self) -> None:
        self._times: dict[int, float] = {}  # by extended number
        self._highest = 0
        self._next = -1  # first number the next feedback covers; -1: nothing seen yet
        self._sent = 0

    def packet(self, seq: int, now: float) -> None:
        """One packet; `seq` as on the wire, `now` in seconds."""
        self._times[self._extend(seq)] = now

    def _extend(self, seq: int) -> int:
        if self._next < 0:
            self._highest = self._next = seq + 0x10000
        number = self._highest + ((seq - self._highest + 0x8000 & 0xFFFF) - 0x8000)
        self._highest = max(self._highest, number)
        return number

    def batch(
        self, seqs: Sequence[int], ticks: Sequence[int], sender: int, media: int
    ) -> bytes | None:
        """The feedback about packets, all at once, with arrivals in 0.25 ms.

        Mostly everything came, in order and soon after each other: that is written by itself.
        """
        first, count = seqs[0], len(seqs)
        reference = ticks[0] // _TICKS_PER_REFERENCE
        expected = self._next < 0 or first == self._next & 0xFFFF
        if self._times or not expected or list(seqs) != list(range(first, first + count)):
            return self._each(seqs, ticks, sender, media)
        try:
            deltas = bytes(map(sub, ticks, (reference * _TICKS_PER_REFERENCE, *ticks)))
        except ValueError:  # too long after, or before the one before it
            return self._each(seqs, ticks, sender, media)
        self._highest = self._extend(first) + count - 1
        self._next = self._highest + 1
        sent, self._sent = self._sent, self._sent + 1
        padding = -(_HEAD.size + count) % 4
        head = _HEAD.pack(
            0x80 | _FORMAT,
            _TRANSPORT_FEEDBACK,
            (_HEAD.size + count + padding) // 4 - 1,
            sender,
            media,
            first,
            count,
            (reference & 0xFFFFFF) << 8 | sent & 0xFF,
            _RECEIVED | count,
        )
        return head + deltas + bytes(padding)

    def _each(
        self, seqs: Sequence[int], ticks: Sequence[int], sender: int, media: int
    ) -> bytes | None:
        for seq, tick in zip(seqs, ticks, strict=True):
            self.packet(seq, tick * transport_cc.TICK_S)
        return self.feedback(sender, media)

    def feedback(self, sender: int, media: int) -> bytes | None:
        """The RTCP packet about everything since the last one; None when nothing came."""
        if not self._times:
            return None
        base = max(min(self._next, min(self._times)), self._highest - _MAX_SPAN)
        span = range(base, self._highest + 1)
        built = transport_cc.from_arrivals(
            sender, media, base, self._sent, [self._times.get(number) for number in span]
        )
        self._times.clear()
        self._next = self._highest + 1
        self._sent += 1
        try:
            body = transport_cc.body(built)
        except ValueError:  # a pause longer than a delta can say: the sender knows what it sent
            return None
        return struct.pack("!BBH", 0x80 | _FORMAT, _TRANSPORT_FEEDBACK, len(body) // 4) + body
