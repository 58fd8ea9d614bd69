"""Rooms stay whole until their worker is full; the least loaded one takes the next."""

import pytest

from conference.placement import (
    HEAVIEST,
    LIGHTEST,
    NEW_PEER_LOAD,
    QUIET_S,
    RISE_S,
    SPREAD_LOAD,
    WorkerLoad,
    choose_worker,
    coming,
    peer_load,
)


def up(cpu: float = 0.0, **more: float) -> WorkerLoad:
    return WorkerLoad(up=True, cpu=cpu, **more)  # type: ignore[arg-type]


DOWN = WorkerLoad(up=False)


@pytest.mark.parametrize(
    ("loads", "home", "chosen"),
    [
        ([up(), up()], [], 0),
        ([up(0.3), up(0.1)], [], 1),
        ([up(0.02, copies_per_s=9000), up(0.04, copies_per_s=100)], [], 1),
        ([up(peers=3), up(peers=2)], [], 1),
        ([up(rooms=1), up()], [], 1),
        ([up(0.5), up()], [0], 0),
        ([up(0.5), up()], [1], 1),
        ([up(0.69), up()], [0], 0),
        ([up(SPREAD_LOAD), up()], [0], 1),
        ([up(0.8), up(0.2), up(0.1)], [0, 1], 1),
        ([up(0.8), up(0.9), up(0.1)], [0, 1], 2),
        ([up(0.99), up(0.75)], [0], 1),
        ([up(0.75), up(0.99)], [0], 0),
        ([DOWN, up(0.99)], [], 1),
        ([DOWN, up(0.5)], [0], 1),
        ([up(0.5), DOWN], [1, 0], 0),
        ([DOWN, DOWN], [0], None),
        ([], [], None),
    ],
)
def test_where_the_next_peer_goes(
    loads: list[WorkerLoad], home: list[int], chosen: int | None
) -> None:
    assert choose_worker(loads, home) == chosen


class Rush:
    """Peers that come in a rush, each with its weight some seconds after; two workers."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.now = 0.0
        self.placed: list[list[float]] = [[], []]
        self._measured = [0.0, 0.0]

    def come(self) -> None:
        loads = [
            up(
                measured,
                peers=len(times),
                fresh=sum(self.now - at < RISE_S for at in times),
                coming=coming(self.now - at for at in times),
            )
            for measured, times in zip(self._measured, self.placed, strict=True)
        ]
        home = [0, 1] if self.placed[1] else [0]
        chosen = choose_worker(loads, home)
        assert chosen is not None
        self.placed[chosen].append(self.now)

    def measure(self) -> None:
        self._measured = [
            sum(self.weight for at in times if self.now - at > FLOWS_S) for times in self.placed
        ]


FLOWS_S = 3.0  # a peer's pictures flow so long after it came


def test_a_rush_between_two_measurements_is_seen() -> None:
    """All figures are still zero: the peers placed since count as they will weigh."""
    rush = Rush(NEW_PEER_LOAD)
    for _ in range(170):
        rush.come()
    first, second = map(len, rush.placed)
    assert first == pytest.approx(SPREAD_LOAD / NEW_PEER_LOAD, abs=1)
    assert second == 170 - first


@pytest.mark.parametrize("weight", [0.004, NEW_PEER_LOAD, 0.02])
@pytest.mark.parametrize("per_s", [5, 20, 60])
def test_who_comes_before_pictures_flow_fills_no_worker_beyond_the_threshold(
    weight: float, per_s: int
) -> None:
    rush = Rush(weight)
    for second in range(200 // per_s):
        for _ in range(per_s):
            rush.come()
            rush.now += 1 / per_s
        if second:
            rush.measure()
    loads = [len(times) * weight for times in rush.placed]
    if sum(loads) > 2 * SPREAD_LOAD:
        assert loads[0] == pytest.approx(loads[1], rel=0.5)
    else:
        assert loads[0] < SPREAD_LOAD + 0.1
    assert sum(len(times) for times in rush.placed) == 200 // per_s * per_s


def test_the_weight_of_peers_is_measured_on_those_that_are_there() -> None:
    assert peer_load([up(0.5, peers=7)]) == NEW_PEER_LOAD
    assert peer_load([up(0.4, peers=40), up()]) == pytest.approx(0.01)
    assert peer_load([up(0.4, peers=40, fresh=30, coming=20.0), up()]) == pytest.approx(0.02)
    assert peer_load([up(0.4, peers=40, fresh=33, coming=20.0), up()]) == NEW_PEER_LOAD
    assert peer_load([up(0.4, peers=40), DOWN]) == pytest.approx(0.01)
    assert peer_load([up(3.0, peers=10)]) == HEAVIEST
    assert peer_load([up(0.0, peers=10)]) == LIGHTEST


def test_a_peer_shows_in_the_measurement_little_by_little() -> None:
    assert coming([0.0, QUIET_S, (QUIET_S + RISE_S) / 2, RISE_S, 100.0]) == pytest.approx(2.5)


def test_a_worker_that_is_late_takes_nobody_while_another_is_not() -> None:
    assert choose_worker([up(0.2, late=True), up(0.6)], [0]) == 1
    assert choose_worker([up(0.2, late=True), up(0.6)], [0, 1]) == 1
    assert choose_worker([up(0.2, late=True)], [0]) == 0


def test_with_threshold_zero_a_room_is_spread() -> None:
    assert choose_worker([up(peers=1), up()], [0], 0.0) == 1
    assert choose_worker([up(peers=1), up(peers=1)], [0, 1], 0.0) == 0
