"""Reads a recording's journals back: packets in order, on one time line.

Every recorder segment has its own base instant; `TrackHeader.wall` joins them. A packet's time is
its RTP timestamp placed on the receiver's clock by the least delayed arrivals (`TrackClock`), so
network jitter does not reach the result and no sender report is needed. Sound and picture of one
sender are that way aligned to within the difference of their least network delays.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from media.recording import depacketize
from media.recording.depacketize import Frame, Packet
from media.recording.journal import (
    SUFFIX,
    JournalError,
    TrackHeader,
    read_header,
    read_records,
)
from media.rtp.extensions import Element, elements
from media.rtp.packet import HEADER, MARKER_BIT, layout
from media.rtp.sequence import TIMESTAMP_BITS, extend

log = logging.getLogger(__name__)

REORDER_S = 1.0  # a repaired packet is this late at most
REORDER_PACKETS = 2048
SEQ_RESTART = 3000  # a jump this far is another numbering, RFC 3550 appendix A.1
REALIGN_S = 1.0  # a timestamp this far from its arrival starts another time line
DRIFT_PER_S = 0.0005  # a sender's clock may be slower by this share of time


@dataclass(frozen=True, slots=True)
class TrackFile:
    """One journal of a recording."""

    path: Path
    header: TrackHeader
    start: int  # offset of the first record, bytes

    @property
    def video(self) -> bool:
        return self.header.source != "microphone"


def tracks(directory: Path) -> list[TrackFile]:
    """All journals of a recording in the order they were begun; torn or foreign files are left out.

    Raises:
        OSError: the folder cannot be read.
    """
    found = []
    for path in sorted(Path(directory).iterdir()):
        if path.suffix != SUFFIX:
            continue
        try:
            header, start = read_header(path)
        except (JournalError, OSError) as error:
            log.warning("journal %s left out: %s", path.name, error)
            continue
        found.append(TrackFile(path, header, start))
    return found


def last_arrival(files: list[TrackFile]) -> float:
    """UTC epoch seconds of the last packet recorded; 0.0 when there is none."""
    last = 0.0
    for track in files:
        for record in read_records(track.path, track.start):
            last = max(last, track.header.wall + record.arrival_us / 1e6)
    return last


class Mark(NamedTuple):
    """A place in a track to start reading at: a frame's first record and its time."""

    offset: int
    at: float
    rtp_time: int


def packets(track: TrackFile, mark: Mark | None = None) -> Iterator[Packet]:
    """A track's packets in the order they were sent, each once.

    Args:
        mark: where to start, with the same time line; None for the whole track.
    """
    clock = TrackClock(track.header.clock_hz)
    if mark is not None:
        clock.place(mark.rtp_time, mark.at)
    order = _Order()
    for record in read_records(track.path, track.start if mark is None else mark.offset):
        parsed = parse_rtp(record.packet)
        if parsed is not None:
            arrival = track.header.wall + record.arrival_us / 1e6
            at = clock.place(parsed.rtp_time, arrival)
            yield from order.push(record.offset, parsed, arrival, at)
    yield from order.flush()


def frames(track: TrackFile, mark: Mark | None = None) -> Iterator[Frame]:
    """A track's frames: Opus packets, or whole pictures from a key frame on.

    Raises:
        KeyError: a codec without depacketiser; ask `depacketize.can_depacketize` first.
    """
    in_order = packets(track, mark)
    if track.header.codec == "opus":
        return depacketize.opus_frames(in_order)
    return depacketize.video_frames(track.header.codec, in_order)


class Rtp(NamedTuple):
    seq: int
    rtp_time: int
    marker: bool
    payload: bytes
    turns: int | None


def parse_rtp(data: bytes) -> Rtp | None:
    """What a recorded RTP packet says; None when malformed."""
    parts = layout(data, len(data))
    if parts is None:
        return None
    profile, extension_start, extension_end, start, end = parts
    _, second, seq, rtp_time, _ = HEADER.unpack_from(data)
    turns = _turns(elements(data, profile, extension_start, extension_end)) if profile else None
    return Rtp(seq, rtp_time, bool(second & MARKER_BIT), data[start:end], turns)


def _turns(extension: Iterable[Element]) -> int | None:
    """Video orientation, 3GPP TS 26.114 section 7.4.5: quarter turns clockwise for the receiver.

    Each sender has its own extension ids, which journals do not hold. Of the extensions our answers
    admit, orientation is the only one of one byte below 16: mid and rid are printable characters.
    """
    for _, value in extension:
        if len(value) == 1 and value[0] < 16:
            return value[0] & 3
    return None


class TrackClock:
    """Places RTP timestamps on the receiver's clock.

    The offset between both clocks is the least seen (a packet can be late, never early), let up
    slowly so that a sender whose clock is slower does not run away. A timestamp that does not fit
    its arrival by `REALIGN_S` (a sender that restarted, a long pause) starts anew.
    """

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = max(clock_hz, 1)
        self._extended: int | None = None
        self._offset = 0.0
        self._arrival = 0.0

    def place(self, rtp_time: int, arrival: float) -> float:
        """Seconds on the clock of `arrival` (any epoch) when this timestamp was sampled."""
        if self._extended is None:
            self._extended = rtp_time
            self._start(arrival)
        extended = extend(rtp_time, self._extended, TIMESTAMP_BITS)
        sampled = extended / self._clock_hz
        delay = arrival - sampled - self._offset
        if abs(delay) > REALIGN_S:
            self._extended = extended
            self._start(arrival)
            return arrival
        elapsed = max(0.0, arrival - self._arrival)
        self._offset += min(delay, elapsed * DRIFT_PER_S)
        self._extended = max(self._extended, extended)
        self._arrival = max(self._arrival, arrival)
        return sampled + self._offset

    def _start(self, arrival: float) -> None:
        assert self._extended is not None
        self._offset = arrival - self._extended / self._clock_hz
        self._arrival = arrival


class _Order:
    """Reorder window: gives packets out by sequence number, each once.

    A missing packet is waited for until `REORDER_S` of arrivals have passed.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Packet, float]] = {}
        self._next: int | None = None

    def push(self, offset: int, rtp: Rtp, arrival: float, at: float) -> Iterator[Packet]:
        seq = self._extend(rtp.seq)
        if seq is None:
            yield from self.flush()
            seq = self._next = self._restart(rtp.seq)
        assert self._next is not None
        if seq < self._next or seq in self._waiting:
            return  # a repeat, or too late
        packet = Packet(offset, seq, rtp.rtp_time, at, rtp.marker, rtp.payload, rtp.turns)
        self._waiting[seq] = packet, arrival
        yield from self._ready(arrival)

    def flush(self) -> Iterator[Packet]:
        """Everything that waits, gaps or not."""
        for seq in sorted(self._waiting):
            self._next = seq + 1
            yield self._waiting.pop(seq)[0]

    def _extend(self, seq: int) -> int | None:
        """The extended number nearest to the expected one; None: another numbering."""
        if self._next is None:
            return None
        extended = extend(seq, self._next)
        return extended if abs(extended - self._next) < SEQ_RESTART else None

    def _restart(self, seq: int) -> int:
        """The first extended number of another numbering: above all before, and not adjoining."""
        if self._next is None:
            return 0x10000 + seq
        return (self._next | 0xFFFF) + 0x10001 + seq

    def _ready(self, arrival: float) -> Iterator[Packet]:
        while self._waiting:
            if self._next not in self._waiting:
                first = min(self._waiting)
                patient = arrival - self._waiting[first][1] < REORDER_S
                if patient and len(self._waiting) < REORDER_PACKETS:
                    return
                self._next = first
            assert self._next is not None
            yield self._waiting.pop(self._next)[0]
            self._next += 1
