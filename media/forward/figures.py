"""What a room knows about its peers in numbers: for the technician, and which sources arrive."""

from collections.abc import Mapping

from media.control import PeerStats
from media.peer import Peer, UdpEndpoint
from media.receive.up_track import Encoding
from media.rtp.packet import HEADER_BYTES

_NTP_1970 = 2208988800


class _Last:
    """Counters at the previous call."""

    __slots__ = ("at", "bytes_in", "bytes_out", "expected", "frames", "received")

    def __init__(self, now: float) -> None:
        self.at = now
        self.bytes_in = 0
        self.bytes_out = 0
        self.expected = 0
        self.received = 0
        self.frames: dict[Encoding, int] = {}


class Figures:
    """Differences between calls, per peer."""

    def __init__(self, now: float) -> None:
        self._last: dict[str, _Last] = {}
        self._sources: dict[str, tuple[str, ...]] = {}

    def forget(self, peer_id: str) -> None:
        self._last.pop(peer_id, None)
        self._sources.pop(peer_id, None)

    def source_changes(
        self, peers: Mapping[str, Peer], now: float
    ) -> tuple[tuple[str, tuple[str, ...]], ...]:
        changes = []
        for peer in peers.values():
            if peer.ingress is None or peer.upstream is not None:
                continue
            arriving = tuple(t.source for t in peer.ingress.tracks if t.arriving(now))
            if arriving != self._sources.get(peer.id, ()):
                self._sources[peer.id] = arriving
                changes.append((peer.id, arriving))
        return tuple(changes)

    def stats(self, peers: Mapping[str, Peer], now: float, ntp_offset: float) -> list[PeerStats]:
        return [
            self._of(peer, now, ntp_offset)
            for peer in peers.values()
            if peer.connected_at is not None
        ]

    def _of(self, peer: Peer, now: float, ntp_offset: float) -> PeerStats:
        assert peer.ingress is not None
        assert peer.subscriber is not None
        last = self._last.get(peer.id)
        if last is None:
            last = self._last[peer.id] = _Last(peer.connected_at or now)
        elapsed = max(1e-3, now - last.at)
        bytes_out = peer.bytes_repeated + sum(
            octets + HEADER_BYTES * packets
            for packets, octets in (down.counts for down in peer.subscriber.down_tracks)
        )
        encodings = [e for t in peer.ingress.tracks for e in t.encodings.values()]
        up_bps = int((peer.ingress.bytes_in - last.bytes_in) * 8 / elapsed)
        down_bps = int((bytes_out - last.bytes_out) * 8 / elapsed)
        fps, height = self._picture(peer, last, now, elapsed)
        downlink = peer.subscriber.downlink
        estimate = downlink.estimate_bps(now)
        figures = PeerStats(
            peer=peer.id,
            path="udp" if isinstance(peer.endpoint, UdpEndpoint) else "tcp",
            connected_since=(peer.connected_at or now) + ntp_offset - _NTP_1970,
            rtt_ms=None if peer.rtt_s is None else peer.rtt_s * 1000,
            up_bps=up_bps,
            down_bps=down_bps,
            up_loss=self._up_loss(encodings, last),
            down_loss=peer.subscriber.down_loss(now),
            up_jitter_ms=max(
                (e.reception.jitter_ms for e in encodings if e.arriving(now)), default=None
            ),
            down_jitter_ms=peer.subscriber.down_jitter_ms(now),
            up_fps=fps,
            up_height=height,
            line_bps=None if estimate is None else round(estimate),
            line_bounded=downlink.bounded,
            paused=downlink.paused(),
        )
        last.at = now
        last.bytes_in = peer.ingress.bytes_in
        last.bytes_out = bytes_out
        last.frames = {e: e.frames for e in encodings}
        return figures

    @staticmethod
    def _up_loss(encodings: list[Encoding], last: _Last) -> float | None:
        """Fraction of the packets since the last call that did not come at first."""
        expected = sum(e.reception.expected for e in encodings)
        received = sum(e.reception.received for e in encodings)
        expected_now, received_now = expected - last.expected, received - last.received
        last.expected, last.received = expected, received
        if expected_now <= 0:
            return None
        return min(1.0, max(0.0, (expected_now - received_now) / expected_now))

    @staticmethod
    def _picture(
        peer: Peer, last: _Last, now: float, elapsed: float
    ) -> tuple[float | None, int | None]:
        """Frame rate and height of the largest camera layer that arrives."""
        assert peer.ingress is not None
        layers = [
            e
            for t in peer.ingress.tracks
            if t.source == "camera"
            for e in t.encodings.values()
            if e.arriving(now)
        ]
        if not layers:
            return None, None
        largest = max(layers, key=lambda e: e.estimated_height)
        frames = largest.frames - last.frames.get(largest, largest.frames)
        fps = round(frames / elapsed, 1) if largest in last.frames else None
        return fps, largest.height or None
