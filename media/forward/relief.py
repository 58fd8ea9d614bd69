"""What a worker leaves out while it cannot send everything in time. Pure.

A late packet makes all that follow it late, so that without this a worker that gets more than it
can send delays everybody by seconds. Speech is never left out.
"""

from dataclasses import dataclass

from media.allocator import Rank
from media.forward.down_track import NO_CEILING, Ceiling, DownTrack

LATE_S = 0.035  # copies leave this long after their packet arrived: too much is sent
VERY_LATE_S = 0.15
CALM_S = 0.015
LOOK_S = 0.25
BUSY = 0.4  # of a core. Less: others take the CPU, and leaving something out would not help
ROOM = 0.55  # of a core: what was left out may come back when no more than this is used
SETTLE_S = 0.75  # a step shows what it saves within this
HOLD_S = 5.0  # calm for so long before a step back
MAX_HOLD_S = 80.0  # the wait doubles up to this when a step back had to be taken again
REGRET_S = 15.0

_FEWER_FRAMES = Ceiling(None, 0)
_SMALLEST = Ceiling(1, 0)
_PAUSED = Ceiling(0, 0)

# By level: what a slot gets at most. Frames are those of the lowest temporal layer.
LEVELS: tuple[dict[Rank, Ceiling], ...] = (
    {},
    {Rank.TILE: _FEWER_FRAMES},
    {Rank.TILE: _SMALLEST, Rank.MAIN: _FEWER_FRAMES},
    {Rank.TILE: _PAUSED, Rank.MAIN: _FEWER_FRAMES, Rank.SCREEN: _FEWER_FRAMES},
    {Rank.TILE: _PAUSED, Rank.MAIN: _SMALLEST, Rank.SCREEN: _FEWER_FRAMES},
    {Rank.TILE: _PAUSED, Rank.MAIN: _PAUSED, Rank.SCREEN: _PAUSED},
)
HIGHEST = len(LEVELS) - 1


def rank_of(down: DownTrack) -> Rank | None:
    """How important a slot's picture is; None: it is a voice."""
    if down.slot.kind != "video":
        return None
    if down.want is not None and down.want.source == "screen":
        return Rank.SCREEN
    return Rank.MAIN if down.slot.index == 0 else Rank.TILE


def ceiling(level: int, rank: Rank | None) -> Ceiling:
    return LEVELS[level].get(rank, NO_CEILING) if rank is not None else NO_CEILING


@dataclass(frozen=True, slots=True)
class Change:
    """The level from now on, and why."""

    level: int
    late_s: float  # mean wait of a copy
    busy: float  # core share


class Governor:
    """Up at once, down slowly. `now`: monotonic seconds; `cpu_s`: of the loop, ever growing."""

    def __init__(self, now: float, cpu_s: float) -> None:
        self.level = 0
        self._looked_at, self._cpu_s = now, cpu_s
        self._copies = 0
        self._waited_s = 0.0  # all copies together
        self._raised_at = self._lowered_at = float("-inf")
        self._calm_since: float | None = None
        self._hold_s = HOLD_S

    def note(self, wait_s: float, copies: int) -> None:
        """A burst of copies has left, `wait_s` after its oldest packet arrived."""
        self._copies += copies
        self._waited_s += copies * wait_s

    def look(self, now: float, cpu_s: float) -> Change | None:
        """The new level, when it changed; call it often."""
        elapsed = now - self._looked_at
        if elapsed < LOOK_S:
            return None
        late_s = self._waited_s / self._copies if self._copies else 0.0
        busy = (cpu_s - self._cpu_s) / elapsed
        self._looked_at, self._cpu_s = now, cpu_s
        self._copies, self._waited_s = 0, 0.0
        before = self.level
        if late_s > LATE_S and busy > BUSY:
            self._raise(2 if late_s > VERY_LATE_S else 1, now)
        else:
            self._lower(late_s < CALM_S and busy < ROOM, now)
        return Change(self.level, late_s, busy) if self.level != before else None

    def _raise(self, steps: int, now: float) -> None:
        self._calm_since = None
        if now - self._raised_at < SETTLE_S:
            return
        if self._lowered_at > self._raised_at:
            too_early = now - self._lowered_at < REGRET_S
            self._hold_s = min(MAX_HOLD_S, 2 * self._hold_s) if too_early else HOLD_S
        self._raised_at = now
        self.level = min(HIGHEST, self.level + steps)

    def _lower(self, calm: bool, now: float) -> None:
        if not self.level or not calm:
            self._calm_since = None
            return
        if self._calm_since is None:
            self._calm_since = now
        if now - self._calm_since < self._hold_s:
            return
        self._calm_since = None
        self._lowered_at = now
        self.level -= 1
