"""Rooms stay whole until their worker is full; the least loaded one takes the next."""

import pytest

from conference.placement import NEW_PEER_LOAD, SPREAD_LOAD, WorkerLoad, choose_worker


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


def test_a_rush_between_two_measurements_is_seen() -> None:
    """All figures are still zero: the peers placed since count as they will weigh."""
    placed = [0, 0]
    for _ in range(250):
        loads = [up(unmeasured=number) for number in placed]
        chosen = choose_worker(loads, [0] if placed[1] == 0 else [0, 1])
        assert chosen is not None
        placed[chosen] += 1
    assert placed[0] == pytest.approx(SPREAD_LOAD / NEW_PEER_LOAD, abs=1)
    assert sum(placed) == 250


def test_with_threshold_zero_a_room_is_spread() -> None:
    assert choose_worker([up(peers=1), up()], [0], 0.0) == 1
    assert choose_worker([up(peers=1), up(peers=1)], [0, 1], 0.0) == 0
