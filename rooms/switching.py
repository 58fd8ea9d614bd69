"""When a client should leave UDP for TCP, and when it should come back. Pure.

Some networks let UDP through and starve it; there TCP, or a TURN server behind it, gets the same
packets through. A line that is merely narrow looks as bad, and TCP makes it worse: its queue is
long, it loses what does not fit, and less is lost as soon as less is sent. So the network's own
loss is one that stays when far less arrives, on a round trip that says nothing waits. A client
whose TCP comes to nothing is called back. A line that is bad either way must not swing between
both: each next advice waits longer.
"""

from collections import deque
from dataclasses import dataclass

from rooms.media_port import PeerStats

QUIET_S = 60.0  # after an advice; twice as long each time
MAX_QUIET_S = 900.0
TRIAL_S = 60.0  # TCP is judged this long after the advice
QUEUE_MS = 100.0  # a round trip this much above the shortest one: packets wait for a slow line
MEMORY_S = 60  # round trips and lossy seconds that are remembered
FELL = 0.6  # the quiet third of the lossy seconds carried less than this part of the busy third


@dataclass(frozen=True, slots=True)
class SwitchRule:
    loss: float = 0.15  # fraction of packets either way, before repair
    delay_ms: float = 1500.0  # round trip over TCP
    seconds: int = 10  # this many more bad seconds than good ones


class PathJudge:
    """Of one seat."""

    def __init__(self, rule: SwitchRule) -> None:
        self._rule = rule
        self._bad = 0
        self._quiet_s = QUIET_S
        self._quiet_until = float("-inf")
        self._trial_until = float("-inf")
        self._path = ""
        self._round_trips: deque[float] = deque(maxlen=MEMORY_S)
        self._ways = (_Way(), _Way())

    def second(self, stats: PeerStats, now: float, *, signalling: bool = True) -> str | None:
        """One more second of figures.

        Args:
            signalling: whether the seat's signalling connection stands: without it silence says
                nothing about UDP.

        Returns:
            "tcp": tell the client to try it; "any": TCP is no better, tell it to come back.
        """
        if stats.path != self._path:
            self._path = stats.path
            self._forget()
        if stats.path == "udp":
            return self._on_udp(stats, now, signalling)
        if stats.path == "tcp" and now < self._trial_until:
            return self._on_tcp(stats, now)
        return None

    def _on_udp(self, stats: PeerStats, now: float, signalling: bool) -> str | None:
        silent = _is_silent(stats)
        if silent and not signalling:
            return None
        lossy = False if silent else self._note_loss(stats)
        if not self._lasts(silent or lossy) or now < self._quiet_until:
            return None
        if not silent and not any(way.stays() for way in self._ways):
            return None
        self._forget()
        self._trial_until = now + TRIAL_S
        self._quiet(now)
        return "tcp"

    def _on_tcp(self, stats: PeerStats, now: float) -> str | None:
        rule = self._rule
        late = (stats.rtt_ms or 0.0) >= rule.delay_ms
        if not self._lasts(_is_silent(stats) or late or _worst(stats) >= rule.loss):
            return None
        self._trial_until = float("-inf")
        self._quiet_s = MAX_QUIET_S
        self._quiet(now)
        return "any"

    def _note_loss(self, stats: PeerStats) -> bool:
        """Whether the second lost much without a queue; it is remembered then."""
        trip = stats.rtt_ms
        if trip is None:
            return False
        self._round_trips.append(trip)
        if trip > min(self._round_trips) + QUEUE_MS or _worst(stats) < self._rule.loss:
            return False
        up, down = stats.up_loss or 0.0, stats.down_loss or 0.0
        if up >= self._rule.loss:
            self._ways[0].note(stats.up_bps)
        if down >= self._rule.loss:
            self._ways[1].note(stats.down_bps * (1 - down))
        return True

    def _lasts(self, bad: bool) -> bool:
        seconds = self._rule.seconds
        self._bad = min(seconds, self._bad + 1) if bad else max(0, self._bad - 1)
        return self._bad >= seconds

    def _quiet(self, now: float) -> None:
        self._quiet_until = now + self._quiet_s
        self._quiet_s = min(2 * self._quiet_s, MAX_QUIET_S)

    def _forget(self) -> None:
        self._bad = 0
        self._round_trips.clear()
        self._ways = (_Way(), _Way())


class _Way:
    """What arrived in the lossy seconds of one direction.

    A line that overflows delivers the same, all it can, as long as it loses.
    """

    def __init__(self) -> None:
        self._arrived: deque[float] = deque(maxlen=MEMORY_S)  # bit/s

    def note(self, arrived_bps: float) -> None:
        self._arrived.append(arrived_bps)

    def stays(self) -> bool:
        """Whether as much is lost when far less is sent."""
        third = len(self._arrived) // 3
        if not third:
            return False
        rates = sorted(self._arrived)
        return sum(rates[:third]) <= FELL * sum(rates[-third:])


def _is_silent(stats: PeerStats) -> bool:
    """Nothing came for seconds: the media plane says so by these figures."""
    return stats.up_loss == 1.0 and not stats.up_bps


def _worst(stats: PeerStats) -> float:
    return max(stats.up_loss or 0.0, stats.down_loss or 0.0)
