"""RTP header extensions, one-byte and two-byte forms (RFC 8285)."""

from collections.abc import Sequence

from media.rtp.packet import ONE_BYTE_PROFILE, TWO_BYTE_PROFILE, Buffer

Element = tuple[int, bytes]


def elements(buffer: Buffer, profile: int, start: int, end: int) -> list[Element]:
    """(id, data) of each element between the offsets.

    A broken tail, the reserved one-byte id 15 and unknown profiles end the list: an extension may
    always be ignored (RFC 8285 section 4.1).
    """
    found: list[Element] = []
    if profile == ONE_BYTE_PROFILE:
        while start < end:
            head = buffer[start]
            if head == 0:
                start += 1
                continue
            stop = start + 2 + (head & 0x0F)
            if head >= 0xF0 or stop > end:
                break
            if head >= 0x10:
                found.append((head >> 4, bytes(buffer[start + 1 : stop])))
            start = stop
    elif profile & 0xFFF0 == TWO_BYTE_PROFILE:
        while start < end:
            if buffer[start] == 0:
                start += 1
                continue
            if start + 2 > end:
                break
            stop = start + 2 + buffer[start + 1]
            if stop > end:
                break
            found.append((buffer[start], bytes(buffer[start + 2 : stop])))
            start = stop
    return found


def render(items: Sequence[Element]) -> bytes:
    """Header extension with profile, length and padding; b"" for none.

    One-byte form when every id is 1..14 and every length 1..16, else two-byte form.

    Raises:
        ValueError: an id outside 1..255 or more than 255 bytes of data.
    """
    if not items:
        return b""
    body = bytearray()
    if all(0 < i < 15 and 0 < len(data) <= 16 for i, data in items):
        profile = ONE_BYTE_PROFILE
        for i, data in items:
            body.append(i << 4 | len(data) - 1)
            body += data
    else:
        profile = TWO_BYTE_PROFILE
        for i, data in items:
            if i == 0:
                raise ValueError("extension id 0 is padding")
            body.append(i)
            body.append(len(data))
            body += data
    body += bytes(-len(body) % 4)
    return profile.to_bytes(2, "big") + (len(body) // 4).to_bytes(2, "big") + bytes(body)
