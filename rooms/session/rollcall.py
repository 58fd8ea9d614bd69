"""The roll call of the sites: who is there, with how many, who presides. Pure.

A site may answer for itself; what counts is what chair or secretary confirmed. The last roll call
stays with the session after it ended: it is the attendance of the minutes.
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.model import RollAnswer, RollCall, RollState, Seat, SeatId, Session
from rooms.session.policy import Actor, leads


def _start(state: Session, actor: Actor, command: c.StartRollCall, now: float) -> Decision:
    if running(state):
        return Refused("roll-call-runs")
    return [e.RollCallStarted(by=actor.seat)]


def _call(state: Session, actor: Actor, command: c.CallSite, now: float) -> Decision:
    """Turn to a site; it is shown to all when it is there."""
    if not running(state):
        return Refused("no-roll-call")
    seat = _answering(state, SeatId(command.seat))
    if seat is None:
        return Refused("unknown-seat")
    called: list[e.AnyEvent] = []
    if state.roll is not None and state.roll.calling != seat.id:
        called.append(e.SiteCalled(seat=seat.id, by=actor.seat))
    if seat.present and state.main != seat.id:
        called.append(e.MainShown(seat=seat.id, pinned=True))
    return called


def _answer(state: Session, actor: Actor, command: c.AnswerRollCall, now: float) -> Decision:
    if not running(state):
        return Refused("no-roll-call")
    target = actor.seat if command.seat is None else SeatId(command.seat)
    confirmed = leads(actor.role)
    if target != actor.seat and not confirmed:
        return Refused("not-allowed")
    if _answering(state, target) is None:
        return Refused("unknown-seat")
    before = state.roll.answers.get(target) if state.roll is not None else None
    if before is not None and before.confirmed and not confirmed:
        return Refused("roll-confirmed")
    answer = RollAnswer(
        state=command.state,
        head_count=0 if command.state is RollState.ABSENT else command.head_count,
        person=command.person.strip(),
        reason=command.reason.strip(),
        confirmed=confirmed,
        at=now,
    )
    if before is not None and msgspec.structs.replace(answer, at=before.at) == before:
        return []
    return [e.RollAnswered(seat=target, answer=answer, by=actor.seat)]


def _end(state: Session, actor: Actor, command: c.EndRollCall, now: float) -> Decision:
    if not running(state):
        return []
    ended: list[e.AnyEvent] = [e.RollCallEnded(by=actor.seat)]
    called = state.roll.calling if state.roll is not None else None
    if called is not None and state.pinned and state.main == called:
        ended.append(e.MainShown(seat=called, pinned=False))
    return ended


def running(state: Session) -> bool:
    return state.roll is not None and state.roll.ended is None


def _answering(state: Session, seat_id: SeatId) -> Seat | None:
    """Sites answer, and persons with a place on the tiles."""
    seat = state.seats.get(seat_id)
    return seat if seat is not None and seat.on_tiles else None


def total(roll: RollCall) -> int:
    """People at all sites that answered."""
    return sum(answer.head_count for answer in roll.answers.values())


DECIDERS: Deciders = {
    c.StartRollCall: _start,
    c.CallSite: _call,
    c.AnswerRollCall: _answer,
    c.EndRollCall: _end,
}


def _started(state: Session, event: e.RollCallStarted, at: float) -> Session:
    """A second call keeps the answers of the first: they are asked to confirm, not to repeat."""
    answers = {} if state.roll is None else state.roll.answers
    return msgspec.structs.replace(state, roll=RollCall(started=at, by=event.by, answers=answers))


def _changed(state: Session, **changes: object) -> Session:
    if state.roll is None:
        return state
    return msgspec.structs.replace(state, roll=msgspec.structs.replace(state.roll, **changes))


def _called(state: Session, event: e.SiteCalled, at: float) -> Session:
    return _changed(state, calling=event.seat)


def _answered(state: Session, event: e.RollAnswered, at: float) -> Session:
    answers = {} if state.roll is None else state.roll.answers
    return _changed(state, answers={**answers, event.seat: event.answer})


def _ended(state: Session, event: e.RollCallEnded, at: float) -> Session:
    return _changed(state, ended=at, calling=None)


EVOLVERS: Evolvers = {
    e.RollCallStarted: _started,
    e.SiteCalled: _called,
    e.RollAnswered: _answered,
    e.RollCallEnded: _ended,
}
