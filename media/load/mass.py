"""Receives for hundreds of light clients: their sockets are read in turns, many packets a call."""

import socket
from collections.abc import Callable

import numpy as np

from media.load.arrivals import Arrivals
from media.load.batch import AT_ONCE, ROWS, ReceiveBatch, stamp_arrivals
from media.load.offer import Answer, Section
from media.load.reception import arrival_id
from media.load.tally import Tally, Totals

AT_MOST = 600  # packets one feedback tells of: it fits in a datagram, whatever their deltas

OnOther = Callable[[bytes], None]


class MassReception:
    """All of them; `read` one client's socket after the other, then `settle`."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._batch = ReceiveBatch()
        self._whose = np.zeros(ROWS, np.int64)
        self._on_other: list[OnOther] = []

    def client(self, sock: socket.socket, on_other: OnOther) -> "MassClient":
        """The receiving half of one more; datagrams that are not RTP go to `on_other`."""
        stamp_arrivals(sock)
        self._on_other.append(on_other)
        return MassClient(self, self.tally.add())

    def read(self, receiver: int, fd: int) -> None:
        """Everything that waits at a socket."""
        batch = self._batch
        while True:
            if batch.free < AT_ONCE:
                self.settle()
            before = batch.used
            found = batch.read(fd, AT_ONCE)
            self._whose[before : batch.used] = receiver
            if found < AT_ONCE:
                return

    def settle(self) -> None:
        """Count what was read."""
        batch, used = self._batch, self._batch.used
        if not used:
            return
        sizes, whose = batch.sizes, self._whose[:used]
        others = self.tally.take(
            batch.rows[:used], batch.words[:used], sizes, batch.arrivals_ns, whose
        )
        told = [
            (self._on_other[whose[row]], batch.rows[row, : sizes[row]].tobytes()) for row in others
        ]
        batch.clear()
        for on_other, data in told:
            on_other(data)


class MassClient:
    """One client's share, with what `Reception` offers."""

    def __init__(self, mass: MassReception, number: int) -> None:
        self._mass = mass
        self._number = number
        self._arrivals = Arrivals()

    def start(self, sections: list[Section], answer: Answer) -> None:
        self._mass.tally.numbered(self._number, arrival_id(sections, answer))

    def read(self, fd: int) -> None:
        self._mass.read(self._number, fd)

    def sender_report(self, ssrc: int, ntp: int, now: float) -> None:
        self._mass.tally.sender_report(self._number, ssrc, ntp, now)

    def report_blocks(self, now: float) -> list[bytes]:
        return self._mass.tally.report_blocks(self._number, now)

    def arrival_feedback(self, ssrc: int) -> bytes | None:
        tally = self._mass.tally
        seqs, ticks = tally.arrived[self._number]
        if not seqs:
            return None
        tally.arrived[self._number] = seqs[AT_MOST:], ticks[AT_MOST:]
        seqs, ticks = seqs[:AT_MOST], ticks[:AT_MOST]
        return self._arrivals.batch(seqs, ticks, ssrc, tally.first_ssrc(self._number))

    def totals(self) -> Totals:
        return self._mass.tally.totals(self._number)

    def packets(self, payload_type: int) -> int:
        return self._mass.tally.packets(self._number, payload_type)
