"""What goes on by itself in a meeting: the timed round, knocks, counts of secret votes."""

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from rooms.clock import Clock, Timer
from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.model import SeatId, Session
from rooms.session.votes import find, uncounted
from rooms.store.ballots import Box

log = logging.getLogger(__name__)

KNOCK_SECONDS = 12.0  # who knocks says so again and again; so long after the last time it is gone
_COUNT_AGAIN_SECONDS = 5.0


class Proceedings:
    """Follows the events of one meeting and gives the service's commands when they are due.

    Args:
        post: gives a command of the service.
    """

    def __init__(
        self,
        clock: Clock,
        ballots: Box,
        session: Callable[[], Session],
        post: Callable[[c.Command], None],
    ) -> None:
        self._clock = clock
        self._ballots = ballots
        self._session = session
        self._post = post
        self._round: Timer | None = None
        self._knocks: dict[SeatId, Timer] = {}
        self._counting: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self) -> None:
        """Go on where the log left off."""
        session = self._session()
        for seat in session.knocking:
            self.knocks(seat)
        self._arm_round()
        for vote in uncounted(session):
            self._count(vote)

    def close(self) -> None:
        self._closed = True
        timers = [*self._knocks.values(), *([self._round] if self._round is not None else [])]
        for timer in timers:
            timer.cancel()
        for task in self._counting:
            task.cancel()

    def follow(self, event: e.AnyEvent) -> None:
        """An event is in the log."""
        match event:
            case e.RoundStarted() | e.RoundEnded() | e.MainShown():
                self._arm_round()
            case e.SeatAdmitted(seat=seat) | e.KnockEnded(seat=seat):
                timer = self._knocks.pop(seat, None)
                if timer is not None:
                    timer.cancel()
            case e.VoteClosed(vote=vote) | e.RecountAsked(vote=vote):
                self._count(vote)

    # ------------------------------------------------------------ knocks

    def knocks(self, seat: SeatId) -> None:
        """Somebody stands before the door, still."""
        timer = self._knocks.pop(seat, None)
        if timer is not None:
            timer.cancel()
        self._knocks[seat] = self._clock.call_later(KNOCK_SECONDS, lambda: self._gone(seat))

    def _gone(self, seat: SeatId) -> None:
        self._knocks.pop(seat, None)
        self._post(c.WithdrawKnock(seat=seat))

    # ------------------------------------------------------------ the round

    def _arm_round(self) -> None:
        if self._round is not None:
            self._round.cancel()
            self._round = None
        going = self._session().round
        if going is not None:
            self._round = self._clock.call_later(going.seconds, lambda: self._post(c.NextInRound()))

    # ------------------------------------------------------------ secret votes

    def _count(self, vote: int) -> None:
        found = find(self._session(), vote)
        if found is None or not found.secret or self._closed:
            return
        task = asyncio.create_task(self._read(vote, len(found.options)), name=f"count {vote}")
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)

    async def _read(self, vote: int, options: int) -> None:
        try:
            tally = await self._ballots.tally(self._session().meeting, vote, options)
        except (SQLAlchemyError, OSError):
            log.exception("meeting %s: vote %d not counted", self._session().meeting, vote)
            self._clock.call_later(_COUNT_AGAIN_SECONDS, lambda: self._count(vote))
            return
        self._post(c.CountVote(vote=vote, tally=tally))
