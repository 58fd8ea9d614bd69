"""Transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from struct import pack

from media.rtp.packet import Buffer, ParseError

TICK_S = 0.00025  # delta unit
REFERENCE_S = 0.064  # reference time unit
_TICKS_PER_REFERENCE = 256
_RTPFB, _FORMAT = 205, 15
_TRAILERS = (20, 14)  # index and tag of AES-GCM, RFC 7714 section 9; of HMAC-SHA1-80, RFC 3711
_MAX_PACKETS = 0xFFFF
_SMALL, _LARGE = 1, 2  # symbols of deltas of one byte and of two; 0 and 3: nothing arrived
_RUNS = tuple(bytes((symbol,)) for symbol in range(4))


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """Arrivals of a run of transport-wide sequence numbers."""

    sender_ssrc: int
    media_ssrc: int
    base_sequence: int  # 16 bits
    feedback_count: int  # 0..255, modulo 256
    arrivals: tuple[int | None, ...]  # ticks of 0.25 ms, receiver's clock modulo 2**32; None = lost
    reference: int = 0  # 24 bits, units of 64 ms


def is_lone_feedback(datagram: Buffer, size: int) -> bool:
    """Whether an SRTCP datagram is one transport-wide feedback packet and nothing else: its first
    8 bytes are in clear, and what follows the packet is a known trailer."""
    return (
        datagram[1] == _RTPFB
        and datagram[0] & 0x1F == _FORMAT
        and size - 4 * (datagram[2] << 8 | datagram[3]) - 4 in _TRAILERS
    )


def parse(sender: int, media: int, body: bytes) -> TransportFeedback:
    """`body` starts with the base sequence number.

    Raises:
        ParseError: chunks or deltas missing.
    """
    if len(body) < 8:
        raise ParseError("transport-cc cut short")
    base = body[0] << 8 | body[1]
    count = body[2] << 8 | body[3]
    reference = int.from_bytes(body[4:7], "big")
    symbols, at = _symbols(body, 8, count)
    arrivals = _arrivals(symbols, body, at, reference * _TICKS_PER_REFERENCE)
    return TransportFeedback(sender, media, base, body[7], arrivals, reference)


def _arrivals(symbols: bytes, body: bytes, at: int, ticks: int) -> tuple[int | None, ...]:
    """Ticks from the deltas, which begin at `at`."""
    if symbols.count(_SMALL) == len(symbols) <= len(body) - at:  # the usual case
        return tuple(accumulate(body[at : at + len(symbols)], initial=ticks))[1:]
    arrivals: list[int | None] = []
    for symbol in symbols:
        if symbol == _SMALL:
            if at + 1 > len(body):
                raise ParseError("transport-cc deltas cut short")
            ticks += body[at]
            at += 1
        elif symbol == _LARGE:
            if at + 2 > len(body):
                raise ParseError("transport-cc deltas cut short")
            ticks += int.from_bytes(body[at : at + 2], "big", signed=True)
            at += 2
        else:
            arrivals.append(None)
            continue
        arrivals.append(ticks)
    return tuple(arrivals)


def _symbols(body: bytes, at: int, count: int) -> tuple[bytes, int]:
    """One byte a packet, and where the deltas begin."""
    symbols = b""
    while len(symbols) < count:
        if at + 2 > len(body):
            raise ParseError("transport-cc chunks cut short")
        chunk = body[at] << 8 | body[at + 1]
        at += 2
        if chunk & 0x8000:
            symbols += _vector(chunk)
        elif chunk & 0x1FFF:
            symbols += _RUNS[chunk >> 13] * min(chunk & 0x1FFF, count - len(symbols))
        else:
            raise ParseError("transport-cc run of length 0")
    return symbols[:count], at


@cache  # at most 32,768 chunks
def _vector(chunk: int) -> bytes:
    if chunk & 0x4000:
        return bytes(chunk >> shift & 3 for shift in range(12, -2, -2))
    return bytes(chunk >> shift & 1 for shift in range(13, -1, -1))


def body(feedback: TransportFeedback) -> bytes:
    """Everything after the RTCP header.

    Raises:
        ValueError: a delta does not fit in 16 signed bits; `split` prevents that.
    """
    symbols, deltas = _deltas(feedback)
    fixed = pack(
        "!IIHHI",
        feedback.sender_ssrc,
        feedback.media_ssrc,
        feedback.base_sequence,
        len(symbols),
        (feedback.reference & 0xFFFFFF) << 8 | feedback.feedback_count & 0xFF,
    )
    data = fixed + _chunks(symbols) + deltas
    return data + bytes(-len(data) % 4)


def _deltas(feedback: TransportFeedback) -> tuple[list[int], bytes]:
    symbols: list[int] = []
    deltas = bytearray()
    previous = feedback.reference * _TICKS_PER_REFERENCE
    for arrival in feedback.arrivals:
        if arrival is None:
            symbols.append(0)
            continue
        delta = arrival - previous
        previous = arrival
        if 0 <= delta <= 255:
            symbols.append(1)
            deltas.append(delta)
        elif -32768 <= delta <= 32767:
            symbols.append(2)
            deltas += pack("!h", delta)
        else:
            raise ValueError(f"transport-cc delta of {delta} ticks")
    return symbols, bytes(deltas)


def _chunks(symbols: Sequence[int]) -> bytes:
    """Greedy: run lengths where they are long, else 14 one-bit or 7 two-bit symbols a chunk."""
    chunks = bytearray()
    at = 0
    while at < len(symbols):
        symbol = symbols[at]
        run = 1
        while at + run < len(symbols) and symbols[at + run] == symbol and run < 0x1FFF:
            run += 1
        vector = symbols[at : at + 14]
        if run >= 14 or at + run == len(symbols):
            chunk, used = symbol << 13 | run, run
        elif max(vector) <= 1:
            chunk, used = 0x8000 | _bits(vector, 14, 1), len(vector)
        else:
            vector = vector[:7]
            chunk, used = 0xC000 | _bits(vector, 7, 2), len(vector)
        chunks += pack("!H", chunk)
        at += used
    return bytes(chunks)


def _bits(vector: Sequence[int], room: int, width: int) -> int:
    value = 0
    for index in range(room):
        value = value << width | (vector[index] if index < len(vector) else 0)
    return value


def from_arrivals(
    sender: int, media: int, base: int, count: int, times: Sequence[float | None]
) -> TransportFeedback:
    """Feedback from arrival seconds of our clock; the first that is not None sets the reference.

    Args:
        base: extended or 16-bit sequence number of `times[0]`.
        count: feedback packets built before this one.
        times: at most 65535.
    """
    if len(times) > _MAX_PACKETS:
        raise ValueError("too many packets for one feedback")
    first = next(t for t in times if t is not None)
    reference = int(first / REFERENCE_S)
    # Modulo 2**24 on the wire; deltas are taken before that.
    arrivals = tuple(None if t is None else round(t / TICK_S) for t in times)
    wrapped = reference & 0xFFFFFF
    shift = (reference - wrapped) * _TICKS_PER_REFERENCE
    shifted = tuple(None if a is None else a - shift for a in arrivals)
    return TransportFeedback(sender, media, base & 0xFFFF, count & 0xFF, shifted, wrapped)
