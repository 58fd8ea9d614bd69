"""The floor: who waits to speak, who speaks, for how long. Part of the session's core, pure.

An invitation does in one step what the room expects of it: whoever spoke is muted, whoever was
invited is shown to all, heard, and waits no longer. The floor stays with its seat while the line
is lost, and so does a place in the queue.
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import (
    Deciders,
    Decision,
    Evolvers,
    Refused,
    speaks,
    waits_no_longer,
)
from rooms.session.model import Floor, Role, SeatId, Session
from rooms.session.policy import Actor, leads, natural_main

LONGEST_TURN_S = 4 * 3600


def _invite(state: Session, actor: Actor, command: c.InviteToSpeak, now: float) -> Decision:
    seat = state.seats.get(SeatId(command.seat))
    if seat is None:
        return Refused("unknown-seat")
    if not seat.on_tiles:
        return Refused("not-shown")
    if not seat.present:
        return Refused("not-present")
    if held_by(state, seat.id):
        return []
    given = e.FloorGiven(
        seat=seat.id, seconds=command.seconds, person=command.person.strip(), by=actor.seat
    )
    heard: list[e.AnyEvent] = []
    if seat.direct and not seat.microphone:
        heard = [e.MicrophoneSet(seat=seat.id, on=True, by=actor.seat)]
    shown = e.MainShown(seat=seat.id, pinned=True)
    return [*_give_up(state, actor, now), given, *heard, shown]


def _give_up(state: Session, actor: Actor, now: float) -> list[e.AnyEvent]:
    """The turn at hand ends; its microphone is switched off, but for one who leads."""
    if state.floor is None:
        return []
    seat = state.seats[state.floor.seat]
    if not speaks(seat) or leads(seat.role):
        return over(state, actor, now)
    return [
        *over(state, actor, now),
        e.MicrophoneSet(seat=seat.id, on=False, by=actor.seat),
    ]


def over(state: Session, actor: Actor, now: float) -> list[e.AnyEvent]:
    """The turn at hand is over, if there is one."""
    if state.floor is None:
        return []
    spoken = max(0.0, now - state.floor.since)
    return [e.FloorEnded(seat=state.floor.seat, spoken=spoken, by=actor.seat)]


def held_by(state: Session, seat: SeatId) -> bool:
    return state.floor is not None and state.floor.seat == seat


def _end_turn(state: Session, actor: Actor, command: c.EndTurn, now: float) -> Decision:
    if state.floor is None:
        return []
    if actor.seat != state.floor.seat and not leads(actor.role):
        return Refused("not-allowed")
    ended = _give_up(state, actor, now)
    if state.main != state.floor.seat:
        return ended
    return [*ended, e.MainShown(seat=natural_main(state), pinned=False)]


def _extend(state: Session, actor: Actor, command: c.ExtendTurn, now: float) -> Decision:
    if state.floor is None:
        return Refused("no-floor")
    granted = state.floor.seconds
    if granted is None:  # counted from now on
        granted = int(now - state.floor.since)
    seconds = min(granted + command.seconds, LONGEST_TURN_S)
    return [e.FloorExtended(seconds=seconds, by=actor.seat)]


def _name(state: Session, actor: Actor, command: c.NameSpeaker, now: float) -> Decision:
    if state.floor is None:
        return Refused("no-floor")
    if actor.seat != state.floor.seat and not leads(actor.role):
        return Refused("not-allowed")
    person = command.person.strip()
    return [] if person == state.floor.person else [e.SpeakerNamed(person=person, by=actor.seat)]


def _queue_seat(state: Session, actor: Actor, command: c.QueueSeat, now: float) -> Decision:
    seat = state.seats.get(SeatId(command.seat))
    if seat is None:
        return Refused("unknown-seat")
    if not seat.on_tiles:
        return Refused("not-shown")
    waits = held_by(state, seat.id) or seat.id in state.queue
    return [] if waits else [e.SeatQueued(seat=seat.id, by=actor.seat)]


def _move(state: Session, actor: Actor, command: c.MoveInQueue, now: float) -> Decision:
    seat = SeatId(command.seat)
    before = None if command.before is None else SeatId(command.before)
    if seat not in state.queue or (before is not None and before not in state.queue):
        return Refused("not-in-queue")
    moved = e.QueueMoved(seat=seat, before=before, by=actor.seat)
    return [] if _reordered(state.queue, moved) == state.queue else [moved]


def _reordered(queue: tuple[SeatId, ...], moved: e.QueueMoved) -> tuple[SeatId, ...]:
    rest = [seat for seat in queue if seat != moved.seat]
    if moved.before == moved.seat:
        return queue
    place = len(rest) if moved.before is None else rest.index(moved.before)
    return (*rest[:place], moved.seat, *rest[place:])


def _discussion(state: Session, actor: Actor, command: c.SetDiscussion, now: float) -> Decision:
    if state.discussion == command.open:
        return []
    changed: list[e.AnyEvent] = [e.DiscussionSet(open=command.open, by=actor.seat)]
    if command.open:
        return changed
    return [
        *changed,
        *(
            e.MicrophoneSet(seat=seat.id, on=False, by=actor.seat)
            for seat in state.seats.values()
            if speaks(seat) and not may_speak(closed(state), seat.id, seat.role)
        ),
    ]


def closed(state: Session) -> Session:
    return msgspec.structs.replace(state, discussion=False)


def may_speak(state: Session, seat: SeatId, role: Role | None) -> bool:
    """Whether a seat may switch its own microphone on."""
    if state.discussion or leads(role) or role is Role.TECHNICIAN:
        return True
    return held_by(state, seat)


DECIDERS: Deciders = {
    c.InviteToSpeak: _invite,
    c.EndTurn: _end_turn,
    c.ExtendTurn: _extend,
    c.NameSpeaker: _name,
    c.QueueSeat: _queue_seat,
    c.MoveInQueue: _move,
    c.SetDiscussion: _discussion,
}


# ------------------------------------------------------------------------------------- evolve


def _given(state: Session, event: e.FloorGiven, at: float) -> Session:
    floor = Floor(seat=event.seat, since=at, seconds=event.seconds, person=event.person)
    return msgspec.structs.replace(waits_no_longer(state, event.seat), floor=floor)


def _changed(state: Session, **changes: object) -> Session:
    if state.floor is None:
        return state
    return msgspec.structs.replace(state, floor=msgspec.structs.replace(state.floor, **changes))


def _extended(state: Session, event: e.FloorExtended, at: float) -> Session:
    return _changed(state, seconds=event.seconds)


def _named(state: Session, event: e.SpeakerNamed, at: float) -> Session:
    return _changed(state, person=event.person)


def _ended(state: Session, event: e.FloorEnded, at: float) -> Session:
    spoken = {**state.spoken, event.seat: state.spoken.get(event.seat, 0.0) + event.spoken}
    return msgspec.structs.replace(state, floor=None, spoken=spoken)


def _queued(state: Session, event: e.SeatQueued, at: float) -> Session:
    return msgspec.structs.replace(state, queue=(*state.queue, event.seat))


def _moved(state: Session, event: e.QueueMoved, at: float) -> Session:
    return msgspec.structs.replace(state, queue=_reordered(state.queue, event))


def _discussed(state: Session, event: e.DiscussionSet, at: float) -> Session:
    return msgspec.structs.replace(state, discussion=event.open)


EVOLVERS: Evolvers = {
    e.FloorGiven: _given,
    e.FloorExtended: _extended,
    e.SpeakerNamed: _named,
    e.FloorEnded: _ended,
    e.SeatQueued: _queued,
    e.QueueMoved: _moved,
    e.DiscussionSet: _discussed,
}
