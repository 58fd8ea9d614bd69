"""The floor: one speaker at a time, the queue behind, time kept; lost lines lose nothing."""

import msgspec
import pytest
from rooms_world import CHAIR, DELEGATE, KBANG, PLEIKU, SEATS, SECRETARY, TECHNICIAN
from test_rooms_core import UNKNOWN, Meeting, returns

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.model import SeatId
from rooms.session.policy import Actor

ALL = tuple(seat.id for seat in SEATS)
INVITE = c.InviteToSpeak(seat=KBANG, seconds=300, person="Bà Rơ Châm H’Yéo, Chủ tịch")


@pytest.fixture
def meeting() -> Meeting:
    return Meeting().enter(*ALL)


def test_one_press_gives_microphone_picture_and_time_and_lowers_the_hand(meeting):
    meeting.do(KBANG, c.RaiseHand())
    events = meeting.do(CHAIR, INVITE)
    assert [type(event) for event in events] == [e.FloorGiven, e.MicrophoneSet, e.MainShown]
    floor, seat = meeting.state.floor, meeting.state.seats[KBANG]
    assert (floor.seat, floor.since, floor.seconds) == (KBANG, meeting.now, 300)
    assert (seat.microphone, seat.hand, meeting.state.queue) == (True, None, ())
    assert (meeting.state.main, meeting.state.pinned) == (KBANG, True)
    assert meeting.do(SECRETARY, INVITE) == [], "pressed twice"


def test_a_personal_device_is_asked_not_switched_on(meeting):
    own = msgspec.structs.replace(SEATS[5], direct=False)
    meeting.give(Actor(DELEGATE, None), c.Enter(seat=own))
    meeting.do(CHAIR, c.InviteToSpeak(seat=DELEGATE))
    assert meeting.state.floor.seat == DELEGATE
    assert not meeting.state.seats[DELEGATE].microphone
    meeting.do(CHAIR, c.SetDiscussion(open=False))
    assert meeting.do(DELEGATE, c.SetMicrophone(on=True)), "it has the floor"


def test_the_next_speaker_ends_the_turn_of_the_last(meeting):
    meeting.do(CHAIR, INVITE)
    began = meeting.now
    events = meeting.do(CHAIR, c.InviteToSpeak(seat=PLEIKU))
    assert events[:2] == [
        e.FloorEnded(seat=KBANG, spoken=meeting.now - began, by=CHAIR),
        e.MicrophoneSet(seat=KBANG, on=False, by=CHAIR),
    ]
    assert meeting.state.spoken == {KBANG: meeting.now - began}
    assert meeting.state.main == PLEIKU


@pytest.mark.parametrize("who", [KBANG, CHAIR, SECRETARY])
def test_the_turn_ends_and_the_chair_is_shown(meeting, who):
    meeting.do(CHAIR, INVITE)
    meeting.do(who, c.EndTurn())
    state = meeting.state
    assert (state.floor, state.main, state.pinned) == (None, CHAIR, False)
    assert not state.seats[KBANG].microphone
    assert meeting.do(who, c.EndTurn()) == []


def test_others_neither_end_nor_name_a_turn(meeting):
    meeting.do(CHAIR, INVITE)
    assert meeting.do(PLEIKU, c.EndTurn()) == "not-allowed"
    assert meeting.do(PLEIKU, c.NameSpeaker(person="Ông Siu Hyơm")) == "not-allowed"
    meeting.do(KBANG, c.NameSpeaker(person=" Ông Siu Hyơm "))
    assert meeting.state.floor.person == "Ông Siu Hyơm"


def test_time_is_extended_from_what_was_granted(meeting):
    meeting.do(CHAIR, INVITE)
    meeting.do(CHAIR, c.ExtendTurn(seconds=120))
    assert meeting.state.floor.seconds == 420
    for _ in range(4):
        meeting.do(CHAIR, c.ExtendTurn(seconds=7200))
    assert meeting.state.floor.seconds == 4 * 3600, "at most"


def test_a_chair_who_had_the_floor_keeps_the_microphone(meeting):
    meeting.do(CHAIR, c.InviteToSpeak(seat=CHAIR))
    meeting.do(CHAIR, INVITE)
    assert meeting.state.seats[CHAIR].microphone


@pytest.mark.parametrize(
    ("seat", "code"), [(UNKNOWN, "unknown-seat"), (SECRETARY, "not-shown"), (KBANG, "not-present")]
)
def test_who_cannot_be_invited(meeting, seat, code):
    meeting.depart(KBANG)
    assert meeting.do(CHAIR, c.InviteToSpeak(seat=seat)) == code


def test_a_cable_pulled_in_mid_speech_costs_neither_turn_nor_microphone(meeting):
    meeting.do(CHAIR, INVITE)
    meeting.depart(KBANG, left=False)
    assert (meeting.state.floor.seat, meeting.state.main) == (KBANG, CHAIR)
    back = returns(meeting, KBANG)
    assert back.microphone
    assert (meeting.state.main, meeting.state.pinned) == (KBANG, True)


def test_who_leaves_on_purpose_gives_the_floor_back(meeting):
    meeting.do(CHAIR, INVITE)
    meeting.depart(KBANG, left=True)
    assert (meeting.state.floor, meeting.state.main) == (None, CHAIR)
    assert meeting.state.spoken[KBANG] > 0


# ---------------------------------------------------------------- the queue


def test_the_queue_is_in_the_order_of_the_hands_until_somebody_orders_it(meeting):
    for seat in (PLEIKU, KBANG, DELEGATE):
        meeting.do(seat, c.RaiseHand())
    assert meeting.state.queue == (PLEIKU, KBANG, DELEGATE)
    meeting.do(SECRETARY, c.MoveInQueue(seat=DELEGATE, before=PLEIKU))
    assert meeting.state.queue == (DELEGATE, PLEIKU, KBANG)
    meeting.do(SECRETARY, c.MoveInQueue(seat=DELEGATE))
    assert meeting.state.queue == (PLEIKU, KBANG, DELEGATE)
    assert meeting.do(SECRETARY, c.MoveInQueue(seat=DELEGATE)) == []
    assert meeting.do(SECRETARY, c.MoveInQueue(seat=DELEGATE, before=DELEGATE)) == []
    assert meeting.do(SECRETARY, c.MoveInQueue(seat=CHAIR)) == "not-in-queue"


def test_a_planned_speaker_waits_without_a_hand_and_may_be_taken_off(meeting):
    meeting.do(SECRETARY, c.QueueSeat(seat=PLEIKU))
    assert (meeting.state.queue, meeting.state.seats[PLEIKU].hand) == ((PLEIKU,), None)
    meeting.do(PLEIKU, c.RaiseHand())
    assert meeting.state.queue == (PLEIKU,)
    meeting.do(SECRETARY, c.LowerHand(seat=PLEIKU))
    assert (meeting.state.queue, meeting.state.seats[PLEIKU].hand) == ((), None)
    assert meeting.do(SECRETARY, c.QueueSeat(seat=TECHNICIAN)) == "not-shown"


def test_a_lost_line_keeps_the_place_in_the_queue_and_leaving_gives_it_up(meeting):
    meeting.do(KBANG, c.RaiseHand())
    raised = meeting.now
    meeting.depart(KBANG, left=False)
    assert meeting.state.queue == (KBANG,)
    assert returns(meeting, KBANG).hand == raised
    meeting.depart(KBANG, left=True)
    assert meeting.state.queue == ()


# ---------------------------------------------------------------- discussion


def test_without_discussion_only_the_floor_and_those_who_lead_are_heard(meeting):
    meeting.do(CHAIR, INVITE)
    for seat in (CHAIR, PLEIKU, TECHNICIAN):
        meeting.do(seat, c.SetMicrophone(on=True))
    events = meeting.do(CHAIR, c.SetDiscussion(open=False))
    assert events == [
        e.DiscussionSet(open=False, by=CHAIR),
        e.MicrophoneSet(seat=PLEIKU, on=False, by=CHAIR),
    ]
    assert meeting.do(PLEIKU, c.SetMicrophone(on=True)) == "floor-closed"
    meeting.do(SECRETARY, c.SetDiscussion(open=True))
    assert isinstance(meeting.do(PLEIKU, c.SetMicrophone(on=True)), list)


# ---------------------------------------------------------------- the chair


def test_the_chair_is_handed_over_and_stays_so_over_a_reload(meeting):
    meeting.do(CHAIR, c.HandOverChair(seat=KBANG))
    meeting.enter(CHAIR, KBANG)
    roles = {seat: meeting.state.seats[seat].role.value for seat in (CHAIR, KBANG)}
    assert roles == {CHAIR: "site", KBANG: "chair"}
    meeting.give(Actor(KBANG, meeting.state.seats[KBANG].role), c.HandOverChair(seat=CHAIR))
    assert meeting.state.seats[CHAIR].role.value == "chair"


def test_the_deputy_takes_the_chair_of_one_who_is_away_only(meeting):
    assert meeting.do(PLEIKU, c.TakeChair()) == "chair-present"
    meeting.depart(CHAIR, left=False)
    assert meeting.do(KBANG, c.TakeChair()) == "not-allowed"
    meeting.do(PLEIKU, c.TakeChair())
    assert meeting.state.seats[PLEIKU].role.value == "chair"
    meeting.enter(CHAIR)
    assert meeting.state.seats[CHAIR].role.value == "site", "back, but the deputy presides"


def test_somebody_new_whom_the_schedule_calls_chair_is_not_a_second_one(meeting):
    other = msgspec.structs.replace(SEATS[0], id=SeatId("user:77"), name="Ông B")
    meeting.give(Actor(other.id, None), c.Enter(seat=other))
    assert meeting.state.seats[other.id].role.value == "delegate"


# ---------------------------------------------------------------- agenda and breaks


def test_the_agenda_keeps_its_real_times(meeting):
    meeting.do(SECRETARY, c.GoToItem(item=11))
    began = meeting.now
    assert meeting.do(SECRETARY, c.GoToItem(item=11)) == []
    meeting.now += 600
    meeting.do(SECRETARY, c.GoToItem(item=12))
    first, second = meeting.state.agenda
    assert (first.started, first.spent) == (None, meeting.now - began)
    assert (second.started, meeting.state.item) == (meeting.now, 12)
    assert meeting.do(SECRETARY, c.GoToItem(item=99)) == "unknown-item"


def test_a_break_mutes_everybody_and_says_until_when(meeting):
    meeting.do(KBANG, c.SetMicrophone(on=True))
    meeting.do(CHAIR, c.StartPause(seconds=900))
    began = meeting.now
    assert meeting.state.pause.until == began + 900
    assert not meeting.state.seats[KBANG].microphone
    meeting.do(CHAIR, c.StartPause(seconds=300))
    assert (meeting.state.pause.since, meeting.state.pause.until) == (began, meeting.now + 300)
    meeting.do(CHAIR, c.EndPause())
    assert meeting.state.pause is None


def test_the_end_closes_turn_and_item(meeting):
    meeting.do(SECRETARY, c.GoToItem(item=11))
    meeting.do(CHAIR, INVITE)
    events = meeting.do(CHAIR, c.EndMeeting())
    assert [type(event) for event in events] == [e.FloorEnded, e.ItemReached, e.MeetingEnded]
    assert (meeting.state.floor, meeting.state.item, meeting.state.queue) == (None, None, ())
