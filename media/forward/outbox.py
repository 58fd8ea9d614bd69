"""RTCP to the peers of a room: who is to be told something, and when."""

from collections.abc import Mapping

from media.peer import Peer, Upstream
from media.receive.ingress import Ingress
from media.rtp.rtcp import ReceiverReport, Rtcp, SenderReport, ntp_to_seconds, serialize

RETRY_TICK_S = 0.01  # while packets are missing
MAX_RTCP_BYTES = 1200
DEFAULT_RTT_S = 0.1
_CLOCK_JUMP_S = 2.0

Letter = tuple[Peer, bytes]  # a plaintext compound packet


class Outbox:
    """Publishers get feedback, subscribers our sender reports.

    Args:
        ntp_offset: add to `now` for seconds since 1900.
    """

    def __init__(self, peers: Mapping[str, Peer], ntp_offset: float, now: float) -> None:
        self._peers = peers
        self._ntp_offset = ntp_offset
        self._attention: set[str] = set()  # publishers to be told something now
        self._repairing: set[str] = set()  # publishers some of whose packets are missing
        self._retry_due = now
        self._clocks: dict[str, float] = {}  # peer id -> its NTP clock minus ours

    def attend(self, peer_id: str) -> None:
        """The publisher is to be told something now."""
        self._attention.add(peer_id)

    def forget(self, peer_id: str) -> None:
        self._attention.discard(peer_id)
        self._clocks.pop(peer_id, None)

    def on_source_clock(self, peer_id: str, report: SenderReport, now: float) -> None:
        shift = ntp_to_seconds(report.ntp) - (now + self._ntp_offset)
        known = self._clocks.get(peer_id)
        if known is None or abs(known - shift) > _CLOCK_JUMP_S:
            self._clocks[peer_id] = shift

    def next_deadline(self, now: float) -> float:
        """When `urgent` has something to say, in the clock of `now`."""
        if self._attention:
            return now
        return self._retry_due if self._repairing else float("inf")

    def everything(self, now: float) -> list[Letter]:
        """What is due to anybody: call it at every tick."""
        out: list[Letter] = []
        self._begin_round(now)
        for peer in self._peers.values():
            if peer.negotiated.uplinks or peer.subscriber.due <= now:  # type: ignore[union-attr]
                self._collect(peer, now, out)
        return out

    def urgent(self, now: float) -> list[Letter]:
        """What cannot wait for the tick."""
        out: list[Letter] = []
        if self._attention or now >= self._retry_due:
            wanted = self._attention | self._repairing
            self._begin_round(now)
            for peer_id in wanted:
                if peer_id in self._peers:
                    self._collect(self._peers[peer_id], now, out)
        return out

    def _begin_round(self, now: float) -> None:
        """Publishers with losses are looked at again soon; `_collect` says which they are."""
        self._attention.clear()
        self._repairing.clear()
        self._retry_due = now + RETRY_TICK_S

    def _collect(self, peer: Peer, now: float, out: list[Letter]) -> None:
        ingress, subscriber = peer.ingress, peer.subscriber
        assert ingress is not None
        assert subscriber is not None
        if peer.upstream is not None:
            self._ask_upstream(peer.upstream, ingress, now)
        if not peer.ready:
            return
        feedback_due, missing = ingress.look(now)
        if missing:
            self._repairing.add(peer.id)
        if not feedback_due and subscriber.due > now:
            return
        reports = subscriber.reports(now, self._clocks.get)
        if feedback_due:
            blocks = ingress.report_blocks(now)
            feedback = ingress.poll(now, peer.rtt_s or DEFAULT_RTT_S)
            if blocks or (feedback and not reports):
                feedback.insert(0, ReceiverReport(peer.negotiated.local_ssrc, tuple(blocks)))
            out.extend((peer, data) for data in _compounds(reports, feedback))
        elif reports:
            out.append((peer, reports))

    @staticmethod
    def _ask_upstream(upstream: Upstream, ingress: Ingress, now: float) -> None:
        for track in ingress.tracks:
            for encoding in track.encodings.values():
                if encoding.keyframes.due <= now and encoding.keyframes.poll(now):
                    upstream.ask_keyframe(track.source, encoding.rid)


def _compounds(reports: bytes, packets: list[Rtcp]) -> list[bytes]:
    """Datagrams of at most about MAX_RTCP_BYTES."""
    datagrams: list[bytes] = []
    current = reports
    for packet in packets:
        data = serialize([packet])
        if current and len(current) + len(data) > MAX_RTCP_BYTES:
            datagrams.append(current)
            current = b""
        current += data
    if current:
        datagrams.append(current)
    return datagrams
