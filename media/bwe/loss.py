"""The loss-based bound: many lost packets lower the rate, whatever the delay says.

Source: draft-ietf-rmcat-gcc-02 section 6. Departure: loss a line has at any rate (radio) does not
count. What was lost in the better periods of the last ten seconds is taken for that; with the draft
alone 10 % of random loss brings the rate to its minimum.
"""

from collections import deque

LOW = 0.02  # below: the bound rises; draft section 6
HIGH = 0.10  # above: it falls; draft section 6
RISE = 1.05  # a period; draft section 6
PERIOD_S = 0.5  # losses are counted over this
MIN_PACKETS = 40  # fewer say nothing: the period goes on
MEMORY_PERIODS = 20
LEARNT_PERIODS = 5  # before that many, no loss is believed to be the line's own
MAX_INHERENT = 0.35  # more is never taken for the line's own


class LossBound:
    """Upper bound of the rate by loss. bit/s; `now` in monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.bound_bps: float | None = None  # None: loss sets no bound
        self.loss = 0.0  # of the last period
        self._received = 0
        self._lost = 0
        self._since = now
        self._periods: deque[float] = deque(maxlen=MEMORY_PERIODS)

    def update(self, received: int, lost: int, rate_bps: float, now: float) -> None:
        """Packets since the last call; `rate_bps` is what was estimated."""
        self._received += received
        self._lost += lost
        total = self._received + self._lost
        if now - self._since < PERIOD_S or total < MIN_PACKETS:
            return
        self.loss = self._lost / total
        self._periods.append(self.loss)
        self._received = self._lost = 0
        self._since = now
        own = self.inherent
        excess = (self.loss - own) / (1 - own)
        if excess > HIGH:
            self.bound_bps = min(rate_bps, self.bound_bps or rate_bps) * (1 - 0.5 * excess)
        elif excess < LOW and self.bound_bps is not None:
            self.bound_bps *= RISE
            if self.bound_bps > 1.5 * rate_bps:
                self.bound_bps = None

    @property
    def inherent(self) -> float:
        """Fraction the line loses at any rate."""
        if len(self._periods) < LEARNT_PERIODS:
            return 0.0
        return min(MAX_INHERENT, sorted(self._periods)[len(self._periods) // 4])

    def lift(self, rate_bps: float) -> None:
        """A probe arrived at this rate."""
        if self.bound_bps is not None and self.bound_bps < rate_bps:
            self.bound_bps = rate_bps
