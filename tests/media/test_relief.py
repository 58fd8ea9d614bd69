"""A worker that cannot send everything in time leaves pictures out, step by step, never speech."""

from itertools import pairwise

import pytest
from room_world import Source, World
from test_temporal_layers import Scene
from vp8_world import L1T2, Camera

from media.allocator import Rank
from media.forward.down_track import NO_CEILING
from media.forward.relief import (
    HIGHEST,
    HOLD_S,
    LEVELS,
    MAX_HOLD_S,
    SETTLE_S,
    Governor,
    ceiling,
)

STEP_S = 0.05


class Worker:
    """A governor and what it is told; virtual seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cpu = 0.0
        self.governor = Governor(0.0, 0.0)
        self.levels = [0]

    def run(self, seconds: float, *, late_s: float, busy: float = 0.9) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            self.cpu += busy * STEP_S
            self.governor.note(late_s, 100)
            change = self.governor.look(self.now, self.cpu)
            if change is not None:
                self.levels.append(change.level)


def test_what_is_in_time_is_sent_whole() -> None:
    worker = Worker()
    worker.run(60.0, late_s=0.03, busy=0.95)
    assert worker.levels == [0]


def test_lateness_raises_the_level_step_by_step_up_to_speech_alone() -> None:
    worker = Worker()
    worker.run(HIGHEST * SETTLE_S + 1.0, late_s=0.05)
    assert worker.levels == list(range(HIGHEST + 1))
    worker.run(10.0, late_s=0.05)
    assert worker.levels[-1] == HIGHEST


def test_great_lateness_takes_two_steps() -> None:
    worker = Worker()
    worker.run(0.3, late_s=0.5)
    assert worker.levels == [0, 2]


def test_one_long_pause_is_no_lateness() -> None:
    worker = Worker()
    worker.run(1.0, late_s=0.002)
    worker.governor.note(0.2, 40)
    worker.run(1.0, late_s=0.002)
    assert worker.levels == [0]


def test_lateness_for_want_of_a_processor_is_not_answered() -> None:
    """Others take it: sending less would not make it come sooner."""
    worker = Worker()
    worker.run(20.0, late_s=0.3, busy=0.2)
    assert worker.levels == [0]


def test_steps_back_wait_for_calm_and_room() -> None:
    worker = Worker()
    worker.run(0.3, late_s=0.05)
    worker.run(HOLD_S - 1.0, late_s=0.005, busy=0.3)
    assert worker.levels == [0, 1]
    worker.run(20.0, late_s=0.005, busy=0.7)
    assert worker.levels == [0, 1]
    worker.run(HOLD_S + 1.0, late_s=0.005, busy=0.3)
    assert worker.levels == [0, 1, 0]


def test_a_step_back_that_was_too_early_is_tried_ever_later() -> None:
    worker = Worker()
    waits = []
    for _ in range(8):
        worker.run(0.3, late_s=0.05)
        began = worker.now
        while worker.governor.level:
            worker.run(STEP_S, late_s=0.005, busy=0.3)
        waits.append(worker.now - began)
    assert waits[0] < HOLD_S + 1.0
    assert all(late > early - 0.5 for early, late in pairwise(waits))
    assert MAX_HOLD_S <= waits[-1] < MAX_HOLD_S + 1.0
    worker.run(30.0, late_s=0.005, busy=0.3)
    worker.run(0.3, late_s=0.05)
    worker.run(HOLD_S + 1.0, late_s=0.005, busy=0.3)
    assert worker.governor.level == 0


@pytest.mark.parametrize("level", range(1, HIGHEST + 1))
def test_each_level_leaves_out_no_less_than_the_one_before(level: int) -> None:
    def size(at: int, rank: Rank) -> tuple[float, int]:
        most = ceiling(at, rank)
        return float("inf") if most.height is None else most.height, most.max_tid

    for rank in Rank:
        assert size(level, rank) <= size(level - 1, rank)
    assert any(size(level, rank) < size(level - 1, rank) for rank in Rank)
    assert ceiling(level, None) == NO_CEILING
    assert len(LEVELS) == HIGHEST + 1


def test_a_room_gives_fewer_frames_then_none_and_all_again() -> None:
    scene = Scene(pattern=L1T2)
    (viewer,) = scene.viewers
    room = scene.world.room
    scene.play(10)

    def frames_after(level: int, frames: int = 20) -> int:
        room.relieve(level, scene.world.now)
        scene.play(8)  # it takes effect at a frame that lets it
        before = len(viewer.slot("v0"))
        scene.play(frames)
        return len(viewer.slot("v0")) - before

    assert frames_after(1) == 20  # a single slot shows the main picture
    assert frames_after(2) == 10
    assert frames_after(HIGHEST) == 0
    assert viewer.peer.subscriber is not None
    (paused,) = viewer.peer.subscriber.downlink.paused()
    assert (paused.peer, paused.why) == ("s", "load")
    room.relieve(0, scene.world.now)
    scene.play(1, key=True)
    assert frames_after(0) == 20
    assert not viewer.peer.subscriber.downlink.paused()


def test_who_comes_while_a_worker_is_late_is_bound_like_the_others() -> None:
    world = World()
    world.room.relieve(HIGHEST, world.now)
    speaker = world.publisher("s")
    viewer = world.viewer("v", video=1)
    world.show(viewer, "v0", "s")
    camera = Camera(Source(5), L1T2)
    world.send(speaker, *camera.frame(key=True))
    world.tick(0.1)
    world.send(speaker, *camera.frame())
    assert not viewer.slot("v0")
