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
        burst: tuple[float, float] | None = None,
        drop: Container[int] = frozenset(),
    ) -> Callable[..., None]:
        """A one-way path: what is passed to it arrives `delay` (+ up to `jitter`) later.

        Args:
            loss: probability that a transmission is lost.
            burst: the line is bad at times, and loses everything then: the probabilities that a
                transmission finds it turning bad, and turning good again (Gilbert's model).
            drop: numbers of transmissions (0 = the first) that are lost in any case.
        """
        count = itertools.count()
        bad = False

        def send(*arguments: Any) -> None:
            nonlocal bad
            number = next(count)
            if burst is not None:
                bad = self.random.random() < (1 - burst[1] if bad else burst[0])
                if bad:
                    return
            if number in drop or (loss and self.random.random() < loss):
                return
            extra = self.random.random() * jitter if jitter else 0.0
            self.call_at(self.now + delay + extra, deliver, *arguments)

        return send

    def narrow_link(
        self,
        deliver: Callable[..., None],
        *,
        rate_bps: float,
        delay: float,
        queue_s: float = 1.0,
        loss: float = 0.0,
        jitter: float = 0.0,
    ) -> "NarrowLink":
        """A path of limited rate with a queue in front: see `NarrowLink`."""
        return NarrowLink(self, deliver, rate_bps, delay, queue_s, loss, jitter)

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, callback, arguments = heapq.heappop(self._events)
            callback(*arguments)
        self.now = until


class NarrowLink:
    """Packets leave one after the other at `rate_bps`, which may be changed at any time; what would
    wait longer than `queue_s` is dropped. Order is kept, also with jitter.

    Calling `send(size_bytes, *arguments)` hands the arguments to `deliver` when they arrive.
    """

    def __init__(
        self,
        net: SimNet,
        deliver: Callable[..., None],
        rate_bps: float,
        delay: float,
        queue_s: float,
        loss: float,
        jitter: float,
    ) -> None:
        self.net = net
        self.deliver = deliver
        self.rate_bps = rate_bps
        self.delay = delay
        self.queue_s = queue_s
        self.loss = loss
        self.jitter = jitter
        self.dropped = 0
        self.delivered_bytes = 0
        self._free_at = 0.0
        self._last_at = 0.0

    @property
    def waiting_s(self) -> float:
        """How long a packet sent now waits for those before it."""
        return max(0.0, self._free_at - self.net.now)

    def send(self, size_bytes: int, *arguments: Any) -> None:
        net = self.net
        if self.waiting_s > self.queue_s or net.random.random() < self.loss:
            self.dropped += 1
            return
        self._free_at = max(net.now, self._free_at) + size_bytes * 8 / self.rate_bps
        extra = net.random.random() * self.jitter
        self._last_at = max(self._last_at, self._free_at + self.delay + extra)
        self.delivered_bytes += size_bytes
        net.call_at(self._last_at, self.deliver, *arguments)
