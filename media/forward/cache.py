"""The last packets of one encoding, shared by all its subscribers, for their NACKs."""

from collections import deque

from media.receive.source_packet import SourcePacket

MAX_BYTES = 1_500_000
MAX_AGE_S = 1.5  # longer than a publisher is asked for a loss: repairs are told from late packets
_OVERHEAD_BYTES = 300  # about what the objects around a payload take


class PacketCache:
    """Bounded in bytes and time; the oldest go first."""

    __slots__ = ("_order", "_packets", "max_age_s", "max_bytes", "size_bytes")

    def __init__(self, max_bytes: int = MAX_BYTES, max_age_s: float = MAX_AGE_S) -> None:
        self.max_bytes = max_bytes
        self.max_age_s = max_age_s
        self.size_bytes = 0
        self._packets: dict[int, SourcePacket] = {}
        self._order: deque[SourcePacket] = deque()

    def __len__(self) -> int:
        return len(self._packets)

    def __contains__(self, extended: int) -> bool:
        return extended in self._packets

    def get(self, extended: int) -> SourcePacket | None:
        return self._packets.get(extended)

    def put(self, packet: SourcePacket) -> bool:
        """False when the packet is already here."""
        if packet.extended in self._packets:
            return False
        self._packets[packet.extended] = packet
        self._order.append(packet)
        self.size_bytes += len(packet.raw) + _OVERHEAD_BYTES
        oldest = self._order[0]
        if self.size_bytes > self.max_bytes or oldest.arrival < packet.arrival - self.max_age_s:
            self.trim(packet.arrival)
        return True

    def trim(self, now: float) -> None:
        """Keep the bounds: also of a source that stopped and puts nothing any more."""
        order = self._order
        limit = now - self.max_age_s
        while order and (self.size_bytes > self.max_bytes or order[0].arrival < limit):
            oldest = order.popleft()
            del self._packets[oldest.extended]
            self.size_bytes -= len(oldest.raw) + _OVERHEAD_BYTES

    def clear(self) -> None:
        self._packets.clear()
        self._order.clear()
        self.size_bytes = 0
