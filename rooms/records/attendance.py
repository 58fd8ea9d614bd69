"""Who was present when: a fold of a meeting's log, merged by seat."""

from collections.abc import Iterable

import msgspec

from rooms.session.events import Entry
from rooms.session.model import SeatId


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    start: float  # UTC epoch seconds
    end: float | None  # None: still present


class SeatAttendance(msgspec.Struct, frozen=True, kw_only=True):
    seat: SeatId
    name: str
    rank: int
    stays: tuple[Stay, ...]  # in order, never overlapping
    seconds: float  # total, up to `now` for a stay that goes on


def attendance(entries: Iterable[Entry], now: float) -> list[SeatAttendance]:
    """Intervals of presence of every seat that was invited or came, in protocol order."""
    raise NotImplementedError
