"""One room of the SFU: decrypted packets in, encrypted copies out. No task, no clock of its own."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from media.allocator import Limits
from media.control import PeerStats, SlotWant
from media.drops import Counters, DropReason
from media.forward.auditor import Auditor, Stalled
from media.forward.down_track import Want
from media.forward.fanout import FanOut
from media.forward.figures import Figures
from media.forward.lines import RELIEVED_TURNS, TURNS, Lines
from media.forward.numbers import TransportNumbers
from media.forward.outbox import Outbox
from media.forward.router import Router, invalidate
from media.forward.slots import AutoSlots, VoiceSlots
from media.forward.subscriber import Subscriber
from media.forward.taps import Tap, Taps
from media.forward.watched import Wanted, WatchedLayers
from media.peer import Endpoint, Peer
from media.receive.ingress import Ingress
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Encoding, UpTrack
from media.rtp.packet import Buffer, ParseError
from media.rtp.rtcp import SenderReport, parse
from media.rtp.transport_cc import is_lone_feedback
from media.transport.egress import Egress

TICK_S = 0.05  # feedback, reports, speaker choice
CHECK_S = 0.25  # layers, arriving sources
MANY = 100  # listeners
GATHER_S = 0.15
LINGER_S = 1.0  # a feed without slots goes on this long: those that left may miss packets of it


@dataclass(frozen=True, slots=True)
class RoomReports:
    """What changed since the last `take_reports`."""

    speakers: tuple[tuple[str, int, bool], ...]  # (peer id, 0..127 louder is larger, speaking)
    dominant: str | None  # peer id when it changed, else None
    sources: tuple[tuple[str, tuple[str, ...]], ...]  # (peer id, its arriving sources)
    stalled: tuple[Stalled, ...]  # slots that were healed; TRANSPORT: the caller ends the transport


class Room:
    """Routes the packets of one meeting.

    Times: every `now` is `time.monotonic()`-like seconds, non-decreasing. NTP times of our sender
    reports are `now + ntp_offset`.

    Args:
        name: for logs and stats.
        egress: shared by all rooms of a worker; the room queues copies, `flush` sends them.
        counters: shared by all rooms of a worker.
        now: opening time.
        ntp_offset: add to `now` for seconds since 1900 (`time.time() + 2208988800 - monotonic()`).
        clock: of send times, see `FanOut`.
    """

    def __init__(
        self,
        name: str,
        egress: Egress,
        counters: Counters,
        now: float,
        *,
        ntp_offset: float = 0.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self.egress = egress
        self.counters = counters
        self.ntp_offset = ntp_offset
        self.peers: dict[str, Peer] = {}
        self.numbers = TransportNumbers()
        self.fanout = FanOut(egress, counters, self.numbers, clock)
        self.lines = Lines(self.peers)
        self.outbox = Outbox(self.peers, ntp_offset, now)
        self.router = Router(counters, self.outbox.attend)
        self.taps = Taps(self.router, self.outbox.attend)
        self.watched = WatchedLayers(self.router.followers)
        self.voices = VoiceSlots(self.peers, self.router)
        self.auto = AutoSlots(self.peers, self.router)
        self.auditor = Auditor(self.peers, self.router, counters)
        self.figures = Figures(now)
        self._queue: list[Encoding] = []
        self._voice_queue: list[Encoding] = []
        self.copies_waiting = 0  # about as many as `flush` will make
        self._published = 0
        self._copies = 0
        self._tick_due = now
        self._check_due = now
        self._stalled: list[Stalled] = []
        self._dominant: str | None = None

    # Peers

    def add_peer(self, peer: Peer, now: float) -> None:
        """Into the room; allowed sources: none until `set_allowed`. Ids are never used twice."""
        peer.index = self.numbers.allocate()
        peer.ingress = Ingress(peer.id, peer.negotiated, self.counters)
        peer.ingress.on_level = self.voices.on_level
        peer.subscriber = Subscriber(
            peer,
            self.fanout,
            self.router,
            self.counters,
            self.ntp_offset,
            self._loudest,
            self.lines.wake,
            now,
        )
        self.peers[peer.id] = peer
        for track in peer.ingress.tracks:
            self.router.add_track(track, now)
        self.voices.welcome(peer, now)
        if peer.ready:
            self._start(peer, now)

    def _loudest(self) -> str | None:
        return self.voices.speakers.dominant

    def remove_peer(self, peer_id: str, now: float) -> None:
        """Forget the peer, empty the slots that played it. Unknown ids are ignored."""
        peer = self.peers.pop(peer_id, None)
        if peer is None:
            return
        self.egress.flush()  # queued messages point to the peer's address
        assert peer.ingress is not None
        assert peer.subscriber is not None
        for track in peer.ingress.tracks:
            for encoding in track.encodings.values():
                encoding.burst.clear()
            self.router.remove_track(track)
            self.watched.forget((peer_id, track.source))
        for down in peer.subscriber.down_tracks:
            self.router.forget(down)
        self.auditor.forget(peer)
        self.numbers.release(peer.index)
        self.outbox.forget(peer_id)
        self.lines.forget(peer.subscriber.downlink)
        self.figures.forget(peer_id)
        self.voices.remove(peer_id)
        self.voices.resize()
        self.voices.choose(now)
        self.auto.check(now)

    def peer_ready(self, peer_id: str, srtp_tx: Any, endpoint: Endpoint, now: float) -> None:
        """DTLS and ICE are up: start sending; ask the sources in its slots for key frames now and
        again 150 ms later."""
        peer = self.peers.get(peer_id)
        if peer is None:
            return
        peer.srtp_tx = srtp_tx
        self.egress.flush()
        peer.move(endpoint)
        self._start(peer, now)

    def _start(self, peer: Peer, now: float) -> None:
        assert peer.subscriber is not None
        peer.connected_at = now
        peer.subscriber.start(now)
        peer.subscriber.downlink.tick(now)
        self.auto.fill(peer, now)
        for down in peer.subscriber.down_tracks:
            self.router.select(down, now)
            self.router.ask_for_newcomer(down, now)

    def peer_moved(self, peer_id: str, endpoint: Endpoint, now: float) -> None:
        """ICE chose another pair. What went to the old address meanwhile may be lost: pictures
        begin anew with key frames, which a browser would ask for only after seconds."""
        peer = self.peers.get(peer_id)
        if peer is None:
            return
        self.egress.flush()  # queued messages point to the old address
        peer.move(endpoint)
        assert peer.subscriber is not None
        for down in peer.subscriber.down_tracks:
            if down.epoch is not None:
                invalidate(down.epoch.feed)
            self.router.ask_for_newcomer(down, now)

    # Packets

    def on_rtp(self, peer: Peer, buffer: bytearray, size: int, now: float) -> None:
        """One decrypted RTP packet (`buffer[:size]`). Queued until `flush`; the buffer is free
        again on return. Never raises."""
        ingress = peer.ingress
        if ingress is None:
            return
        self.counters.add("packets_in")
        packet = ingress.accept(buffer, size, now)
        if ingress.new_encodings:
            self._on_new_encodings(ingress, now)
        if ingress.urgent:
            self.outbox.attend(peer.id)
        if packet is None:
            return
        encoding = packet.encoding
        if not encoding.burst:
            voice = encoding.track.kind == "audio"
            (self._voice_queue if voice else self._queue).append(encoding)
        encoding.burst.append(packet)
        self.copies_waiting += encoding.audience
        for outlet in encoding.track.relays:
            outlet.send(packet)
        if self.taps and peer.upstream is None:
            self.taps.tell(packet)

    def _on_new_encodings(self, ingress: Ingress, now: float) -> None:
        for encoding in ingress.new_encodings:
            track = encoding.track
            if not track.order:
                self._published += 1
                track.order = self._published
            key = (track.peer_id, track.source)
            waited = self.watched.arrived(key, encoding.rid, now)
            if waited is not None:
                self.counters.add("layers_resumed")
                self.counters.add("layers_resumed_ms", round(waited * 1000))
            self.router.refresh(key, now)
            self.lines.stir(self.router.followers(key))
        ingress.new_encodings.clear()
        self.auto.check(now)

    def skips(self, peer: Peer, datagram: Buffer, size: int, now: float) -> bool:
        """Whether an RTCP datagram, still encrypted, can be dropped: feedback about a line that has
        room and was heard of a moment ago. Who forges it only spares us the work."""
        if now >= peer.deaf_until or not is_lone_feedback(datagram, size):
            return False
        self.counters.add("transport_feedback_unread")
        return True

    def on_rtcp(self, peer: Peer, data: bytes, now: float) -> None:
        """One decrypted compound RTCP packet. Retransmissions it asks for are queued in the egress
        and leave with the next `flush`. Never raises."""
        ingress, subscriber = peer.ingress, peer.subscriber
        if ingress is None or subscriber is None:
            return
        try:
            packets = parse(data)
        except ParseError:
            self.counters.drop(DropReason.RTCP_MALFORMED)
            return
        for packet in packets:
            ingress.on_rtcp(packet, now)
            subscriber.on_rtcp(packet, now)
            if isinstance(packet, SenderReport) and ingress.encoding_of(packet.ssrc) is not None:
                self.outbox.on_source_clock(peer.id, packet, now)

    @property
    def copies_last_flush(self) -> int:
        return self._copies

    def flush(self, now: float) -> None:
        """Make and send all copies of the packets queued since the last flush, voices first."""
        copies = 0
        for encoding in (*self._voice_queue, *self._queue):
            packets = encoding.burst
            if packets:
                encoding.burst = []
                made = self._forward(encoding, packets, now)
                encoding.audience = made // len(packets)
                copies += made
        self._voice_queue.clear()
        self._queue.clear()
        self.copies_waiting = 0
        if now >= self.lines.due:
            self.lines.run(now)
        self._copies = copies
        self.egress.flush()

    def _forward(self, encoding: Encoding, packets: list[SourcePacket], now: float) -> int:
        """Copies of one burst; slots that wait for a key frame join where it begins."""
        settled = not encoding.waiters and not encoding.moving
        if settled and encoding.playing_codec == packets[0].codec == packets[-1].codec:
            return self._send(encoding, packets, now)
        copies = 0
        start = 0
        for index, packet in enumerate(packets):
            starts = packet.keyframe or self._lets_in(encoding, now)
            moves = encoding.moving and packet.vp8 is not None and packet.vp8.begins
            changed = packet.codec != encoding.playing_codec
            if (encoding.waiters and starts) or moves or changed:
                copies += self._send(encoding, packets[start:index], now)
                start = index
                self.router.before_send(packet)
        return copies + self._send(encoding, packets[start:], now)

    @staticmethod
    def _lets_in(encoding: Encoding, now: float) -> bool:
        """Whether listeners that wait for a voice begin: at any packet, but a large group, which is
        built anew for them, takes several at a time."""
        if encoding.track.kind != "audio" or not encoding.waiters:
            return False
        if len(encoding.sinks) >= MANY and now - encoding.joined_at < GATHER_S:
            return False
        encoding.joined_at = now
        return True

    def _send(self, encoding: Encoding, packets: Sequence[SourcePacket], now: float) -> int:
        """To all feeds of the encoding."""
        copies = self.fanout.send(encoding, packets, now) if encoding.sinks and packets else 0
        for feed in tuple(encoding.thinned.values()):
            if not feed.sinks and now - feed.sent_arrival > LINGER_S:
                del encoding.thinned[feed.max_tid]
                continue
            numbered = [n for n in map(feed.take, packets) if n is not None]
            if numbered and feed.sinks:
                copies += self.fanout.send(feed, numbered, now)
        return copies

    # Timers

    def poll(self, now: float) -> list[tuple[Peer, bytes]]:
        """Plaintext compound RTCP packets due now (NACK, PLI, transport-cc, RR, SR): protect and
        send each. Also moves layer and speaker selection on. Call it at `next_deadline`."""
        if now >= self.lines.due:
            self.lines.run(now)
        if now >= self._check_due:
            self._check_due = now + CHECK_S
            self.router.check_layers(now)
            if not self.router.relief:  # a worker that is late judges nobody
                self._stalled += self.auditor.check(now)
            self.auto.check(now)
        if now < self._tick_due:
            return self.outbox.urgent(now)
        self._tick_due = now + TICK_S
        self.lines.check(now, RELIEVED_TURNS if self.router.relief else TURNS)
        loudest = self._loudest()
        self.voices.choose(now)
        if loudest != self._loudest():
            self.lines.check_tight(now)
        if now >= self.taps.due:
            self.taps.ask(now)
        return self.outbox.everything(now)

    def next_deadline(self, now: float) -> float:
        """When `poll` has something to do next, in the clock of `now`."""
        urgent = self.outbox.next_deadline(now)
        return min(urgent, self._tick_due, self._check_due, self.lines.due)

    def relieve(self, level: int, now: float) -> None:
        """The worker cannot send everything in time: what a level leaves out says `relief`."""
        self.router.relieve(level, now)

    # What the service asks for

    def set_slots(self, peer_id: str, wants: Sequence[SlotWant], now: float) -> None:
        """Only the named video slots change. Unknown mids are ignored. A wanted peer that is not
        here yet (or has no such source yet) fills the slot when it comes."""
        peer = self.peers.get(peer_id)
        if peer is None or peer.subscriber is None:
            return
        for want in wants:
            down = peer.subscriber.by_mid.get(want.mid)
            if down is None or down.slot.kind != "video":
                continue
            chosen = None
            if want.peer is not None:
                chosen = Want(want.peer, want.source, want.max_height)
            self.router.set_want(down, chosen, now)
        if peer.ready:
            peer.subscriber.downlink.check(now)

    def set_limits(self, peer_id: str, limits: Limits, now: float) -> None:
        """What this peer may be sent at most. Speech is never cut. Unknown peers are ignored."""
        peer = self.peers.get(peer_id)
        if peer is not None and peer.subscriber is not None:
            peer.subscriber.downlink.limits = limits
            peer.subscriber.downlink.check(now)

    def auto_slots(self, peer_id: str, now: float) -> None:
        """Keep this peer's video slots filled with the first published cameras and screens."""
        peer = self.peers.get(peer_id)
        if peer is not None:
            peer.auto = True
            self.auto.fill(peer, now)

    def set_allowed(self, peer_id: str, sources: Iterable[str], now: float) -> None:
        """Forward only these sources of the peer; others are dropped and counted, still
        acknowledged to the publisher."""
        peer = self.peers.get(peer_id)
        if peer is None or peer.ingress is None:
            return
        allowed = frozenset(sources)
        for track in peer.ingress.tracks:
            self.router.set_allowed(track, track.source in allowed, now)
            if track.kind == "audio" and not track.allowed:
                self.voices.speakers.remove(peer_id)
        self.voices.choose(now)
        self.auto.check(now)

    def set_main_voice(self, peer_id: str | None, now: float) -> None:
        """Whose microphone plays in everyone's audio slot 0."""
        self._stir_all()
        self.voices.speakers.main = peer_id
        self.voices.choose(now)

    # Taps

    def add_tap(self, tap: Tap, now: float) -> None:
        """Also asks every video source for a key frame; repeated every 10 s while a tap is there,
        so that recordings can be cut and survive losses."""
        self._stir_all()
        self.taps.add(tap, now)

    def remove_tap(self, tap: Tap) -> None:
        if self.taps.remove(tap):
            self._stir_all()

    def _stir_all(self) -> None:
        """What recordings need may have changed."""
        self.router.stirred.update(self.router.tracks)

    def ask_keyframe(self, track: UpTrack, rid: str, now: float) -> bool:
        """Somebody on another worker waits for one; whether the layer is here."""
        encoding = track.encodings.get(rid)
        if encoding is None:
            return False
        encoding.keyframes.request(now)
        self.outbox.attend(track.peer_id)
        return True

    # What the room has to say

    def take_reports(self, now: float) -> RoomReports:
        """Changes of speakers, dominant speaker, arriving sources; at most 5 times a second."""
        dominant = None
        if self.voices.speakers.dominant != self._dominant:
            dominant = self._dominant = self.voices.speakers.dominant
        levels = self.voices.speakers.changes(now)
        return RoomReports(
            tuple(level for level in levels if not self._is_relayed(level[0])),
            dominant,
            self.figures.source_changes(self.peers, now),
            self._take_stalled(),
        )

    def _take_stalled(self) -> tuple[Stalled, ...]:
        stalled, self._stalled = tuple(self._stalled), []
        return stalled

    def _is_relayed(self, peer_id: str) -> bool:
        """Its own worker reports of it."""
        return peer_id in self.peers and self.peers[peer_id].upstream is not None

    def take_wanted(self, now: float) -> list[Wanted]:
        """Sources somebody watches otherwise than before: what their publishers are to send now.
        Ask after every change and a few times a second: layers nobody wants end after a while."""
        stirred = self.router.stirred
        self.router.stirred = set()
        return self.watched.update(stirred, self.router.tracks, self._needed_elsewhere, now)

    def _needed_elsewhere(self, track: UpTrack) -> Collection[str]:
        """Layers that other workers and recordings need."""
        return {rid for outlet in track.relays for rid in outlet.rids}.union(
            self.taps.layers(track, self.voices.speakers.main)
        )

    def stats(self, now: float) -> list[PeerStats]:
        """Figures since the last call (call once a second). `path` is "udp" or "tcp" by endpoint;
        `connected_since` is the `now` of `peer_ready` in UTC epoch seconds by `ntp_offset`."""
        return self.figures.stats(self.peers, now, self.ntp_offset)
