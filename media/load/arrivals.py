"""Transport-wide arrival feedback of a light client (transport-cc). Pure."""

import struct

from media.rtp import transport_cc

_FORMAT = 15  # draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1
_TRANSPORT_FEEDBACK = 205
_ONE_BYTE_PROFILE = b"\xbe\xde"  # RFC 8285 section 4.2
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

    def run(self, last: int, count: int, since: float, now: float) -> None:
        """`count` packets up to number `last` were found together, having arrived since `since`.

        Their times are taken as even; when some were lost, the first ones are taken as those.
        """
        top = self._extend(last)
        step = (now - since) / count
        for back in range(count):
            self._times[top - back] = now - back * step

    def _extend(self, seq: int) -> int:
        if self._next < 0:
            self._highest = self._next = seq + 0x10000
        number = self._highest + ((seq - self._highest + 0x8000 & 0xFFFF) - 0x8000)
        self._highest = max(self._highest, number)
        return number

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
