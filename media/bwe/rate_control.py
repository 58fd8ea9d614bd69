"""The delay-based rate: rises until the queue grows, then falls below what really arrived.

Source: draft-ietf-rmcat-gcc-02 section 5.5; MMSys 2016 paper section 4.4; libwebrtc
aimd_rate_control.cc for the estimate of the link's capacity.
"""

from math import sqrt

from media.bwe.trendline import Usage

BETA = 0.85  # of the arriving rate, after over-use; draft section 5.5 (0.8..0.95)
DRAIN_BETA = 0.6  # while a long queue stands: 15 % below the line rate takes seconds to empty it
ETA_PER_S = 1.08  # growth far from a known limit; draft section 5.5
HEADROOM = 1.5  # the rate stays below this times what arrives; draft section 5.5
HEADROOM_BPS = 10_000
RESPONSE_S = 0.1  # added to the round trip for one additive step; draft section 5.5
PACKET_BITS = 1200 * 8  # of one additive step
MIN_STEP_BPS_PER_S = 4_000
CAPACITY_WEIGHT = 0.05  # of a new sample in the mean capacity; libwebrtc link_capacity_estimator.cc
IDLE_BETA = 0.75  # of the rate, when we sent too little to know what the line carries
LEAST_PART = 0.4  # of the rate is left by one decrease, whatever arrived in a bad moment
DECREASE_S = 0.2  # at least this between two decreases, or a round trip


class _Capacity:
    """Mean and deviation of the rate at which over-use happened, kbit/s."""

    __slots__ = ("_variance", "mean")

    def __init__(self) -> None:
        self.mean: float | None = None
        self._variance = 0.4  # relative to the mean

    def update(self, sample: float) -> None:
        if self.mean is None:
            self.mean = sample
            return
        error = self.mean - sample
        self.mean += CAPACITY_WEIGHT * (sample - self.mean)
        relative = error * error / max(self.mean, 1.0)
        self._variance += CAPACITY_WEIGHT * (relative - self._variance)
        self._variance = min(2.5, max(0.4, self._variance))

    @property
    def spread(self) -> float:
        """Three deviations."""
        return 3 * sqrt(self._variance * (self.mean or 0.0))


class RateControl:
    """Additive increase, multiplicative decrease. Rates in bit/s, `now` in monotonic seconds."""

    def __init__(self, start_bps: float, minimum_bps: float, maximum_bps: float, now: float):
        self.rate_bps = start_bps
        self.minimum_bps = minimum_bps
        self.maximum_bps = maximum_bps
        self.decreased_at = float("-inf")
        self._capacity = _Capacity()
        self._updated_at = now
        self._holding = False

    def update(
        self,
        usage: Usage,
        arriving_bps: float | None,
        now: float,
        *,
        round_trip_s: float,
        limited: bool,
        idle: bool = False,
        queue_long: bool = False,
    ) -> None:
        """One feedback.

        Args:
            arriving_bps: rate at the receiver lately; None: not known yet.
            limited: we send less than we might: what arrives says nothing about the line, so the
                rate does not rise.
            idle: less than we might was sent, so a queue says little about the line.
            queue_long: what is queued on the way takes long to leave.
        """
        elapsed = min(1.0, now - self._updated_at)
        self._updated_at = now
        if usage is Usage.OVER:
            if now - self.decreased_at >= max(DECREASE_S, round_trip_s):
                self._decrease(arriving_bps, idle, queue_long)
                self.decreased_at = now
            self._holding = True
        elif usage is Usage.UNDER or queue_long:
            self._holding = True  # let the queue empty itself
        elif self._holding:
            self._holding = False
        elif not limited and arriving_bps is not None:
            self._increase(arriving_bps, elapsed, round_trip_s)

    def _decrease(self, arriving: float | None, idle: bool, queue_long: bool) -> None:
        beta, least = (DRAIN_BETA, 0.0) if queue_long else (BETA, IDLE_BETA if idle else LEAST_PART)
        if arriving is None:
            target = beta * self.rate_bps
        else:
            target = max(beta * arriving, least * self.rate_bps)
            if queue_long or not idle:
                self._note_capacity(arriving)
        self.rate_bps = min(self.rate_bps, max(self.minimum_bps, target))

    def _note_capacity(self, arriving: float) -> None:
        mean = self._capacity.mean
        if mean is not None and arriving / 1e3 < mean - self._capacity.spread:
            self._capacity = _Capacity()
        self._capacity.update(arriving / 1e3)

    def _increase(self, arriving: float, elapsed: float, rtt: float) -> None:
        mean = self._capacity.mean
        if mean is not None and arriving / 1e3 > mean + self._capacity.spread:
            self._capacity = _Capacity()  # more than we believed the line to carry
            mean = None
        if mean is not None:
            step = elapsed * max(MIN_STEP_BPS_PER_S, PACKET_BITS / (rtt + RESPONSE_S))
        else:
            step = self.rate_bps * (ETA_PER_S**elapsed - 1)
        ceiling = min(self.maximum_bps, HEADROOM * arriving + HEADROOM_BPS)
        if self.rate_bps < ceiling:
            self.rate_bps = min(ceiling, self.rate_bps + step)

    def fall(self, factor: float, now: float) -> None:
        """Nothing is heard of what was sent."""
        self.rate_bps = max(self.minimum_bps, factor * self.rate_bps)
        self.decreased_at = now

    def set(self, rate_bps: float) -> None:
        """A probe told more."""
        self.rate_bps = min(self.maximum_bps, max(self.minimum_bps, rate_bps))
        self._capacity = _Capacity()
