"""Votes: who may vote and how often, what was cast, what it comes to. Pure; see `rooms/VOTING.md`.

An open vote keeps each seat's choice. Of a secret one the session and its log hold who voted,
never what: the choice goes from the voter's message straight into the ballot box of the store
(`rooms.store.ballots`), which holds sums alone.
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.model import (
    Majority,
    SeatId,
    Session,
    Vote,
    VoteBase,
    VoteUnit,
)
from rooms.session.policy import Actor

MAX_VOTES = 100  # in one meeting
MAX_WEIGHT = 10_000


def _open(state: Session, actor: Actor, command: c.OpenVote, now: float) -> Decision:
    if running(state) is not None:
        return Refused("vote-runs")
    if len(state.votes) >= MAX_VOTES:
        return Refused("too-many-votes")
    options = tuple(option.strip() for option in command.options)
    if not command.question.strip() or "" in options or len(set(options)) < len(options):
        return Refused("empty-text")
    weights = _weights(state, command)
    if not weights:
        return Refused("nobody-votes")
    vote = Vote(
        id=state.seq + 1,
        question=command.question.strip(),
        options=options,
        secret=command.secret,
        unit=command.unit,
        weights=weights,
        majority=command.majority,
        base=command.base,
        quorum_percent=command.quorum_percent,
        opened=now,
    )
    return [e.VoteOpened(vote=vote, by=actor.seat)]


def _weights(state: Session, command: c.OpenVote) -> dict[SeatId, int]:
    """How many ballots each seat has, in protocol order."""
    seats = sorted(
        (seat for seat in state.seats.values() if seat.on_tiles),
        key=lambda seat: (seat.rank, seat.id),
    )
    if command.unit is VoteUnit.SITE:
        return {seat.id: 1 for seat in seats}
    if command.unit is VoteUnit.WEIGHTED:
        given = {SeatId(seat): weight for seat, weight in command.weights.items()}
        return {seat.id: given[seat.id] for seat in seats if given.get(seat.id)}
    answers = {} if state.roll is None else state.roll.answers
    heads = {seat.id: answers[seat.id].head_count for seat in seats if seat.id in answers}
    return {seat: count for seat, count in heads.items() if count}


def _cast(state: Session, actor: Actor, command: c.CastVote, now: float) -> Decision:
    vote = find(state, command.vote)
    if vote is None:
        return Refused("unknown-vote")
    if vote.closed is not None:
        return Refused("vote-closed")
    weight = vote.weights.get(actor.seat, 0)
    if not weight:
        return Refused("not-entitled")
    if actor.seat in vote.voted:
        return Refused("already-voted")
    ballots = sum(command.counts)
    if len(command.counts) != len(vote.options) or not 1 <= ballots <= weight:
        return Refused("bad-ballot")
    counts = () if vote.secret else command.counts
    return [e.VoteCast(vote=vote.id, seat=actor.seat, ballots=ballots, counts=counts)]


def _close(state: Session, actor: Actor, command: c.CloseVote, now: float) -> Decision:
    vote = find(state, command.vote)
    if vote is None:
        return Refused("unknown-vote")
    if vote.closed is not None:
        return []
    return [e.VoteClosed(vote=vote.id, by=actor.seat), *_counted(vote, actor.seat)]


def _recount(state: Session, actor: Actor, command: c.RecountVote, now: float) -> Decision:
    """Of a secret vote the service counts, as it does when the vote is closed."""
    vote = find(state, command.vote)
    if vote is None:
        return Refused("unknown-vote")
    if vote.closed is None:
        return Refused("vote-runs")
    return [e.RecountAsked(vote=vote.id, by=actor.seat), *_counted(vote, actor.seat)]


def _counted(vote: Vote, by: SeatId) -> list[e.AnyEvent]:
    """The count of an open vote; that of a secret one comes from its ballot box."""
    if vote.secret:
        return []
    sums = [sum(column) for column in zip(*vote.choices.values(), strict=True)]
    tally = tuple(sums) if sums else (0,) * len(vote.options)
    return [e.VoteCounted(vote=vote.id, tally=tally, by=by)]


def _count(state: Session, actor: Actor, command: c.CountVote, now: float) -> Decision:
    """From the service: what the ballot box of a closed secret vote holds."""
    vote = find(state, command.vote)
    if vote is None or vote.closed is None or not vote.secret:
        return Refused("unknown-vote")
    return [e.VoteCounted(vote=vote.id, tally=command.tally, by=actor.seat)]


def _publish(state: Session, actor: Actor, command: c.PublishVote, now: float) -> Decision:
    vote = find(state, command.vote)
    if vote is None:
        return Refused("unknown-vote")
    if vote.tally is None:
        return Refused("vote-runs")
    if vote.published:
        return []
    return [e.VotePublished(vote=msgspec.structs.replace(vote, published=True), by=actor.seat)]


def find(state: Session, vote: int) -> Vote | None:
    return next((one for one in state.votes if one.id == vote), None)


def running(state: Session) -> Vote | None:
    return next((vote for vote in state.votes if vote.closed is None), None)


def uncounted(state: Session) -> list[int]:
    """Secret votes that were closed and wait for their count."""
    return [vote.id for vote in state.votes if vote.secret and vote.closed and vote.tally is None]


# ------------------------------------------------------------------------------------- results


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a counted vote comes to."""

    entitled: int  # ballots there could be
    cast: int
    quorate: bool
    base: int  # ballots the majority is counted of
    winner: int | None  # index of the option that carries; None: none does


def result(vote: Vote, present: frozenset[SeatId]) -> Result:
    """Whether an option carries.

    Args:
        present: seats in the room when the vote was closed.

    `VoteBase.PRESENT` counts the majority of the ballots of those present or who voted,
    `VoteBase.ALL` of all entitled. The last options may be "no opinion": they count as ballots
    and carry nothing against the base.
    """
    tally = vote.tally or (0,) * len(vote.options)
    entitled, cast = sum(vote.weights.values()), sum(tally)
    here = sum(
        weight for seat, weight in vote.weights.items() if seat in present or seat in vote.voted
    )
    base = entitled if vote.base is VoteBase.ALL else max(here, cast)
    quorate = here * 100 >= vote.quorum_percent * entitled
    best = max(range(len(tally)), key=lambda option: tally[option])
    carries = quorate and base > 0 and _majority(vote.majority, tally[best], base)
    return Result(
        entitled=entitled, cast=cast, quorate=quorate, base=base, winner=best if carries else None
    )


def _majority(majority: Majority, votes: int, base: int) -> bool:
    return votes * 3 >= base * 2 if majority is Majority.TWO_THIRDS else votes * 2 > base


# ------------------------------------------------------------------------------------- evolve


DECIDERS: Deciders = {
    c.OpenVote: _open,
    c.CastVote: _cast,
    c.CloseVote: _close,
    c.RecountVote: _recount,
    c.CountVote: _count,
    c.PublishVote: _publish,
}


def _opened(state: Session, event: e.VoteOpened, at: float) -> Session:
    return msgspec.structs.replace(state, votes=(*state.votes, event.vote))


def _with_vote(state: Session, vote: int, **changes: object) -> Session:
    votes = tuple(
        msgspec.structs.replace(one, **changes) if one.id == vote else one for one in state.votes
    )
    return msgspec.structs.replace(state, votes=votes)


def _was_cast(state: Session, event: e.VoteCast, at: float) -> Session:
    vote = find(state, event.vote)
    if vote is None:
        return state
    choices = {**vote.choices, event.seat: event.counts} if event.counts else vote.choices
    voted = {**vote.voted, event.seat: event.ballots}
    return _with_vote(state, vote.id, voted=voted, choices=choices)


def _closed(state: Session, event: e.VoteClosed, at: float) -> Session:
    return _with_vote(state, event.vote, closed=at)


def _was_counted(state: Session, event: e.VoteCounted, at: float) -> Session:
    vote = find(state, event.vote)
    counts = 0 if vote is None else vote.counts
    return _with_vote(state, event.vote, tally=event.tally or None, counts=counts + 1)


def _published(state: Session, event: e.VotePublished, at: float) -> Session:
    votes = tuple(event.vote if one.id == event.vote.id else one for one in state.votes)
    return msgspec.structs.replace(state, votes=votes)


EVOLVERS: Evolvers = {
    e.VoteOpened: _opened,
    e.VoteCast: _was_cast,
    e.VoteClosed: _closed,
    e.RecountAsked: lambda state, event, at: state,
    e.VoteCounted: _was_counted,
    e.VotePublished: _published,
}


def hidden(vote: Vote) -> Vote:
    """A vote as those see it who do not lead, until it is published: who voted, not what."""
    if vote.published:
        return vote
    return msgspec.structs.replace(vote, choices={}, tally=None)
