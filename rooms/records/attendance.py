"""Who was present when: a fold of a meeting's log, merged by seat."""

from collections.abc import Iterable

import msgspec

from rooms.session.events import Entry, MeetingEnded, MeetingOpened, SeatEntered, SeatLeft
from rooms.session.model import Seat, SeatId


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
    """Intervals of presence of every seat that was invited or came, in protocol order.

    A reload, a second device or a line lost for less than the grace is no new stay: the log holds
    no departure for them.

    Args:
        now: UTC epoch seconds; ends the stay of who is still present in `seconds`.
    """
    book = _Book()
    for entry in entries:
        match entry.event:
            case MeetingOpened(seats=seats):
                for seat in seats:
                    book.know(seat)
            case SeatEntered(seat=seat):
                book.know(seat)
                book.came(seat.id, entry.at)
            case SeatLeft(seat=seat_id):
                book.went(seat_id, entry.at)
            case MeetingEnded():
                book.all_went(entry.at)
    return book.pages(now)


class _Book:
    def __init__(self) -> None:
        self._seats: dict[SeatId, Seat] = {}
        self._stays: dict[SeatId, list[Stay]] = {}
        self._since: dict[SeatId, float] = {}

    def know(self, seat: Seat) -> None:
        self._seats[seat.id] = seat
        self._stays.setdefault(seat.id, [])

    def came(self, seat: SeatId, at: float) -> None:
        self._since.setdefault(seat, at)

    def went(self, seat: SeatId, at: float) -> None:
        start = self._since.pop(seat, None)
        if start is not None:
            self._stays[seat].append(Stay(start=start, end=at))

    def all_went(self, at: float) -> None:
        for seat in list(self._since):
            self.went(seat, at)

    def pages(self, now: float) -> list[SeatAttendance]:
        seats = sorted(self._seats.values(), key=lambda seat: (seat.rank, seat.id))
        return [self._page(seat, now) for seat in seats]

    def _page(self, seat: Seat, now: float) -> SeatAttendance:
        stays = list(self._stays[seat.id])
        if seat.id in self._since:
            stays.append(Stay(start=self._since[seat.id], end=None))
        seconds = sum((now if stay.end is None else stay.end) - stay.start for stay in stays)
        return SeatAttendance(
            seat=seat.id, name=seat.name, rank=seat.rank, stays=tuple(stays), seconds=seconds
        )
