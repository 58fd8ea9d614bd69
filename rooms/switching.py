"""When a client should leave UDP for TCP: loss or delay that stays bad. Pure.

Some networks let UDP through and starve it. TCP gets the same packets through, later; so only a
line that is bad for long is told, and never again soon: a line that is bad either way must not
swing between both.
"""

from dataclasses import dataclass

from rooms.media_port import PeerStats

QUIET_S = 60.0  # after telling; twice as long each time
MAX_QUIET_S = 900.0


@dataclass(frozen=True, slots=True)
class SwitchRule:
    loss: float = 0.15  # fraction of packets either way, before repair
    delay_ms: float = 1500.0  # round trip
    seconds: int = 10  # this many more bad seconds than good ones

    def broken_by(self, stats: PeerStats) -> bool:
        loss = max(stats.up_loss or 0.0, stats.down_loss or 0.0)
        return loss >= self.loss or (stats.rtt_ms or 0.0) >= self.delay_ms


class PathJudge:
    """Of one seat."""

    def __init__(self, rule: SwitchRule) -> None:
        self._rule = rule
        self._bad = 0
        self._quiet_s = QUIET_S
        self._quiet_until = float("-inf")

    def second(self, stats: PeerStats, now: float) -> bool:
        """One more second of figures; True: tell the client to try TCP."""
        if stats.path != "udp":
            self._bad = 0
            return False
        if not self._rule.broken_by(stats):
            self._bad = max(0, self._bad - 1)
            return False
        self._bad += 1
        if self._bad < self._rule.seconds or now < self._quiet_until:
            return False
        self._bad = 0
        self._quiet_until = now + self._quiet_s
        self._quiet_s = min(2 * self._quiet_s, MAX_QUIET_S)
        return True
