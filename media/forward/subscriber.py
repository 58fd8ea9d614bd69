"""The receiving side of a peer: its slots, the RTCP it sends about them, our sender reports."""

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING

from media.drops import Counters, DropReason
from media.forward.down_track import DownTrack, Epoch
from media.forward.downlink import Downlink
from media.forward.fanout import FanOut
from media.forward.router import Router, invalidate
from media.receive.source_packet import SourcePacket
from media.rtp.congestion_feedback import CongestionFeedback
from media.rtp.rtcp import (
    FullIntraRequest,
    Nack,
    PictureLoss,
    ReceiverReport,
    Remb,
    ReportBlock,
    Rtcp,
    SenderReport,
    SourceDescription,
    middle32,
    ntp_from_seconds,
    ntp_to_seconds,
    serialize,
)
from media.rtp.transport_cc import TransportFeedback

if TYPE_CHECKING:
    from media.peer import Peer

SENDER_REPORT_S = 0.5  # browsers need it this often to keep lips and voice together
REPEAT_S = 0.02  # a packet is not repeated more often than this, or than the round trip
MAX_REPEATS_PER_S = 600  # packets for one slot
MAX_BLOCKS = 31  # of one report, RFC 3550 section 6.4.2
RED_FROM = 0.02  # smoothed loss from which a listener gets redundant voices
RED_STAYS = 0.005
_RECENT_S = 3.0
_SENDER_REPORT = Struct("!BBHIQIII")  # RFC 3550 section 6.4.1, no report blocks

ClockOf = Callable[[str], float | None]


class Subscriber:
    """Slots of one peer. Clocks: `now` is monotonic seconds, `ntp_offset` makes it NTP seconds."""

    def __init__(
        self,
        peer: "Peer",
        fanout: FanOut,
        router: Router,
        counters: Counters,
        ntp_offset: float,
        dominant: Callable[[], str | None],
        wake: Callable[[Downlink], None],
        now: float,
    ) -> None:
        self.peer = peer
        self.fanout = fanout
        self.router = router
        self.counters = counters
        self.ntp_offset = ntp_offset
        self.down_tracks = [DownTrack(peer, slot) for slot in peer.negotiated.slots]
        self.by_mid = {down.slot.mid: down for down in self.down_tracks}
        self.audio = [d for d in self.down_tracks if d.slot.kind == "audio"]
        self.video = [d for d in self.down_tracks if d.slot.kind == "video"]
        self._by_ssrc = {down.slot.ssrc: down for down in self.down_tracks}
        self.downlink = Downlink(peer, self.audio, self.video, fanout, router, dominant, wake, now)
        self.due = float("inf")  # when `reports` has something to say next
        name_of = self.down_tracks[0].slot.ssrc if self.down_tracks else 0
        self._description = serialize([SourceDescription(((name_of, peer.negotiated.cname),))])
        self._allowance = float(MAX_REPEATS_PER_S)
        self._allowance_at = 0.0
        self.heard_at = float("-inf")  # last report about any slot

    def start(self, now: float) -> None:
        """The transport is up. Reports are spread over time by the peer's index."""
        self.due = now + SENDER_REPORT_S * (self.peer.index % 10) / 10

    # From the subscriber

    def on_rtcp(self, packet: Rtcp, now: float) -> None:
        match packet:
            case ReceiverReport(_, blocks):
                self._on_blocks(blocks, now)
            case SenderReport(blocks=blocks):
                self._on_blocks(blocks, now)
            case Nack(_, media_ssrc, lost):
                self._on_nack(media_ssrc, lost, now)
            case PictureLoss(_, media_ssrc):
                self._on_picture_loss(media_ssrc, now)
            case FullIntraRequest(_, requests):
                for media_ssrc, _number in requests:
                    self._on_picture_loss(media_ssrc, now)
            case Remb(_, bitrate, _):
                self.peer.remb_bps = bitrate
            case CongestionFeedback():
                self._on_stream_feedback(packet, now)
            case TransportFeedback():
                self.counters.add("transport_feedback_in")
                self.downlink.on_feedback(packet, now)
            case _:
                pass

    def _on_stream_feedback(self, feedback: CongestionFeedback, now: float) -> None:
        numbers = self.peer.stream_numbers
        if numbers is not None:
            self.counters.add("stream_feedback_in")
            for run in numbers.read(feedback):
                self.downlink.on_feedback(run, now)

    def _on_blocks(self, blocks: tuple[ReportBlock, ...], now: float) -> None:
        for block in blocks:
            down = self._by_ssrc.get(block.ssrc)
            if down is None:
                continue
            reports = down.reports
            reports.on_block(block, now)
            if len(blocks) < MAX_BLOCKS:  # a full report leaves slots out: it proves no silence
                self.heard_at = now
            if down.slot.kind == "audio":
                self._choose_redundancy(down, now)
            round_trip = reports.round_trip(block.lsr, block.dlsr, now)
            if round_trip is not None:
                self.peer.on_round_trip(round_trip)

    def _choose_redundancy(self, down: DownTrack, now: float) -> None:
        """Voices are sent twice to those who lose packets, and to nobody else: it doubles them."""
        loss = down.reports.loss(now)
        wanted = self.downlink.redundancy and loss >= (RED_STAYS if down.redundant else RED_FROM)
        if wanted != down.redundant:
            down.redundant = wanted
            if down.epoch is not None:
                invalidate(down.epoch.feed)

    def _on_picture_loss(self, ssrc: int, now: float) -> None:
        down = self._by_ssrc.get(ssrc)
        if down is not None:
            self.counters.add("pli_in")
            self.router.ask_again(down, now)

    def _on_nack(self, ssrc: int, lost: tuple[int, ...], now: float) -> None:
        down = self._by_ssrc.get(ssrc)
        if down is None:
            return
        self.counters.add("nack_in", len(lost))
        allowance = self._allowance + (now - self._allowance_at) * MAX_REPEATS_PER_S
        self._allowance = min(float(MAX_REPEATS_PER_S), allowance)
        self._allowance_at = now
        for sequence in lost:
            self._repeat(down, sequence, now)
        if len(down.resent) > 512:
            down.resent = {n: at for n, at in down.resent.items() if now - at < 1.0}

    def _repeat(self, down: DownTrack, sequence: int, now: float) -> None:
        found = down.find(sequence)
        if found is None:
            self.counters.drop(DropReason.NACK_UNANSWERED)
            return
        epoch, extended = found
        cache = epoch.feed.cache
        packet = cache.get(extended) if cache is not None else None
        if packet is None:
            self.counters.drop(DropReason.NACK_UNANSWERED)
            return
        out = extended + epoch.sequence_offset
        wait = max(REPEAT_S, 0.8 * (self.peer.rtt_s or 0.0))
        last = down.resent.get(out)
        if self._allowance < 1.0 or (last is not None and now - last < wait):
            self.counters.drop(DropReason.NACK_LIMITED)
            return
        if self._resend(down, epoch, packet, now):
            self._allowance -= 1.0
            down.resent[out] = now
            self.counters.add("nack_repaired")
        else:
            self.counters.drop(DropReason.NACK_UNANSWERED)

    def _resend(self, down: DownTrack, epoch: Epoch, packet: SourcePacket, now: float) -> bool:
        pacer = self.peer.pacer
        if pacer is None or down.slot.kind == "audio":
            return self.fanout.rtx.resend(down, epoch, packet, now)
        pacer.push_repeat(packet, lambda at: self.fanout.rtx.resend(down, epoch, packet, at))
        return True

    # To the subscriber

    def reports(self, now: float, clock_of: ClockOf) -> bytes:
        """Sender reports of the slots that play, when they are due, and our name.

        Args:
            clock_of: peer id -> its NTP clock minus ours, seconds; None while it sent no report.

        Returns:
            RTCP packets, written without intermediate values: a meeting of 250 sites sends some
            thousand a second.
        """
        if now < self.due:
            return b""
        self.due = now + SENDER_REPORT_S
        reports = bytearray()
        for down in self._playing(now):
            self._append_report(reports, down, now, clock_of)
        if reports:
            reports += self._description
        return bytes(reports)

    def _playing(self, now: float) -> list[DownTrack]:
        return [
            down
            for down in self.down_tracks
            if (epoch := down.epoch) is not None
            and epoch.feed.sent_extended >= epoch.first
            and now - epoch.feed.sent_arrival <= _RECENT_S
        ]

    def _append_report(
        self, reports: bytearray, down: DownTrack, now: float, clock_of: ClockOf
    ) -> None:
        """All slots report in our NTP clock. The source's own report says which instant of its
        capture a timestamp is; the difference of the clocks is one constant a peer, so that voice
        and picture of a seat stay together exactly as the source reported them."""
        epoch = down.epoch
        assert epoch is not None
        encoding = epoch.encoding
        clock_hz = epoch.codec.clock_hz
        source = encoding.sender_report
        shift = clock_of(encoding.track.peer_id)
        if source is not None and shift is not None:
            elapsed = now - encoding.sender_report_at
            seconds = ntp_to_seconds(source.ntp) + elapsed - shift
            timestamp = source.rtp_timestamp + round(elapsed * clock_hz)
        else:
            seconds = now + self.ntp_offset
            feed = epoch.feed
            timestamp = feed.sent_timestamp + round((now - feed.sent_arrival) * clock_hz)
        ntp = ntp_from_seconds(seconds)
        packets, octets = down.counts
        reports += _SENDER_REPORT.pack(
            0x80,
            200,
            6,
            down.slot.ssrc,
            ntp,
            (timestamp + epoch.timestamp_offset) & 0xFFFFFFFF,
            packets & 0xFFFFFFFF,
            octets & 0xFFFFFFFF,
        )
        down.reports.on_sent(middle32(ntp), now)

    def down_loss(self, now: float) -> float | None:
        """Mean loss of the slots reported on lately, 0…1; None: no report in the last seconds."""
        recent = [
            d.reports.fraction_lost
            for d in self.down_tracks
            if d.epoch is not None and now - d.reports.last_block_at < _RECENT_S
        ]
        return sum(recent) / len(recent) if recent else None

    def down_jitter_ms(self, now: float) -> float | None:
        """Largest jitter of the playing slots reported on lately."""
        values = [
            d.reports.jitter * 1000 / d.epoch.codec.clock_hz
            for d in self.down_tracks
            if d.epoch is not None and now - d.reports.last_block_at < _RECENT_S
        ]
        return max(values, default=None)
