"""Counts the packets of many receivers at once, by their clear headers. Pure numpy.

What `InTrack` does for one packet, this does for some hundreds of different receivers and streams.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from media.load.streams import report_block

U8 = npt.NDArray[np.uint8]
Int = npt.NDArray[np.int64]

_PROFILE = 0xBEDE  # RFC 8285 section 4.2
_MOST_ELEMENTS = 8  # header-extension elements looked at
_GROW = 256
_TICK_NS = 250_000  # unit of arrival times, transport-cc's


@dataclass(slots=True)
class Totals:
    """Of one receiver, or several."""

    received: int = 0
    expected: int = 0
    octets: int = 0

    @property
    def loss(self) -> float:
        """0 … 1; 1 when nothing came at all."""
        return 1 - self.received / self.expected if self.expected else 1.0

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.received + other.received,
            self.expected + other.expected,
            self.octets + other.octets,
        )

    def __sub__(self, before: "Totals") -> "Totals":
        return Totals(
            self.received - before.received,
            self.expected - before.expected,
            self.octets - before.octets,
        )


class Tally:
    """Streams of numbered receivers."""

    def __init__(self) -> None:
        self._keys = np.zeros(0, np.uint64)  # receiver << 32 | ssrc, ascending
        self._rows = np.zeros(0, np.int64)  # of those keys, in the arrays below
        self._of: list[list[int]] = []  # streams of a receiver: row numbers
        self._ids = np.zeros(0, np.int64)  # of a receiver: id of the transport-wide number, or 0
        self._ssrc: list[int] = []
        self._types: list[int] = []  # payload types
        self._base = np.zeros(0, np.int64)  # extended numbers
        self._highest = np.zeros(0, np.int64)
        self._received = np.zeros(0, np.int64)
        self._octets = np.zeros(0, np.int64)
        self._reported: dict[int, tuple[int, int]] = {}  # row -> expected, received
        self._sender_reports: dict[int, tuple[int, float]] = {}  # row -> middle NTP bits, when
        self.arrived: list[tuple[list[int], list[int]]] = []  # of a receiver: numbers, 0.25 ms

    def add(self) -> int:
        """The number of a new receiver."""
        self._of.append([])
        self.arrived.append(([], []))
        number = len(self._of) - 1
        if number >= len(self._ids):
            self._ids = np.concatenate([self._ids, np.zeros(_GROW, np.int64)])
        return number

    def numbered(self, receiver: int, id_: int) -> None:
        """Which header extension carries the transport-wide number there; 0: none."""
        self._ids[receiver] = id_

    def take(
        self, rows: U8, words: npt.NDArray[np.uint32], sizes: Int, at_ns: Int, receivers: Int
    ) -> Sequence[int]:
        """Count datagrams; the positions of those that are not RTP.

        Args:
            rows: one datagram each, with rubbish behind it.
            words: the same memory as big-endian 32-bit numbers.
            receivers: whose it is; datagrams of one receiver stand together, in order.
        """
        kind = rows[:, 1] & 0x7F
        media = (rows[:, 0] & 0xC0) == 0x80
        media &= (kind < 64) | (kind >= 96)  # RFC 5761 section 4
        media &= sizes >= 12
        at = np.flatnonzero(media)
        if at.size:
            self._count(words[at, 0], words[at, 2], sizes[at], receivers[at])
            self._number(rows, words, at, sizes, at_ns, receivers)
        others: list[int] = np.flatnonzero(~media).tolist()
        return others

    def _count(
        self,
        firsts: npt.NDArray[np.uint32],
        ssrcs: npt.NDArray[np.uint32],
        sizes: Int,
        receivers: Int,
    ) -> None:
        """`firsts`: the first word of each header."""
        keys = receivers.astype(np.uint64) << np.uint64(32) | ssrcs.astype(np.uint64)
        tracks = self._tracks(keys, firsts)
        known = self._highest[tracks]
        numbers = known + (((firsts & 0xFFFF).astype(np.int64) - known + 0x8000 & 0xFFFF) - 0x8000)
        np.maximum.at(self._highest, tracks, numbers)
        length = len(self._highest)
        self._received += np.bincount(tracks, minlength=length)
        self._octets += np.bincount(tracks, weights=sizes, minlength=length).astype(np.int64)

    def _tracks(self, keys: npt.NDArray[np.uint64], firsts: npt.NDArray[np.uint32]) -> Int:
        """The row of each packet's stream; new streams begin with their first packet."""
        places = np.searchsorted(self._keys, keys)
        fits = places < len(self._keys)
        fits[fits] = self._keys[places[fits]] == keys[fits]
        if not fits.all():
            fresh, first = np.unique(keys[~fits], return_index=True)
            self._begin(fresh, firsts[~fits][first])
            places = np.searchsorted(self._keys, keys)
        return self._rows[places]

    def _begin(self, keys: npt.NDArray[np.uint64], firsts: npt.NDArray[np.uint32]) -> None:
        self._types += (firsts >> 16 & 0x7F).tolist()
        rows = np.arange(len(self._rows), len(self._rows) + len(keys))
        for key, row in zip(keys.tolist(), rows.tolist(), strict=True):
            self._of[key >> 32].append(row)
            self._ssrc.append(key & 0xFFFFFFFF)
        base = (firsts & 0xFFFF).astype(np.int64) + 0x10000
        zeros = np.zeros(len(keys), np.int64)
        self._base = np.concatenate([self._base, base])
        self._highest = np.concatenate([self._highest, base])
        self._received = np.concatenate([self._received, zeros])
        self._octets = np.concatenate([self._octets, zeros])
        every = np.concatenate([self._keys, keys])
        order = np.argsort(every)
        self._keys, self._rows = every[order], np.concatenate([self._rows, rows])[order]

    def _number(
        self,
        rows: U8,
        words: npt.NDArray[np.uint32],
        at: Int,
        sizes: Int,
        at_ns: Int,
        receivers: Int,
    ) -> None:
        """Note when which transport-wide number came (RFC 8285 one-byte elements)."""
        profile = words[at, 3]
        wanted = self._ids[receivers[at]]
        here = np.flatnonzero(
            (rows[at, 0] & 0x1F == 0x10) & (profile >> 16 == _PROFILE) & (wanted > 0)
        )
        row, wanted = at[here], wanted[here]
        place, whole = np.full(len(row), 16), np.minimum(sizes[row], rows.shape[1])
        end = np.minimum(16 + 4 * (profile[here] & 0xFFFF).astype(np.int64), whole) - 2
        numbers = np.full(len(row), -1)
        open_ = np.arange(len(row))
        for _ in range(_MOST_ELEMENTS):
            open_ = open_[place[open_] < end[open_]]
            if not open_.size:
                break
            where = place[open_]
            head = rows[row[open_], where].astype(np.int64)
            hit = head >> 4 == wanted[open_]
            found = open_[hit]
            where = place[found]
            numbers[found] = rows[row[found], where + 1].astype(np.int64) << 8
            numbers[found] |= rows[row[found], where + 2]
            place[open_] += np.where(head == 0, 1, 2 + (head & 0x0F))
            open_ = open_[~hit]
        kept = np.flatnonzero(numbers >= 0)
        whose = receivers[row[kept]]
        found_numbers = numbers[kept].tolist()
        ticks = (at_ns[row[kept]] // _TICK_NS).tolist()
        cuts = [0, *(np.flatnonzero(np.diff(whose)) + 1).tolist(), len(whose)]
        for begin, stop in pairwise(cuts):
            if begin < stop:
                seqs, times = self.arrived[whose[begin]]
                seqs += found_numbers[begin:stop]
                times += ticks[begin:stop]

    def ssrcs(self, receiver: int) -> list[int]:
        return [self._ssrc[row] for row in self._of[receiver]]

    def first_ssrc(self, receiver: int) -> int:
        return self._ssrc[self._of[receiver][0]]

    def packets(self, receiver: int, payload_type: int) -> int:
        """How many of this type it received."""
        rows = self._of[receiver]
        return sum(int(self._received[row]) for row in rows if self._types[row] == payload_type)

    def totals(self, receiver: int) -> Totals:
        rows = np.asarray(self._of[receiver], np.int64)
        expected = self._highest[rows] - self._base[rows] + 1
        return Totals(
            int(self._received[rows].sum()), int(expected.sum()), int(self._octets[rows].sum())
        )

    def sender_report(self, receiver: int, ssrc: int, ntp: int, now: float) -> None:
        for row in self._of[receiver]:
            if self._ssrc[row] == ssrc:
                self._sender_reports[row] = ntp, now

    def report_blocks(self, receiver: int, now: float) -> list[bytes]:
        """Since the last time; jitter is not told."""
        return [self._block(row, now) for row in self._of[receiver]]

    def _block(self, row: int, now: float) -> bytes:
        highest = int(self._highest[row])
        expected, received = highest - int(self._base[row]) + 1, int(self._received[row])
        before = self._reported.get(row, (0, 0))
        self._reported[row] = expected, received
        last, last_at = self._sender_reports.get(row, (0, 0.0))
        return report_block(
            self._ssrc[row],
            expected=expected - before[0],
            received=received - before[1],
            lost=expected - received,
            highest=highest - 0x10000,
            jitter=0,
            last_report=last,
            since=now - last_at,
        )
