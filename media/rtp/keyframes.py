"""Where a decoder may start, per codec."""

from media.rtp import h264
from media.rtp.packet import Buffer


def starts_keyframe(codec: str, buffer: Buffer, start: int, end: int) -> bool | None:
    """Whether decoding can start with this payload; None: this codec's payloads are not understood.

    VP8 is read by `media.rtp.vp8`, which also finds the ids to rewrite.

    Args:
        codec: `Codec.key`.
    """
    if start >= end:
        return False
    name = codec.partition("/")[0]
    first = buffer[start]
    if name == "h264":
        return h264.is_keyframe_start(buffer, start, end)
    if name == "vp9":
        return _starts_vp9_keyframe(buffer, start, end)
    if name == "av1":
        return bool(first & 0x08)  # N: first packet of a coded video sequence (AV1 RTP, 4.4)
    return None


def _starts_vp9_keyframe(buffer: Buffer, start: int, end: int) -> bool:
    """RFC 9628 section 4.2: not inter-predicted, beginning of a frame, lowest spatial layer."""
    first = buffer[start]
    if first & 0x48 != 0x08:  # P clear, B set
        return False
    at = start + 1
    if first & 0x80:  # I: picture id
        if at >= end:
            return False
        at += 2 if buffer[at] & 0x80 else 1
    if first & 0x20:  # L: layer indices; SID is bits 3..1
        return at < end and buffer[at] & 0x0E == 0
    return True
