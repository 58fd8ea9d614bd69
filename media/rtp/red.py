"""Redundant audio (RFC 2198): a packet carries its own frame and older ones again."""

from typing import NamedTuple

from media.rtp.packet import Buffer

MAX_BLOCKS = 8


class Red(NamedTuple):
    """Where the newest frame lies, and what the packet is made of."""

    start: int  # of the primary block, offset into the buffer
    payload_type: int  # of the primary block
    uniform: bool  # the older blocks have the same payload type


def parse(buffer: Buffer, start: int, end: int) -> Red | None:
    """The payload `buffer[start:end]`; None when its lengths disagree or it has too many blocks.

    Source: RFC 2198 section 3: four bytes for each older block (F, type, offset, length), one byte
    for the primary one, then the blocks in that order.
    """
    at = start
    older = 0
    types: set[int] = set()
    for _ in range(MAX_BLOCKS):
        if at >= end:
            return None
        if not buffer[at] & 0x80:
            primary = at + 1 + older
            if primary > end:
                return None
            kind = buffer[at]
            return Red(primary, kind, types <= {kind})
        if at + 4 > end:
            return None
        types.add(buffer[at] & 0x7F)
        older += (buffer[at + 2] & 0x03) << 8 | buffer[at + 3]
        at += 4
    return None
