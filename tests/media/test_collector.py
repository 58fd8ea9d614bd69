"""What stays is frozen; what peers left behind is collected."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from media.collector import FREEZE_S, GONE, Collector


class Knot:
    """A cycle, as peers and their subscribers are."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def frozen_knot(collector: Collector) -> "weakref.ref[Knot]":
    knot = Knot()
    collector.look(FREEZE_S, peers=1)
    return weakref.ref(knot)


def test_what_is_there_is_frozen_now_and_then() -> None:
    collector = Collector(0.0)
    collector.look(FREEZE_S - 1.0, peers=1)
    assert gc.get_freeze_count() == 0
    collector.look(FREEZE_S, peers=1)
    assert gc.get_freeze_count() > 1000


@pytest.mark.parametrize(
    ("gone", "peers", "collected"), [(GONE, 9, True), (1, 9, False), (1, 0, True), (0, 0, False)]
)
def test_remains_of_many_that_left_or_of_the_last_are_collected(
    gone: int, peers: int, collected: bool
) -> None:
    collector = Collector(0.0)
    knot = frozen_knot(collector)
    for _ in range(gone):
        collector.left()
    collector.look(2 * FREEZE_S, peers)
    assert (knot() is None) == collected
