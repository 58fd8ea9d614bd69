"""What of the session and its log one seat may know. Pure.

Everything is for everybody but: messages to secretary and technicians, what a vote comes to until
it is published, who knocks, and the notes for the minutes. An entry that is withheld keeps its
number, so that no client sees a gap.
"""

from collections.abc import Sequence

import msgspec

from rooms.session import events as e
from rooms.session.model import Audience, Message, Seat, Session
from rooms.session.policy import leads
from rooms.session.votes import hidden
from rooms.session.words import reads

_WITHHELD = e.Withheld()
_LEADS_ALONE = (e.Knocked, e.KnockEnded, e.NoteTaken, e.NoteChanged)
_OWN = (e.MessageSent, e.VoteCast, e.VoteCounted, *_LEADS_ALONE)  # not the same for all


def entries_for(entries: Sequence[e.Entry], seat: Seat | None) -> Sequence[e.Entry]:
    """The entries as this seat gets them; the same object when they are for everybody."""
    if not any(isinstance(entry.event, _OWN) for entry in entries):
        return entries
    if seat is not None and leads(seat.role) and all(_known(entry, seat) for entry in entries):
        return entries
    return tuple(
        msgspec.structs.replace(entry, event=_event_for(entry.event, seat)) for entry in entries
    )


def _known(entry: e.Entry, seat: Seat) -> bool:
    event = entry.event
    return not isinstance(event, e.MessageSent) or _may_read(seat, event.message)


def _event_for(event: e.AnyEvent, seat: Seat | None) -> e.AnyEvent:
    """The event, without what this seat may not know."""
    if isinstance(event, e.MessageSent):
        return event if _may_read(seat, event.message) else _WITHHELD
    if seat is not None and leads(seat.role):
        return event
    if isinstance(event, e.VoteCast) and (seat is None or event.seat != seat.id):
        return msgspec.structs.replace(event, counts=())
    if isinstance(event, e.VoteCounted):
        return msgspec.structs.replace(event, tally=())
    return _WITHHELD if isinstance(event, _LEADS_ALONE) else event


def _may_read(seat: Seat | None, message: Message) -> bool:
    return message.to is Audience.ALL or (seat is not None and reads(seat, message))


def session_for(session: Session, seat: Seat | None) -> Session:
    """The snapshot this seat gets."""
    messages = tuple(message for message in session.messages if _may_read(seat, message))
    if seat is not None and leads(seat.role):
        return msgspec.structs.replace(session, messages=messages)
    return msgspec.structs.replace(
        session,
        messages=messages,
        votes=tuple(hidden(vote) for vote in session.votes),
        knocking={},
        notes=(),
    )
