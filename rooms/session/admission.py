"""Who comes in: invited seats directly, others by knocking; the lock, and showing out. Pure."""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.floor import held_by
from rooms.session.model import Knock, Role, Seat, SeatId, Session
from rooms.session.policy import Actor, leads, presiding

MAX_KNOCKING = 300


def on_entry(state: Session, seat: Seat, now: float) -> Decision | None:
    """What happens instead of entering; None: the seat may come in."""
    if seat.id in state.barred:
        return Refused("removed")
    if not _must_knock(state, seat):
        return None
    if seat.id in state.knocking:
        return []
    if len(state.knocking) >= MAX_KNOCKING:
        return Refused("busy")
    return [e.Knocked(knock=Knock(seat=seat, at=now))]


def _must_knock(state: Session, seat: Seat) -> bool:
    if leads(seat.role) or seat.role is Role.TECHNICIAN or seat.id in state.admitted:
        return False
    if _is_waited_for(state, seat.id):
        return False
    return state.locked or not seat.invited


def _is_waited_for(state: Session, seat: SeatId) -> bool:
    """Who was given the chair, or has the floor, and lost the line before the door was locked."""
    chair = presiding(state)
    return held_by(state, seat) or (chair is not None and chair.id == seat)


def _lock(state: Session, actor: Actor, command: c.SetLock, now: float) -> Decision:
    return [] if state.locked == command.on else [e.LockSet(on=command.on, by=actor.seat)]


def _admit(state: Session, actor: Actor, command: c.Admit, now: float) -> Decision:
    if command.seat is None:
        return [e.SeatAdmitted(seat=seat, by=actor.seat) for seat in state.knocking]
    seat = SeatId(command.seat)
    if seat not in state.knocking and seat not in state.barred:
        return Refused("unknown-seat")
    return [e.SeatAdmitted(seat=seat, by=actor.seat)]


def _turn_away(state: Session, actor: Actor, command: c.TurnAway, now: float) -> Decision:
    seat = SeatId(command.seat)
    if seat not in state.knocking:
        return Refused("unknown-seat")
    return [e.KnockEnded(seat=seat, barred=True, by=actor.seat)]


def _withdraw(state: Session, actor: Actor, command: c.WithdrawKnock, now: float) -> Decision:
    if command.seat not in state.knocking:
        return []
    return [e.KnockEnded(seat=command.seat, barred=False, by=command.seat)]


def _remove(state: Session, actor: Actor, command: c.RemoveSeat, now: float) -> Decision:
    seat = state.seats.get(SeatId(command.seat))
    if seat is None:
        return Refused("unknown-seat")
    if leads(seat.role) or seat.id == actor.seat:
        return Refused("not-allowed")
    removed = e.SeatRemoved(seat=seat.id, barred=command.barred, by=actor.seat)
    return [removed] if seat.present or command.barred else []


DECIDERS: Deciders = {
    c.SetLock: _lock,
    c.Admit: _admit,
    c.TurnAway: _turn_away,
    c.WithdrawKnock: _withdraw,
    c.RemoveSeat: _remove,
}


def _locked(state: Session, event: e.LockSet, at: float) -> Session:
    """Whoever is inside when the door is locked may come back."""
    inside = [seat.id for seat in state.seats.values() if seat.present and event.on]
    admitted = tuple(dict.fromkeys((*state.admitted, *inside)))
    return msgspec.structs.replace(state, locked=event.on, admitted=admitted)


def _knocked(state: Session, event: e.Knocked, at: float) -> Session:
    knocking = {**state.knocking, event.knock.seat.id: event.knock}
    return msgspec.structs.replace(state, knocking=knocking)


def _without(state: Session, seat: SeatId) -> dict[SeatId, Knock]:
    return {other: knock for other, knock in state.knocking.items() if other != seat}


def _admitted(state: Session, event: e.SeatAdmitted, at: float) -> Session:
    return msgspec.structs.replace(
        state,
        knocking=_without(state, event.seat),
        admitted=tuple(dict.fromkeys((*state.admitted, event.seat))),
        barred=tuple(seat for seat in state.barred if seat != event.seat),
    )


def _knock_ended(state: Session, event: e.KnockEnded, at: float) -> Session:
    barred = (*state.barred, event.seat) if event.barred else state.barred
    return msgspec.structs.replace(
        state, knocking=_without(state, event.seat), barred=tuple(dict.fromkeys(barred))
    )


def _removed(state: Session, event: e.SeatRemoved, at: float) -> Session:
    barred = (*state.barred, event.seat) if event.barred else state.barred
    admitted = tuple(seat for seat in state.admitted if seat != event.seat)
    return msgspec.structs.replace(state, barred=tuple(dict.fromkeys(barred)), admitted=admitted)


EVOLVERS: Evolvers = {
    e.LockSet: _locked,
    e.Knocked: _knocked,
    e.SeatAdmitted: _admitted,
    e.KnockEnded: _knock_ended,
    e.SeatRemoved: _removed,
}
