"""RTCP packets as values: RFC 3550 section 6, RFC 4585, RFC 5104, REMB; transport_cc and
congestion_feedback have modules of their own.

`parse` reads a compound (or reduced-size, RFC 5506) packet, `serialize` writes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct, pack

from media.rtp import congestion_feedback, transport_cc
from media.rtp.congestion_feedback import CongestionFeedback
from media.rtp.packet import ParseError
from media.rtp.transport_cc import TransportFeedback

_SR, _RR, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_NACK, _CONGESTION, _TRANSPORT_CC = 1, 11, 15
_PLI, _FIR, _APPLICATION = 1, 4, 15
_HEADER = Struct("!BBH")
_BLOCK = Struct("!IIIIII")
_SENDER = Struct("!IQIII")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """RFC 3550 section 6.4.1."""

    ssrc: int
    fraction_lost: int  # 1/256
    packets_lost: int  # signed 24 bits, cumulative
    highest_sequence: int  # extended, 32 bits
    jitter: int  # RTP clock units
    lsr: int  # middle 32 bits of the NTP time of the last SR, 0 if none
    dlsr: int  # 1/65536 s since that SR


@dataclass(frozen=True, slots=True)
class SenderReport:
    ssrc: int
    ntp: int  # 32.32 fixed-point seconds since 1900
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDescription:
    """CNAMEs only; other items are skipped."""

    cnames: tuple[tuple[int, str], ...]  # (ssrc, cname)


@dataclass(frozen=True, slots=True)
class Goodbye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    sender_ssrc: int
    media_ssrc: int
    lost: tuple[int, ...]  # 16-bit sequence numbers


@dataclass(frozen=True, slots=True)
class PictureLoss:
    sender_ssrc: int
    media_ssrc: int


@dataclass(frozen=True, slots=True)
class FullIntraRequest:
    sender_ssrc: int
    requests: tuple[tuple[int, int], ...]  # (media ssrc, request number 0..255)


@dataclass(frozen=True, slots=True)
class Remb:
    """Receiver estimated maximum bitrate, draft-alvestrand-rmcat-remb-03."""

    sender_ssrc: int
    bitrate_bps: int
    ssrcs: tuple[int, ...]


Rtcp = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Goodbye
    | Nack
    | PictureLoss
    | FullIntraRequest
    | Remb
    | TransportFeedback
    | CongestionFeedback
)


def ntp_from_seconds(seconds: float) -> int:
    """32.32 fixed point of seconds since 1900."""
    return int(seconds * 4294967296) & 0xFFFFFFFFFFFFFFFF


def ntp_to_seconds(ntp: int) -> float:
    return ntp / 4294967296


def middle32(ntp: int) -> int:
    """The LSR form: 16.16 seconds."""
    return ntp >> 16 & 0xFFFFFFFF


def parse(data: bytes) -> list[Rtcp]:
    """Every packet of a compound one; unknown types and formats are skipped.

    Raises:
        ParseError: lengths that do not fit, wrong version, a body too short for its type.
    """
    found: list[Rtcp] = []
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise ParseError("RTCP header cut short")
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 * (words + 1)
        if first & 0xC0 != 0x80 or end > len(data):
            raise ParseError("RTCP version or length")
        body = data[at + 4 : end]
        if first & 0x20:
            if not body or not 0 < body[-1] <= len(body):
                raise ParseError("RTCP padding")
            body = body[: len(body) - body[-1]]
        parser = _PARSERS.get(kind)
        packet = parser(first & 0x1F, body) if parser else None
        if packet is not None:
            found.append(packet)
        at = end
    return found


def _need(body: bytes, size: int) -> None:
    if len(body) < size:
        raise ParseError("RTCP body cut short")


def _blocks(body: bytes, start: int, count: int) -> tuple[ReportBlock, ...]:
    _need(body, start + 24 * count)
    found = []
    for index in range(count):
        ssrc, loss, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, start + 24 * index)
        lost = loss & 0xFFFFFF
        signed = lost - 0x1000000 if lost & 0x800000 else lost
        found.append(ReportBlock(ssrc, loss >> 24, signed, highest, jitter, lsr, dlsr))
    return tuple(found)


def _parse_sender(count: int, body: bytes) -> Rtcp:
    _need(body, 24)
    ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(body, 24, count))


def _parse_receiver(count: int, body: bytes) -> Rtcp:
    _need(body, 4)
    return ReceiverReport(int.from_bytes(body[:4], "big"), _blocks(body, 4, count))


def _parse_description(count: int, body: bytes) -> Rtcp:
    found = []
    at = 0
    for _ in range(count):
        _need(body, at + 4)
        ssrc = int.from_bytes(body[at : at + 4], "big")
        at += 4
        while True:
            _need(body, at + 1)
            if body[at] == 0:
                at += 4 - at % 4
                break
            _need(body, at + 2)
            kind, size = body[at], body[at + 1]
            _need(body, at + 2 + size)
            if kind == 1:
                found.append((ssrc, body[at + 2 : at + 2 + size].decode("utf-8", "replace")))
            at += 2 + size
    return SourceDescription(tuple(found))


def _parse_bye(count: int, body: bytes) -> Rtcp:
    _need(body, 4 * count)
    return Goodbye(_words(body, 0, count))


def _words(body: bytes, start: int, count: int) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(body[at : at + 4], "big") for at in range(start, start + 4 * count, 4)
    )


def _parse_transport_feedback(fmt: int, body: bytes) -> Rtcp | None:
    _need(body, 8)
    sender, media = _words(body, 0, 2)
    if fmt == _CONGESTION:
        return congestion_feedback.parse(sender, body[4:])
    if fmt == _TRANSPORT_CC:
        return transport_cc.parse(sender, media, body[8:])
    if fmt != _NACK:
        return None
    lost = []
    for at in range(8, len(body) - 3, 4):
        pid = body[at] << 8 | body[at + 1]
        mask = body[at + 2] << 8 | body[at + 3]
        lost.append(pid)
        lost.extend((pid + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
    return Nack(sender, media, tuple(lost))


def _parse_payload_feedback(fmt: int, body: bytes) -> Rtcp | None:
    _need(body, 8)
    sender, media = _words(body, 0, 2)
    if fmt == _PLI:
        return PictureLoss(sender, media)
    if fmt == _FIR:
        return FullIntraRequest(
            sender,
            tuple(
                (int.from_bytes(body[at : at + 4], "big"), body[at + 4])
                for at in range(8, len(body) - 7, 8)
            ),
        )
    if fmt == _APPLICATION and body[8:12] == b"REMB":
        _need(body, 16)
        count = body[12]
        _need(body, 16 + 4 * count)
        exponent = body[13] >> 2
        mantissa = (body[13] & 3) << 16 | body[14] << 8 | body[15]
        return Remb(sender, mantissa << exponent, _words(body, 16, count))
    return None


_PARSERS = {
    _SR: _parse_sender,
    _RR: _parse_receiver,
    _SDES: _parse_description,
    _BYE: _parse_bye,
    _RTPFB: _parse_transport_feedback,
    _PSFB: _parse_payload_feedback,
}


def serialize(packets: Sequence[Rtcp]) -> bytes:
    """One compound packet in the given order (RFC 3550 section 6.1 wants a report first)."""
    return b"".join(_serialize_one(packet) for packet in packets)


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _block_bytes(blocks: Sequence[ReportBlock]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            b.ssrc,
            b.fraction_lost << 24 | (b.packets_lost & 0xFFFFFF),
            b.highest_sequence & 0xFFFFFFFF,
            b.jitter & 0xFFFFFFFF,
            b.lsr,
            b.dlsr & 0xFFFFFFFF,
        )
        for b in blocks
    )


def _serialize_one(packet: Rtcp) -> bytes:
    match packet:
        case SenderReport(ssrc, ntp, timestamp, count, octets, blocks):
            head = _SENDER.pack(
                ssrc, ntp, timestamp & 0xFFFFFFFF, count & 0xFFFFFFFF, octets & 0xFFFFFFFF
            )
            return _packet(len(blocks), _SR, head + _block_bytes(blocks))
        case ReceiverReport(ssrc, blocks):
            return _packet(len(blocks), _RR, pack("!I", ssrc) + _block_bytes(blocks))
        case SourceDescription(cnames):
            return _packet(len(cnames), _SDES, b"".join(_chunk(s, c) for s, c in cnames))
        case Goodbye(ssrcs):
            return _packet(len(ssrcs), _BYE, pack(f"!{len(ssrcs)}I", *ssrcs))
        case Nack(sender, media, lost):
            return _packet(_NACK, _RTPFB, pack("!II", sender, media) + _nack_fields(lost))
        case PictureLoss(sender, media):
            return _packet(_PLI, _PSFB, pack("!II", sender, media))
        case FullIntraRequest(sender, requests):
            fields = b"".join(pack("!IB3x", ssrc, number) for ssrc, number in requests)
            return _packet(_FIR, _PSFB, pack("!II", sender, 0) + fields)
        case Remb(sender, bitrate, ssrcs):
            exponent = max(0, bitrate.bit_length() - 18)
            value = exponent << 18 | bitrate >> exponent
            rest = pack(f"!{len(ssrcs)}I", *ssrcs)
            head = pack("!II4sI", sender, 0, b"REMB", len(ssrcs) << 24 | value)
            return _packet(_APPLICATION, _PSFB, head + rest)
        case CongestionFeedback():
            return _packet(_CONGESTION, _RTPFB, congestion_feedback.body(packet))
        case TransportFeedback():
            return _packet(_TRANSPORT_CC, _RTPFB, transport_cc.body(packet))


def _chunk(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    item = pack("!IBB", ssrc, 1, len(name)) + name
    return item + bytes(4 - len(item) % 4)


def _nack_fields(lost: Sequence[int]) -> bytes:
    """(PID, BLP) pairs, RFC 4585 section 6.2.1; ascending runs share a pair."""
    fields = bytearray()
    pid = mask = -1
    for sequence in lost:
        ahead = (sequence - pid) & 0xFFFF
        if pid >= 0 and 1 <= ahead <= 16:
            mask |= 1 << (ahead - 1)
            continue
        if pid >= 0:
            fields += pack("!HH", pid, mask)
        pid, mask = sequence, 0
    if pid >= 0:
        fields += pack("!HH", pid, mask)
    return bytes(fields)
