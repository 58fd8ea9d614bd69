"""The document all follow, and its page. Part of the session's core, pure.

Who follows sees the page of who presents; whoever looks ahead does so alone, and nothing of that is
in the log.
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.model import Session
from rooms.session.policy import Actor, presents


def _open(state: Session, actor: Actor, command: c.OpenDocument, now: float) -> Decision:
    """What was not looked up is not known."""
    return Refused("unknown-document" if presents(state, actor) else "not-allowed")


def _present(state: Session, actor: Actor, command: c.PresentDocument, now: float) -> Decision:
    if not presents(state, actor):
        return Refused("not-allowed")
    if command.document.page > command.document.pages:
        return Refused("unknown-page")
    shown = msgspec.structs.replace(command.document, by=actor.seat)
    return [] if shown == state.document else [e.DocumentOpened(document=shown)]


def _turn(state: Session, actor: Actor, command: c.TurnPage, now: float) -> Decision:
    if not presents(state, actor):
        return Refused("not-allowed")
    if state.document is None:
        return Refused("no-document")
    if command.page > state.document.pages:
        return Refused("unknown-page")
    if command.page == state.document.page:
        return []
    return [e.PageTurned(page=command.page, by=actor.seat)]


def _close(state: Session, actor: Actor, command: c.CloseDocument, now: float) -> Decision:
    if not presents(state, actor):
        return Refused("not-allowed")
    return [] if state.document is None else [e.DocumentClosed(by=actor.seat)]


DECIDERS: Deciders = {
    c.OpenDocument: _open,
    c.PresentDocument: _present,
    c.TurnPage: _turn,
    c.CloseDocument: _close,
}


def _opened(state: Session, event: e.DocumentOpened, at: float) -> Session:
    return msgspec.structs.replace(state, document=event.document)


def _turned(state: Session, event: e.PageTurned, at: float) -> Session:
    if state.document is None:
        return state
    shown = msgspec.structs.replace(state.document, page=event.page, by=event.by)
    return msgspec.structs.replace(state, document=shown)


def _closed(state: Session, event: e.DocumentClosed, at: float) -> Session:
    return msgspec.structs.replace(state, document=None)


EVOLVERS: Evolvers = {
    e.DocumentOpened: _opened,
    e.PageTurned: _turned,
    e.DocumentClosed: _closed,
}
