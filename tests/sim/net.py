"""A network in virtual time: links with delay, loss and reordering, seeded and repeatable."""

import heapq
import itertools
import random
from collections.abc import Callable, Container
from typing import Any


class SimNet:
    """Runs callbacks in order of virtual seconds. `now` is the current instant."""

    def __init__(self, seed: int = 0) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()

    def call_at(self, when: float, callback: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._events, (when, next(self._order), callback, arguments))

    def every(self, interval: float, callback: Callable[[], None], until: float) -> None:
        """Call from now on, each `interval`, up to `until`."""
        times = int((until - self.now) / interval) + 1
        for index in range(times):
            self.call_at(self.now + index * interval, callback)

    def link(
        self,
        deliver: Callable[..., None],
        *,
        delay: float,
        loss: float = 0.0,
        jitter: float = 0.0,
        drop: Container[int] = frozenset(),
    ) -> Callable[..., None]:
        """A one-way path: what is passed to it arrives `delay` (+ up to `jitter`) later.

        Args:
            loss: probability that a transmission is lost.
            drop: numbers of transmissions (0 = the first) that are lost in any case.
        """
        count = itertools.count()

        def send(*arguments: Any) -> None:
            number = next(count)
            if number in drop or (loss and self.random.random() < loss):
                return
            extra = self.random.random() * jitter if jitter else 0.0
            self.call_at(self.now + delay + extra, deliver, *arguments)

        return send

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, callback, arguments = heapq.heappop(self._events)
            callback(*arguments)
        self.now = until
