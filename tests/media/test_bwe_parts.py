"""Send log, packet groups, trend line, loss bound and probes by themselves."""

from array import array
from random import Random

import numpy as np
import pytest

from media.bwe.arrival import WINDOW, ArrivalReader, PacketGroups, SendLog, record
from media.bwe.estimator import BandwidthEstimator
from media.bwe.loss import LossBound
from media.bwe.probe import INTERVAL_S, MIN_PACKETS, ProbeControl, plan
from media.bwe.trendline import WINDOW_GROUPS, LineFit, Trendline, Usage
from media.rtp import transport_cc


def feedback(base: int, times: list[float | None]) -> transport_cc.TransportFeedback:
    """As it is after the wire."""
    sent = transport_cc.from_arrivals(1, 2, base, 0, times)
    return transport_cc.parse(1, 2, transport_cc.body(sent)[8:])


@pytest.mark.parametrize("first", [1, 65530, 65536 + WINDOW - 3, 3 * 65536])
def test_feedback_finds_what_was_sent(first: int) -> None:
    log = SendLog(2)
    log.write(1, first, array("Q", [record(5.0 + i / 1000, 100 + i) for i in range(8)]))
    reader = ArrivalReader(log, 1)
    times = [70.0, None, 70.002, 70.003, None, 70.005, 70.006, 70.007]
    arrived, lost = reader.read(feedback(first & 0xFFFF, times), first + 8)
    assert lost == 2
    assert [size for _, _, size in arrived] == [100, 102, 103, 105, 106, 107]
    assert arrived[0][0] == pytest.approx(5.0)
    assert arrived[1][1] - arrived[0][1] == pytest.approx(0.002, abs=2e-4)


def test_loss_is_counted_once_and_late_arrivals_are_welcome() -> None:
    log = SendLog(1)
    log.write(0, 10, array("Q", [record(1.0, 100)] * 4))
    reader = ArrivalReader(log, 0)
    assert reader.read(feedback(10, [3.0, None, 3.1, 3.1]), 14)[1] == 1
    again, lost = reader.read(feedback(11, [3.2]), 14)
    assert (len(again), lost) == (1, 0)


def test_a_glance_at_feedback_sees_losses_and_queues() -> None:
    log = SendLog(1)
    estimator = BandwidthEstimator(log, 0, 0.0)
    sent = 0

    def hear(late: float, *, lost: bool = False) -> tuple[bool, transport_cc.TransportFeedback]:
        """Feedback of four packets, 10 ms apart, the last `late` seconds more under way."""
        nonlocal sent
        first, at = sent + 1, sent / 100
        log.write(0, first, array("Q", [record(at + i / 100, 500) for i in range(4)]))
        sent += 4
        times: list[float | None] = [50.0 + at + i / 100 for i in range(4)]
        times[3] = 50.03 + at + late
        if lost:
            times[1] = None
        told = feedback(first & 0xFFFF, times)
        return estimator.glance(told, sent + 1, at + 0.1), told

    calm, first = hear(0.0)
    assert not calm  # nothing is known of the line yet
    estimator.on_feedback(first, sent + 1, 0.1)
    assert hear(0.0)[0]
    assert hear(0.01)[0]
    assert estimator.queue_s < 0.001
    assert not hear(0.03)[0]
    assert not hear(0.0, lost=True)[0]
    assert hear(0.0)[0]
    assert estimator.feedbacks == 4


def test_feedback_about_numbers_never_sent_or_long_gone_is_ignored() -> None:
    log = SendLog(1)
    log.write(0, 5000, array("Q", [record(1.0, 100)]))
    reader = ArrivalReader(log, 0)
    assert reader.read(feedback(5001, [1.0, 1.1]), 5001) == ([], 0)
    assert reader.read(feedback(10, [1.0]), 5001) == ([], 0)


def test_a_matrix_writes_the_same_records_as_single_rows() -> None:
    one, many = SendLog(3), SendLog(3)
    burst = [record(2.0, 1200), record(2.0, 300)]
    firsts = np.array([[WINDOW - 1], [7]], np.uint32)
    numbers = firsts + np.arange(2, dtype=np.uint32)
    many.write_many(np.array([0, 2]), numbers, burst)
    for row, first in ((0, WINDOW - 1), (2, 7)):
        one.write(row, first, array("Q", burst))
    assert (one.records == many.records).all()


def test_a_log_keeps_its_records_when_it_grows_and_forgets_a_transport_that_left() -> None:
    log = SendLog(1)
    log.write(0, 3, array("Q", [record(1.0, 77)]))
    log.grow(2)
    assert log.read(0, 3, 1)[0] & 0xFFFF == 77
    log.forget(0)
    assert log.read(0, 3, 1) == [0]


def test_packets_of_a_frame_are_one_group() -> None:
    groups = PacketGroups()
    found = []
    for frame in range(4):
        for packet in range(3):
            sent = frame / 30
            found.append(groups.add(sent, 9.0 + sent + packet * 0.002))
    complete = [g for g in found if g is not None]
    assert len(complete) == 2
    assert complete[0][:2] == pytest.approx((1 / 30, 1 / 30))


def test_a_pause_of_seconds_starts_the_groups_anew() -> None:
    groups = PacketGroups()
    for at in (0.0, 0.02, 0.04):
        groups.add(at, 5 + at)
    assert groups.add(0.06, 5.06) is not None
    assert groups.add(9.0, 50.0) is None
    assert groups.add(9.02, 50.02) is None


def test_many_packets_at_once_make_the_groups_that_single_ones_make() -> None:
    random = Random(4)
    sent, packets = 0.0, []
    for _ in range(3000):
        sent += random.choice((0.0, 0.0, 0.001, 0.02, -0.003, 0.3))
        late = random.choice((0.0, 0.004, 0.2)) + (4.0 if random.random() < 0.005 else 0.0)
        packets.append((sent, 9.0 + sent + late, 1000))
    single, many = PacketGroups(), PacketGroups()
    alone = [group for sent, at, _ in packets if (group := single.add(sent, at)) is not None]
    together = [
        group for at in range(0, len(packets), 16) for group in many.take(packets[at : at + 16])
    ]
    assert together == alone
    assert len(alone) > 500


def test_the_line_fit_is_that_of_its_points_after_hours() -> None:
    random = Random(5)
    fit, x, points = LineFit(), 0.0, []
    for _ in range(20_000):
        x += random.choice((5.0, 20.0, 1000.0))
        points.append((x, random.random() * 50 + x / 1e4))
        slope = fit.add(*points[-1])
    expected = np.polyfit(*np.array(points[-WINDOW_GROUPS:]).T, 1)[0]
    assert slope == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("growth_ms", "usage"), [(0.0, Usage.NORMAL), (3.0, Usage.OVER), (-3.0, Usage.UNDER)]
)
def test_growing_delay_is_over_use(growth_ms: float, usage: Usage) -> None:
    trend = Trendline()
    arrived = 0.0
    for _ in range(40):
        arrived += 0.02 + growth_ms / 1e3
        trend.update(0.02, 0.02 + growth_ms / 1e3, arrived)
        if trend.usage is Usage.OVER:
            break
    assert trend.usage is usage


def periods(bound: LossBound, losses: list[float], rate: float, start: float = 0.0) -> None:
    for index, loss in enumerate(losses):
        at = start + (index + 1) * 0.5
        bound.update(round(100 * (1 - loss)), round(100 * loss), rate, at)


def test_loss_rules_of_the_draft() -> None:
    bound = LossBound(0.0)
    periods(bound, [0.0] * 6, 1e6)
    assert bound.bound_bps is None
    periods(bound, [0.05], 1e6, 3.0)
    assert bound.bound_bps is None  # between: nothing changes
    periods(bound, [0.4], 1e6, 3.5)
    assert bound.bound_bps == pytest.approx(0.8e6)
    periods(bound, [0.0], 1e6, 4.0)
    assert bound.bound_bps == pytest.approx(0.84e6)


def test_loss_a_line_always_has_is_not_answered_for_ever() -> None:
    bound = LossBound(0.0)
    periods(bound, [0.15] * 4, 1e6)
    after_learning = bound.bound_bps
    assert after_learning is not None
    periods(bound, [0.15] * 20, after_learning, 2.0)
    assert bound.bound_bps is None or bound.bound_bps >= 0.9 * after_learning


def test_a_probe_that_came_through_is_followed_by_a_faster_one() -> None:
    probes = ProbeControl(0.0)
    rate = probes.wants(150e3, 5e6, float("-inf"), 0.0)
    assert rate == 600e3
    count, size = plan(rate)
    assert count > MIN_PACKETS
    probes.sent(rate, 10, 10 + count - 1, count * size, 0.0)
    assert probes.wants(150e3, 5e6, float("-inf"), 0.05) is None  # one at a time
    gap = size * 8 / rate
    arrivals = [(i * gap, 7.0 + i * gap, size) for i in range(count)]
    proven = probes.on_arrivals(arrivals, 10 + count - 1, 0.1)
    assert proven == pytest.approx(rate, rel=0.05)
    assert probes.wants(proven, 5e6, float("-inf"), 0.1) == pytest.approx(3 * proven)


def test_a_probe_through_a_narrow_line_tells_its_rate() -> None:
    probes = ProbeControl(0.0)
    probes.sent(600e3, 0, 5, 6 * 250, 0.0)
    arrivals = [(i * 0.0033, 7.0 + i * 250 * 8 / 100e3, 250) for i in range(6)]
    assert probes.on_arrivals(arrivals, 5, 0.2) == pytest.approx(95e3)
    assert probes.wants(95e3, 5e6, float("-inf"), 0.3) is None
    assert probes.wants(95e3, 5e6, float("-inf"), 0.2 + INTERVAL_S) == 190e3


def test_a_lost_probe_proves_nothing_and_the_next_waits_longer() -> None:
    probes = ProbeControl(0.0)
    now, waits = 0.0, []
    for _ in range(5):
        probes.sent(600e3, 0, 5, 1500, now)
        assert probes.on_arrivals([(now, 7.0, 250)], 5, now + 0.1) is None
        start = now = now + 0.1
        while probes.wants(150e3, 5e6, float("-inf"), now) is None:
            now += 0.1
        waits.append(round(now - start))
    assert waits == [2, 3, 6, 12, 12]


@pytest.mark.parametrize(
    ("estimate", "needed", "decreased_at"), [(2e6, 1e6, -9.0), (1e6, 2e6, -0.5)]
)
def test_no_probe_without_need_or_right_after_trouble(
    estimate: float, needed: float, decreased_at: float
) -> None:
    assert ProbeControl(0.0).wants(estimate, needed, decreased_at, 0.0) is None
