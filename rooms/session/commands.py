"""What a client, or the service itself, may ask of a live meeting. One class each."""

import msgspec

from rooms.session.model import Profile, Seat, SeatId


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel"):
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
)
