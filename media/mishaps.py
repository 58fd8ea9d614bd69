"""Bugs on the packet path: counted each time, shown rarely, never fatal."""

import logging
import time

from media.drops import Counters

log = logging.getLogger(__name__)

QUIET_S = 60.0  # between two tracebacks of the same kind


class Mishaps:
    """Call `note` in an `except` block: a traceback per packet would be a flood of its own."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._next: dict[str, float] = {}  # what -> monotonic seconds of its next traceback

    def note(self, what: str) -> None:
        self._counters.add("bugs")
        now = time.monotonic()
        if now >= self._next.get(what, 0.0):
            self._next[what] = now + QUIET_S
            log.exception("%s failed", what)
