"""Transport-wide sequence numbers of everybody in a room."""

from array import array
from struct import Struct
from typing import cast

import numpy as np

from media.bwe.arrival import LINE_BYTES, SendLog, record
from media.peer import Peer
from media.rtp.packet import HEADER

_SHORT = Struct("!H")


class TransportNumbers:
    """Transport-wide sequence numbers of all peers of a room, one counter a transport, and what was
    sent under them."""

    def __init__(self, capacity: int = 64) -> None:
        self.next = np.zeros(capacity, np.uint32)
        self.memory = memoryview(cast(bytes, self.next))  # the same numbers, faster one by one
        self.log = SendLog(capacity)
        self._free = list(range(capacity - 1, -1, -1))

    def allocate(self) -> int:
        if not self._free:
            size = len(self.next)
            self.next = np.concatenate([self.next, np.zeros(size, np.uint32)])
            self.memory = memoryview(cast(bytes, self.next))
            self.log.grow(2 * size)
            self._free = list(range(2 * size - 1, size - 1, -1))
        index = self._free.pop()
        self.next[index] = 1
        self.log.forget(index)
        return index

    def release(self, index: int) -> None:
        self._free.append(index)

    def write(self, datagram: bytearray, at: int, peer: Peer, now: float) -> None:
        """The next number of a peer into one datagram, whose header is complete."""
        number = int(self.next[peer.index])
        self.next[peer.index] = (number + 1) & 0xFFFFFFFF
        _SHORT.pack_into(datagram, at, number & 0xFFFF)
        cell = record(now, len(datagram) + LINE_BYTES)
        self.log.write(peer.index, number, array("Q", (cell,)))
        if peer.stream_numbers is not None:
            _, _, sequence, _, ssrc = HEADER.unpack_from(datagram)
            peer.stream_numbers.note(ssrc, sequence, number)
