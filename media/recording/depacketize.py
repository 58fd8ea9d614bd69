"""From RTP packets to what a decoder takes: VP8 (RFC 7741), H.264 (RFC 6184), Opus (RFC 7587).

Input is in order and without repeats (see `reader.packets`). Nothing here raises on bad payloads:
a broken frame is left out, and pictures stay out until the next key frame, so that no smeared
picture is ever shown.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from media.rtp import h264

REFERENCE_PATIENCE_S = 3.0  # without a key frame for so long, go on with what there is
MAX_FRAME_BYTES = 4 * 1024 * 1024
_START_CODE = b"\x00\x00\x00\x01"


class Packet(NamedTuple):
    """One RTP packet, header taken off."""

    offset: int  # of its record in the journal, bytes
    seq: int  # extended: without wraps
    rtp_time: int  # as on the wire, 32 bits
    at: float  # UTC epoch seconds of its sampling instant, on the receiver's clock
    marker: bool
    payload: bytes
    turns: int | None = None  # quarter turns clockwise to set a picture upright; None: not said


class Frame(NamedTuple):
    """What a decoder takes in one call."""

    offset: int  # of its earliest record in the journal, bytes
    at: float  # UTC epoch seconds
    rtp_time: int
    keyframe: bool
    data: bytes
    turns: int = 0  # quarter turns clockwise to set the picture upright


class Part(NamedTuple):
    """A packet's share of a frame."""

    data: bytes
    first: bool  # a frame can start here
    keyframe: bool


def vp8_part(payload: bytes) -> Part | None:
    """The VP8 bytes behind the payload descriptor; None when malformed. RFC 7741 section 4.2."""
    if len(payload) < 2:
        return None
    flags, offset = payload[0], 1
    if flags & 0x80:  # X
        extension, offset = payload[1], 2
        if extension & 0x80:  # I: picture id, 7 or 15 bits
            if len(payload) <= offset:
                return None
            offset += 2 if payload[offset] & 0x80 else 1
        offset += 1 if extension & 0x40 else 0  # L: TL0PICIDX
        offset += 1 if extension & 0x30 else 0  # T or K: TID, Y, KEYIDX
    if offset >= len(payload):
        return None
    first = flags & 0x17 == 0x10  # S set, partition index 0; R is ignored
    return Part(payload[offset:], first, first and not payload[offset] & 1)


def picture_height(codec: str, keyframe: bytes) -> int:
    """Picture lines of a key frame; 0 when its header does not say."""
    if codec == "vp8":  # RFC 6386 section 9.1
        known = len(keyframe) >= 10 and keyframe[3:6] == b"\x9d\x01\x2a"
        return int.from_bytes(keyframe[8:10], "little") & 0x3FFF if known else 0
    for unit in keyframe.split(_START_CODE, 3)[1:]:
        size = h264.picture_size(unit, 0, len(unit))
        if size is not None:
            return size[1]
    return 0


def h264_part(payload: bytes) -> Part | None:
    """NAL units with start codes out of one packet; None when malformed. RFC 6184 section 5."""
    if not payload:
        return None
    kind = payload[0] & 0x1F
    if 1 <= kind <= 23:
        return Part(_START_CODE + payload, True, kind == 5)
    if kind == 24:
        return _aggregated(payload)
    if kind == 28 and len(payload) > 2:
        return _fragment(payload)
    return None  # STAP-B, MTAP and FU-B need interleaved mode, which browsers do not negotiate


def _aggregated(payload: bytes) -> Part | None:
    """STAP-A, RFC 6184 section 5.7.1."""
    units, keyframe, offset = [], False, 1
    while offset + 2 < len(payload):
        size = int.from_bytes(payload[offset : offset + 2], "big")
        unit = payload[offset + 2 : offset + 2 + size]
        if size == 0 or len(unit) < size:
            return None
        keyframe = keyframe or unit[0] & 0x1F == 5
        units.append(_START_CODE + unit)
        offset += 2 + size
    return Part(b"".join(units), True, keyframe) if units else None


def _fragment(payload: bytes) -> Part:
    """FU-A, RFC 6184 section 5.8. Only a first fragment carries the unit's header."""
    indicator, header = payload[0], payload[1]
    if header & 0x80:
        unit = bytes([(indicator & 0xE0) | (header & 0x1F)]) + payload[2:]
        return Part(_START_CODE + unit, True, header & 0x1F == 5)
    return Part(payload[2:], False, False)


_PARTS: dict[str, Callable[[bytes], Part | None]] = {"vp8": vp8_part, "h264": h264_part}


def can_depacketize(codec: str) -> bool:
    """`codec` as in `TrackHeader.codec`."""
    return codec in _PARTS or codec == "opus"


def video_frames(codec: str, packets: Iterable[Packet]) -> Iterator[Frame]:
    """Whole frames, the first one a key frame; after a loss again from a key frame on.

    Raises:
        KeyError: no depacketiser for this codec.
    """
    return _Assembler(_PARTS[codec]).run(packets)


def opus_frames(packets: Iterable[Packet]) -> Iterator[Frame]:
    """One Opus packet per RTP packet. RFC 7587 section 4.2."""
    for packet in packets:
        if packet.payload:
            yield Frame(packet.offset, packet.at, packet.rtp_time, True, packet.payload)


class _Assembler:
    """Collects the packets of one timestamp into a frame."""

    def __init__(self, part_of: Callable[[bytes], Part | None]) -> None:
        self._part_of = part_of
        self._packets: list[Packet] = []
        self._next_seq: int | None = None
        self._whole = False  # the frame being collected started at its start, without gaps
        self._turns = 0  # as last said
        self._waiting_since: float | None = float("-inf")  # for a key frame; None: not waiting

    def run(self, packets: Iterable[Packet]) -> Iterator[Frame]:
        for packet in packets:
            if self._next_seq not in (None, packet.seq):
                self._lost(packet.at)
            self._next_seq = packet.seq + 1
            if not packet.payload:
                continue  # padding only
            if self._packets and self._packets[0].rtp_time != packet.rtp_time:
                yield from self._finish()  # its marker was missing
            if not self._packets:
                self._whole = True
            self._packets.append(packet)
            if packet.marker:
                yield from self._finish()

    def _lost(self, at: float) -> None:
        self._whole = False
        if self._waiting_since is None:
            self._waiting_since = at

    def _finish(self) -> Iterator[Frame]:
        packets, self._packets = self._packets, []
        frame = self._assemble(packets) if self._whole else None
        if frame is None:
            self._lost(packets[0].at)
        elif self._decodable(frame):
            self._waiting_since = None
            yield frame

    def _assemble(self, packets: list[Packet]) -> Frame | None:
        data, keyframe = bytearray(), False
        for index, packet in enumerate(packets):
            part = self._part_of(packet.payload)
            if part is None or (index == 0 and not part.first) or len(data) > MAX_FRAME_BYTES:
                return None
            data += part.data
            keyframe = keyframe or part.keyframe
            self._turns = self._turns if packet.turns is None else packet.turns
        first = packets[0]
        offset = min(packet.offset for packet in packets)
        return Frame(offset, first.at, first.rtp_time, keyframe, bytes(data), self._turns)

    def _decodable(self, frame: Frame) -> bool:
        since = self._waiting_since
        if frame.keyframe or since is None:
            return True
        return since > float("-inf") and frame.at - since > REFERENCE_PATIENCE_S
