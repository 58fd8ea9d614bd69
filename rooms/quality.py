"""One word for a line: good, weak or lost. Pure."""

from enum import StrEnum

from rooms.media_port import Pause, PeerStats

# Above these a listener notices (planning figures: delay 150 ms, loss 1 %, jitter 30 ms).
WEAK_LOSS = 0.05  # fraction of packets, before repair
WEAK_RTT_MS = 400.0
WEAK_JITTER_MS = 80.0
_BAD_SECONDS_TO_WEAK = 3
_GOOD_SECONDS_TO_GOOD = 5


class Quality(StrEnum):
    GOOD = "good"
    WEAK = "weak"
    LOST = "lost"


def fault(stats: PeerStats) -> str | None:
    """What is wrong with a line in one second, worst first; None: nothing."""
    if (stats.up_loss or 0.0) >= WEAK_LOSS:
        return "up-loss"
    if (stats.down_loss or 0.0) >= WEAK_LOSS:
        return "down-loss"
    if (stats.rtt_ms or 0.0) >= WEAK_RTT_MS:
        return "slow"
    if max(stats.up_jitter_ms or 0.0, stats.down_jitter_ms or 0.0) >= WEAK_JITTER_MS:
        return "unsteady"
    if any(picture.why is Pause.LINE for picture in stats.paused):
        return "narrow"
    return None


class LineQuality:
    """The quality of one seat's line, which does not flicker with every bad second."""

    def __init__(self) -> None:
        self.value = Quality.GOOD
        self.fault: str | None = None  # what made it weak
        self._bad = 0
        self._good = 0

    def second(self, stats: PeerStats) -> Quality:
        """One more second of figures."""
        found = fault(stats)
        self._bad = self._bad + 1 if found is not None else 0
        self._good = self._good + 1 if found is None else 0
        if self._bad >= _BAD_SECONDS_TO_WEAK:
            self.value, self.fault = Quality.WEAK, found
        elif self.value is Quality.LOST or self._good >= _GOOD_SECONDS_TO_GOOD:
            self.value, self.fault = Quality.GOOD, None
        return self.value

    def lost(self) -> Quality:
        """The transport is gone."""
        self.value, self._bad, self._good = Quality.LOST, 0, 0
        return self.value
