"""RTP fixed header and layout (RFC 3550 section 5.1), by offset; nothing is copied here."""

from struct import Struct

HEADER_BYTES = 12
VERSION_BITS = 0x80
PADDING_BIT = 0x20
EXTENSION_BIT = 0x10
MARKER_BIT = 0x80
ONE_BYTE_PROFILE = 0xBEDE  # RFC 8285 section 4.2
TWO_BYTE_PROFILE = 0x1000  # RFC 8285 section 4.3, upper 12 bits

HEADER = Struct("!BBHII")
_EXTENSION = Struct("!HH")

Buffer = bytes | bytearray | memoryview


class ParseError(ValueError):
    """The bytes break the format."""


def layout(buffer: Buffer, size: int) -> tuple[int, int, int, int, int] | None:
    """Where the parts of an RTP packet lie.

    Returns:
        (profile, extension start, extension end, payload start, payload end), offsets into
        `buffer`; profile is 0 and the extension empty without a header extension; padding is
        outside the payload. None: not RTP version 2, or lengths that disagree.
    """
    if size < HEADER_BYTES or size > len(buffer) or buffer[0] & 0xC0 != VERSION_BITS:
        return None
    first = buffer[0]
    start = HEADER_BYTES + 4 * (first & 0x0F)
    profile = extension_start = extension_end = 0
    if first & EXTENSION_BIT:
        if start + 4 > size:
            return None
        profile, words = _EXTENSION.unpack_from(buffer, start)
        extension_start = start + 4
        start = extension_end = extension_start + 4 * words
    end = size
    if first & PADDING_BIT:
        padding = buffer[size - 1]
        if padding == 0:
            return None
        end = size - padding
    if start > end:
        return None
    return profile, extension_start, extension_end, start, end


def build(
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    *,
    marker: bool = False,
    extension: bytes = b"",
    padding: int = 0,
) -> bytes:
    """One packet; `extension` as `extensions.render` makes it (with its profile and length)."""
    first = VERSION_BITS | (EXTENSION_BIT if extension else 0) | (PADDING_BIT if padding else 0)
    header = HEADER.pack(first, marker << 7 | payload_type, sequence, timestamp, ssrc)
    tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return header + extension + payload + tail
