"""What a worker says by itself, five times a second, and its figures."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from media import control, stats
from media.forward.audit import Step
from media.forward.room import Room
from media.mishaps import Mishaps

if TYPE_CHECKING:
    from media.node import Node

TICK_S = 0.2  # speakers and sources: five times a second
TICKS_PER_STATS = 5
TICKS_PER_RECORDING_HEALTH = 10


class Reporter:
    """See the module. Also lets transports expire that are not heard of any more.

    Args:
        report: takes what is said; must not block or raise.
    """

    def __init__(
        self, node: "Node", report: Callable[[control.AnyReport], None], mishaps: Mishaps
    ) -> None:
        self._node = node
        self._report = report
        self._mishaps = mishaps
        self._ticks = 0

    async def run(self) -> None:
        """Report and expire, until cancelled."""
        due = time.monotonic()
        while True:
            due = max(due + TICK_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            self._node.pump.lag.note(due, time.monotonic())
            try:
                self.tick(time.monotonic())
            except Exception:
                self._mishaps.note("housekeeping")

    def tick(self, now: float) -> None:
        self._ticks += 1
        self._node.dumps.flush(now)
        for name, room in self._node.rooms.items():
            self._report_changes(name, room, now)
        if self._node.links is not None:
            self._node.links.poll(now)
        if self._ticks % TICKS_PER_STATS == 0:
            for session in list(self._node.ice.expire(now)):
                self._node.on_lost(session.owner, "consent")
            self._node.tcp.expire(now)
            self._node.collector.look(now, len(self._node.transports))
            self._report_stats(now)
        if self._ticks % TICKS_PER_RECORDING_HEALTH == 0:
            for health in self._node.recordings.health(now):
                self._report(health)

    def report_wanted(self, name: str, room: Room, now: float) -> None:
        for peer_id, source, rids in room.take_wanted(now):
            upstream = room.peers[peer_id].upstream
            if upstream is not None:
                upstream.want(source, rids)
                continue
            self._report(control.WantedLayers(room=name, peer=peer_id, source=source, rids=rids))

    def _report_changes(self, name: str, room: Room, now: float) -> None:
        self.report_wanted(name, room, now)
        changes = room.take_reports(now)
        for peer_id, sources in changes.sources:
            self._report(control.Sources(room=name, peer=peer_id, sources=sources))
        if changes.speakers:
            self._report(control.Speakers(room=name, levels=changes.speakers))
        for stalled in changes.stalled:
            self._report(
                control.Stalled(
                    room=name, peer=stalled.peer_id, mid=stalled.mid, step=stalled.step.value
                )
            )
            transport = self._node.transports.get(stalled.peer_id)
            if stalled.step is Step.TRANSPORT and transport is not None:
                self._node.on_lost(transport, "stalled")
        if changes.dominant is not None:
            self._report(control.Dominant(room=name, peer=changes.dominant))

    def _report_stats(self, now: float) -> None:
        for name, room in self._node.rooms.items():
            peers = tuple(self._judged(figures, now) for figures in room.stats(now))
            if peers:
                self._report(control.Stats(room=name, peers=peers))
        self._report(
            control.WorkerStats(
                at=now,
                cpu_seconds=stats.cpu_seconds(),
                memory_bytes=stats.memory_bytes(),
                loop_lag_ms=self._node.pump.lag.take_ms(),
                relief=self._node.pump.relief,
                counters=self.totals(),
            )
        )

    def _judged(self, figures: control.PeerStats, now: float) -> control.PeerStats:
        """A line without any packet for `STALE_S` has lost everything, whatever was counted."""
        transport = self._node.transports.get(figures.peer)
        if transport is None or transport.ice is None:
            return figures
        if transport.kind != figures.path:
            figures = msgspec.structs.replace(figures, path=transport.kind)
        if not transport.ice.is_stale(now):
            return figures
        return msgspec.structs.replace(figures, up_loss=1.0, rtt_ms=None, up_bps=0)

    # Figures

    def totals(self) -> dict[str, int]:
        """Growing counters of everything in this worker."""
        totals = Counter(self._node.counters.snapshot())
        for drops in (self._node.ice.drops, self._node.mux.drops, self._node.tcp.drops):
            totals.update({f"drop_{reason}": number for reason, number in drops.items()})
        totals["datagrams_in"] = self._node.mux.datagrams_in + self._node.tcp.datagrams_in
        return dict(totals)

    def snapshot(self) -> dict[str, object]:
        """For debugging; no addresses, no SDP."""
        now = time.monotonic()
        return {
            "rooms": {
                name: {
                    t.peer.id: {
                        "connected": t.srtp is not None,
                        "path": t.kind,
                        "quiet_s": round(now - t.ice.heard, 1) if t.ice else None,
                        "paths": len(t.ice.paths) if t.ice else 0,
                        "uplinks": [u.source for u in t.peer.negotiated.uplinks],
                        "layers": t.peer.ingress.snapshot() if t.peer.ingress else {},
                        "slots": len(t.peer.negotiated.slots),
                        "line": t.peer.subscriber.downlink.snapshot(now)
                        if t.peer.subscriber
                        else None,
                    }
                    for t in self._node.transports.values()
                    if t.room is room
                }
                for name, room in self._node.rooms.items()
            },
            "recordings": self._node.recordings.snapshot(),
            "relays": self._node.links.snapshot() if self._node.links is not None else {},
            "counters": self.totals(),
        }
