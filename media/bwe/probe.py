"""Probes: short bursts of padding at a higher rate, to see whether the line carries more.

A rate is never raised by hope alone: an estimate that was not used up stays where it is until a
probe came through. Source: libwebrtc probe_controller.cc and probe_bitrate_estimator.cc.
"""

from dataclasses import dataclass
from math import ceil

from media.bwe.arrival import Arrival

CLUSTER_S = 0.02  # length of a probe
MIN_PACKETS = 5
MIN_PACKET_BYTES = 100  # header, extension, tag, UDP and IP, and some padding
MAX_PACKET_BYTES = 320  # the same with 255 bytes of padding, the most a packet has
FIRST_FACTOR = 4.0  # of the first probe, when nothing is known
FACTOR = 2.0  # of those that look whether there is more than before
NEXT_FACTOR = 3.0  # of one that follows a probe that came through
PROVEN = 1.2  # a probe that shows this many times the estimate is followed by a faster one
INTERVAL_S = 1.5  # between probes that found nothing; doubles up to
MAX_INTERVAL_S = 12.0
MAX_DARK_INTERVAL_S = 3.0  # while a picture waits for room
PATIENCE_S = 1.0  # feedback of a probe comes within this
MIN_RECEIVED = 0.8  # part of a probe that must arrive
SATURATED = 0.9  # arriving slower than this part of the sending rate, the line is full
SATURATED_TARGET = 0.95
CALM_S = 1.0  # after a decrease, before the next probe
_TICK_S = 2e-6  # of the send log


def plan(rate_bps: float) -> tuple[int, int]:
    """Packets of a probe, and bytes of each on the line."""
    total = rate_bps * CLUSTER_S / 8
    count = max(MIN_PACKETS + 1, ceil(total / MAX_PACKET_BYTES))
    return count, min(MAX_PACKET_BYTES, max(MIN_PACKET_BYTES, int(total / count)))


@dataclass(slots=True)
class Cluster:
    """One probe. Numbers are transport-wide, not wrapped; `last` is inclusive."""

    rate_bps: float
    estimate_bps: float  # when it was sent
    first: int
    last: int
    size_bytes: int
    sent_at: float
    ended_at: float
    arrivals: list[Arrival]


class ProbeControl:
    """When to probe and what came of it. bit/s; `now` in monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.cluster: Cluster | None = None
        self._due = now
        self._interval = INTERVAL_S
        self._factor = FIRST_FACTOR
        self._estimate = 0.0
        self.saturated = False  # a probe once filled the line
        self.dark = False  # a picture waits for room
        self._hurried = False

    def soon(self, factor: float, now: float) -> None:
        """The estimate fell: look before long whether that was a bad moment only."""
        self._due = min(self._due, now + CALM_S)
        self._interval = INTERVAL_S
        self._factor = min(FIRST_FACTOR, max(FACTOR, factor))

    def hurry(self, factor: float, now: float) -> None:
        """Something changed for the better: the next probe goes at once."""
        self.cluster = None
        self._hurried = True
        self._due = now
        self._interval = INTERVAL_S
        self._factor = max(FACTOR, factor)

    def wants(
        self, estimate_bps: float, needed_bps: float, decreased_at: float, now: float
    ) -> float | None:
        """The rate of a probe to be sent now, bit/s.

        Args:
            needed_bps: what the slots would take; never probed far beyond.
        """
        cluster = self.cluster
        if cluster is not None:
            if now - cluster.sent_at < PATIENCE_S:
                return None
            self._failed(now)
        if now < self._due or needed_bps <= estimate_bps:
            return None
        if now - decreased_at < CALM_S and not self._hurried:
            return None
        self._hurried = False
        self._estimate = estimate_bps
        return min(self._factor * estimate_bps, 1.25 * needed_bps)

    def sent(self, rate_bps: float, first: int, last: int, size_bytes: int, now: float) -> None:
        self.cluster = Cluster(
            rate_bps, self._estimate, first, last, size_bytes, now, now + CLUSTER_S, []
        )

    def finished(self, last: int, now: float) -> None:
        """The probe left: its last number, and when that was."""
        if self.cluster is not None:
            self.cluster.last = last
            self.cluster.ended_at = now

    def on_arrivals(self, arrivals: list[Arrival], covers: int, now: float) -> float | None:
        """Look for the probe's packets.

        Args:
            covers: highest number this feedback spoke of.

        Returns:
            The rate the probe proves, bit/s; None while it proves nothing.
        """
        cluster = self.cluster
        if cluster is None:
            return None
        begin, end = cluster.sent_at - _TICK_S, cluster.ended_at + _TICK_S
        cluster.arrivals += [a for a in arrivals if begin <= a[0]]
        if covers < cluster.last:
            return None
        cluster.arrivals = [a for a in cluster.arrivals if a[0] <= end]
        rate, saturated = _rate(cluster)
        self.saturated |= saturated
        if not rate:
            self._failed(now)
            return None
        self.cluster = None
        if not saturated and rate > PROVEN * cluster.estimate_bps:
            self._interval = INTERVAL_S
            self._due = now
            self._factor = NEXT_FACTOR
        else:
            self._later(now)
        return rate

    def _failed(self, now: float) -> None:
        self.cluster = None
        self._later(now)

    def _later(self, now: float) -> None:
        if self.dark:
            self._interval = min(self._interval, MAX_DARK_INTERVAL_S)
        self._due = now + self._interval
        self._factor = FACTOR
        self._interval = min(MAX_INTERVAL_S, 2 * self._interval)


def _rate(cluster: Cluster) -> tuple[float, bool]:
    """The slower of sending and arriving rate (0: too few packets came), and whether the line was
    full.

    Everything that left during the probe counts, media too.
    """
    arrivals = cluster.arrivals
    received = sum(size for _, _, size in arrivals)
    if len(arrivals) < MIN_PACKETS or received < MIN_RECEIVED * cluster.size_bytes:
        return 0.0, False
    first, last = min(arrivals), max(arrivals)
    sending_s = max(last[0] - first[0], 1e-4)
    sending = (received - last[2]) * 8 / sending_s
    times = sorted(arrivals, key=lambda a: a[1])
    arriving_s = max(times[-1][1] - times[0][1], 1e-4)
    arriving = (received - times[0][2]) * 8 / arriving_s
    if arriving < SATURATED * sending:
        return SATURATED_TARGET * arriving, True
    return min(sending, arriving, 1.2 * cluster.rate_bps), False
