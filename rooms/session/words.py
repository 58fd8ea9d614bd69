"""Words beside the speech: messages, questions to the presidium, announcements. Pure.

The session keeps the newest messages only, for those who come in; the log keeps all of them.
"""

import msgspec

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import Deciders, Decision, Evolvers, Refused
from rooms.session.model import Audience, Message, Question, Role, Seat, SeatId, Session
from rooms.session.policy import Actor, leads

KEPT_MESSAGES = 100
MAX_QUESTIONS = 200

_READERS = {
    Audience.SECRETARY: frozenset({Role.SECRETARY, Role.CHAIR}),
    Audience.TECHNICIANS: frozenset({Role.TECHNICIAN, Role.SECRETARY}),
}


def reads(seat: Seat, message: Message) -> bool:
    """Whether a message is meant for this seat."""
    if message.to is Audience.ALL or message.seat == seat.id:
        return True
    return seat.role in _READERS[message.to] or message.answers == seat.id


def _say(state: Session, actor: Actor, command: c.Say, now: float) -> Decision:
    text = command.text.strip()
    if not text:
        return Refused("empty-text")
    if command.to is Audience.ALL and not state.chat and not leads(actor.role):
        return Refused("chat-closed")
    if command.answers is not None and not _may_answer(state, actor, command):
        return Refused("not-allowed")
    message = Message(
        id=state.seq + 1,
        seat=actor.seat,
        text=text,
        to=command.to,
        answers=None if command.answers is None else SeatId(command.answers),
        at=now,
    )
    return [e.MessageSent(message=message)]


def _may_answer(state: Session, actor: Actor, command: c.Say) -> bool:
    """A private word to one seat is for those who read what that seat wrote to them."""
    if command.to is Audience.ALL or actor.role is None:
        return False
    return actor.role in _READERS[command.to] and command.answers in state.seats


def _set_chat(state: Session, actor: Actor, command: c.SetChat, now: float) -> Decision:
    return [] if state.chat == command.open else [e.ChatSet(open=command.open, by=actor.seat)]


def _announce(state: Session, actor: Actor, command: c.Announce, now: float) -> Decision:
    text = command.text.strip()
    if text == state.announcement:
        return []
    return [e.Announced(text=text, by=actor.seat)]


def _ask(state: Session, actor: Actor, command: c.AskPresidium, now: float) -> Decision:
    text = command.text.strip()
    if not text:
        return Refused("empty-text")
    if len(state.questions) >= MAX_QUESTIONS:
        return Refused("too-many-questions")
    question = Question(id=state.seq + 1, seat=actor.seat, text=text, at=now)
    return [e.QuestionAsked(question=question)]


def _support(state: Session, actor: Actor, command: c.SupportQuestion, now: float) -> Decision:
    question = _question(state, command.question)
    if question is None:
        return Refused("unknown-question")
    if question.seat == actor.seat or (actor.seat in question.supporters) == command.on:
        return []
    return [e.QuestionSupported(question=question.id, seat=actor.seat, on=command.on)]


def _answered(state: Session, actor: Actor, command: c.AnswerQuestion, now: float) -> Decision:
    question = _question(state, command.question)
    if question is None:
        return Refused("unknown-question")
    if question.answered == command.answered:
        return []
    return [e.QuestionAnswered(question=question.id, answered=command.answered, by=actor.seat)]


def _question(state: Session, number: int) -> Question | None:
    return next((one for one in state.questions if one.id == number), None)


DECIDERS: Deciders = {
    c.Say: _say,
    c.SetChat: _set_chat,
    c.Announce: _announce,
    c.AskPresidium: _ask,
    c.SupportQuestion: _support,
    c.AnswerQuestion: _answered,
}


def _sent(state: Session, event: e.MessageSent, at: float) -> Session:
    messages = (*state.messages, event.message)[-KEPT_MESSAGES:]
    return msgspec.structs.replace(state, messages=messages)


def _chat_set(state: Session, event: e.ChatSet, at: float) -> Session:
    return msgspec.structs.replace(state, chat=event.open)


def _announced(state: Session, event: e.Announced, at: float) -> Session:
    return msgspec.structs.replace(state, announcement=event.text)


def _asked(state: Session, event: e.QuestionAsked, at: float) -> Session:
    return msgspec.structs.replace(state, questions=(*state.questions, event.question))


def _with_question(state: Session, number: int, **changes: object) -> Session:
    questions = tuple(
        msgspec.structs.replace(one, **changes) if one.id == number else one
        for one in state.questions
    )
    return msgspec.structs.replace(state, questions=questions)


def _supported(state: Session, event: e.QuestionSupported, at: float) -> Session:
    question = _question(state, event.question)
    if question is None:
        return state
    others = tuple(seat for seat in question.supporters if seat != event.seat)
    supporters = (*others, event.seat) if event.on else others
    return _with_question(state, event.question, supporters=supporters)


def _was_answered(state: Session, event: e.QuestionAnswered, at: float) -> Session:
    return _with_question(state, event.question, answered=event.answered)


EVOLVERS: Evolvers = {
    e.MessageSent: _sent,
    e.ChatSet: _chat_set,
    e.Announced: _announced,
    e.QuestionAsked: _asked,
    e.QuestionSupported: _supported,
    e.QuestionAnswered: _was_answered,
}
