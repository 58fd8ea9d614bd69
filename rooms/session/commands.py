"""What a client, or the service itself, may ask of a live meeting. One class each.

Those in `ClientCommand` travel as they stand, in the message `command`; so they state their bounds.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from rooms.session.model import Profile, Seat, SeatId, SeatRef

Seconds = Annotated[int, Meta(ge=30, le=7200)]  # of a turn to speak
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
    pass


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

    item: Annotated[int, Meta(ge=1, le=2**53)] | None


class StartPause(Command, frozen=True, tag="start-pause"):
    seconds: Annotated[int, Meta(ge=60, le=14400)]


class EndPause(Command, frozen=True, tag="end-pause"):
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
    | ClientCommand
)
