"""Does the delay grow? Line fit over packet groups, compared with an adaptive threshold.

Source: draft-ietf-rmcat-gcc-02 sections 5.3-5.4, Carlucci et al. "Analysis and Design of the Google
Congestion Control for WebRTC" (MMSys 2016) section 4; the trendline filter that replaced the Kalman
filter, and the constants the draft leaves open, as in libwebrtc trendline_estimator.cc.
"""

from collections import deque
from enum import Enum

WINDOW_GROUPS = 20  # groups of the line fit
SMOOTHING = 0.9  # weight of the past in the smoothed delay
GAIN = 4.0  # makes the slope comparable with the threshold
MAX_DELTAS = 60  # groups after which the slope has its full weight
THRESHOLD_MS = 12.5  # initial; draft section 5.4, del_var_th(0)
MIN_THRESHOLD_MS, MAX_THRESHOLD_MS = 6.0, 600.0  # draft section 5.4
K_UP, K_DOWN = 0.0087, 0.039  # per ms: the threshold follows peaks slowly; libwebrtc
MAX_ADAPT_OFFSET_MS = 15.0  # a peak this far above the threshold does not move it; draft 5.4
OVERUSE_S = 0.01  # above the threshold for this long; draft section 5.4
MAX_ADAPT_STEP_S = 0.1
RENEW_SUMS = 200  # points after which the sums of the line fit are made anew


class Usage(Enum):
    """What the detector says about the bottleneck's queue."""

    NORMAL = "normal"
    OVER = "over"  # grows
    UNDER = "under"  # shrinks


class Trendline:
    """Delay gradient of one transport. Feed groups, read `usage`."""

    __slots__ = (
        "_accumulated_ms",
        "_adapted_at",
        "_first_arrival",
        "_line",
        "_over_count",
        "_over_s",
        "_previous",
        "_smoothed_ms",
        "deltas",
        "threshold_ms",
        "trend_ms",
        "usage",
    )

    def __init__(self) -> None:
        self.deltas = 0
        self.trend_ms = 0.0  # the slope times its weight, comparable with the threshold
        self.threshold_ms = THRESHOLD_MS
        self.usage = Usage.NORMAL
        self._line = LineFit()
        self._first_arrival: float | None = None
        self._accumulated_ms = 0.0
        self._smoothed_ms = 0.0
        self._previous = 0.0
        self._over_s = -1.0
        self._over_count = 0
        self._adapted_at: float | None = None

    def update(self, sent_apart: float, arrived_apart: float, arrived: float) -> None:
        """One more group. Seconds; `arrived` in the receiver's clock."""
        if self._first_arrival is None:
            self._first_arrival = arrived
        self.deltas = min(self.deltas + 1, 1000)
        self._accumulated_ms += (arrived_apart - sent_apart) * 1e3
        self._smoothed_ms = SMOOTHING * self._smoothed_ms + (1 - SMOOTHING) * self._accumulated_ms
        slope = self._line.add((arrived - self._first_arrival) * 1e3, self._smoothed_ms)
        self._detect(self._previous if slope is None else slope, sent_apart, arrived)

    def _detect(self, slope: float, sent_apart: float, arrived: float) -> None:
        if self.deltas < 2:
            return
        self.trend_ms = min(self.deltas, MAX_DELTAS) * slope * GAIN
        if self.trend_ms > self.threshold_ms:
            # Draft section 5.4: over-use needs time above the threshold and a slope that holds.
            self._over_s = sent_apart / 2 if self._over_s < 0 else self._over_s + sent_apart
            self._over_count += 1
            if self._over_s > OVERUSE_S and self._over_count > 1 and slope >= self._previous:
                self._over_s = 0.0
                self._over_count = 0
                self.usage = Usage.OVER
        else:
            self._over_s = -1.0
            self._over_count = 0
            below = self.trend_ms < -self.threshold_ms
            self.usage = Usage.UNDER if below else Usage.NORMAL
        self._previous = slope
        self._adapt(arrived)

    def _adapt(self, arrived: float) -> None:
        """The threshold follows the slope's usual size, else a TCP flow beside us would starve
        us (MMSys paper section 4.3)."""
        size = abs(self.trend_ms)
        last = arrived if self._adapted_at is None else self._adapted_at
        self._adapted_at = arrived
        if size > self.threshold_ms + MAX_ADAPT_OFFSET_MS:
            return
        gain = K_DOWN if size < self.threshold_ms else K_UP
        step_ms = min(arrived - last, MAX_ADAPT_STEP_S) * 1e3
        if step_ms > 0.0:
            threshold = self.threshold_ms + gain * (size - self.threshold_ms) * step_ms
            self.threshold_ms = min(MAX_THRESHOLD_MS, max(MIN_THRESHOLD_MS, threshold))


class LineFit:
    """Least squares over the last WINDOW_GROUPS points; each costs the same few sums."""

    __slots__ = ("_origin", "_points", "_since", "_x", "_xx", "_xy", "_y")

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque()
        self._origin = 0.0
        self._since = RENEW_SUMS  # points since the sums were made from all of them
        self._x = self._y = self._xx = self._xy = 0.0

    def add(self, x: float, y: float) -> float | None:
        """The slope with this point; None while there are too few."""
        points = self._points
        points.append((x, y))
        self._since += 1
        if self._since >= RENEW_SUMS:
            self._renew()
        else:
            x -= self._origin
            self._x += x
            self._y += y
            self._xx += x * x
            self._xy += x * y
        if len(points) <= WINDOW_GROUPS:
            return self._slope() if len(points) == WINDOW_GROUPS else None
        x, y = points.popleft()
        x -= self._origin
        self._x -= x
        self._y -= y
        self._xx -= x * x
        self._xy -= x * y
        return self._slope()

    def _renew(self) -> None:
        """Sums from the points alone: what rounding added is gone."""
        self._since = 0
        self._origin = self._points[0][0]
        self._x = self._y = self._xx = self._xy = 0.0
        for at, y in self._points:
            x = at - self._origin
            self._x += x
            self._y += y
            self._xx += x * x
            self._xy += x * y

    def _slope(self) -> float:
        below = WINDOW_GROUPS * self._xx - self._x * self._x
        return (WINDOW_GROUPS * self._xy - self._x * self._y) / below if below > 1e-6 else 0.0
