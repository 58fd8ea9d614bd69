"""The minutes match what happened."""

import pytest
from rooms_world import CHAIR, DELEGATE, KBANG, PLEIKU, SEATS, SECRETARY
from test_rooms_core import REPORT, Meeting, returns

from rooms.minutes.roll import roll_sums
from rooms.records.ledger import proceedings
from rooms.session import commands as c
from rooms.session.model import NoteKind, RollState
from rooms.session.policy import SERVICE


@pytest.fixture
def meeting() -> Meeting:
    return Meeting().enter(*(seat.id for seat in SEATS))


def test_a_turn_is_kept_with_its_person_item_and_time_over_a_lost_line(meeting):
    meeting.do(SECRETARY, c.GoToItem(item=11))
    meeting.do(CHAIR, c.InviteToSpeak(seat=KBANG, seconds=300))
    start = meeting.now
    meeting.do(KBANG, c.NameSpeaker(person="Bà Rơ Châm H’Yéo"))
    meeting.depart(KBANG, left=False)
    returns(meeting, KBANG, after=20)
    meeting.now += 100
    meeting.do(CHAIR, c.EndTurn())
    (turn,) = proceedings(meeting.entries, meeting.now).turns
    assert (turn.name, turn.person, turn.item) == ("Tên site:7", "Bà Rơ Châm H’Yéo", 11)
    assert (turn.start, turn.end) == (start, meeting.now)


def test_what_still_goes_on_ends_now(meeting):
    meeting.do(SECRETARY, c.GoToItem(item=12))
    meeting.do(CHAIR, c.InviteToSpeak(seat=KBANG))
    found = proceedings(meeting.entries, meeting.now + 60)
    assert found.turns[0].end == meeting.now + 60
    assert found.agenda[1].seconds == 61
    assert found.ended is None


def test_items_breaks_and_the_chair_over_the_meeting(meeting):
    meeting.do(SECRETARY, c.GoToItem(item=11))
    meeting.now += 599
    meeting.do(SECRETARY, c.GoToItem(item=12))
    meeting.do(CHAIR, c.StartPause(seconds=600))
    meeting.now += 300
    meeting.do(CHAIR, c.EndPause())
    meeting.do(SECRETARY, c.GoToItem(item=11))
    meeting.do(CHAIR, c.HandOverChair(seat=KBANG))
    meeting.give(SERVICE, c.EndMeeting())
    found = proceedings(meeting.entries, meeting.now)
    assert [round(item.seconds) for item in found.agenda] == [602, 303]
    assert [round(end - start) for start, end in found.pauses] == [301]
    assert found.handovers[0][1] == "Tên site:7"
    assert found.chair.startswith("Tên site:7")
    assert found.ended == meeting.now


def test_attendance_and_heads_come_from_the_roll_call(meeting):
    meeting.depart(PLEIKU)
    meeting.do(SECRETARY, c.StartRollCall())
    answer = c.AnswerRollCall(state=RollState.PRESENT, head_count=32)
    meeting.do(KBANG, answer)
    found = proceedings(meeting.entries, meeting.now)
    assert found.head_count == 32
    assert [site.seat for site in found.sites][:3] == [CHAIR, PLEIKU, KBANG]
    assert SECRETARY not in [site.seat for site in found.sites]


def test_votes_name_who_is_missing_and_notes_stay(meeting):
    meeting.do(SECRETARY, c.OpenVote(question="Thông qua?", options=("Có", "Không")))
    vote = meeting.state.votes[0].id
    for seat in (CHAIR, KBANG):
        meeting.do(seat, c.CastVote(vote=vote, counts=(1, 0)))
    meeting.do(CHAIR, c.CloseVote(vote=vote))
    meeting.do(SECRETARY, c.TakeNote(kind=NoteKind.TASK, text="Giao Sở Tài chính"))
    found = proceedings(meeting.entries, meeting.now)
    assert found.votes[0].result.cast == 2
    assert found.votes[0].missing == ("Tên site:4", "Tên user:9")
    assert [note.text for note in found.notes] == ["Giao Sở Tài chính"]


def test_a_document_that_was_shown_is_kept_once_with_its_item(meeting):
    meeting.do(SECRETARY, c.GoToItem(item=11))
    for _ in range(2):
        meeting.do(SECRETARY, c.PresentDocument(document=REPORT))
        meeting.do(SECRETARY, c.TurnPage(page=3))
        meeting.do(SECRETARY, c.CloseDocument())
    (shown,) = proceedings(meeting.entries, meeting.now).documents
    assert (shown.title, shown.version, shown.item) == ("Báo cáo", 1, 11)


def test_who_came_with_a_device_of_their_own_is_no_site(meeting):
    meeting.do(SECRETARY, c.StartRollCall())
    for seat in (CHAIR, KBANG, DELEGATE):
        answer = c.AnswerRollCall(seat=seat, state=RollState.PRESENT, head_count=1)
        meeting.do(SECRETARY, answer)
    found = proceedings(meeting.entries, meeting.now)
    assert (found.attended, found.invited, found.head_count) == (3, 3, 3)
    sums = "\n".join(roll_sums(found))
    assert "điểm danh 3 điểm cầu" in sums
    assert "Có mặt: 2; đến muộn: 0; vắng mặt: 0; chưa trả lời: 1 điểm cầu." in sums
