"""Pictures for a narrow line leave one after the other at its rate, so that no voice waits behind a
key frame. Pure: holds what is to be sent, says when. Voices never pass here.

Copies are numbered and encrypted when they leave, so that transport-wide numbers stay in order.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from media.bwe.arrival import LINE_BYTES
from media.receive.source_packet import SourcePacket

if TYPE_CHECKING:
    from media.forward.down_track import DownTrack
    from media.forward.groups import Group

FACTOR = 0.95  # of the rate pictures may take
MAX_WAIT_S = 1.0  # nothing waits longer: what is held leaves faster then
MAX_HELD_BYTES = 400_000
BURST_S = 0.005  # packets due within this leave together
HEADER_BYTES = 32  # RTP header, extensions

Held = tuple["Group", SourcePacket]


class Pacer:
    """Of one subscriber. `now`: monotonic seconds.

    Args:
        wake: called when something is held that was not before.
    """

    __slots__ = ("_free_at", "_held", "_repeats", "_wake", "bytes_held", "rate_bps")

    def __init__(self, wake: Callable[[], None], rate_bps: float) -> None:
        self.rate_bps = rate_bps  # what pictures may take of the line
        self.bytes_held = 0
        self._wake = wake
        self._held: deque[Held] = deque()
        self._repeats: deque[tuple[int, Callable[[float], object]]] = deque()
        self._free_at = float("-inf")

    def __len__(self) -> int:
        return len(self._held) + len(self._repeats)

    @property
    def due(self) -> float:
        """When the next packet may leave."""
        return self._free_at if self else float("inf")

    def push(self, group: "Group", packets: Sequence[SourcePacket]) -> bool:
        """Hold these packets; False: there is no room, nothing was taken."""
        size = sum(_size(packet) for packet in packets)
        if self.bytes_held + size > MAX_HELD_BYTES:
            return False
        self.bytes_held += size
        self._held.extend((group, packet) for packet in packets)
        self._wake()
        return True

    def push_repeat(self, packet: SourcePacket, send: Callable[[float], object]) -> None:
        """A retransmission leaves before what was not sent yet."""
        size = _size(packet)
        self.bytes_held += size
        self._repeats.append((size, send))
        self._wake()

    def release(self, now: float, send: Callable[["Group", SourcePacket], None]) -> None:
        """Send what is due."""
        if self._free_at < now - BURST_S:
            self._free_at = now
        while self and self._free_at <= now + BURST_S:
            if self._repeats:
                size, repeat = self._repeats.popleft()
                repeat(now)
            else:
                group, packet = self._held.popleft()
                size = _size(packet)
                send(group, packet)
            rate = max(FACTOR * self.rate_bps, self.bytes_held * 8 / MAX_WAIT_S)
            self.bytes_held -= size
            self._free_at += size * 8 / rate

    def drop(self, sink: "DownTrack") -> None:
        """What is held for a slot will not be sent."""
        kept = deque(held for held in self._held if held[0].members[0] is not sink)
        self.bytes_held -= sum(
            _size(packet) for group, packet in self._held if group.members[0] is sink
        )
        self._held = kept

    def clear(self) -> None:
        self._held.clear()
        self._repeats.clear()
        self.bytes_held = 0

    def drain(self, now: float, send: Callable[["Group", SourcePacket], None]) -> None:
        """Send everything: the line is not narrow any more."""
        while self._repeats:
            self._repeats.popleft()[1](now)
        while self._held:
            send(*self._held.popleft())
        self.bytes_held = 0


def _size(packet: SourcePacket) -> int:
    return packet.end - packet.start + HEADER_BYTES + LINE_BYTES
