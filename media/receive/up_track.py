"""What one peer publishes: an UpTrack per source, an Encoding per simulcast layer."""

from typing import TYPE_CHECKING

from media.bwe.arrival import LINE_BYTES
from media.forward.cache import PacketCache
from media.negotiated import Codec, Uplink
from media.receive.keyframe_requests import KeyframeRequests
from media.receive.nack import NackGenerator
from media.receive.reports import ReceptionStats
from media.receive.source_packet import SourcePacket
from media.rtp.rtcp import SenderReport
from media.rtp.vp8 import MAX_TID

if TYPE_CHECKING:
    from media.forward.down_track import DownTrack
    from media.forward.groups import Group
    from media.forward.relay import Outlet
    from media.forward.temporal import Thinned

LAYER_TIMEOUT_S = 1.0  # a layer without packets for this long has stopped
SOURCE_TIMEOUT_S = 3.0  # a static screen may send one frame a second
VOICE_TRIES, VOICE_AGE_S = 3, 0.25  # a voice packet that comes later is of no use
VOICE_OVERHEAD_BPS = 50 * 72 * 8  # headers of 50 packets a second
MAX_VOICE_BPS = 130_000  # what came late and all at once is not its rate
GUESSED_BPS = {"q": 140_000, "h": 500_000, "f": 1_700_000}  # until measured
DEFAULT_BPS = 1_000_000
VOICE_BPS = 50_000
RATE_WEIGHT = 0.12  # of a new quarter of a second in the measured rate
MIN_SHARE = 0.02  # a temporal layer with less is not sent any more
GUESSED_HEIGHTS = {"q": 180, "h": 360, "f": 720}  # until a key frame tells


def guessed_height(rid: str) -> int:
    """Picture lines of a layer nothing is known of but its name."""
    return GUESSED_HEIGHTS.get(rid, 720)


class Feed:
    """Packets under one numbering and the slots that get them; written by the fan-out."""

    __slots__ = (
        "cache",
        "encoding",
        "groups",
        "max_first",
        "max_tid",
        "sent_arrival",
        "sent_extended",
        "sent_pid",
        "sent_timestamp",
        "sent_tl0",
        "sinks",
    )

    encoding: "Encoding"  # where the packets come from

    def __init__(self, max_tid: int, cache: PacketCache | None) -> None:
        self.max_tid = max_tid  # highest temporal layer that passes
        self.cache = cache
        self.sinks: dict[DownTrack, None] = {}  # insertion order
        self.groups: list[Group] | None = None  # None: rebuild before use
        self.max_first = 0  # highest first sequence number of a sink; older packets need a look
        self.sent_extended = 0
        self.sent_timestamp = 0
        self.sent_arrival = 0.0
        self.sent_pid = 0
        self.sent_tl0 = 0

    def precedes(self, packet: SourcePacket) -> bool:
        """Whether the packet follows directly what was sent last, with nothing missing between."""
        raise NotImplementedError

    def take(self, packet: SourcePacket) -> SourcePacket | None:
        """The packet under its number here; None when it has none."""
        raise NotImplementedError


class Encoding(Feed):
    """One SSRC of a source (and its RTX SSRC), with its reception state and its subscribers.

    As a feed it passes everything.
    """

    __slots__ = (
        "_measured",
        "audience",
        "burst",
        "bytes_in",
        "first_at",
        "frames",
        "height",
        "joined_at",
        "keyframes",
        "last_arrival",
        "last_codec",
        "last_timestamp",
        "moving",
        "nack",
        "packets_in",
        "playing_codec",
        "rate_bps",
        "reception",
        "redundant",
        "rid",
        "rtx_ssrc",
        "sender_report",
        "sender_report_at",
        "ssrc",
        "temporal",
        "thinned",
        "track",
        "waiters",
        "width",
    )

    def __init__(self, track: "UpTrack", rid: str, ssrc: int | None = None) -> None:
        super().__init__(MAX_TID, PacketCache() if track.uplink.kind == "video" else None)
        self.encoding = self
        self.track = track
        self.rid = rid
        self.ssrc = ssrc
        self.rtx_ssrc: int | None = None
        video = track.uplink.kind == "video"
        clock_hz = track.uplink.codecs[0].clock_hz if track.uplink.codecs else 90000
        self.reception = ReceptionStats(clock_hz)
        self.nack = _nack_generator(video) if track.nack else None
        self.keyframes = KeyframeRequests()
        self.width = 0
        self.height = 0
        self.first_at: float | None = None
        self.last_arrival = float("-inf")
        self.last_codec: Codec | None = None
        self.last_timestamp = -1
        self.redundant = False  # every frame comes twice (RED)
        self.packets_in = 0
        self.bytes_in = 0
        self.frames = 0
        self.rate_bps = float(GUESSED_BPS.get(rid, DEFAULT_BPS if video else VOICE_BPS))
        self._measured: tuple[float, int, int] | None = None  # when, bytes and packets then
        self.temporal = TemporalRates()
        self.sender_report: SenderReport | None = None
        self.sender_report_at = 0.0
        # Forwarding.
        self.burst: list[SourcePacket] = []
        self.joined_at = float("-inf")  # when listeners began last
        self.audience = 0  # copies its last packets made of each
        self.waiters: dict[DownTrack, None] = {}  # to switch to this encoding at a key frame
        self.playing_codec = ""  # key of the packets sinks play
        self.thinned: dict[int, Thinned] = {}  # feeds with fewer frames, by their limit
        # Slots of this encoding that are to go to another of its feeds, and since when.
        self.moving: dict[DownTrack, float] = {}

    def precedes(self, packet: SourcePacket) -> bool:
        return packet.extended == self.sent_extended + 1

    def take(self, packet: SourcePacket) -> SourcePacket | None:
        return packet

    @property
    def feeds(self) -> "tuple[Feed, ...]":
        return self, *self.thinned.values()

    @property
    def slots(self) -> "tuple[DownTrack, ...]":
        """Those that play it, at whatever frame rate, and those that wait for it."""
        return *(sink for feed in self.feeds for sink in feed.sinks), *self.waiters

    @property
    def estimated_height(self) -> int:
        """Picture lines: from the last key frame, else guessed from the layer's name."""
        return self.height or guessed_height(self.rid)

    def arriving(self, now: float, timeout: float = LAYER_TIMEOUT_S) -> bool:
        return now - self.last_arrival < timeout

    def heard_loss(self, now: float) -> float:
        """Worst smoothed loss among those who are sent this encoding, 0…1."""
        return max((sink.reports.loss(now) for sink in self.sinks), default=0.0)

    def flows(self, now: float) -> bool:
        """Whether packets arrive and will go on arriving: the publisher was not asked to stop."""
        return self.rid in self.track.asked and self.arriving(now)

    def voice_bps(self, redundant: bool) -> float:
        """Of a voice on a subscriber's line, with its redundancy or without."""
        rate = min(self.rate_bps, MAX_VOICE_BPS)
        if redundant or not self.redundant or rate < VOICE_OVERHEAD_BPS:
            return rate
        return VOICE_OVERHEAD_BPS + (rate - VOICE_OVERHEAD_BPS) / 2

    def expected_bps(self, now: float) -> float:
        """On a subscriber's line. What a layer that pauses took last may have been a key frame."""
        if self.flows(now):
            return self.rate_bps
        return min(self.rate_bps, GUESSED_BPS.get(self.rid, DEFAULT_BPS))

    def measure(self, now: float) -> None:
        """Keep `rate_bps` (on a subscriber's line, headers included) up to date: call it a few
        times a second. A layer that paused keeps its last rate."""
        last = self._measured
        if last is None or not self.flows(now):
            self._measured = (now, self.bytes_in, self.packets_in) if self.packets_in else None
            self.temporal.begin()
            return
        elapsed = now - last[0]
        if elapsed < 0.2:
            return
        octets = self.bytes_in - last[1] + LINE_BYTES * (self.packets_in - last[2])
        self.rate_bps += RATE_WEIGHT * (octets * 8 / elapsed - self.rate_bps)
        self.temporal.measure(elapsed)
        self._measured = (now, self.bytes_in, self.packets_in)

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        self.sender_report = report
        self.sender_report_at = now
        self.reception.on_sender_report(report, now)


class TemporalRates:
    """Bits per second of the temporal layers of an encoding on a subscriber's line, without key
    frames: who plays gets few."""

    __slots__ = ("_octets", "_rates", "key_timestamp")

    def __init__(self) -> None:
        self.key_timestamp = -1  # of the last key frame
        self._octets = [0] * (MAX_TID + 1)  # since the last measurement
        self._rates: list[float] = []

    def add(self, tid: int, size_bytes: int) -> None:
        self._octets[tid] += size_bytes + LINE_BYTES

    def begin(self) -> None:
        """What came so far is not measured."""
        self._octets = [0] * (MAX_TID + 1)

    def measure(self, elapsed: float) -> None:
        fresh = [octets * 8 / elapsed for octets in self._octets]
        self._rates = [
            old + RATE_WEIGHT * (new - old)
            for old, new in zip(self._rates or fresh, fresh, strict=True)
        ]
        self.begin()

    @property
    def highest(self) -> int:
        """Temporal layer sent; 0: only one."""
        least = MIN_SHARE * sum(self._rates)
        sent = (tid for tid, octets in enumerate(self._octets) if octets)
        kept = (tid for tid, rate in enumerate(self._rates) if rate > least)
        return max(*sent, *kept, 0, 0)

    def up_to(self, tid: int) -> float:
        return sum(self._rates[: tid + 1])

    def share(self, tid: int) -> float:
        """Part of the rate that the layers up to `tid` take, 0…1."""
        return self.up_to(tid) / max(1.0, sum(self._rates))


def _nack_generator(video: bool) -> NackGenerator:
    if video:
        return NackGenerator()
    return NackGenerator(max_tries=VOICE_TRIES, max_age_s=VOICE_AGE_S)


class UpTrack:
    """One published source of a peer: "microphone", "camera" or "screen"."""

    def __init__(self, peer_id: str, uplink: Uplink, order: int) -> None:
        self.peer_id = peer_id
        self.uplink = uplink
        self.source = uplink.source
        self.kind = uplink.kind
        self.order = order  # among all tracks of the room, by first packet
        self.allowed = False
        self.codecs: dict[int, Codec] = {c.payload_type: c for c in uplink.codecs}
        self.codec_keys: dict[int, str] = {c.payload_type: c.key for c in uplink.codecs}
        self.rtx: dict[int, int] = {
            c.rtx_payload_type: c.payload_type
            for c in uplink.codecs
            if c.rtx_payload_type is not None
        }
        self.red: dict[int, Codec] = {
            c.red_payload_type: c for c in uplink.codecs if c.red_payload_type is not None
        }
        self.nack = any(c.nack for c in uplink.codecs)
        self.rids: tuple[str, ...] = uplink.rids or ("",)
        self.encodings: dict[str, Encoding] = {}
        self.asked = frozenset(self.rids)  # layers the publisher is to send
        self.relays: tuple[Outlet, ...] = ()  # other workers
        self.relayed: bool | None = None  # from another worker: whether it arrives there
        self._resumed_at = float("-inf")  # after nothing was asked for
        self._asked_at: dict[str, float] = {}  # layers asked for anew

    def ask(self, rids: frozenset[str], now: float) -> None:
        """The publisher is told to send these layers. Packets of resumed ones are awaited anew."""
        if rids and not self.asked:
            self._resumed_at = now
        for rid in rids - self.asked:
            self._asked_at[rid] = now
            if rid in self.encodings:
                self.encodings[rid].last_arrival = float("-inf")
        self.asked = rids

    def coming(self, rid: str, now: float) -> bool:
        """Whether the layer would arrive were it asked for, or was asked for just now."""
        if rid not in self.asked:
            return True
        return now - self._asked_at.get(rid, float("-inf")) < SOURCE_TIMEOUT_S

    def arriving(self, now: float) -> bool:
        """Whether there is something to show. A source that pauses because nobody watches it, or
        that was asked to go on just now, counts."""
        if self.relayed is not None:
            return self.relayed
        if self.started and (not self.asked or now - self._resumed_at < SOURCE_TIMEOUT_S):
            return True
        return any(e.arriving(now, SOURCE_TIMEOUT_S) for e in self.encodings.values())

    @property
    def known(self) -> bool:
        """Packets came, here or at the worker it is relayed from."""
        return self.started or bool(self.relayed)

    @property
    def started(self) -> bool:
        return any(e.first_at is not None for e in self.encodings.values())
