"""One slot of one subscriber: what plays in it, and how the source's numbers become the slot's."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from media.negotiated import Codec, SlotMedia
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Encoding, Feed, UpTrack
from media.rtp.rtcp import ReportBlock
from media.rtp.sequence import extend
from media.rtp.vp8 import MAX_TID

if TYPE_CHECKING:
    from media.forward.groups import Group
    from media.peer import Peer

AUDIO_FRAMES_PER_S = 50  # 20 ms: receivers conceal when timestamps are not multiples of it
HISTORY = 8  # stretches a NACK may still refer to: frame rates may change several times a second
LOSS_WEIGHT = 0.3  # of a new report in the smoothed loss
REPORT_LIFE_S = 8.0  # browsers report on voices every 1 to 5 s
_CYCLE = 65536


@dataclass(frozen=True, slots=True)
class Want:
    """What the service wants in a video slot."""

    peer_id: str
    source: str
    max_height: int


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most a video slot gets."""

    height: int | None  # lines; 0: nothing, None: any
    max_tid: int  # temporal layer


NO_CEILING = Ceiling(None, MAX_TID)


@dataclass(slots=True)
class Epoch:
    """A stretch of one feed in a slot: the constants that turn its numbers into ours.

    `first` is the feed's extended sequence number the stretch begins with; `last_out` our last
    one of a finished stretch.
    """

    feed: Feed
    codec: Codec
    first: int
    sequence_offset: int
    timestamp_offset: int
    pid_offset: int
    tl0_offset: int
    last_out: int = 0

    @property
    def encoding(self) -> Encoding:
        return self.feed.encoding

    @property
    def first_out(self) -> int:
        return self.first + self.sequence_offset


class DownTrack:
    """Numbers leave without a break: a receiver sees one stream, whatever plays in the slot.

    Sequence: previous + 1. Timestamp: previous + elapsed time (audio: whole frames, at least one).
    VP8 picture id and TL0PICIDX: previous + 1. All are constants added to the source's numbers
    until the next switch, so that a fan-out can add them to many copies at once.
    """

    __slots__ = (
        "_at",
        "_out",
        "_pid",
        "_settled",
        "_timestamp",
        "_tl0",
        "ceiling",
        "codecs",
        "epoch",
        "format_key",
        "granted_height",
        "granted_tid",
        "group",
        "history",
        "octets_base",
        "packets_base",
        "peer",
        "redundant",
        "reports",
        "resent",
        "rtx_sequence",
        "slot",
        "target",
        "track",
        "want",
    )

    def __init__(self, peer: "Peer", slot: SlotMedia) -> None:
        self.peer = peer
        self.slot = slot
        self.codecs = {codec.key: codec for codec in reversed(slot.codecs)}
        self.format_key: tuple[Any, ...] = tuple(sorted(slot.extensions.items()))
        self.want: Want | None = None
        self.granted_height: int | None = None  # lines the budget allows; 0: paused, None: any
        self.granted_tid = MAX_TID  # highest temporal layer the budget allows
        self.ceiling = NO_CEILING  # what the worker can send in time
        self.track: UpTrack | None = None
        self.target: Encoding | None = None  # waiting for its key frame
        self.epoch: Epoch | None = None  # playing
        self.history: deque[Epoch] = deque(maxlen=HISTORY)
        # Any start is as good as another under SRTP; below 2**15 keeps libsrtp's roll-over simple.
        self._out = _CYCLE + (slot.ssrc * 40503 >> 7 & 0x7FFF)
        self._settled = 0  # up to this number nothing is repeated
        self._timestamp = slot.ssrc * 2654435761 & 0xFFFFFFFF
        self._pid = slot.ssrc & 0x7FFF
        self._tl0 = slot.ssrc & 0xFF
        self._at: float | None = None  # when the last packet left; None: none did
        self.group: Group | None = None  # counts what is sent now
        self.packets_base = 0  # sent in groups that ended
        self.octets_base = 0
        self.rtx_sequence = slot.ssrc * 30011 & 0x7FFF
        self.resent: dict[int, float] = {}  # our extended sequence -> when it was last repeated
        self.reports = SlotReports()
        self.redundant = False  # voices are sent with their redundancy where the source has it

    @property
    def encoding(self) -> Encoding | None:
        return self.epoch.encoding if self.epoch is not None else None

    @property
    def counts(self) -> tuple[int, int]:
        """Packets and payload octets sent, repairs not included."""
        group = self.group
        if group is None:
            return self.packets_base, self.octets_base
        return self.packets_base + group.packets, self.octets_base + group.octets

    @property
    def wanted_height(self) -> int:
        """Lines the slot shows, as far as the budget and the worker allow."""
        height = self.want.max_height if self.want is not None else 0
        if self.granted_height is not None:
            height = min(height, self.granted_height)
        return height if self.ceiling.height is None else min(height, self.ceiling.height)

    @property
    def paused(self) -> bool:
        """It gets nothing, whatever it wants."""
        return self.granted_height == 0 or self.ceiling.height == 0

    @property
    def max_tid(self) -> int:
        """Highest temporal layer it gets."""
        return min(self.granted_tid, self.ceiling.max_tid)

    def begin(self, packet: SourcePacket) -> None:
        """Switch to the packet's encoding, starting with this packet."""
        self.end()
        codec = self.codecs[packet.codec]
        vp8 = packet.vp8
        self.epoch = Epoch(
            feed=packet.encoding,
            codec=codec,
            first=packet.extended,
            sequence_offset=self._out + 1 - packet.extended,
            timestamp_offset=self._next_timestamp(codec, packet.arrival) - packet.timestamp,
            pid_offset=self._pid + 1 - vp8.picture_id if vp8 is not None else 0,
            tl0_offset=self._tl0 + 1 - vp8.tl0 if vp8 is not None else 0,
        )

    def move(self, feed: Feed, packet: SourcePacket) -> None:
        """Go on with another feed of the encoding that plays. The packet is numbered by that feed,
        begins a frame, and follows directly what was sent."""
        epoch = self.epoch
        assert epoch is not None
        self.end()
        picture = packet.vp8
        self.epoch = Epoch(
            feed=feed,
            codec=epoch.codec,
            first=packet.extended,
            sequence_offset=self._out + 1 - packet.extended,
            timestamp_offset=epoch.timestamp_offset,
            pid_offset=self._pid + 1 - picture.picture_id if picture is not None else 0,
            tl0_offset=epoch.tl0_offset,
        )

    def _next_timestamp(self, codec: Codec, now: float) -> int:
        elapsed = 0.0 if self._at is None else max(0.0, now - self._at)
        if self.slot.kind == "audio":
            frame = codec.clock_hz // AUDIO_FRAMES_PER_S
            return self._timestamp + frame * max(1, round(elapsed * AUDIO_FRAMES_PER_S))
        return self._timestamp + max(1, round(elapsed * codec.clock_hz))

    def end(self) -> None:
        """Stop playing; remember where the numbers stand."""
        epoch = self.epoch
        if epoch is None:
            return
        feed = epoch.feed
        if feed.sent_extended >= epoch.first:
            self._out = feed.sent_extended + epoch.sequence_offset
            self._timestamp = feed.sent_timestamp + epoch.timestamp_offset
            self._pid = feed.sent_pid + epoch.pid_offset
            self._tl0 = feed.sent_tl0 + epoch.tl0_offset
            self._at = feed.sent_arrival
            epoch.last_out = self._out
            self.history.append(epoch)
        self.epoch = None

    def settle(self) -> None:
        """Nothing of what played is needed any more: not what is held, not what was lost."""
        self._settled = self._out
        if self.peer.pacer is not None:
            self.peer.pacer.drop(self)

    def find(self, sequence: int) -> tuple[Epoch, int] | None:
        """Which packet left under this 16-bit number of ours: its epoch and the feed's extended
        sequence number."""
        epoch = self.epoch
        latest = self._out
        if epoch is not None and epoch.feed.sent_extended >= epoch.first:
            latest = epoch.feed.sent_extended + epoch.sequence_offset
        out = extend(sequence, latest)
        if out <= self._settled:
            return None
        if epoch is not None and out >= epoch.first_out:
            return epoch, out - epoch.sequence_offset
        for past in self.history:
            if past.first_out <= out <= past.last_out:
                return past, out - past.sequence_offset
        return None


class SlotReports:
    """Sender reports we sent for a slot, and what the subscriber reported back."""

    __slots__ = (
        "_loss",
        "_sent",
        "blocks",
        "fraction_lost",
        "highest_sequence",
        "jitter",
        "last_block_at",
        "packets_lost",
    )

    def __init__(self) -> None:
        self._sent: deque[tuple[int, float]] = deque(maxlen=8)
        self.fraction_lost = 0.0
        self.packets_lost = 0
        self.jitter = 0  # RTP clock units
        self.last_block_at = float("-inf")
        self.highest_sequence: int | None = None  # with its cycles, as the subscriber counts them
        self.blocks = 0  # reports so far
        self._loss = 0.0

    def on_block(self, block: ReportBlock, now: float) -> None:
        """A reception report about the slot."""
        self.blocks += 1
        self.fraction_lost = block.fraction_lost / 256
        self.packets_lost = block.packets_lost
        self.jitter = block.jitter
        self.highest_sequence = block.highest_sequence
        self.last_block_at = now
        self._loss += LOSS_WEIGHT * (self.fraction_lost - self._loss)

    def loss(self, now: float) -> float:
        """Smoothed, 0…1; 0 when the subscriber reported nothing for a while."""
        return self._loss if now - self.last_block_at < REPORT_LIFE_S else 0.0

    def on_sent(self, middle: int, now: float) -> None:
        self._sent.append((middle, now))

    def round_trip(self, lsr: int, dlsr: int, now: float) -> float | None:
        """Seconds from the report named by `lsr` to this block, less the subscriber's delay.

        Departure from RFC 3550: the send time comes from our own record, not from LSR, because
        sender reports carry the source's instants.
        """
        for middle, at in self._sent:
            if middle == lsr:
                return max(0.0, now - at - dlsr / 65536)
        return None
