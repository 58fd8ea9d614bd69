"""The scene: what all sites see on the main picture, and the timed round of the sites. Pure.

Everybody may choose a view of their own; the scene is what a client shows that follows.
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.model import Round, Scene, SceneKind, SeatId, Session
from rooms.session.policy import Actor, round_order

_SEATS = {SceneKind.TWO: 2, SceneKind.FOUR: 4}


def _set(state: Session, actor: Actor, command: c.SetScene, now: float) -> Decision:
    seats = tuple(dict.fromkeys(SeatId(seat) for seat in command.seats))
    if any(seat not in state.seats for seat in seats):
        return Refused("unknown-seat")
    if any(not state.seats[seat].on_tiles for seat in seats):
        return Refused("not-shown")
    wanted = _SEATS.get(command.kind, 0)
    if len(seats) != wanted:
        return Refused("bad-scene")
    scene = Scene(kind=command.kind, seats=seats)
    return [] if scene == state.scene else [e.SceneSet(scene=scene, by=actor.seat)]


def _start_round(state: Session, actor: Actor, command: c.StartRound, now: float) -> Decision:
    order = round_order(state)
    if not order:
        return Refused("not-present")
    if state.round is not None and state.round.seconds == command.seconds:
        return []
    return [
        e.RoundStarted(seconds=command.seconds, by=actor.seat),
        e.MainShown(seat=order[0], pinned=True),
    ]


def _next(state: Session, actor: Actor, command: c.NextInRound, now: float) -> Decision:
    """The site after the one that is shown, in protocol order; after the last the round is over."""
    if state.round is None:
        return []
    rank = -1 if state.main is None else state.seats[state.main].rank
    later = [seat for seat in round_order(state) if state.seats[seat].rank > rank]
    if not later:
        return [e.RoundEnded(by=actor.seat), e.MainShown(seat=state.main, pinned=False)]
    return [e.MainShown(seat=later[0], pinned=True)]


def _end_round(state: Session, actor: Actor, command: c.EndRound, now: float) -> Decision:
    return [] if state.round is None else [e.RoundEnded(by=actor.seat)]


DECIDERS: Deciders = {
    c.SetScene: _set,
    c.StartRound: _start_round,
    c.NextInRound: _next,
    c.EndRound: _end_round,
}


def _scene(state: Session, event: e.SceneSet, at: float) -> Session:
    return msgspec.structs.replace(state, scene=event.scene)


def _started(state: Session, event: e.RoundStarted, at: float) -> Session:
    return msgspec.structs.replace(state, round=Round(seconds=event.seconds, by=event.by))


def _ended(state: Session, event: e.RoundEnded, at: float) -> Session:
    return msgspec.structs.replace(state, round=None)


EVOLVERS: Evolvers = {
    e.SceneSet: _scene,
    e.RoundStarted: _started,
    e.RoundEnded: _ended,
}
