"""Who is told to try TCP, and how rarely."""

import random
from itertools import pairwise

from rooms.media_port import PeerStats
from rooms.session.model import PeerId
from rooms.switching import MAX_QUIET_S, PathJudge, SwitchRule

RULE = SwitchRule(loss=0.15, delay_ms=1500.0, seconds=10)


def second(
    path: str = "udp", up: float | None = 0.0, down: float | None = 0.0, rtt_ms: float = 50.0
) -> PeerStats:
    return PeerStats(
        peer=PeerId("a#1"),
        path=path,
        connected_since=0.0,
        up_loss=up,
        down_loss=down,
        rtt_ms=rtt_ms,
    )


def told(judge: PathJudge, seconds: list[PeerStats], start: float = 0.0) -> list[float]:
    return [start + n for n, stats in enumerate(seconds) if judge.second(stats, start + n)]


def test_ten_bad_seconds_either_way_or_late() -> None:
    for bad in (second(up=0.3), second(down=0.2), second(rtt_ms=2000.0)):
        assert told(PathJudge(RULE), [bad] * 30) == [9.0]


def test_a_short_outage_and_a_merely_weak_line_are_left_alone() -> None:
    outage = [second(up=1.0)] * 9 + [second()] * 60
    assert told(PathJudge(RULE), outage * 5) == []
    assert told(PathJudge(RULE), [second(up=0.1, down=0.1, rtt_ms=700.0)] * 1000) == []
    assert told(PathJudge(RULE), [second(up=None, down=None)] * 1000) == []


def test_loss_that_swings_around_the_limit_is_bad_when_most_of_it_is() -> None:
    rng = random.Random(1)
    lossy = [second(up=rng.gauss(0.3, 0.15)) for _ in range(60)]
    light = [second(up=rng.gauss(0.08, 0.05)) for _ in range(600)]
    assert len(told(PathJudge(RULE), lossy)) == 1
    assert told(PathJudge(RULE), light) == []


def test_other_paths_are_not_judged() -> None:
    for path in ("tcp", "relay"):
        assert told(PathJudge(RULE), [second(path, up=0.9)] * 100) == []


def test_a_line_that_is_bad_either_way_does_not_swing() -> None:
    """TCP came to nothing each time: told ever more rarely."""
    times = told(PathJudge(RULE), [second(up=0.5)] * 7200)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps == sorted(gaps)
    assert gaps[0] >= 60.0
    assert gaps[-1] >= MAX_QUIET_S
    assert len(times) <= 13
