"""The send time inside media data: how a measurement survives any server's header rewriting.

A clip made for measuring ends its frames and sound packets with room for it, where decoders do not
look; the sender fills it in as the packet leaves.
"""

import struct

SEND_STAMP = b"dctm"  # the last four bytes of such data
_STAMP = struct.Struct("!Q4s")  # UTC nanoseconds, mark
STAMP_BYTES = _STAMP.size


def stamped(payload: bytes, now_ns: int) -> bytes:
    """`payload` with the send time, if it has room for one."""
    if not payload.endswith(SEND_STAMP):
        return payload
    return payload[:-STAMP_BYTES] + _STAMP.pack(now_ns, SEND_STAMP)


def sent_at(packet: bytes) -> int:
    """UTC nanoseconds stamped into an RTP packet; 0 when it has none. RTP padding is skipped."""
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    if end < STAMP_BYTES or packet[end - len(SEND_STAMP) : end] != SEND_STAMP:
        return 0
    sent: int = struct.unpack_from("!Q", packet, end - STAMP_BYTES)[0]
    return sent
