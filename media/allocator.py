"""One budget, divided over what a subscriber's slots want. Pure.

Speech comes first and is never refused. Then the shared screen, the main picture, and tiles, the
larger ones first; equal tiles rise together. A slot gets a step (a simulcast layer, the smallest
one also at fewer frames) or is paused.
Steps down happen at once; steps up only when the budget has held a fifth above them for a while.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import groupby

HEADROOM = 1.2  # a step up must fit this many times
FIRST_HEADROOM = 1.02  # the first step: a small picture is much better than none
HOLD_S = 1.5  # a step up must fit for this long
MAX_HOLD_S = 24.0  # the wait doubles up to this when steps up had to be taken back
DARK_HOLD_PART = 0.5  # of the wait, for a slot that shows nothing
MAX_DARK_HOLD_S = 4.0
STAY = 1.15  # the smallest pictures stay while they take no more than this part of the budget
STAY_SHORTLY, SHORTLY_S = 1.6, 1.5  # the same, for so long: many a bad moment of a line is shorter
REGRET_S = 6.0  # a step down this soon after one up means it was too early


class Rank(IntEnum):
    """Order of video slots; speech stands before all."""

    SCREEN = 0
    MAIN = 1
    TILE = 2


class Pause(StrEnum):
    """Why a slot that wants a picture gets none."""

    LINE = "line"  # the line does not carry it
    LIMIT = "limit"  # the site's limits forbid it
    LOAD = "load"  # the worker cannot send it in time, see `media.forward.relief`


@dataclass(frozen=True, slots=True)
class Limits:
    """What a site may be sent, whatever its line carries.

    `max_down_bps` is on the line: with UDP and IP headers. It bounds pictures, never speech.
    """

    max_down_bps: int | None = None
    video: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A way to show a source. Steps of a slot ascend in rate."""

    height: int  # picture lines
    rate_bps: float
    max_tid: int = 3  # highest temporal layer sent; 3: every frame

    @property
    def quality(self) -> tuple[int, int]:
        """Ascends with the steps of a slot."""
        return self.height, self.max_tid


@dataclass(frozen=True, slots=True)
class SlotNeed:
    """A video slot that wants a picture of a source that is there."""

    mid: str
    source: tuple[str, str]  # (peer id, source)
    rank: Rank
    height: int  # wanted lines
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a slot gets: a step, or the reason for none."""

    step: Step | None
    paused: Pause | None = None


Levels = dict[str, int]  # mid -> 0 (paused) .. len(steps)


def divide(needs: Sequence[SlotNeed], budget_bps: float, *, safely: bool = False) -> Levels:
    """The highest levels the budget carries, class by class in order of priority.

    Args:
        safely: with headroom.
    """
    rate = _safe_rate if safely else _rate
    levels = {need.mid: 0 for need in needs}
    left = budget_bps
    for _, group in groupby(sorted(needs, key=_class), key=_class):
        members = list(group)
        rising = True
        while rising:
            rising = False
            for need in members:
                level = levels[need.mid]
                if level < len(need.steps):
                    more = rate(need, level + 1) - rate(need, level)
                    if more <= left:
                        left -= more
                        levels[need.mid] = level + 1
                        rising = True
    return levels


def _class(need: SlotNeed) -> tuple[int, int]:
    return need.rank, -need.height


def _rate(need: SlotNeed, level: int) -> float:
    return need.steps[level - 1].rate_bps if level else 0.0


def _safe_rate(need: SlotNeed, level: int) -> float:
    return _rate(need, level) * (HEADROOM if level > 1 else FIRST_HEADROOM)


def _smallest(levels: Levels) -> Levels:
    return {mid: min(level, 1) for mid, level in levels.items()}


def _lower(needs: Sequence[SlotNeed], levels: Levels, budget_bps: float, stay: float) -> Levels:
    """Levels that fit. What is dark already stays dark; what shows something shows the smallest
    picture as long as that takes no more than `stay` times the budget."""
    fit = divide(needs, budget_bps)
    lowered = {mid: min(level, fit[mid]) for mid, level in levels.items()}
    smallest = {mid: max(lowered[mid], level) for mid, level in _smallest(levels).items()}
    return smallest if cost(needs, smallest) <= stay * budget_bps else lowered


def cost(needs: Sequence[SlotNeed], levels: Mapping[str, int]) -> float:
    return sum(_rate(need, levels[need.mid]) for need in needs)


class StreamAllocator:
    """Remembers what the slots got, so that nothing flickers. `now`: monotonic seconds."""

    def __init__(self) -> None:
        # mid -> (source, quality of its step; (0, 0) paused)
        self._got: dict[str, tuple[tuple[str, str], tuple[int, int]]] = {}
        self._room_since: float | None = None
        self._over_since: float | None = None  # not even the smallest pictures fit about
        self._raised_at = float("-inf")
        self._regretted = False  # the last step up was taken back
        self._hold_s = HOLD_S

    def allocate(
        self,
        needs: Sequence[SlotNeed],
        budget_bps: float,
        now: float,
        *,
        hasty: bool = False,
        why: Pause = Pause.LINE,
    ) -> dict[str, Grant]:
        """What each slot gets now.

        Args:
            budget_bps: for pictures: speech is already taken off.
            hasty: step up without waiting (someone just came in).
            why: told for slots that are paused.
        """
        kept, safe = self._kept(needs), divide(needs, budget_bps, safely=True)
        levels = {n.mid: kept.get(n.mid, safe[n.mid]) for n in needs}
        stay = self._stay(cost(needs, _smallest(levels)), budget_bps, now)
        if cost(needs, levels) > budget_bps:
            lower = _lower(needs, levels, budget_bps, stay)
            if lower != levels:
                levels = lower
                self._lowered(now)
        elif any(safe[mid] > level for mid, level in levels.items()):
            dark = any(safe[mid] > level == 0 for mid, level in levels.items())
            levels = self._rise(needs, levels, safe, budget_bps, now, self._wait(hasty, dark))
        else:
            self._room_since = None
        grants = {n.mid: _grant(n, levels[n.mid], why) for n in needs}
        self._got = {
            n.mid: (n.source, step.quality if (step := grants[n.mid].step) else (0, 0))
            for n in needs
        }
        return grants

    def _stay(self, least_bps: float, budget_bps: float, now: float) -> float:
        """How many times the budget the smallest pictures may take, which take `least_bps`."""
        if least_bps <= STAY * budget_bps:
            self._over_since = None
            return STAY
        if self._over_since is None:
            self._over_since = now
        return STAY_SHORTLY if now - self._over_since < SHORTLY_S else STAY

    def _kept(self, needs: Sequence[SlotNeed]) -> Levels:
        """Present levels of slots that still show the same source."""
        kept = {}
        for need in needs:
            source, quality = self._got.get(need.mid, (None, (0, 0)))
            if source == need.source:
                kept[need.mid] = sum(step.quality <= quality for step in need.steps)
        return kept

    def _lowered(self, now: float) -> None:
        self._room_since = None
        if not self._regretted and now - self._raised_at < REGRET_S:
            self._hold_s = min(MAX_HOLD_S, 2 * self._hold_s)
            self._regretted = True

    def _wait(self, hasty: bool, dark: bool) -> float:
        if hasty:
            return 0.0
        return min(MAX_DARK_HOLD_S, DARK_HOLD_PART * self._hold_s) if dark else self._hold_s

    def _rise(
        self,
        needs: Sequence[SlotNeed],
        levels: Levels,
        safe: Levels,
        budget_bps: float,
        now: float,
        hold_s: float,
    ) -> Levels:
        if self._room_since is None:
            self._room_since = now
        if now - self._room_since < hold_s:
            return levels
        self._room_since = None
        if not self._regretted and now - self._raised_at > MAX_HOLD_S:
            self._hold_s = HOLD_S
        self._regretted = False
        self._raised_at = now
        higher = {mid: max(level, safe[mid]) for mid, level in levels.items()}
        return higher if cost(needs, higher) <= budget_bps else safe


def _grant(need: SlotNeed, level: int, why: Pause) -> Grant:
    return Grant(need.steps[level - 1]) if level else Grant(None, why)
