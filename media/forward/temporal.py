"""A source at fewer frames: the temporal layers above a limit are left out. Pure.

What remains is numbered anew, gapless, once for all slots of a limit: for the fan-out it is one
more run of packets, whose slots differ from it by constants as those of the whole encoding do.
"""

from bisect import bisect_left

from media.allocator import Step
from media.forward.cache import PacketCache
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Encoding, Feed
from media.rtp.sequence import extend
from media.rtp.vp8 import MAX_TID, Vp8Descriptor, with_picture_id

REMEMBERED = 2048  # numbers taken out; older ones are too late for any receiver


class Compaction:
    """Numbers of which some are taken out, closed up.

    A number is judged when it is the highest so far. One that was not there when a higher one came
    keeps its place, whatever it turns out to be: its successors are already on their way.
    """

    __slots__ = ("_floor", "_forgotten", "_out", "highest")

    def __init__(self) -> None:
        self.highest: int | None = None
        self._floor = 0  # lower numbers have no place
        self._out: list[int] = []  # taken out, ascending
        self._forgotten = 0  # taken out before `_out`

    @property
    def last(self) -> int:
        """Highest place given, or kept for a number that has not come."""
        return (self.highest or 0) - self._forgotten - len(self._out)

    def judge(self, number: int, *, passes: bool) -> int | None:
        """Where the number stands now; None: it was taken out, or it is older than all of this."""
        if self.highest is None:
            self.highest = self._floor = number
            self._floor += not passes
        elif number <= self.highest:
            return self._place_of(number)
        self.highest = number
        if passes:
            return self.last
        self._out.append(number)
        if len(self._out) > 2 * REMEMBERED:
            self._forget()
        return None

    def _place_of(self, number: int) -> int | None:
        at = bisect_left(self._out, number)
        taken = at < len(self._out) and self._out[at] == number
        return None if taken or number < self._floor else number - self._forgotten - at

    def _forget(self) -> None:
        self._floor = self._out[REMEMBERED - 1] + 1
        del self._out[:REMEMBERED]
        self._forgotten += REMEMBERED


class Thinned(Feed):
    """An encoding without the frames above `max_tid`."""

    __slots__ = ("_pictures", "_sequence")

    def __init__(self, encoding: Encoding, max_tid: int) -> None:
        super().__init__(max_tid, PacketCache())
        self.encoding = encoding
        self._sequence = Compaction()
        self._pictures = Compaction()

    def precedes(self, packet: SourcePacket) -> bool:
        follows = packet.extended - 1 == self._sequence.highest
        return follows and self._sequence.last == self.sent_extended

    def take(self, packet: SourcePacket) -> SourcePacket | None:
        """The packet under its number here; None when it has none. Asked twice, the same answer.

        A late packet that should have been left out becomes an empty one: the receivers have seen
        its number missing.
        """
        picture = packet.vp8
        passes = picture is None or picture.temporal_id <= self.max_tid
        picture_id = None
        if picture is not None and picture.picture_id_bits:
            picture_id = self._picture_id(picture, passes=passes)
        number = self._sequence.judge(packet.extended, passes=passes)
        if number is None:
            return None
        known = self.cache.get(number)  # type: ignore[union-attr]
        if known is None:
            known = packet.renumbered(number) if passes else packet.emptied(number)
            if known.vp8 is not None and picture_id is not None:
                known.vp8 = with_picture_id(known.vp8, picture_id)
            self.cache.put(known)  # type: ignore[union-attr]
        return known

    def _picture_id(self, picture: Vp8Descriptor, *, passes: bool) -> int | None:
        reference = self._pictures.highest
        if reference is None:
            reference = picture.picture_id + (1 << 15)
        number = extend(picture.picture_id, reference, picture.picture_id_bits)
        place = self._pictures.judge(number, passes=passes)
        return None if place is None else place & 0x7FFF


def next_limit(current: int, wanted: int, highest: int, picture: Vp8Descriptor) -> int:
    """The limit from this frame on, for a slot that is to go from one limit to another.

    Down wherever a frame passes the lower limit: nothing refers to higher layers. Up by one layer
    at a time, where a frame of that layer refers to the lowest alone (RFC 7741 section 4.2, Y), or
    all at once at a key frame.

    Args:
        highest: temporal layer the source sends.
        picture: of a packet that begins a frame.
    """
    tid = picture.temporal_id
    if wanted < current:
        return wanted if tid <= wanted else current
    if picture.keyframe or current >= highest:
        return wanted
    if tid == current + 1 and picture.layer_sync:
        return wanted if tid >= min(highest, wanted) else tid
    return current


def feed_of(encoding: Encoding, max_tid: int) -> Feed:
    """The encoding as a limit lets it pass."""
    if max_tid >= MAX_TID:
        return encoding
    feed = encoding.thinned.get(max_tid)
    if feed is None:
        feed = encoding.thinned[max_tid] = Thinned(encoding, max_tid)
    return feed


def temporal_steps(layer: Encoding, now: float) -> list[Step]:
    """The layer at fewer frames, fewest first; empty when it has one temporal layer."""
    rates = layer.temporal
    most = layer.expected_bps(now)
    return [
        Step(layer.estimated_height, min(rates.up_to(tid), most * rates.share(tid)), tid)
        for tid in range(rates.highest)
    ]
