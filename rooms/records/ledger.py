"""What happened in a meeting, for its minutes: turns, agenda, votes, notes. Folds of the log."""

from collections.abc import Iterable

import msgspec

from rooms.records.attendance import SeatAttendance, attendance
from rooms.session import events as e
from rooms.session.core import NOTHING, evolve
from rooms.session.model import Note, RollAnswer, SeatId, Session, ShownDocument, Vote, site_of
from rooms.session.policy import presiding
from rooms.session.votes import Result, result


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn to speak. Times in UTC epoch seconds."""

    seat: SeatId
    name: str  # of the site
    person: str  # who spoke there, when it was noted
    start: float
    end: float
    item: int | None  # agenda item at hand when it began


class ItemTimes(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    title: str
    presenter: str
    planned_minutes: int | None
    stretches: tuple[tuple[float, float], ...]  # when the meeting was at it

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.stretches)


class CountedVote(msgspec.Struct, frozen=True, kw_only=True):
    vote: Vote
    result: Result
    missing: tuple[str, ...]  # names of seats with ballots that did not vote


class SiteRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One site, or person, in the minutes."""

    seat: SeatId
    name: str
    stays: SeatAttendance
    answer: RollAnswer | None  # of the roll call

    @property
    def is_site(self) -> bool:
        """Else a person who came from a device of their own."""
        return site_of(self.seat) is not None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was shown to all, for the first time."""

    at: float
    title: str
    version: int
    item: int | None  # agenda item at hand
    by: str  # name of the seat


class Proceedings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the minutes are made of."""

    title: str
    chair: str  # the name of the presiding seat, with the person
    opened: float
    ended: float | None
    sites: tuple[SiteRecord, ...]  # protocol order; those that are on the tiles
    agenda: tuple[ItemTimes, ...]
    turns: tuple[Turn, ...]
    pauses: tuple[tuple[float, float], ...]
    votes: tuple[CountedVote, ...]
    notes: tuple[Note, ...]
    handovers: tuple[tuple[float, str], ...]  # when, and who presided from then on
    documents: tuple[Shown, ...] = ()

    @property
    def head_count(self) -> int:
        return sum(site.answer.head_count for site in self.sites if site.answer is not None)

    @property
    def invited(self) -> int:
        """Sites, without those who came from devices of their own."""
        return sum(site.is_site for site in self.sites)

    @property
    def attended(self) -> int:
        """Sites that were there at all."""
        return sum(bool(site.stays.stays) for site in self.sites if site.is_site)


def proceedings(entries: Iterable[e.Entry], now: float) -> Proceedings:
    """The proceedings of a meeting.

    Args:
        entries: the whole log, in order.
        now: UTC epoch seconds; the end of what still goes on.
    """
    log = list(entries)
    book = _Book()
    for entry in log:
        book.note(entry)
    return book.pages(attendance(log, now), now)


class _Book:
    def __init__(self) -> None:
        self.session: Session = NOTHING
        self.opened = 0.0
        self.ended: float | None = None
        self.turns: list[Turn] = []
        self.pauses: list[tuple[float, float]] = []
        self.stretches: dict[int, list[tuple[float, float]]] = {}
        self.handovers: list[tuple[float, str]] = []
        self.present: dict[int, frozenset[SeatId]] = {}  # vote -> who was there when it closed
        self.documents: dict[tuple[int, int], Shown] = {}
        self._chair = ""

    def note(self, entry: e.Entry) -> None:
        before, self.session = self.session, evolve(self.session, entry)
        match entry.event:
            case e.MeetingOpened():
                self.opened = entry.at
            case e.FloorEnded():
                self._turn(before, entry.at)
            case e.ItemReached():
                self._left_item(before, entry.at)
            case e.PauseEnded() if before.pause is not None:
                self.pauses.append((before.pause.since, entry.at))
            case e.ChairHandedOver(seat=seat):
                self.handovers.append((entry.at, _named(self.session, seat)))
            case e.VoteClosed(vote=vote):
                self.present[vote] = frozenset(
                    seat.id for seat in self.session.seats.values() if seat.present
                )
            case e.DocumentOpened(document=document):
                self._shown(document, entry.at)
            case e.MeetingEnded():
                self.ended = entry.at
        chair = presiding(self.session)
        if chair is not None:
            self._chair = _titled(chair.name, chair.person)

    def _shown(self, document: ShownDocument, at: float) -> None:
        shown = Shown(
            at=at,
            title=document.title,
            version=document.version,
            item=self.session.item,
            by=_named(self.session, document.by),
        )
        self.documents.setdefault((document.id, document.version), shown)

    def _turn(self, before: Session, at: float) -> None:
        floor = before.floor
        if floor is None:
            return
        self.turns.append(
            Turn(
                seat=floor.seat,
                name=_named(before, floor.seat),
                person=floor.person,
                start=floor.since,
                end=at,
                item=before.item,
            )
        )

    def _left_item(self, before: Session, at: float) -> None:
        for item in before.agenda:
            if item.id == before.item and item.started is not None:
                self.stretches.setdefault(item.id, []).append((item.started, at))

    def pages(self, stays: list[SeatAttendance], now: float) -> Proceedings:
        self._turn(self.session, now)
        self._left_item(self.session, now)
        session = self.session
        answers = {} if session.roll is None else session.roll.answers
        return Proceedings(
            title=session.title,
            chair=self._chair,
            opened=self.opened,
            ended=self.ended,
            sites=tuple(
                SiteRecord(seat=one.seat, name=one.name, stays=one, answer=answers.get(one.seat))
                for one in stays
                if session.seats[one.seat].on_tiles
            ),
            agenda=tuple(self._item(item.id, session) for item in session.agenda),
            turns=tuple(self.turns),
            pauses=tuple(self.pauses),
            votes=tuple(self._vote(vote) for vote in session.votes if vote.closed is not None),
            notes=session.notes,
            handovers=tuple(self.handovers),
            documents=tuple(self.documents.values()),
        )

    def _item(self, number: int, session: Session) -> ItemTimes:
        item = next(one for one in session.agenda if one.id == number)
        return ItemTimes(
            id=item.id,
            title=item.title,
            presenter=item.presenter,
            planned_minutes=item.minutes,
            stretches=tuple(self.stretches.get(number, ())),
        )

    def _vote(self, vote: Vote) -> CountedVote:
        here = self.present.get(vote.id, frozenset())
        missing = [seat for seat in vote.weights if seat not in vote.voted]
        return CountedVote(
            vote=vote,
            result=result(vote, here),
            missing=tuple(_named(self.session, seat) for seat in missing),
        )


def _named(session: Session, seat: SeatId) -> str:
    known = session.seats.get(seat)
    return seat if known is None else known.name


def _titled(name: str, person: str) -> str:
    return f"{name} ({person})" if person and person != name else name
