"""Figures of the worker process itself, for /metrics."""

import resource
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = resource.getpagesize()


def cpu_seconds() -> float:
    """User and system time of this process since it started."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory_bytes() -> int:
    """Resident memory now; where there is no /proc, the largest so far."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


class LoopLag:
    """The longest time a due timer had to wait, between two readings."""

    def __init__(self) -> None:
        self._worst_s = 0.0

    def note(self, due: float, now: float) -> None:
        """A timer due at `due` ran at `now`; monotonic seconds."""
        self._worst_s = max(self._worst_s, now - due)

    def take_ms(self) -> float:
        worst_s, self._worst_s = self._worst_s, 0.0
        return round(worst_s * 1000, 3)
