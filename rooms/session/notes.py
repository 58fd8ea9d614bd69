"""What the secretary notes while the meeting runs, and what the technician checks. Pure.

Decisions, conclusions and tasks go into the minutes; a site's check says whether it passed the test
run (chạy thử).
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.model import Note, SeatId, Session, SiteCheck
from rooms.session.policy import Actor

MAX_NOTES = 500


def _note(state: Session, actor: Actor, command: c.TakeNote, now: float) -> Decision:
    text = command.text.strip()
    if not text:
        return Refused("empty-text")
    if len(state.notes) >= MAX_NOTES:
        return Refused("too-many-notes")
    note = Note(id=state.seq + 1, kind=command.kind, text=text, item=state.item, at=now)
    return [e.NoteTaken(note=note, by=actor.seat)]


def _change(state: Session, actor: Actor, command: c.ChangeNote, now: float) -> Decision:
    note = next((one for one in state.notes if one.id == command.note), None)
    if note is None:
        return Refused("unknown-note")
    text = command.text.strip()
    if text == note.text and command.kind is note.kind:
        return []
    return [e.NoteChanged(note=note.id, kind=command.kind, text=text, by=actor.seat)]


def _check(state: Session, actor: Actor, command: c.CheckSite, now: float) -> Decision:
    seat = state.seats.get(SeatId(command.seat))
    if seat is None or not seat.on_tiles:
        return Refused("unknown-seat")
    check = SiteCheck(passed=command.passed, note=command.note.strip(), by=actor.seat, at=now)
    before = state.checks.get(seat.id)
    if before is not None and (before.passed, before.note) == (check.passed, check.note):
        return []
    return [e.SiteChecked(seat=seat.id, check=check)]


def _extend(state: Session, actor: Actor, command: c.ExtendMeeting, now: float) -> Decision:
    """Counted from the planned end, or from now when that is over."""
    until = max(state.ends or now, now) + command.seconds
    return [e.MeetingExtended(until=until, by=actor.seat)]


DECIDERS: Deciders = {
    c.TakeNote: _note,
    c.ChangeNote: _change,
    c.CheckSite: _check,
    c.ExtendMeeting: _extend,
}


def _taken(state: Session, event: e.NoteTaken, at: float) -> Session:
    return msgspec.structs.replace(state, notes=(*state.notes, event.note))


def _changed(state: Session, event: e.NoteChanged, at: float) -> Session:
    """A note without text is struck out."""
    notes = tuple(
        msgspec.structs.replace(note, kind=event.kind, text=event.text)
        if note.id == event.note
        else note
        for note in state.notes
        if note.id != event.note or event.text
    )
    return msgspec.structs.replace(state, notes=notes)


def _checked(state: Session, event: e.SiteChecked, at: float) -> Session:
    return msgspec.structs.replace(state, checks={**state.checks, event.seat: event.check})


def _extended(state: Session, event: e.MeetingExtended, at: float) -> Session:
    return msgspec.structs.replace(state, ends=event.until)


EVOLVERS: Evolvers = {
    e.NoteTaken: _taken,
    e.NoteChanged: _changed,
    e.SiteChecked: _checked,
    e.MeetingExtended: _extended,
}
