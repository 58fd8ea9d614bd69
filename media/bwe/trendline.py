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
        "_over_count",
        "_over_s",
        "_points",
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
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOW_GROUPS)
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
        self._points.append(((arrived - self._first_arrival) * 1e3, self._smoothed_ms))
        slope = self._previous
        if len(self._points) == WINDOW_GROUPS:
            slope = _slope(self._points)
        self._detect(slope, sent_apart, arrived)

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
        step_ms = min(max(0.0, arrived - last), MAX_ADAPT_STEP_S) * 1e3
        self.threshold_ms += gain * (size - self.threshold_ms) * step_ms
        self.threshold_ms = min(MAX_THRESHOLD_MS, max(MIN_THRESHOLD_MS, self.threshold_ms))


def _slope(points: deque[tuple[float, float]]) -> float:
    """Least squares: ms of delay a ms of time."""
    origin = points[0][0]
    sum_x = sum_y = sum_xx = sum_xy = 0.0
    for at, y in points:
        x = at - origin
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_xy += x * y
    count = len(points)
    below = count * sum_xx - sum_x * sum_x
    return (count * sum_xy - sum_x * sum_y) / below if below > 0 else 0.0
