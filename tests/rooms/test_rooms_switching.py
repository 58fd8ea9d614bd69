"""Who is told to try TCP, who is called back, and how rarely."""

import random
from collections.abc import Iterable
from itertools import pairwise

from rooms.media_port import PeerStats
from rooms.session.model import PeerId
from rooms.switching import MAX_QUIET_S, PathJudge, SwitchRule

RULE = SwitchRule(loss=0.15, delay_ms=1500.0, seconds=10)


def second(
    path: str = "udp",
    up: float | None = 0.0,
    down: float | None = 0.0,
    rtt_ms: float | None = 50.0,
    up_bps: int = 500_000,
    down_bps: int = 500_000,
) -> PeerStats:
    return PeerStats(
        peer=PeerId("a#1"),
        path=path,
        connected_since=0.0,
        up_loss=up,
        down_loss=down,
        rtt_ms=rtt_ms,
        up_bps=up_bps,
        down_bps=down_bps,
    )


SILENT = second(up=1.0, rtt_ms=None, up_bps=0)


def told(
    judge: PathJudge, seconds: Iterable[PeerStats], start: float = 0.0, signalling: bool = True
) -> list[tuple[float, str]]:
    advices = (
        (start + n, judge.second(stats, start + n, signalling=signalling))
        for n, stats in enumerate(seconds)
    )
    return [(at, path) for at, path in advices if path is not None]


def tcp_times(seconds: Iterable[PeerStats]) -> list[float]:
    return [at for at, path in told(PathJudge(RULE), seconds) if path == "tcp"]


def starved(loss: float, seconds: int = 60) -> list[PeerStats]:
    """UDP that loses this part of whatever is sent; the sender becomes careful."""
    sent = [max(60_000, 1_500_000 - 150_000 * n) for n in range(seconds)]
    return [second(down=loss, down_bps=rate) for rate in sent]


def overflowing(capacity_bps: float, queue_ms: float, seconds: int = 60) -> list[PeerStats]:
    """A narrow line: what does not fit is lost, behind a queue that is full, until less is sent."""
    stats = []
    for n in range(seconds):
        sent = max(60_000.0, 1_500_000 * 0.9**n)
        loss = max(0.0, 1 - capacity_bps / sent)
        trip = 50 + (queue_ms if loss else 0.0)
        stats.append(second(down=loss, down_bps=int(sent), rtt_ms=trip))
    return stats


def test_silence_on_udp_while_signalling_lives() -> None:
    assert tcp_times([second()] * 5 + [SILENT] * 20) == [14.0]


def test_silence_of_everything_says_nothing_about_udp() -> None:
    assert told(PathJudge(RULE), [SILENT] * 30, signalling=False) == []


def test_loss_that_stays_however_little_is_sent() -> None:
    assert len(tcp_times(starved(0.3))) == 1
    lossy_up = [second(up=0.3, up_bps=max(60_000, 900_000 - 90_000 * n)) for n in range(60)]
    assert len(tcp_times(lossy_up)) == 1


def test_a_narrow_line_stays_on_udp() -> None:
    for capacity in (64_000, 256_000, 400_000, 1_000_000):
        for queue_ms in (0.0, 50.0, 300.0, 3000.0):
            assert tcp_times(overflowing(capacity, queue_ms)) == [], (capacity, queue_ms)


def test_a_line_too_narrow_for_speech_stays_on_udp() -> None:
    """Its queue stands for good, and the rate cannot fall."""
    for queue_ms in (0.0, 300.0):
        weak = overflowing(30_000, queue_ms, seconds=300)
        assert tcp_times([second()] * 5 + weak) == []


def test_a_round_trip_of_seconds_alone_is_a_queue() -> None:
    assert tcp_times([second()] * 5 + [second(rtt_ms=4000.0)] * 300) == []
    assert tcp_times([second(up=0.2, rtt_ms=60.0 + 100.0 * n) for n in range(30)]) == []


def test_a_short_outage_and_a_merely_weak_line_are_left_alone() -> None:
    outage = [SILENT] * 9 + [second()] * 60
    assert tcp_times(outage * 5) == []
    assert tcp_times([second(up=0.1, down=0.1, rtt_ms=700.0)] * 1000) == []
    assert tcp_times([second(up=None, down=None)] * 1000) == []


def test_loss_that_swings_around_the_limit_is_bad_when_most_of_it_is() -> None:
    rng = random.Random(1)
    rates = [max(60_000, 1_500_000 - 100_000 * n) for n in range(60)]
    lossy = [second(up=rng.gauss(0.3, 0.15), up_bps=rate) for rate in rates]
    light = [second(up=rng.gauss(0.08, 0.05), up_bps=rate) for rate in rates * 10]
    assert len(tcp_times(lossy)) == 1
    assert tcp_times(light) == []


def test_relays_and_tcp_nobody_was_sent_to_are_not_judged() -> None:
    for path in ("tcp", "relay"):
        assert told(PathJudge(RULE), [second(path, up=0.9, rtt_ms=5000.0)] * 100) == []


def test_tcp_that_comes_to_nothing_is_called_back_and_not_tried_again_soon() -> None:
    for bad in (second("tcp", rtt_ms=2500.0), second("tcp", down=0.4), second("tcp", up=1.0)):
        judge = PathJudge(RULE)
        ((at, _),) = told(judge, [SILENT] * 10)
        assert told(judge, [bad] * 30, start=at + 1) == [(at + 10, "any")]
        assert told(judge, [SILENT] * int(MAX_QUIET_S - 30), start=at + 31) == []


def test_tcp_that_works_is_kept() -> None:
    judge = PathJudge(RULE)
    ((at, _),) = told(judge, [SILENT] * 10)
    good = [second("tcp", rtt_ms=400.0)] * 600
    assert told(judge, [*good, *[second("tcp", rtt_ms=4000.0)] * 60], start=at + 1) == []


def test_a_line_that_is_bad_either_way_does_not_swing() -> None:
    times = tcp_times([SILENT] * 7200)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps == sorted(gaps)
    assert gaps[0] >= 60.0
    assert gaps[-1] >= MAX_QUIET_S
    assert len(times) <= 13
