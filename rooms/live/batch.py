"""Facts about seats, gathered so that clients hear of them a few times a second at most."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rooms.clock import Clock, Timer

K = TypeVar("K")
V = TypeVar("V")


class Batch(Generic[K, V]):
    """The newest value of each key, handed over no more often than every `interval_s` seconds.

    After a pause, what is put in one turn of the event loop goes out together right after it.
    """

    def __init__(
        self, clock: Clock, interval_s: float, deliver: Callable[[Sequence[V]], None]
    ) -> None:
        self._clock = clock
        self._interval = interval_s
        self._deliver = deliver
        self._waiting: dict[K, V] = {}
        self._sent_at = float("-inf")
        self._timer: Timer | None = None

    def put(self, key: K, value: V) -> None:
        self._waiting[key] = value
        if self._timer is not None:
            return
        wait = max(0.0, self._sent_at + self._interval - self._clock.now())
        self._timer = self._clock.call_later(wait, self._flush)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        values, self._waiting = list(self._waiting.values()), {}
        self._sent_at = self._clock.now()
        self._deliver(values)
