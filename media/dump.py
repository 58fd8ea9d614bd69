"""Packet dumps: what one transport received and was told, without what was said and shown.

A dump holds enough for the cores to decide as they did: RTP headers and extensions, the payload's
first bytes (descriptors, the frame header of a key frame, an H.264 parameter set), RTCP without
names. The rest of a payload is zeros when it is read again. There are no addresses, no names, no
keys; times count from the dump's beginning.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import msgspec

from media.negotiated import NegotiatedMedia
from media.rtp import red, rtcp
from media.rtp.packet import Buffer, ParseError, layout

MAGIC = b"diemcau dump 1\n"
SUFFIX = ".dcdump"
MAX_HEADER_BYTES = 256 * 1024
VIDEO_KEPT_BYTES = 26  # RTX number, VP8 descriptor, key frame header
PARAMETERS_KEPT_BYTES = 80  # an H.264 sequence parameter set, alone or first in an aggregate
VOICE_KEPT_BYTES = 1  # Opus: the table-of-contents byte
_LENGTH = struct.Struct("!I")
_RECORD = struct.Struct("!BQHH")  # kind, microseconds, size of the packet, bytes that follow


class Kind(IntEnum):
    RTP_IN = 1
    RTCP_IN = 2
    RTCP_OUT = 3


class DumpError(ValueError):
    """Not a dump."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    media: NegotiatedMedia


class Record(NamedTuple):
    kind: Kind
    at: float  # seconds since the dump began
    data: bytes


def encode_header(media: NegotiatedMedia) -> bytes:
    body = msgspec.msgpack.encode(Header(media=media))
    return MAGIC + _LENGTH.pack(len(body)) + body


def encode_record(kind: Kind, at: float, data: bytes, size: int) -> bytes:
    """`data` is the part that is kept of a packet of `size` bytes."""
    return _RECORD.pack(kind, max(0, int(at * 1e6)), size, len(data)) + data


def voice_types(media: NegotiatedMedia) -> dict[int, bool]:
    """Payload types of voices -> whether they are redundant (RED)."""
    types: dict[int, bool] = {}
    for uplink in media.uplinks:
        if uplink.kind == "audio":
            for codec in uplink.codecs:
                types[codec.payload_type] = False
                if codec.red_payload_type is not None:
                    types[codec.red_payload_type] = True
    return types


def redact_rtp(buffer: Buffer, size: int, voices: dict[int, bool]) -> bytes:
    """The beginning of a packet that may be kept; b"" when it is no RTP packet."""
    parts = layout(buffer, size)
    if parts is None:
        return b""
    start, end = parts[3], parts[4]
    redundant = voices.get(buffer[1] & 0x7F)
    kept = VIDEO_KEPT_BYTES
    if redundant:
        kept = _red_head_bytes(buffer, start, end)
    elif redundant is not None:
        kept = VOICE_KEPT_BYTES
    elif _holds_parameters(buffer, start, end):
        kept = PARAMETERS_KEPT_BYTES
    data = bytes(memoryview(buffer)[: min(start + kept, end)])
    if buffer[0] & 0x20:  # the padding's length is in its last byte: store the packet without
        data = bytes((data[0] & 0xDF,)) + data[1:]
    return data


def _red_head_bytes(buffer: Buffer, start: int, end: int) -> int:
    """Block headers only."""
    if red.parse(buffer, start, end) is None:
        return 0
    at = start
    while buffer[at] & 0x80:
        at += 4
    return at + 1 - start


def _holds_parameters(buffer: Buffer, start: int, end: int) -> bool:
    """An H.264 sequence parameter set begins the payload, or an aggregate that begins with one."""
    if start + 4 > end:
        return False
    kind = buffer[start] & 0x1F
    return kind == 7 or (kind == 24 and buffer[start + 3] & 0x1F == 7)


def redact_rtcp(data: bytes) -> bytes:
    """Compound RTCP without source descriptions and anything unknown; b"" when nothing is left."""
    try:
        packets = rtcp.parse(data)
    except ParseError:
        return b""
    return rtcp.serialize([p for p in packets if not isinstance(p, rtcp.SourceDescription)])


class DumpWriter:
    """Collects records in memory; `take` hands them to whoever writes the file.

    Args:
        now: when the dump begins, in the clock of every `now` here.
    """

    MAX_PENDING_BYTES = 8_000_000
    MAX_BYTES = 200_000_000

    def __init__(self, media: NegotiatedMedia, now: float) -> None:
        self._begun = now
        self._voices = voice_types(media)
        self._pending = bytearray(encode_header(media))
        self.size_bytes = len(self._pending)
        self.packets = 0
        self.dropped = 0

    def rtp_in(self, buffer: Buffer, size: int, now: float) -> None:
        data = redact_rtp(buffer, size, self._voices)
        if data:
            parts = layout(buffer, size)
            assert parts is not None
            self._add(Kind.RTP_IN, now, data, parts[4])

    def rtcp_in(self, data: bytes, now: float) -> None:
        self._add_rtcp(Kind.RTCP_IN, data, now)

    def rtcp_out(self, data: bytes, now: float) -> None:
        self._add_rtcp(Kind.RTCP_OUT, data, now)

    def _add_rtcp(self, kind: Kind, data: bytes, now: float) -> None:
        kept = redact_rtcp(data)
        if kept:
            self._add(kind, now, kept, len(kept))

    def _add(self, kind: Kind, now: float, data: bytes, size: int) -> None:
        if len(self._pending) > self.MAX_PENDING_BYTES or self.size_bytes > self.MAX_BYTES:
            self.dropped += 1
            return
        record = encode_record(kind, now - self._begun, data, size)
        self._pending += record
        self.size_bytes += len(record)
        self.packets += 1

    def take(self) -> bytes:
        """Bytes for the end of the file."""
        taken, self._pending = bytes(self._pending), bytearray()
        return taken


def read(data: bytes) -> tuple[NegotiatedMedia, Iterator[Record]]:
    """A dump's parameters and its records, in the order they happened; a torn tail ends them.

    Raises:
        DumpError: not a dump, or another version.
    """
    at = len(MAGIC) + _LENGTH.size
    if data[: len(MAGIC)] != MAGIC or len(data) < at:
        raise DumpError("not a packet dump of this version")
    (length,) = _LENGTH.unpack_from(data, len(MAGIC))
    body = data[at : at + length]
    if length > MAX_HEADER_BYTES or len(body) < length:
        raise DumpError("the dump's header is torn")
    try:
        header = msgspec.msgpack.decode(body, type=Header)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DumpError(f"the dump's header: {error}") from None
    return header.media, _records(data, at + length)


def _records(data: bytes, at: int) -> Iterator[Record]:
    while at + _RECORD.size <= len(data):
        number, microseconds, size, kept = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if number not in tuple(Kind) or at + kept > len(data) or kept > size:
            return
        packet = data[at : at + kept].ljust(size, b"\0")
        yield Record(Kind(number), microseconds / 1e6, packet)
        at += kept


def load(path: Path) -> tuple[NegotiatedMedia, Iterator[Record]]:
    """`read` of a file.

    Raises:
        DumpError: see there.
        OSError: unreadable.
    """
    return read(path.read_bytes())
