"""What happened in a live meeting. Events are logged, then broadcast, exactly as they stand."""

import msgspec

from rooms.session.model import (
    Agenda,
    Knock,
    LineLimits,
    Message,
    Note,
    NoteKind,
    Question,
    RollAnswer,
    Scene,
    Seat,
    SeatId,
    ShownDocument,
    SiteCheck,
    Vote,
)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel"):
    """Base of all events."""


class MeetingOpened(Event, frozen=True, tag="meeting-opened"):
    """First entry of every log: what `Session` starts from (title and the invited seats)."""

    meeting: int
    title: str
    seats: tuple[Seat, ...]
    agenda: tuple[Agenda, ...] = ()
    deputy: SeatId | None = None
    discussion: bool = True
    ends: float | None = None  # as planned
    rehearsal: bool = False


class SeatEntered(Event, frozen=True, tag="seat-entered"):
    """A seat is present. `seat` carries the whole seat as it now stands, state kept."""

    seat: Seat


class SeatLeft(Event, frozen=True, tag="seat-left"):
    seat: SeatId
    left: bool  # True: left on purpose; False: connection lost


class MicrophoneSet(Event, frozen=True, tag="microphone-set"):
    seat: SeatId
    on: bool
    by: SeatId  # the seat itself, or who muted it


class CameraSet(Event, frozen=True, tag="camera-set"):
    seat: SeatId
    on: bool


class ScreenSet(Event, frozen=True, tag="screen-set"):
    seat: SeatId
    on: bool


class LimitsSet(Event, frozen=True, tag="limits-set"):
    seat: SeatId
    limits: LineLimits


class HandRaised(Event, frozen=True, tag="hand-raised"):
    seat: SeatId


class HandLowered(Event, frozen=True, tag="hand-lowered"):
    seat: SeatId
    by: SeatId


class MainShown(Event, frozen=True, tag="main-shown"):
    """The main picture changed for everybody."""

    seat: SeatId | None
    pinned: bool  # True: by chair or secretary; False: follows the speaker


class RecordingStarted(Event, frozen=True, tag="recording-started"):
    recording: str
    by: SeatId


class RecordingStopped(Event, frozen=True, tag="recording-stopped"):
    recording: str
    by: SeatId


class FloorGiven(Event, frozen=True, tag="floor-given"):
    """The seat is invited to speak; it waits no longer."""

    seat: SeatId
    seconds: int | None
    person: str
    by: SeatId


class FloorExtended(Event, frozen=True, tag="floor-extended"):
    seconds: int  # granted now, in all
    by: SeatId


class SpeakerNamed(Event, frozen=True, tag="speaker-named"):
    person: str
    by: SeatId


class FloorEnded(Event, frozen=True, tag="floor-ended"):
    seat: SeatId
    spoken: float  # seconds
    by: SeatId


class SeatQueued(Event, frozen=True, tag="seat-queued"):
    seat: SeatId
    by: SeatId


class QueueMoved(Event, frozen=True, tag="queue-moved"):
    """The seat waits right before another one now; `before` None: at the end."""

    seat: SeatId
    before: SeatId | None
    by: SeatId


class DiscussionSet(Event, frozen=True, tag="discussion-set"):
    open: bool
    by: SeatId


class ChairHandedOver(Event, frozen=True, tag="chair-handed-over"):
    """`seat` presides from now on. `former`: who did, as the seat now stands; none when unknown."""

    seat: SeatId
    former: Seat | None
    by: SeatId


class ItemReached(Event, frozen=True, tag="item-reached"):
    """The meeting turned to an item of the agenda, or away from the last one."""

    item: int | None
    by: SeatId


class PauseStarted(Event, frozen=True, tag="pause-started"):
    until: float  # UTC epoch seconds
    by: SeatId


class PauseEnded(Event, frozen=True, tag="pause-ended"):
    by: SeatId


class RollCallStarted(Event, frozen=True, tag="roll-call-started"):
    by: SeatId


class SiteCalled(Event, frozen=True, tag="site-called"):
    seat: SeatId
    by: SeatId


class RollAnswered(Event, frozen=True, tag="roll-answered"):
    seat: SeatId
    answer: RollAnswer
    by: SeatId


class RollCallEnded(Event, frozen=True, tag="roll-call-ended"):
    by: SeatId


class MessageSent(Event, frozen=True, tag="message-sent"):
    message: Message


class ChatSet(Event, frozen=True, tag="chat-set"):
    open: bool
    by: SeatId


class Announced(Event, frozen=True, tag="announced"):
    text: str
    by: SeatId


class QuestionAsked(Event, frozen=True, tag="question-asked"):
    question: Question


class QuestionSupported(Event, frozen=True, tag="question-supported"):
    question: int
    seat: SeatId
    on: bool


class QuestionAnswered(Event, frozen=True, tag="question-answered"):
    question: int
    answered: bool
    by: SeatId


class VoteOpened(Event, frozen=True, tag="vote-opened"):
    vote: Vote
    by: SeatId


class VoteCast(Event, frozen=True, tag="vote-cast"):
    """`counts`: ballots for each option; empty when the vote is secret, or not for this seat."""

    vote: int
    seat: SeatId
    ballots: int
    counts: tuple[int, ...] = ()


class VoteClosed(Event, frozen=True, tag="vote-closed"):
    vote: int
    by: SeatId


class RecountAsked(Event, frozen=True, tag="recount-asked"):
    vote: int
    by: SeatId


class VoteCounted(Event, frozen=True, tag="vote-counted"):
    """`tally`: ballots for each option; empty when the result is not for this seat yet."""

    vote: int
    tally: tuple[int, ...]
    by: SeatId


class VotePublished(Event, frozen=True, tag="vote-published"):
    vote: Vote  # with its result
    by: SeatId


class LockSet(Event, frozen=True, tag="lock-set"):
    on: bool
    by: SeatId


class Knocked(Event, frozen=True, tag="knocked"):
    knock: Knock


class SeatAdmitted(Event, frozen=True, tag="seat-admitted"):
    seat: SeatId
    by: SeatId


class KnockEnded(Event, frozen=True, tag="knock-ended"):
    """`barred`: turned away; else who knocked is gone."""

    seat: SeatId
    barred: bool
    by: SeatId


class SeatRemoved(Event, frozen=True, tag="seat-removed"):
    """Shown out; `seat-left` goes with it when it was present."""

    seat: SeatId
    barred: bool
    by: SeatId


class SceneSet(Event, frozen=True, tag="scene-set"):
    scene: Scene
    by: SeatId


class RoundStarted(Event, frozen=True, tag="round-started"):
    seconds: int
    by: SeatId


class RoundEnded(Event, frozen=True, tag="round-ended"):
    by: SeatId


class NoteTaken(Event, frozen=True, tag="note-taken"):
    note: Note
    by: SeatId


class NoteChanged(Event, frozen=True, tag="note-changed"):
    """Without text it is struck out."""

    note: int
    kind: NoteKind
    text: str
    by: SeatId


class SiteChecked(Event, frozen=True, tag="site-checked"):
    seat: SeatId
    check: SiteCheck


class MeetingExtended(Event, frozen=True, tag="meeting-extended"):
    until: float  # UTC epoch seconds
    by: SeatId


class DocumentOpened(Event, frozen=True, tag="document-opened"):
    """All see this document, in place of the one before."""

    document: ShownDocument


class PageTurned(Event, frozen=True, tag="page-turned"):
    page: int
    by: SeatId


class DocumentClosed(Event, frozen=True, tag="document-closed"):
    by: SeatId


class Withheld(Event, frozen=True, tag="withheld"):
    """In place of an entry that is not for this seat. It changes nothing, and is in no log."""


class MeetingEnded(Event, frozen=True, tag="meeting-ended"):
    by: SeatId
    text: str = ""  # thanks, and what follows


AnyEvent = (
    MeetingOpened
    | SeatEntered
    | SeatLeft
    | MicrophoneSet
    | CameraSet
    | ScreenSet
    | LimitsSet
    | HandRaised
    | HandLowered
    | MainShown
    | RecordingStarted
    | RecordingStopped
    | FloorGiven
    | FloorExtended
    | SpeakerNamed
    | FloorEnded
    | SeatQueued
    | QueueMoved
    | DiscussionSet
    | ChairHandedOver
    | ItemReached
    | PauseStarted
    | PauseEnded
    | RollCallStarted
    | SiteCalled
    | RollAnswered
    | RollCallEnded
    | MessageSent
    | ChatSet
    | Announced
    | QuestionAsked
    | QuestionSupported
    | QuestionAnswered
    | VoteOpened
    | VoteCast
    | VoteClosed
    | RecountAsked
    | VoteCounted
    | VotePublished
    | LockSet
    | Knocked
    | SeatAdmitted
    | KnockEnded
    | SeatRemoved
    | SceneSet
    | RoundStarted
    | RoundEnded
    | NoteTaken
    | NoteChanged
    | SiteChecked
    | MeetingExtended
    | DocumentOpened
    | PageTurned
    | DocumentClosed
    | Withheld
    | MeetingEnded
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log: who did what, when."""

    seq: int  # 1, 2, 3, … without gaps within one meeting
    at: float  # UTC epoch seconds
    actor: str  # seat id, or "system"
    event: AnyEvent
