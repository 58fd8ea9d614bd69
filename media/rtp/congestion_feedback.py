"""Congestion control feedback by stream, RFC 8888 section 3.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack, unpack_from

from media.rtp.packet import ParseError

OFFSET_S = 1 / 1024  # unit of arrival offsets
MAX_OFFSET = 0x1FFD  # about 8 s
LONG_AGO, UNKNOWN = 0x1FFE, 0x1FFF  # arrived before that; arrived, time not known
MAX_REPORTS = 16384  # of one stream
_RECEIVED = 0x8000
_OFFSET_MASK = 0x1FFF


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What became of a run of one stream's packets."""

    ssrc: int
    first: int  # 16-bit sequence number
    packets: tuple[int, ...]  # received, ECN (2 bits), arrival offset (13 bits) of each

    def offset(self, place: int) -> int | None:
        """Units of `OFFSET_S` from the packet's arrival to the report, or `LONG_AGO`, `UNKNOWN`;
        None: it did not arrive."""
        word = self.packets[place]
        return word & _OFFSET_MASK if word & _RECEIVED else None


@dataclass(frozen=True, slots=True)
class CongestionFeedback:
    sender_ssrc: int
    streams: tuple[StreamReport, ...]
    timestamp: int  # of the report: middle 32 bits of the receiver's NTP time


def received(offset: int, ecn: int = 0) -> int:
    """The word of a packet that arrived; 0 is that of one that did not."""
    return _RECEIVED | (ecn & 3) << 13 | offset


def parse(sender: int, body: bytes) -> CongestionFeedback:
    """`body` starts with the first stream's SSRC.

    Raises:
        ParseError: cut short.
    """
    end = len(body) - 4
    if end < 0:
        raise ParseError("congestion feedback without its time")
    streams = []
    at = 0
    while at < end:
        if at + 8 > end:
            raise ParseError("congestion feedback: stream cut short")
        ssrc, first, count = unpack_from("!IHH", body, at)
        at += 8
        size = 2 * count + 2 * (count % 2)
        if count > MAX_REPORTS or at + size > end:
            raise ParseError("congestion feedback: reports cut short")
        streams.append(StreamReport(ssrc, first, unpack_from(f"!{count}H", body, at)))
        at += size
    return CongestionFeedback(sender, tuple(streams), int.from_bytes(body[end:], "big"))


def body(feedback: CongestionFeedback) -> bytes:
    """Everything after the RTCP header."""
    parts = [pack("!I", feedback.sender_ssrc)]
    parts += [_stream(stream.ssrc, stream.first, stream.packets) for stream in feedback.streams]
    parts.append(pack("!I", feedback.timestamp & 0xFFFFFFFF))
    return b"".join(parts)


def _stream(ssrc: int, first: int, packets: Sequence[int]) -> bytes:
    padding = bytes(2 * (len(packets) % 2))
    return pack(f"!IHH{len(packets)}H", ssrc, first, len(packets), *packets) + padding
