"""What a recording shows: who was on the main picture when. A fold of the meeting's log."""

from collections.abc import Iterable, Iterator

import msgspec

from rooms.session.core import NOTHING, evolve
from rooms.session.events import Entry, RecordingStarted, RecordingStopped
from rooms.session.model import SeatId, Session, Source

CHAPTER_SECONDS = 20.0  # who is on the main picture for less opens no chapter


class Showing(msgspec.Struct, frozen=True, kw_only=True):
    """One seat on the main picture. Times in seconds since the recording started."""

    start: float
    end: float
    seat: SeatId
    source: Source  # the camera, or the screen it shares
    label: str  # the seat's name on the plate


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    start: float  # seconds since the recording started
    title: str


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A recording from its start to its end, in order; nobody is on the main picture in holes."""

    recording: str
    title: str  # of the meeting when it opened
    started: float  # UTC epoch seconds
    ended: float | None  # None: the log does not say
    showings: tuple[Showing, ...]
    chapters: tuple[Chapter, ...]


def program(entries: Iterable[Entry], recording: str) -> Program | None:
    """The program of one recording; None when the log does not know it.

    A shared screen comes before the camera of the seat on the main picture, as on every client.

    Args:
        entries: the whole log of the meeting.
    """
    session, started, ended = NOTHING, None, None
    changes: list[tuple[float, _Shown | None]] = []
    last = 0.0
    for entry in entries:
        session = evolve(session, entry)
        match entry.event:
            case RecordingStarted(recording=known) if known == recording:
                started = entry.at
            case RecordingStopped(recording=known) if known == recording:
                ended = entry.at
                break
        if started is not None:
            last = max(last, entry.at - started)
            changes.append((last, _shown(session)))
    if started is None:
        return None
    end = last if ended is None else max(0.0, ended - started)
    showings = tuple(_showings(changes, end))
    return Program(
        recording=recording,
        title=session.title,
        started=started,
        ended=ended,
        showings=showings,
        chapters=tuple(_chapters(showings)),
    )


_Shown = tuple[SeatId, Source, str]


def _shown(session: Session) -> _Shown | None:
    """Seat, source and name on the main picture now."""
    for seat_id, source in ((session.sharing, Source.SCREEN), (session.main, Source.CAMERA)):
        seat = session.seats.get(seat_id) if seat_id is not None else None
        if seat is not None and seat.present:
            return seat.id, source, seat.short_name
    return None


def _showings(changes: list[tuple[float, _Shown | None]], end: float) -> Iterator[Showing]:
    """From each change to the next; unchanged neighbours are one."""
    current: _Shown | None = None
    since = 0.0
    for at, shown in [*changes, (end, None)]:
        if shown == current and at < end:
            continue
        if current is not None and at > since:
            seat, source, label = current
            yield Showing(start=since, end=at, seat=seat, source=source, label=label)
        current, since = shown, at


def _chapters(showings: tuple[Showing, ...]) -> Iterator[Chapter]:
    """One for each seat that keeps the main picture for a while, its screen included.

    Short interjections do not end a chapter.
    """
    stays: list[Showing] = []
    for showing in showings:
        if stays and stays[-1].seat == showing.seat and stays[-1].end == showing.start:
            showing = msgspec.structs.replace(stays.pop(), end=showing.end)
        stays.append(showing)
    seat: SeatId | None = None
    for stay in stays:
        if stay.end - stay.start >= CHAPTER_SECONDS and stay.seat != seat:
            seat = stay.seat
            yield Chapter(start=stay.start, title=stay.label)
