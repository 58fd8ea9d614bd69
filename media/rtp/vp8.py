"""VP8 payload descriptor and key frame header (RFC 7741 section 4)."""

from struct import Struct

from media.rtp.packet import Buffer

_SHORT = Struct("!H")


MAX_TID = 3  # two bits


class Vp8Descriptor:
    """Offsets are from the start of the payload; -1 when the field is absent."""

    __slots__ = (
        "begins",
        "height",
        "keyframe",
        "layer_sync",
        "picture_id",
        "picture_id_bits",
        "picture_id_offset",
        "temporal_id",
        "tl0",
        "tl0_offset",
        "width",
    )

    def __init__(self) -> None:
        self.picture_id = 0
        self.picture_id_bits = 0  # 7, 15, or 0 when absent
        self.picture_id_offset = -1
        self.tl0 = 0
        self.tl0_offset = -1
        self.temporal_id = 0
        self.layer_sync = False  # Y: refers to the lowest temporal layer alone
        self.begins = False  # first packet of a frame
        self.keyframe = False  # first packet of a key frame
        self.width = 0  # of a key frame, pixels
        self.height = 0


def parse(buffer: Buffer, start: int, end: int) -> Vp8Descriptor | None:
    """The descriptor of `buffer[start:end]`; None when it is cut short."""
    at = start
    if at >= end:
        return None
    first = buffer[at]
    at += 1
    found = Vp8Descriptor()
    if first & 0x80:
        if at >= end:
            return None
        flags = buffer[at]
        at += 1
        if flags & 0x80:
            if at >= end:
                return None
            found.picture_id_offset = at - start
            if buffer[at] & 0x80:
                if at + 1 >= end:
                    return None
                found.picture_id = (buffer[at] & 0x7F) << 8 | buffer[at + 1]
                found.picture_id_bits = 15
                at += 2
            else:
                found.picture_id = buffer[at]
                found.picture_id_bits = 7
                at += 1
        if flags & 0x40:
            if at >= end:
                return None
            found.tl0_offset = at - start
            found.tl0 = buffer[at]
            at += 1
        if flags & 0x30:
            if at >= end:
                return None
            if flags & 0x20:
                found.temporal_id = buffer[at] >> 6
                found.layer_sync = bool(buffer[at] & 0x20)
            at += 1
    if at >= end:
        return None
    # Start of partition 0 and P bit clear: the frame header of a key frame follows.
    found.begins = first & 0x17 == 0x10
    if found.begins and not buffer[at] & 0x01:
        found.keyframe = True
        if at + 10 <= end and buffer[at + 3 : at + 6] == b"\x9d\x01\x2a":
            found.width = (buffer[at + 6] | buffer[at + 7] << 8) & 0x3FFF
            found.height = (buffer[at + 8] | buffer[at + 9] << 8) & 0x3FFF
    return found


def with_picture_id(descriptor: Vp8Descriptor, picture_id: int) -> Vp8Descriptor:
    """The same under another picture id."""
    made = Vp8Descriptor()
    for name in Vp8Descriptor.__slots__:
        setattr(made, name, getattr(descriptor, name))
    made.picture_id = picture_id
    return made


def rewrite(
    buffer: bytearray | memoryview, start: int, descriptor: Vp8Descriptor, pid: int, tl0: int
) -> None:
    """Put picture id and TL0PICIDX, modulo their widths, into the payload at `start`."""
    if descriptor.picture_id_bits == 15:
        _SHORT.pack_into(buffer, start + descriptor.picture_id_offset, 0x8000 | pid & 0x7FFF)
    elif descriptor.picture_id_bits == 7:
        buffer[start + descriptor.picture_id_offset] = pid & 0x7F
    if descriptor.tl0_offset >= 0:
        buffer[start + descriptor.tl0_offset] = tl0 & 0xFF
