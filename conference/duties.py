"""What a simulated site owes the meeting: an answer to the roll call, its ballots. Pure."""

import random

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.model import RollState, SeatId, Session, Vote

HEADS = (12, 45)
IN_FAVOUR = 0.8  # chance of the first option


def owed_after(seat: SeatId, event: e.AnyEvent, rng: random.Random) -> c.ClientCommand | None:
    """What the seat answers to an event; None: nothing."""
    match event:
        case e.RollCallStarted():
            return roll_answer(rng)
        case e.VoteOpened(vote=vote):
            return ballots(seat, vote, rng)
        case _:
            return None


def owed_on_entering(
    seat: SeatId, session: Session, rng: random.Random
) -> tuple[c.ClientCommand, ...]:
    """What is open when the seat comes in, or comes back."""
    open_votes = [vote for vote in session.votes if vote.closed is None and seat not in vote.voted]
    cast = [ballots(seat, vote, rng) for vote in open_votes]
    roll = session.roll
    answers = roll is not None and roll.ended is None and seat not in roll.answers
    return (
        *([roll_answer(rng)] if answers else []),
        *(command for command in cast if command is not None),
    )


def roll_answer(rng: random.Random) -> c.AnswerRollCall:
    return c.AnswerRollCall(state=RollState.PRESENT, head_count=rng.randint(*HEADS))


def ballots(seat: SeatId, vote: Vote, rng: random.Random) -> c.CastVote | None:
    """All ballots of the seat for one option; None: it has no vote."""
    weight = vote.weights.get(seat, 0)
    if not weight:
        return None
    last = len(vote.options) - 1
    choice = 0 if rng.random() < IN_FAVOUR else rng.randint(1, last)
    counts = tuple(weight if at == choice else 0 for at in range(last + 1))
    return c.CastVote(vote=vote.id, counts=counts)
