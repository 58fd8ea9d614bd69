"""Keeps garbage collections short: what stays is taken out of their sight.

A full collection looks at every object of a worker: 80 ms with 100 sites, in which nothing is sent.
Nearly everything here lives as long as its peer or is freed without a collector, so from time to
time all that is there is frozen. When many peers have left, what they leave behind is collected.
"""

import gc

FREEZE_S = 15.0
GONE = 50  # peers that left since: their remains are worth a pause


class Collector:
    """`now`: monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._due = now + FREEZE_S
        self._gone = 0

    def left(self) -> None:
        """A peer is gone."""
        self._gone += 1

    def look(self, now: float, peers: int) -> None:
        """Call it about once a second.

        Args:
            peers: that are there; without any a pause costs nothing.
        """
        if now < self._due:
            return
        self._due = now + FREEZE_S
        if self._gone >= GONE or (self._gone and not peers):
            self._gone = 0
            gc.unfreeze()
            gc.collect()
        gc.freeze()
