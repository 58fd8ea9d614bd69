"""What was sent to each transport and when, and how long it was under way: packet groups."""

from array import array
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from media.rtp.sequence import Extender, extend
from media.rtp.transport_cc import TICK_S, TransportFeedback

WINDOW = 2048  # numbers remembered for a transport: 5 s at 3 Mbit/s
LINE_BYTES = 44  # of a datagram beyond its RTP packet: IPv4 20, UDP 8, AES-GCM tag 16
GROUP_S = 0.005  # sent within this: one group. draft-ietf-rmcat-gcc-02 section 5.2
MAX_BURST_S = 0.1  # arrivals that belong together span less (libwebrtc, inter_arrival.cc)
STALL_S = 3.0  # arrivals further apart than this start anew
_MASK = WINDOW - 1
_SIZE_BITS = 16
_REFERENCE_BITS = 24
_REFERENCE_TICKS = 256

Arrival = tuple[float, float, int]  # sent (our clock, s), arrived (the receiver's clock, s), bytes


def record(sent: float, size_bytes: int) -> int:
    """A packet's send time, to the microsecond, and its size in one 64-bit number."""
    return int(sent * 1e6) << _SIZE_BITS | size_bytes


def _arrival(cell: int, ticks: int) -> Arrival:
    return (cell >> _SIZE_BITS) / 1e6, ticks * TICK_S, cell & 0xFFFF


def _cells(records: "npt.NDArray[np.uint64]") -> memoryview:
    """The same numbers, faster one by one."""
    return memoryview(cast(bytes, records)).cast("B").cast("Q")


class SendLog:
    """Send times and sizes of all transports of a room: a row a transport, a cell a number.

    A fan-out writes a whole burst at once. Sizes are those on the line, `LINE_BYTES` included.
    """

    def __init__(self, transports: int) -> None:
        self.records = np.zeros((transports, WINDOW), np.uint64)
        self._memory = _cells(self.records)

    def grow(self, transports: int) -> None:
        fresh = np.zeros((transports, WINDOW), np.uint64)
        fresh[: len(self.records)] = self.records
        self.records = fresh
        self._memory = _cells(fresh)

    def forget(self, transport: int) -> None:
        self.records[transport] = 0

    def write(self, transport: int, first: int, burst: "array[int]") -> None:
        """The records of consecutive numbers of one transport."""
        start = first & _MASK
        at = transport * WINDOW + start
        if start + len(burst) <= WINDOW:
            self._memory[at : at + len(burst)] = memoryview(burst)
            return
        for offset, cell in enumerate(burst):
            self._memory[transport * WINDOW + (start + offset & _MASK)] = cell

    def write_many(
        self,
        transports: "npt.NDArray[np.intp]",
        numbers: "npt.NDArray[np.uint32]",
        burst: list[int],
    ) -> None:
        """The same burst to many: `numbers` is transports x packets."""
        self.records[transports[:, None], numbers & np.uint32(_MASK)] = np.array(burst, np.uint64)

    def cell(self, transport: int, number: int) -> int:
        """The record of one number; 0: nothing was sent under it."""
        return self._memory[transport * WINDOW + (number & _MASK)]

    def read(self, transport: int, first: int, count: int) -> list[int]:
        """Records of `count` numbers; only the last WINDOW numbers sent are known."""
        start = first & _MASK
        at = transport * WINDOW
        if start + count <= WINDOW:
            return self._memory[at + start : at + start + count].tolist()
        return [self._memory[at + (first + i & _MASK)] for i in range(count)]


class ArrivalReader:
    """Joins feedback of one transport with its send log."""

    def __init__(self, log: SendLog, transport: int) -> None:
        self.log = log
        self.transport = transport
        self._references = Extender(_REFERENCE_BITS)
        self._known = -1  # highest number feedback spoke of

    def read(self, feedback: TransportFeedback, following: int) -> tuple[list[Arrival], int]:
        """Packets that arrived, in order of their numbers, and how many did not.

        Args:
            following: the transport-wide number to be used next, not wrapped.
        """
        first = extend(feedback.base_sequence, following)
        count = len(feedback.arrivals)
        if not self._knows(first, count, following):
            return [], 0
        shift = self._shift(feedback)
        arrived: list[Arrival] = []
        lost = 0
        records = self.log.read(self.transport, first, count)
        for offset, (cell, ticks) in enumerate(zip(records, feedback.arrivals, strict=True)):
            if not cell:
                continue
            if ticks is None:
                lost += first + offset > self._known
            else:
                arrived.append(((cell >> 16) / 1e6, (ticks + shift) * TICK_S, cell & 0xFFFF))
        self._known = max(self._known, first + count - 1)
        return arrived, lost

    def ends(self, feedback: TransportFeedback, following: int) -> tuple[Arrival, Arrival] | None:
        """The first and the last packet of feedback without any loss; None: `read` it."""
        arrivals = feedback.arrivals
        first = extend(feedback.base_sequence, following)
        last = first + len(arrivals) - 1
        if None in arrivals or not self._knows(first, len(arrivals), following):
            return None
        begin, end = self.log.cell(self.transport, first), self.log.cell(self.transport, last)
        if not begin or not end:
            return None
        shift = self._shift(feedback)
        self._known = max(self._known, last)
        return _arrival(begin, (arrivals[0] or 0) + shift), _arrival(
            end, (arrivals[-1] or 0) + shift
        )

    @staticmethod
    def _knows(first: int, count: int, following: int) -> bool:
        return count > 0 and max(0, following - WINDOW) <= first <= following - count

    def _shift(self, feedback: TransportFeedback) -> int:
        """Ticks to add for a clock that never wraps."""
        reference = self._references.extend(feedback.reference)
        return (reference - feedback.reference) * _REFERENCE_TICKS


class PacketGroups:
    """Packets sent together are judged together: only the change of their delay matters.

    Source: draft-ietf-rmcat-gcc-02 sections 5.1 and 5.2; libwebrtc inter_arrival_delta.cc.
    """

    __slots__ = ("_arrived", "_first_arrived", "_first_sent", "_last", "_sent")

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._first_sent: float | None = None
        self._first_arrived = 0.0
        self._sent = 0.0  # latest of the group being gathered
        self._arrived = 0.0
        self._last: tuple[float, float] | None = None  # (sent, arrived) of the finished one

    def add(self, sent: float, arrived: float) -> tuple[float, float, float] | None:
        """When the packet begins a new group: seconds between the two finished groups as
        (sent apart, arrived apart, arrival of the later)."""
        first = self._first_sent
        if first is None:
            self._begin(sent, arrived)
            return None
        if sent < first:
            return None  # reordered
        if arrived - self._arrived > STALL_S or arrived < self._arrived - STALL_S:
            self._reset()
            self._begin(sent, arrived)
            return None
        if sent - first <= GROUP_S or self._bursts(sent, arrived):
            self._sent = max(self._sent, sent)
            self._arrived = max(self._arrived, arrived)
            return None
        finished = (self._sent, self._arrived)
        last, self._last = self._last, finished
        self._begin(sent, arrived)
        if last is None:
            return None
        return finished[0] - last[0], finished[1] - last[1], finished[1]

    def take(self, packets: Sequence[Arrival]) -> list[tuple[float, float, float]]:
        """`add` for many: the groups it finished."""
        found = []
        for sent, arrived, _ in packets:
            first = self._first_sent
            if first is not None and 0.0 <= sent - first <= GROUP_S:
                apart = arrived - self._arrived
                if -STALL_S <= apart <= STALL_S:
                    if apart > 0.0:
                        self._arrived = arrived
                    if sent > self._sent:
                        self._sent = sent
                    continue
            group = self.add(sent, arrived)
            if group is not None:
                found.append(group)
        return found

    def _begin(self, sent: float, arrived: float) -> None:
        self._first_sent = self._sent = sent
        self._first_arrived = self._arrived = arrived

    def _bursts(self, sent: float, arrived: float) -> bool:
        """Held up on the way and let go at once (Wi-Fi): these say nothing about the rate."""
        apart = arrived - self._arrived
        return (
            apart <= GROUP_S
            and apart - (sent - self._sent) < 0
            and arrived - self._first_arrived < MAX_BURST_S
        )
