"""The live session, pure: `decide` (command -> events) and `evolve` (event -> state).

No clock, task, store or socket here: `now` is an argument, and the same log always gives the same
state. `PERMISSIONS` in `policy.py` says which role may give which command.
"""

from collections.abc import Iterable

import msgspec

from rooms.session import (
    admission,
    course,
    floor,
    notes,
    presenting,
    rollcall,
    scenes,
    votes,
    words,
)
from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.decisions import (
    Deciders,
    Decision,
    Evolvers,
    Refused,
    speaks,
    waits_no_longer,
    with_seat,
)
from rooms.session.model import (
    LineLimits,
    MeetingId,
    Phase,
    Recording,
    Role,
    Seat,
    SeatId,
    Session,
)
from rooms.session.policy import Actor, assists, leads, may, natural_main

NOTHING = Session(meeting=MeetingId(0), title="")  # before the first entry of a log
SPEAKS_AGAIN_S = 300.0  # who lost the line while speaking, and is back by then, speaks on


# ------------------------------------------------------------------------------------- decide


def decide(state: Session, actor: Actor, command: c.Command, now: float) -> Decision:
    """What a command leads to: events, none when it changes nothing, or a refusal.

    Args:
        now: UTC epoch seconds.
    """
    if state.phase is Phase.ENDED:
        return [] if isinstance(command, c.Depart) else Refused("ended")
    if not may(actor.role, type(command)):
        return Refused("not-allowed")
    if actor.role is not None and not _present(state, actor.seat):
        return Refused("not-present")
    return _DECIDERS[type(command)](state, actor, command, now)


def _present(state: Session, seat_id: SeatId) -> bool:
    seat = state.seats.get(seat_id)
    return seat is not None and seat.present


def _enter(state: Session, actor: Actor, command: c.Enter, now: float) -> Decision:
    kept_out = admission.on_entry(state, command.seat, now)
    if kept_out is not None:
        return kept_out
    seat = _seated(state, command.seat, command.returning, now)
    if state.seats.get(seat.id) == seat:
        return []
    entered = e.SeatEntered(seat=seat)
    return [entered, *_main_after_entry(state, seat)]


def _seated(state: Session, described: Seat, returning: bool, now: float) -> Seat:
    """The directory's description of a seat with the state the meeting keeps for it."""
    known = state.seats.get(described.id)
    role = course.role_on_entry(state, described)
    if known is None:
        return msgspec.structs.replace(
            described, role=role, present=True, since=now, microphone=False, screen=False, hand=None
        )
    back = returning and now <= (known.speaks_until or 0.0)
    on = back or (known.speaks_until is not None and floor.held_by(state, known.id))
    return msgspec.structs.replace(
        described,
        role=role,
        person=described.person or known.person,
        present=True,
        since=known.since if known.present else now,
        microphone=known.microphone or on,
        muted_by=known.muted_by,
        speaks_until=None,
        camera=known.camera,
        screen=known.screen,
        hand=known.hand,
        limits=known.limits,
    )


def _main_after_entry(state: Session, seat: Seat) -> list[e.AnyEvent]:
    """An empty main picture is filled; an idle one goes to the chair who comes in.

    Whoever has the floor and is back is shown again.
    """
    if floor.held_by(state, seat.id) and state.main != seat.id:
        return [e.MainShown(seat=seat.id, pinned=True)]
    after = msgspec.structs.replace(state, seats={**state.seats, seat.id: seat})
    natural = natural_main(after)
    shown = after.seats.get(after.main) if after.main is not None else None
    idle = shown is None or not shown.present or not shown.microphone
    arrived = state.main is None or (natural == seat.id and seat.role is Role.CHAIR)
    if after.pinned or natural in (None, after.main) or not (idle and arrived):
        return []
    return [e.MainShown(seat=natural, pinned=False)]


def _depart(state: Session, actor: Actor, command: c.Depart, now: float) -> Decision:
    seat = state.seats.get(actor.seat)
    if seat is None or not seat.present:
        return []
    left = e.SeatLeft(seat=seat.id, left=command.left)
    over = floor.over(state, actor, now) if command.left and floor.held_by(state, seat.id) else []
    if state.main != seat.id:
        return [*over, left]
    after = with_seat(state, seat.id, present=False)
    return [*over, left, e.MainShown(seat=natural_main(after), pinned=False)]


def _microphone(state: Session, actor: Actor, command: c.SetMicrophone, now: float) -> Decision:
    if state.seats[actor.seat].microphone == command.on:
        return []
    if command.on and not floor.may_speak(state, actor.seat, actor.role):
        return Refused("floor-closed")
    return [e.MicrophoneSet(seat=actor.seat, on=command.on, by=actor.seat)]


def _camera(state: Session, actor: Actor, command: c.SetCamera, now: float) -> Decision:
    if state.seats[actor.seat].camera == command.on:
        return []
    return [e.CameraSet(seat=actor.seat, on=command.on)]


def _screen(state: Session, actor: Actor, command: c.SetScreen, now: float) -> Decision:
    mine = e.ScreenSet(seat=actor.seat, on=command.on)
    if state.seats[actor.seat].screen == command.on:
        return []
    if not command.on or state.sharing is None:
        return [mine]
    if not leads(actor.role):
        return Refused("screen-taken")
    return [e.ScreenSet(seat=state.sharing, on=False), mine]


def _raise_hand(state: Session, actor: Actor, command: c.RaiseHand, now: float) -> Decision:
    if state.seats[actor.seat].hand is not None:
        return []
    if floor.held_by(state, actor.seat):
        return []
    return [e.HandRaised(seat=actor.seat)]


def _lower_hand(state: Session, actor: Actor, command: c.LowerHand, now: float) -> Decision:
    target = actor.seat if command.seat is None else command.seat
    if target != actor.seat and not leads(actor.role):
        return Refused("not-allowed")
    seat = state.seats.get(target)
    if seat is None:
        return Refused("unknown-seat")
    return [] if target not in state.queue else [e.HandLowered(seat=target, by=actor.seat)]


def _limits(state: Session, actor: Actor, command: c.SetLimits, now: float) -> Decision:
    target = actor.seat if command.seat is None else command.seat
    if target != actor.seat and not assists(actor.role):
        return Refused("not-allowed")
    seat = state.seats.get(target)
    if seat is None:
        return Refused("unknown-seat")
    limits = LineLimits(
        profile=command.profile,
        max_down_kbps=command.max_down_kbps,
        max_up_kbps=command.max_up_kbps,
        by=None if target == actor.seat else actor.seat,
    )
    if msgspec.structs.replace(limits, by=None) == LineLimits():
        limits = LineLimits()  # nobody's limits
    return [] if seat.limits == limits else [e.LimitsSet(seat=target, limits=limits)]


def _mute_seat(state: Session, actor: Actor, command: c.MuteSeat, now: float) -> Decision:
    seat = state.seats.get(command.seat)
    if seat is None:
        return Refused("unknown-seat")
    return [e.MicrophoneSet(seat=seat.id, on=False, by=actor.seat)] if speaks(seat) else []


def _mute_all(state: Session, actor: Actor, command: c.MuteAll, now: float) -> Decision:
    return [
        e.MicrophoneSet(seat=seat.id, on=False, by=actor.seat)
        for seat in state.seats.values()
        if speaks(seat) and seat.id != actor.seat
    ]


def _show_on_main(state: Session, actor: Actor, command: c.ShowOnMain, now: float) -> Decision:
    if command.seat is None:
        return [e.MainShown(seat=_released_main(state), pinned=False)] if state.pinned else []
    seat = state.seats.get(command.seat)
    if seat is None:
        return Refused("unknown-seat")
    if not seat.present:
        return Refused("not-present")
    if not seat.on_tiles:
        return Refused("not-shown")
    if state.pinned and state.main == seat.id:
        return []
    return [e.MainShown(seat=seat.id, pinned=True)]


def _released_main(state: Session) -> SeatId | None:
    """Who stays on the main picture when it is no longer pinned: who speaks, else the chair."""
    seat = state.seats.get(state.main) if state.main is not None else None
    return seat.id if seat is not None and seat.microphone else natural_main(state)


def _follow(state: Session, actor: Actor, command: c.FollowSpeaker, now: float) -> Decision:
    seat = state.seats.get(command.seat)
    if state.pinned or seat is None or state.main == seat.id:
        return []
    if not (seat.present and seat.microphone and seat.on_tiles):
        return []
    return [e.MainShown(seat=seat.id, pinned=False)]


def _start_recording(
    state: Session, actor: Actor, command: c.StartRecording, now: float
) -> Decision:
    if state.recording is not None:
        return Refused("already-recording")
    # Unique without randomness: a seq is used once in a meeting.
    recording = f"{state.meeting}-{state.seq + 1}"
    return [e.RecordingStarted(recording=recording, by=actor.seat)]


def _stop_recording(state: Session, actor: Actor, command: c.StopRecording, now: float) -> Decision:
    if state.recording is None:
        return Refused("not-recording")
    return [e.RecordingStopped(recording=state.recording.id, by=actor.seat)]


def _end(state: Session, actor: Actor, command: c.EndMeeting, now: float) -> Decision:
    ends: list[e.AnyEvent] = floor.over(state, actor, now)
    if rollcall.running(state):
        ends.append(e.RollCallEnded(by=actor.seat))
    if state.item is not None:
        ends.append(e.ItemReached(item=None, by=actor.seat))
    if state.recording is not None:
        ends.append(e.RecordingStopped(recording=state.recording.id, by=actor.seat))
    return [*ends, e.MeetingEnded(by=actor.seat, text=command.text.strip())]


_DECIDERS: Deciders = {
    c.Enter: _enter,
    c.Depart: _depart,
    c.SetMicrophone: _microphone,
    c.SetCamera: _camera,
    c.SetScreen: _screen,
    c.RaiseHand: _raise_hand,
    c.LowerHand: _lower_hand,
    c.SetLimits: _limits,
    c.MuteSeat: _mute_seat,
    c.MuteAll: _mute_all,
    c.ShowOnMain: _show_on_main,
    c.FollowSpeaker: _follow,
    c.StartRecording: _start_recording,
    c.StopRecording: _stop_recording,
    c.EndMeeting: _end,
    **floor.DECIDERS,
    **course.DECIDERS,
    **rollcall.DECIDERS,
    **words.DECIDERS,
    **votes.DECIDERS,
    **admission.DECIDERS,
    **scenes.DECIDERS,
    **notes.DECIDERS,
    **presenting.DECIDERS,
}


# ------------------------------------------------------------------------------------- evolve


def evolve(state: Session, entry: e.Entry) -> Session:
    """The state after one more log entry.

    Raises:
        ValueError: the entry does not follow the last one folded in.
    """
    if entry.seq != state.seq + 1:
        raise ValueError(f"entry {entry.seq} after {state.seq}")
    evolved = _EVOLVERS[type(entry.event)](state, entry.event, entry.at)
    return msgspec.structs.replace(evolved, seq=entry.seq)


def fold(entries: Iterable[e.Entry], start: Session = NOTHING) -> Session:
    """The state a log leads to, from its first entry or from a snapshot."""
    for entry in entries:
        start = evolve(start, entry)
    return start


def _opened(state: Session, event: e.MeetingOpened, at: float) -> Session:
    return Session(
        meeting=MeetingId(event.meeting),
        title=event.title,
        seats={seat.id: seat for seat in event.seats},
        agenda=event.agenda,
        deputy=event.deputy,
        discussion=event.discussion,
        ends=event.ends,
        rehearsal=event.rehearsal,
    )


def _entered(state: Session, event: e.SeatEntered, at: float) -> Session:
    return msgspec.structs.replace(state, seats={**state.seats, event.seat.id: event.seat})


def _left(state: Session, event: e.SeatLeft, at: float) -> Session:
    """An absent seat publishes nothing; who did not leave on purpose may come back speaking."""
    spoke = state.seats[event.seat].microphone and not event.left
    if event.left:
        state = waits_no_longer(state, event.seat)
    state = with_seat(
        state,
        event.seat,
        present=False,
        since=None,
        microphone=False,
        speaks_until=at + SPEAKS_AGAIN_S if spoke else None,
        screen=False,
    )
    sharing = None if state.sharing == event.seat else state.sharing
    return msgspec.structs.replace(state, sharing=sharing)


def _microphone_set(state: Session, event: e.MicrophoneSet, at: float) -> Session:
    muted_by = None if event.on or event.by == event.seat else event.by
    return with_seat(state, event.seat, microphone=event.on, muted_by=muted_by, speaks_until=None)


def _camera_set(state: Session, event: e.CameraSet, at: float) -> Session:
    return with_seat(state, event.seat, camera=event.on)


def _screen_set(state: Session, event: e.ScreenSet, at: float) -> Session:
    state = with_seat(state, event.seat, screen=event.on)
    return msgspec.structs.replace(state, sharing=event.seat if event.on else None)


def _limits_set(state: Session, event: e.LimitsSet, at: float) -> Session:
    return with_seat(state, event.seat, limits=event.limits)


def _hand_raised(state: Session, event: e.HandRaised, at: float) -> Session:
    state = with_seat(state, event.seat, hand=at)
    if event.seat in state.queue:
        return state
    return msgspec.structs.replace(state, queue=(*state.queue, event.seat))


def _hand_lowered(state: Session, event: e.HandLowered, at: float) -> Session:
    return waits_no_longer(state, event.seat)


def _main_shown(state: Session, event: e.MainShown, at: float) -> Session:
    return msgspec.structs.replace(state, main=event.seat, pinned=event.pinned)


def _recording_started(state: Session, event: e.RecordingStarted, at: float) -> Session:
    recording = Recording(id=event.recording, started=at, by=event.by)
    return msgspec.structs.replace(state, recording=recording)


def _recording_stopped(state: Session, event: e.RecordingStopped, at: float) -> Session:
    return msgspec.structs.replace(state, recording=None)


def _ended(state: Session, event: e.MeetingEnded, at: float) -> Session:
    seats = {
        seat.id: msgspec.structs.replace(
            seat,
            present=False,
            since=None,
            microphone=False,
            speaks_until=None,
            screen=False,
            hand=None,
        )
        for seat in state.seats.values()
    }
    return msgspec.structs.replace(
        state,
        phase=Phase.ENDED,
        farewell=event.text,
        seats=seats,
        sharing=None,
        main=None,
        pinned=False,
        recording=None,
        floor=None,
        queue=(),
        pause=None,
        knocking={},
        round=None,
        document=None,
    )


_EVOLVERS: Evolvers = {
    e.MeetingOpened: _opened,
    e.SeatEntered: _entered,
    e.SeatLeft: _left,
    e.MicrophoneSet: _microphone_set,
    e.CameraSet: _camera_set,
    e.ScreenSet: _screen_set,
    e.LimitsSet: _limits_set,
    e.HandRaised: _hand_raised,
    e.HandLowered: _hand_lowered,
    e.MainShown: _main_shown,
    e.RecordingStarted: _recording_started,
    e.RecordingStopped: _recording_stopped,
    e.MeetingEnded: _ended,
    **floor.EVOLVERS,
    **course.EVOLVERS,
    **rollcall.EVOLVERS,
    **words.EVOLVERS,
    **votes.EVOLVERS,
    **admission.EVOLVERS,
    **scenes.EVOLVERS,
    **notes.EVOLVERS,
    **presenting.EVOLVERS,
    e.Withheld: lambda state, event, at: state,
}
