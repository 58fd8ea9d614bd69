"""What a client, or the service itself, may ask of a live meeting. One class each.

Those in `ClientCommand` travel as they stand, in the message `command`; so they state their bounds.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from rooms.session.model import (
    Audience,
    Majority,
    NoteKind,
    Profile,
    RollState,
    SceneKind,
    Seat,
    SeatId,
    SeatRef,
    ShownDocument,
    VoteBase,
    VoteUnit,
)

Seconds = Annotated[int, Meta(ge=30, le=7200)]  # of a turn to speak
Number = Annotated[int, Meta(ge=1, le=2**53)]
Person = Annotated[str, Meta(max_length=200)]  # name and position


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    rename="camel",
    forbid_unknown_fields=True,
):
    """Base of all commands."""


class Enter(Command, frozen=True, tag="enter"):
    """A seat's client connected. `seat` is how the directory describes it today."""

    seat: Seat
    returning: bool = False  # the page that sat there last has its line again


class Depart(Command, frozen=True, tag="depart"):
    """A seat's last connection is gone (closed, lost, or left)."""

    left: bool  # True: the person pressed leave; False: the line dropped


class SetMicrophone(Command, frozen=True, tag="set-microphone"):
    on: bool


class SetCamera(Command, frozen=True, tag="set-camera"):
    on: bool


class SetScreen(Command, frozen=True, tag="set-screen"):
    on: bool


class RaiseHand(Command, frozen=True, tag="raise-hand"):
    pass


class LowerHand(Command, frozen=True, tag="lower-hand"):
    seat: SeatId | None = None  # None: one's own


class SetLimits(Command, frozen=True, tag="set-limits"):
    """What a seat's line may be asked to carry; kbit/s, None: no limit."""

    profile: Profile
    seat: SeatId | None = None  # None: one's own
    max_down_kbps: int | None = None
    max_up_kbps: int | None = None


class MuteSeat(Command, frozen=True, tag="mute-seat"):
    seat: SeatId


class MuteAll(Command, frozen=True, tag="mute-all"):
    """Switch off every microphone but the actor's own."""


class ShowOnMain(Command, frozen=True, tag="show-on-main"):
    """Put a seat on the main picture for everybody; None lets it follow the speaker again."""

    seat: SeatId | None


class FollowSpeaker(Command, frozen=True, tag="follow-speaker"):
    """From the service: speaker detection found a new dominant speaker."""

    seat: SeatId


class StartRecording(Command, frozen=True, tag="start-recording"):
    pass


class StopRecording(Command, frozen=True, tag="stop-recording"):
    pass


class EndMeeting(Command, frozen=True, tag="end-meeting"):
    text: Annotated[str, Meta(max_length=300)] = ""  # thanks, and what follows; shown to all


# ---------------------------------------------------------------- the floor


class InviteToSpeak(Command, frozen=True, tag="invite-to-speak"):
    """Give a seat the floor: who had it gives it up, it is shown, its microphone is switched on."""

    seat: SeatRef
    seconds: Seconds | None = None
    person: Person = ""


class EndTurn(Command, frozen=True, tag="end-turn"):
    """Whoever has the floor is done, or chair and secretary take it back."""


class ExtendTurn(Command, frozen=True, tag="extend-turn"):
    seconds: Seconds


class NameSpeaker(Command, frozen=True, tag="name-speaker"):
    """Who speaks at the seat that has the floor."""

    person: Person


class QueueSeat(Command, frozen=True, tag="queue-seat"):
    """Put a seat on the list of speakers though its hand is not raised."""

    seat: SeatRef


class MoveInQueue(Command, frozen=True, tag="move-in-queue"):
    seat: SeatRef
    before: SeatRef | None = None  # None: to the end


class SetDiscussion(Command, frozen=True, tag="set-discussion"):
    """Whether seats may switch their own microphones on; off: all are muted but the floor."""

    open: bool


# ---------------------------------------------------------------- the chair, the course


class HandOverChair(Command, frozen=True, tag="hand-over-chair"):
    seat: SeatRef


class TakeChair(Command, frozen=True, tag="take-chair"):
    """The deputy takes the chair of a chair who is away."""


class GoToItem(Command, frozen=True, tag="go-to-item"):
    """Go to an item of the agenda; None: to none."""

    item: Number | None


class StartPause(Command, frozen=True, tag="start-pause"):
    seconds: Annotated[int, Meta(ge=60, le=14400)]


class EndPause(Command, frozen=True, tag="end-pause"):
    pass


# ---------------------------------------------------------------- roll call


class StartRollCall(Command, frozen=True, tag="start-roll-call"):
    pass


class CallSite(Command, frozen=True, tag="call-site"):
    """Turn to a site during the roll call: it is shown to all."""

    seat: SeatRef


class AnswerRollCall(Command, frozen=True, tag="answer-roll-call"):
    """A site answers for itself; chair and secretary confirm, or answer for `seat`."""

    state: RollState
    seat: SeatRef | None = None
    head_count: Annotated[int, Meta(ge=0, le=10000)] = 0
    person: Person = ""
    reason: Annotated[str, Meta(max_length=300)] = ""


class EndRollCall(Command, frozen=True, tag="end-roll-call"):
    pass


# ---------------------------------------------------------------- words


class Say(Command, frozen=True, tag="say"):
    """A message. `answers`: to the seat that wrote, by those it wrote to."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]
    to: Audience = Audience.ALL
    answers: SeatRef | None = None


class SetChat(Command, frozen=True, tag="set-chat"):
    """Whether seats may write to all."""

    open: bool


class Announce(Command, frozen=True, tag="announce"):
    """What stands at all sites until it is changed; "" takes it away."""

    text: Annotated[str, Meta(max_length=300)]


class AskPresidium(Command, frozen=True, tag="ask-presidium"):
    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class SupportQuestion(Command, frozen=True, tag="support-question"):
    question: Number
    on: bool


class AnswerQuestion(Command, frozen=True, tag="answer-question"):
    """Mark it answered, or not."""

    question: Number
    answered: bool


# ---------------------------------------------------------------- votes

Ballots = Annotated[int, Meta(ge=0, le=10000)]


class OpenVote(Command, frozen=True, tag="open-vote"):
    question: Annotated[str, Meta(min_length=1, max_length=500)]
    options: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...],
        Meta(min_length=2, max_length=8),
    ]
    secret: bool = False
    unit: VoteUnit = VoteUnit.SITE
    weights: Annotated[dict[SeatRef, Ballots], Meta(max_length=1000)] = {}  # of "weighted"
    majority: Majority = Majority.SIMPLE
    base: VoteBase = VoteBase.PRESENT
    quorum_percent: Annotated[int, Meta(ge=0, le=100)] = 50


class CastVote(Command, frozen=True, tag="cast-vote"):
    """Ballots for each option; a site casts those of its delegates together."""

    vote: Number
    counts: Annotated[tuple[Ballots, ...], Meta(min_length=2, max_length=8)]


class CloseVote(Command, frozen=True, tag="close-vote"):
    vote: Number


class RecountVote(Command, frozen=True, tag="recount-vote"):
    vote: Number


class PublishVote(Command, frozen=True, tag="publish-vote"):
    """Let everybody see the result."""

    vote: Number


class CountVote(Command, frozen=True, tag="count-vote"):
    """From the service: what the ballot box of a secret vote holds."""

    vote: int
    tally: tuple[int, ...]


# ---------------------------------------------------------------- coming in, the scene


class SetLock(Command, frozen=True, tag="set-lock"):
    """Whether those who are not inside must knock."""

    on: bool


class Admit(Command, frozen=True, tag="admit"):
    seat: SeatRef | None = None  # None: all who knock


class TurnAway(Command, frozen=True, tag="turn-away"):
    seat: SeatRef


class RemoveSeat(Command, frozen=True, tag="remove-seat"):
    """Show a seat out. `barred`: it may not come back."""

    seat: SeatRef
    barred: bool = False


class WithdrawKnock(Command, frozen=True, tag="withdraw-knock"):
    """From the service: who knocked is gone."""

    seat: SeatId


class SetScene(Command, frozen=True, tag="set-scene"):
    """What all sites see large; `seats` for "two" and "four"."""

    kind: SceneKind
    seats: Annotated[tuple[SeatRef, ...], Meta(max_length=4)] = ()


class StartRound(Command, frozen=True, tag="start-round"):
    """Show the sites one after another."""

    seconds: Annotated[int, Meta(ge=3, le=600)]


class EndRound(Command, frozen=True, tag="end-round"):
    pass


class NextInRound(Command, frozen=True, tag="next-in-round"):
    """From the service when the time of a site is over, or from who leads before that."""


# ---------------------------------------------------------------- notes and checks

NoteText = Annotated[str, Meta(max_length=2000)]


class TakeNote(Command, frozen=True, tag="take-note"):
    """Write down a decision, conclusion or task for the minutes."""

    kind: NoteKind
    text: NoteText


class ChangeNote(Command, frozen=True, tag="change-note"):
    """Without text it is struck out."""

    note: Number
    kind: NoteKind
    text: NoteText


class CheckSite(Command, frozen=True, tag="check-site"):
    """Whether a site passed the test run."""

    seat: SeatRef
    passed: bool
    note: Annotated[str, Meta(max_length=300)] = ""


class ExtendMeeting(Command, frozen=True, tag="extend-meeting"):
    seconds: Annotated[int, Meta(ge=60, le=14400)]


# ---------------------------------------------------------------- documents


class OpenDocument(Command, frozen=True, tag="open-document"):
    """Show a document of the meeting to all: its newest version, or the one named.

    The shell looks it up and gives `PresentDocument` for the same seat.
    """

    document: Number
    version: Number | None = None
    page: Number = 1


class PresentDocument(Command, frozen=True, tag="present-document"):
    """`OpenDocument` with what is known of the document."""

    document: ShownDocument


class TurnPage(Command, frozen=True, tag="turn-page"):
    """All who follow turn to this page."""

    page: Number


class CloseDocument(Command, frozen=True, tag="close-document"):
    pass


ClientCommand = (
    InviteToSpeak
    | EndTurn
    | ExtendTurn
    | NameSpeaker
    | QueueSeat
    | MoveInQueue
    | SetDiscussion
    | HandOverChair
    | TakeChair
    | GoToItem
    | StartPause
    | EndPause
    | StartRollCall
    | CallSite
    | AnswerRollCall
    | EndRollCall
    | Say
    | SetChat
    | Announce
    | AskPresidium
    | SupportQuestion
    | AnswerQuestion
    | OpenVote
    | CastVote
    | CloseVote
    | RecountVote
    | PublishVote
    | SetLock
    | Admit
    | TurnAway
    | RemoveSeat
    | SetScene
    | StartRound
    | EndRound
    | NextInRound
    | TakeNote
    | ChangeNote
    | CheckSite
    | ExtendMeeting
    | OpenDocument
    | TurnPage
    | CloseDocument
)

AnyCommand = (
    Enter
    | Depart
    | SetMicrophone
    | SetCamera
    | SetScreen
    | RaiseHand
    | LowerHand
    | SetLimits
    | MuteSeat
    | MuteAll
    | ShowOnMain
    | FollowSpeaker
    | StartRecording
    | StopRecording
    | EndMeeting
    | CountVote
    | WithdrawKnock
    | PresentDocument
    | ClientCommand
)
