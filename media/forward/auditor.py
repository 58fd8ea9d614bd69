"""The audit of a room's slots: gathers the facts, carries the steps out, counts them."""

from collections.abc import Mapping
from typing import NamedTuple

from media.drops import Counters
from media.forward.audit import Facts, SlotAudit, Step, TransportLimit
from media.forward.down_track import DownTrack
from media.forward.router import Router
from media.peer import Peer

PARTS = 4  # peers are looked at in so many turns, one each call
SETTLE_S = 3.0  # a new transport is not judged before


class Stalled(NamedTuple):
    """A slot that should flow did not; this was done about it."""

    peer_id: str
    mid: str
    step: Step


class Auditor:
    """`check` every quarter of a second; each peer is judged once a second."""

    def __init__(self, peers: Mapping[str, Peer], router: Router, counters: Counters) -> None:
        self._peers = peers
        self._router = router
        self._counters = counters
        self._slots: dict[DownTrack, SlotAudit] = {}
        self._limit = TransportLimit()
        self._turn = 0

    def forget(self, peer: Peer) -> None:
        assert peer.subscriber is not None
        for down in peer.subscriber.down_tracks:
            self._slots.pop(down, None)

    def check(self, now: float) -> list[Stalled]:
        self._turn = (self._turn + 1) % PARTS
        stalled = []
        for peer in self._peers.values():
            if peer.index % PARTS == self._turn:
                stalled += self._check_peer(peer, now)
        return stalled

    def _check_peer(self, peer: Peer, now: float) -> list[Stalled]:
        assert peer.subscriber is not None
        settled = peer.connected_at is not None and now - peer.connected_at >= SETTLE_S
        stalled = []
        for down in peer.subscriber.down_tracks:
            if down.want is None or not settled or not self._should_flow(down, now):
                audit = self._slots.get(down)
                if audit is not None:
                    audit.idle()
                continue
            audit = self._slots.setdefault(down, SlotAudit())
            step = audit.check(self._facts(down, peer.subscriber.heard_at), now)
            if step is not None and self._heal(down, step, now):
                stalled.append(Stalled(peer.id, down.slot.mid, step))
        return stalled

    def _should_flow(self, down: DownTrack, now: float) -> bool:
        """The source is allowed, and packets of the layer the slot plays or waits for arrive."""
        encoding = down.encoding or down.target
        return encoding is not None and encoding.track.allowed and encoding.arriving(now)

    @staticmethod
    def _facts(down: DownTrack, heard_at: float) -> Facts:
        return Facts(
            kind=down.slot.kind,
            playing=down.epoch is not None,
            sent=down.counts[0],
            reported=down.reports.highest_sequence,
            blocks=down.reports.blocks,
            heard_at=heard_at,
        )

    def _heal(self, down: DownTrack, step: Step, now: float) -> bool:
        if step is Step.KEYFRAME:
            self._router.ask_again(down, now)
        elif step is Step.RESLOT:
            self._router.renew(down, now)
        elif not self._limit.allows(down.peer.id.partition("#")[0], now):
            self._counters.add("heal_postponed")
            return False
        self._counters.add(f"healed_{step}")
        return True
