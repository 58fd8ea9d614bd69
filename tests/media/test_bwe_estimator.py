"""The estimator against simulated lines: it follows the line, and voice keeps flowing."""

from itertools import pairwise

import pytest
from bwe_world import Line

from media.bwe.estimator import MIN_BPS, TRACE_HEADER

MBPS = 1e6


@pytest.fixture(scope="module")
def step() -> Line:
    """2 Mbit/s, 400 kbit/s from second 20 to 40, then 2 Mbit/s again."""
    line = Line(rate_bps=2 * MBPS)
    line.run(60.0, {20.0: 0.4 * MBPS, 40.0: 2 * MBPS})
    return line


def test_probes_find_the_room_of_a_fresh_line_within_a_second() -> None:
    line = Line(rate_bps=5 * MBPS)
    line.run(3.0)
    assert min(line.estimates(1.0, 3.0)) > 1.2 * MBPS
    assert line.estimates(0.0, 0.1)[0] < 0.2 * MBPS  # it began low


def test_the_estimate_stays_near_a_steady_line(step: Line) -> None:
    estimates = step.estimates(6.0, 20.0)
    assert min(estimates) > 1.5 * MBPS
    assert max(estimates) < 2.25 * MBPS
    assert max(step.queues(6.0, 20.0)) < 0.15


def test_a_line_that_gets_slower_is_obeyed_within_two_seconds(step: Line) -> None:
    assert max(step.estimates(22.0, 23.0)) < 0.4 * MBPS
    estimates = step.estimates(25.0, 40.0)
    assert min(estimates) > 0.25 * MBPS
    assert max(estimates) < 0.5 * MBPS
    assert max(step.queues(24.0, 40.0)) < 0.3


def test_a_line_that_recovers_is_used_again_within_ten_seconds(step: Line) -> None:
    assert max(step.estimates(40.0, 50.0)) > 1.5 * MBPS
    assert min(step.estimates(52.0, 60.0)) > 1.2 * MBPS


def test_the_trace_has_a_line_for_every_feedback(step: Line) -> None:
    assert step.lines[0] == TRACE_HEADER
    assert len(step.lines) - 1 == step.estimator.feedbacks > 500
    columns = TRACE_HEADER.count(",")
    assert all(line.count(",") == columns for line in step.lines)


@pytest.mark.parametrize("seed", [1, 2])
def test_voice_alone_flows_on_64_kbit(seed: int) -> None:
    line = Line(rate_bps=64_000, pictures=False, wanted_bps=2 * MBPS, seed=seed)
    line.run(20.0)
    assert line.down.dropped == 0
    assert max(arrived - sent for sent, arrived in line.voices) < 0.35  # a probe, now and then
    assert max(b - a for (_, a), (_, b) in pairwise(line.voices)) < 0.25
    assert max(line.estimates(2.0, 20.0)) < 160_000


def test_256_kbit_are_found_and_not_overrun() -> None:
    line = Line(rate_bps=256_000)
    line.run(20.0)
    assert min(line.estimates(2.0, 20.0)) > 150_000
    assert max(line.estimates(2.0, 20.0)) < 320_000
    assert max(line.queues(2.0, 20.0)) < 0.3


def test_jitter_does_not_bring_the_estimate_down() -> None:
    line = Line(rate_bps=2 * MBPS, jitter=0.03)
    line.run(20.0)
    assert min(line.estimates(4.0, 20.0)) > 1.3 * MBPS


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_percent_random_loss_does_not_bring_the_estimate_down(seed: int) -> None:
    line = Line(rate_bps=4 * MBPS, loss=0.1, seed=seed)
    line.run(30.0)
    assert min(line.estimates(6.0, 30.0)) > 1.5 * MBPS


def test_a_shallow_queue_is_noticed_by_its_losses() -> None:
    """A policer drops at once what is too much: the delay tells nothing."""
    line = Line(rate_bps=2 * MBPS, queue_s=0.02)
    line.run(30.0, {15.0: 0.5 * MBPS})
    assert max(line.estimates(22.0, 30.0)) < 0.8 * MBPS


def test_what_is_not_needed_is_not_probed_for() -> None:
    line = Line(rate_bps=50 * MBPS, wanted_bps=0.5 * MBPS)
    line.run(20.0)
    assert max(line.estimates(0.0, 20.0)) < 1.5 * MBPS
    assert line.probed <= 3


def test_an_unused_estimate_is_not_raised_without_probes() -> None:
    line = Line(rate_bps=5 * MBPS, probes=False)
    line.run(2.0)
    reached = line.estimates(1.8, 2.0)[-1]
    line.wanted_bps = 0.05 * MBPS  # a still picture
    line.run(2.0 + 20.0)
    assert line.estimates(21.0, 22.0)[-1] <= reached * 1.25


def test_silence_from_the_line_lowers_the_estimate() -> None:
    line = Line(rate_bps=2 * MBPS)
    line.run(5.0)
    estimator = line.estimator
    assert estimator.estimate_bps(5.0) > MBPS
    for tick in range(40):
        line.following += 5
        estimator.check(line.following, 5.0 + tick * 0.25)
    assert estimator.estimate_bps(15.0) == MIN_BPS
    before = estimator.estimate_bps(15.0)
    estimator.check(line.following, 20.0)  # nothing sent since: nothing to hear of
    assert estimator.estimate_bps(20.0) == before


def test_the_snapshot_names_what_a_technician_asks_for(step: Line) -> None:
    snapshot = step.estimator.snapshot(60.0)
    assert snapshot["usage"] in {"normal", "over", "under"}
    assert {"estimate_bps", "needed_bps", "queue_ms", "loss"} <= snapshot.keys()


@pytest.mark.parametrize("jitter", [0.0, 0.03])
@pytest.mark.parametrize("read", [True, False])
def test_a_longer_way_is_not_taken_for_a_queue_for_long(jitter: float, read: bool) -> None:
    """Also when the feedback of a line with room was not read before."""
    line = Line(rate_bps=5 * MBPS, wanted_bps=2 * MBPS, jitter=jitter)
    line.run(10.0)
    line.down.delay += 0.29
    if not read:
        line.estimator.skipped()
    line.run(16.0)
    assert min(line.estimates(15.0, 16.0)) > 1.5 * MBPS


def test_a_stalled_receiver_is_not_a_slow_line() -> None:
    line = Line(rate_bps=5 * MBPS, wanted_bps=2 * MBPS)
    line.run(10.0)
    before = line.estimates(9.0, 10.0)[-1]
    for begin in (10.0, 11.0, 12.0):  # what comes within 0.3 s is read all at once
        for part in range(7):
            late = 0.3 - 0.05 * part
            line.net.call_at(begin + 0.05 * part, setattr, line.down, "delay", 0.03 + late)
    line.run(16.0)
    assert min(line.estimates(10.0, 16.0)) > 0.2 * before
    assert min(line.estimates(15.0, 16.0)) > 0.8 * before


def test_thirty_percent_of_random_loss_leave_a_picture() -> None:
    line = Line(rate_bps=3 * MBPS, wanted_bps=0.6 * MBPS, loss=0.3)
    line.run(40.0)
    estimates = line.estimates(10.0, 40.0)
    assert sum(e > 0.3 * MBPS for e in estimates) > 0.8 * len(estimates)
