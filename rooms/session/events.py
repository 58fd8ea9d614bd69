"""What happened in a live meeting. Events are logged, then broadcast, exactly as they stand here."""

import msgspec

from rooms.session.model import Seat, SeatId


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel"):
    """Base of all events."""


class MeetingOpened(Event, tag="meeting-opened"):
    """First entry of every log: what `Session` starts from (title and the invited seats)."""

    meeting: int
    title: str
    seats: tuple[Seat, ...]


class SeatEntered(Event, tag="seat-entered"):
    """A seat is present. `seat` carries the whole seat as it now stands, state kept."""

    seat: Seat


class SeatLeft(Event, tag="seat-left"):
    seat: SeatId
    left: bool  # True: left on purpose; False: connection lost


class MicrophoneSet(Event, tag="microphone-set"):
    seat: SeatId
    on: bool
    by: SeatId  # the seat itself, or who muted it


class CameraSet(Event, tag="camera-set"):
    seat: SeatId
    on: bool


class ScreenSet(Event, tag="screen-set"):
    seat: SeatId
    on: bool


class HandRaised(Event, tag="hand-raised"):
    seat: SeatId


class HandLowered(Event, tag="hand-lowered"):
    seat: SeatId
    by: SeatId


class MainShown(Event, tag="main-shown"):
    """The main picture changed for everybody."""

    seat: SeatId | None
    pinned: bool  # True: by chair or secretary; False: follows the speaker


class RecordingStarted(Event, tag="recording-started"):
    recording: str
    by: SeatId


class RecordingStopped(Event, tag="recording-stopped"):
    recording: str
    by: SeatId


class MeetingEnded(Event, tag="meeting-ended"):
    by: SeatId


AnyEvent = (
    MeetingOpened
    | SeatEntered
    | SeatLeft
    | MicrophoneSet
    | CameraSet
    | ScreenSet
    | HandRaised
    | HandLowered
    | MainShown
    | RecordingStarted
    | RecordingStopped
    | MeetingEnded
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log: who did what, when."""

    seq: int  # 1, 2, 3, … without gaps within one meeting
    at: float  # UTC epoch seconds
    actor: str  # seat id, or "system"
    event: AnyEvent
