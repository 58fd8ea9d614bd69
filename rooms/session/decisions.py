"""What the parts of the session's core share: how a decision looks, and small changes of state."""

from collections.abc import Callable
from typing import Any

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.model import Seat, SeatId, Session
from rooms.session.policy import Actor


class Refused(msgspec.Struct, frozen=True):
    """`decide` says no; `code` is one of `rooms.errors.REFUSALS`."""

    code: str


Decision = list[e.AnyEvent] | Refused
Deciders = dict[type[c.Command], Callable[[Session, Actor, Any, float], Decision]]
Evolvers = dict[type[e.Event], Callable[[Session, Any, float], Session]]


def with_seat(state: Session, seat_id: SeatId, **changes: Any) -> Session:
    seat = msgspec.structs.replace(state.seats[seat_id], **changes)
    return msgspec.structs.replace(state, seats={**state.seats, seat_id: seat})


def waits_no_longer(state: Session, seat_id: SeatId) -> Session:
    """The hand down, the place in the queue given up."""
    queue = tuple(waiting for waiting in state.queue if waiting != seat_id)
    if seat_id in state.seats:
        state = with_seat(state, seat_id, hand=None)
    return msgspec.structs.replace(state, queue=queue)


def speaks(seat: Seat) -> bool:
    """Whether it speaks, or would when it comes back."""
    return seat.microphone or seat.speaks_until is not None
