"""RTCP a light client reads: reports about it, requests to it. Pure."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SENDER_REPORT = 200
RECEIVER_REPORT = 201
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206
_NACK = 1  # RFC 4585 section 6.2.1; format 15 is transport-cc
_PLI = 1  # RFC 4585 section 6.3.1
_FIR = 4  # RFC 5104 section 4.3.1


@dataclass(frozen=True, slots=True)
class Reported:
    """The server has received this SSRC."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """`ntp`: middle 32 bits of the sender's NTP time."""

    ssrc: int
    ntp: int


@dataclass(frozen=True, slots=True)
class KeyFrameWanted:
    ssrc: int


@dataclass(frozen=True, slots=True)
class Lost:
    ssrc: int
    seqs: tuple[int, ...]


Feedback = Reported | SenderReport | KeyFrameWanted | Lost


def read_rtcp(data: bytes) -> Iterator[Feedback]:
    """What a compound packet says; anything unknown or broken is skipped."""
    at = 0
    while at + 8 <= len(data):
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        yield from _read_one(first & 0x1F, kind, data[at + 4 : end])
        at = end


def _read_one(count: int, kind: int, body: bytes) -> Iterator[Feedback]:
    if kind == SENDER_REPORT and len(body) >= 24:
        ssrc, seconds, fraction = struct.unpack_from("!III", body)
        yield SenderReport(ssrc, (seconds & 0xFFFF) << 16 | fraction >> 16)
        yield from _blocks(count, body[24:])
    elif kind == RECEIVER_REPORT:
        yield from _blocks(count, body[4:])
    elif kind == TRANSPORT_FEEDBACK and count == _NACK and len(body) >= 12:
        yield Lost(struct.unpack_from("!I", body, 4)[0], tuple(_lost(body[8:])))
    elif kind == PAYLOAD_FEEDBACK and count == _PLI and len(body) >= 8:
        yield KeyFrameWanted(struct.unpack_from("!I", body, 4)[0])
    elif kind == PAYLOAD_FEEDBACK and count == _FIR:
        for (ssrc,) in struct.iter_unpack("!I4x", body[8 : 8 + (len(body) - 8) // 8 * 8]):
            yield KeyFrameWanted(ssrc)


def _blocks(count: int, body: bytes) -> Iterator[Feedback]:
    for at in range(0, min(count * 24, len(body) - 23), 24):
        yield Reported(struct.unpack_from("!I", body, at)[0])


def _lost(body: bytes) -> Iterator[int]:
    for seq, mask in struct.iter_unpack("!HH", body[: len(body) // 4 * 4]):
        yield seq
        yield from (seq + bit + 1 & 0xFFFF for bit in range(16) if mask >> bit & 1)
