"""The course of the meeting: who presides, the agenda, breaks. Part of the session's core, pure."""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused, speaks
from rooms.session.model import Agenda, Pause, Role, Seat, SeatId, Session, site_of
from rooms.session.policy import Actor, presiding

# ---------------------------------------------------------------- the chair


def _hand_over(state: Session, actor: Actor, command: c.HandOverChair, now: float) -> Decision:
    seat = state.seats.get(SeatId(command.seat))
    if seat is None:
        return Refused("unknown-seat")
    if not seat.on_tiles:
        return Refused("not-shown")
    if not seat.present:
        return Refused("not-present")
    return _presides(state, seat, actor)


def _take_chair(state: Session, actor: Actor, command: c.TakeChair, now: float) -> Decision:
    chair = presiding(state)
    if chair is not None and chair.id == actor.seat:
        return []
    if actor.seat != state.deputy:
        return Refused("not-allowed")
    if chair is not None and chair.present:
        return Refused("chair-present")
    return _presides(state, state.seats[actor.seat], actor)


def _presides(state: Session, seat: Seat, actor: Actor) -> Decision:
    chair = presiding(state)
    if chair is not None and chair.id == seat.id:
        return []
    former = None if chair is None else msgspec.structs.replace(chair, role=_plain(chair))
    return [e.ChairHandedOver(seat=seat.id, former=former, by=actor.seat)]


def role_on_entry(state: Session, described: Seat) -> Role:
    """One seat presides: who was given the chair keeps it, whoever comes in and by what device."""
    chair = presiding(state)
    if chair is not None and chair.id == described.id:
        return Role.CHAIR
    if chair is None or described.role is not Role.CHAIR:
        return described.role
    return _plain(described)


def _plain(seat: Seat) -> Role:
    """What a seat is that presides no longer."""
    return Role.DELEGATE if site_of(seat.id) is None else Role.SITE


def _handed_over(state: Session, event: e.ChairHandedOver, at: float) -> Session:
    seats = dict(state.seats)
    if event.former is not None:
        former = seats.get(event.former.id, event.former)
        seats[former.id] = msgspec.structs.replace(former, role=event.former.role)
    seats[event.seat] = msgspec.structs.replace(seats[event.seat], role=Role.CHAIR)
    return msgspec.structs.replace(state, seats=seats, handed_to=event.seat)


# ---------------------------------------------------------------- the agenda


def _go_to(state: Session, actor: Actor, command: c.GoToItem, now: float) -> Decision:
    if command.item is not None and all(item.id != command.item for item in state.agenda):
        return Refused("unknown-item")
    return [] if command.item == state.item else [e.ItemReached(item=command.item, by=actor.seat)]


def _reached(state: Session, event: e.ItemReached, at: float) -> Session:
    agenda = tuple(_at(item, event.item, at) for item in state.agenda)
    return msgspec.structs.replace(state, agenda=agenda, item=event.item)


def _at(item: Agenda, reached: int | None, at: float) -> Agenda:
    """Stop the clock of the item that was at hand, start that of the one that is."""
    if item.id == reached:
        return msgspec.structs.replace(item, started=at)
    if item.started is None:
        return item
    return msgspec.structs.replace(item, started=None, spent=item.spent + at - item.started)


# ---------------------------------------------------------------- breaks


def _pause(state: Session, actor: Actor, command: c.StartPause, now: float) -> Decision:
    until = now + command.seconds
    muted = [
        e.MicrophoneSet(seat=seat.id, on=False, by=actor.seat)
        for seat in state.seats.values()
        if speaks(seat)
    ]
    return [e.PauseStarted(until=until, by=actor.seat), *muted]


def _resume(state: Session, actor: Actor, command: c.EndPause, now: float) -> Decision:
    return [] if state.pause is None else [e.PauseEnded(by=actor.seat)]


def _paused(state: Session, event: e.PauseStarted, at: float) -> Session:
    since = at if state.pause is None else state.pause.since
    return msgspec.structs.replace(state, pause=Pause(since=since, until=event.until, by=event.by))


def _resumed(state: Session, event: e.PauseEnded, at: float) -> Session:
    return msgspec.structs.replace(state, pause=None)


DECIDERS: Deciders = {
    c.HandOverChair: _hand_over,
    c.TakeChair: _take_chair,
    c.GoToItem: _go_to,
    c.StartPause: _pause,
    c.EndPause: _resume,
}
EVOLVERS: Evolvers = {
    e.ChairHandedOver: _handed_over,
    e.ItemReached: _reached,
    e.PauseStarted: _paused,
    e.PauseEnded: _resumed,
}
