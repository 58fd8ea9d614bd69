"""Roll call, words, votes, the door, the scene: what a chair and a secretary rely on."""

import msgspec
import pytest
from rooms_world import CHAIR, DELEGATE, KBANG, PLEIKU, SEATS, SECRETARY, TECHNICIAN
from test_rooms_core import UNKNOWN, Meeting

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.model import Audience, Majority, RollState, SceneKind, VoteBase, VoteUnit
from rooms.session.policy import SERVICE, Actor
from rooms.session.rollcall import total
from rooms.session.visible import entries_for, session_for
from rooms.session.votes import result, uncounted

ALL = tuple(seat.id for seat in SEATS)
EVERYBODY = frozenset(ALL)
AYES = ("Tán thành", "Không tán thành", "Ý kiến khác")


@pytest.fixture
def meeting() -> Meeting:
    return Meeting().enter(*ALL)


# ---------------------------------------------------------------- roll call


def present(head_count: int, **more: object) -> c.AnswerRollCall:
    return c.AnswerRollCall(state=RollState.PRESENT, head_count=head_count, **more)  # type: ignore[arg-type]


def test_sites_answer_for_themselves_and_the_secretary_confirms(meeting):
    meeting.do(SECRETARY, c.StartRollCall())
    meeting.do(KBANG, present(32, person="Bà Rơ Châm H’Yéo, Chủ tịch UBND huyện"))
    assert not meeting.state.roll.answers[KBANG].confirmed
    meeting.do(SECRETARY, present(31, seat=KBANG, person="Bà Rơ Châm H’Yéo"))
    answer = meeting.state.roll.answers[KBANG]
    assert (answer.head_count, answer.confirmed) == (31, True)
    assert meeting.do(KBANG, present(40)) == "roll-confirmed"
    assert meeting.do(PLEIKU, present(40, seat=KBANG)) == "not-allowed"


def test_totals_add_up_and_who_is_absent_has_no_heads(meeting):
    meeting.do(SECRETARY, c.StartRollCall())
    meeting.do(KBANG, present(32))
    meeting.do(CHAIR, present(60))
    absent = c.AnswerRollCall(state=RollState.ABSENT, seat=PLEIKU, head_count=9, reason="Mất điện")
    meeting.do(SECRETARY, absent)
    assert total(meeting.state.roll) == 92
    assert meeting.do(SECRETARY, absent) == []


def test_the_site_that_is_called_is_on_the_main_picture(meeting):
    meeting.do(SECRETARY, c.StartRollCall())
    assert meeting.do(SECRETARY, c.CallSite(seat=KBANG)) == [
        e.SiteCalled(seat=KBANG, by=SECRETARY),
        e.MainShown(seat=KBANG, pinned=True),
    ]
    assert meeting.do(SECRETARY, c.CallSite(seat=KBANG)) == []
    assert meeting.do(SECRETARY, c.CallSite(seat=TECHNICIAN)) == "unknown-seat"
    meeting.do(SECRETARY, c.EndRollCall())
    assert not meeting.state.pinned
    assert meeting.state.roll.ended == meeting.now
    assert meeting.do(SECRETARY, c.StartRollCall()), "again, after the break"
    assert meeting.do(SECRETARY, c.StartRollCall()) == "roll-call-runs"


# ---------------------------------------------------------------- words


def shown_to(meeting: Meeting, seat: str) -> list[str]:
    known = session_for(meeting.state, meeting.state.seats[seat])
    return [message.text for message in known.messages]


def test_words_to_secretary_and_technicians_stay_there(meeting):
    meeting.do(KBANG, c.Say(text="Chúng tôi mất tiếng", to=Audience.TECHNICIANS))
    meeting.do(PLEIKU, c.Say(text="Xin đổi thứ tự", to=Audience.SECRETARY))
    meeting.do(PLEIKU, c.Say(text="Chào cả nhà"))
    meeting.do(TECHNICIAN, c.Say(text="Bật loa lên", to=Audience.TECHNICIANS, answers=KBANG))
    assert shown_to(meeting, KBANG) == ["Chúng tôi mất tiếng", "Chào cả nhà", "Bật loa lên"]
    assert shown_to(meeting, PLEIKU) == ["Xin đổi thứ tự", "Chào cả nhà"]
    assert shown_to(meeting, CHAIR) == ["Xin đổi thứ tự", "Chào cả nhà"]
    assert len(shown_to(meeting, SECRETARY)) == 4

    told = entries_for(meeting.entries, meeting.state.seats[DELEGATE])
    assert [entry.seq for entry in told] == [entry.seq for entry in meeting.entries]
    words = [entry.event for entry in told if isinstance(entry.event, e.MessageSent)]
    assert [event.message.text for event in words] == ["Chào cả nhà"]


def test_a_closed_chat_leaves_the_way_to_the_secretary_open(meeting):
    meeting.do(CHAIR, c.SetChat(open=False))
    assert meeting.do(KBANG, c.Say(text="x")) == "chat-closed"
    assert meeting.do(KBANG, c.Say(text=" ", to=Audience.SECRETARY)) == "empty-text"
    assert isinstance(meeting.do(KBANG, c.Say(text="x", to=Audience.SECRETARY)), list)
    assert meeting.do(KBANG, c.Say(text="x", to=Audience.SECRETARY, answers=PLEIKU)) == (
        "not-allowed"
    )


def test_questions_are_supported_once_by_each_and_marked_answered(meeting):
    meeting.do(KBANG, c.AskPresidium(text="Bao giờ có vốn?"))
    number = meeting.state.questions[0].id
    for _ in range(2):
        meeting.do(PLEIKU, c.SupportQuestion(question=number, on=True))
    assert meeting.do(KBANG, c.SupportQuestion(question=number, on=True)) == [], "one's own"
    assert meeting.state.questions[0].supporters == (PLEIKU,)
    meeting.do(CHAIR, c.AnswerQuestion(question=number, answered=True))
    assert meeting.state.questions[0].answered


# ---------------------------------------------------------------- votes


def open_vote(meeting: Meeting, **more: object) -> int:
    meeting.do(SECRETARY, c.OpenVote(question="Thông qua?", options=AYES, **more))  # type: ignore[arg-type]
    return meeting.state.votes[-1].id


def test_an_open_vote_is_counted_and_hidden_until_it_is_published(meeting):
    vote = open_vote(meeting)
    meeting.do(CHAIR, c.CastVote(vote=vote, counts=(1, 0, 0)))
    meeting.do(KBANG, c.CastVote(vote=vote, counts=(0, 1, 0)))
    assert meeting.do(KBANG, c.CastVote(vote=vote, counts=(1, 0, 0))) == "already-voted"
    meeting.do(CHAIR, c.CloseVote(vote=vote))
    assert meeting.state.votes[0].tally == (1, 1, 0)
    site = meeting.state.seats[PLEIKU]
    hidden = session_for(meeting.state, site).votes[0]
    assert (hidden.tally, hidden.choices, set(hidden.voted)) == (None, {}, {CHAIR, KBANG})
    for entry in entries_for(meeting.entries, site):
        assert not getattr(entry.event, "tally", ())
        assert not getattr(entry.event, "counts", ())
    meeting.do(CHAIR, c.PublishVote(vote=vote))
    assert session_for(meeting.state, site).votes[0].tally == (1, 1, 0)


def test_a_site_votes_for_its_delegates_by_count(meeting):
    meeting.do(SECRETARY, c.StartRollCall())
    meeting.do(SECRETARY, present(30, seat=KBANG))
    meeting.do(SECRETARY, present(5, seat=PLEIKU))
    vote = open_vote(meeting, unit=VoteUnit.DELEGATE)
    assert meeting.state.votes[0].weights == {PLEIKU: 5, KBANG: 30}
    assert meeting.do(KBANG, c.CastVote(vote=vote, counts=(20, 11, 0))) == "bad-ballot"
    assert meeting.do(KBANG, c.CastVote(vote=vote, counts=(20, 9))) == "bad-ballot"
    assert meeting.do(CHAIR, c.CastVote(vote=vote, counts=(1, 0, 0))) == "not-entitled"
    meeting.do(KBANG, c.CastVote(vote=vote, counts=(20, 9, 1)))
    meeting.do(PLEIKU, c.CastVote(vote=vote, counts=(4, 0, 0)))
    meeting.do(CHAIR, c.CloseVote(vote=vote))
    assert meeting.state.votes[0].tally == (24, 9, 1)
    assert meeting.do(PLEIKU, c.CastVote(vote=vote, counts=(1, 0, 0))) == "vote-closed"


def test_of_a_secret_vote_neither_session_nor_log_knows_a_choice(meeting):
    vote = open_vote(meeting, secret=True)
    assert meeting.do(KBANG, c.CastVote(vote=vote, counts=(0, 1, 0))) == [
        e.VoteCast(vote=vote, seat=KBANG, ballots=1, counts=())
    ]
    meeting.do(CHAIR, c.CloseVote(vote=vote))
    assert uncounted(meeting.state) == [vote]
    other = Meeting().enter(*ALL)
    open_vote(other, secret=True)
    other.do(KBANG, c.CastVote(vote=vote, counts=(1, 0, 0)))
    other.do(CHAIR, c.CloseVote(vote=vote))
    assert msgspec.json.encode(other.entries) == msgspec.json.encode(meeting.entries), (
        "the same log, whatever was chosen"
    )
    meeting.give(SERVICE, c.CountVote(vote=vote, tally=(0, 1, 0)))
    assert (meeting.state.votes[0].tally, uncounted(meeting.state)) == ((0, 1, 0), [])
    meeting.do(CHAIR, c.RecountVote(vote=vote))
    meeting.give(SERVICE, c.CountVote(vote=vote, tally=(0, 1, 0)))
    assert meeting.state.votes[0].counts == 2


@pytest.mark.parametrize(
    ("majority", "base", "quorum", "ayes", "winner"),
    [
        (Majority.SIMPLE, VoteBase.PRESENT, 50, 2, None),  # exactly half
        (Majority.SIMPLE, VoteBase.PRESENT, 50, 3, 0),
        (Majority.TWO_THIRDS, VoteBase.PRESENT, 50, 2, None),
        (Majority.TWO_THIRDS, VoteBase.PRESENT, 50, 3, 0),
        (Majority.SIMPLE, VoteBase.ALL, 50, 3, 0),
        (Majority.SIMPLE, VoteBase.PRESENT, 100, 4, 0),
    ],
)
def test_what_carries(meeting, majority, base, quorum, ayes, winner):
    vote = open_vote(meeting, majority=majority, base=base, quorum_percent=quorum)
    voters = (CHAIR, PLEIKU, KBANG, DELEGATE)
    for number, seat in enumerate(voters):
        counts = (1, 0, 0) if number < ayes else (0, 1, 0)
        meeting.do(seat, c.CastVote(vote=vote, counts=counts))
    meeting.do(CHAIR, c.CloseVote(vote=vote))
    assert result(meeting.state.votes[0], EVERYBODY).winner == winner


def test_without_quorum_nothing_carries(meeting):
    vote = open_vote(meeting, quorum_percent=60)
    meeting.do(CHAIR, c.CastVote(vote=vote, counts=(1, 0, 0)))
    meeting.do(CHAIR, c.CloseVote(vote=vote))
    found = result(meeting.state.votes[0], frozenset({CHAIR}))
    assert (found.quorate, found.winner, found.entitled, found.cast) == (False, None, 4, 1)


def test_one_vote_at_a_time_with_options_that_differ(meeting):
    same = c.OpenVote(question="?", options=("Có", " Có"))
    assert meeting.do(CHAIR, same) == "empty-text"
    by_heads = c.OpenVote(question="?", options=("a", "b"), unit=VoteUnit.DELEGATE)
    assert meeting.do(CHAIR, by_heads) == "nobody-votes"
    vote = open_vote(meeting)
    assert meeting.do(CHAIR, c.OpenVote(question="?", options=("a", "b"))) == "vote-runs"
    assert meeting.do(CHAIR, c.PublishVote(vote=vote)) == "vote-runs"


# ---------------------------------------------------------------- the door

STRANGER = msgspec.structs.replace(SEATS[5], id="user:50", invited=False)


def knock(meeting: Meeting, seat=STRANGER) -> object:
    return meeting.give(Actor(seat.id, None), c.Enter(seat=seat))


def test_who_is_not_invited_knocks_and_comes_in_when_admitted(meeting):
    assert [type(event) for event in knock(meeting)] == [e.Knocked]
    assert knock(meeting) == []
    assert "user:50" not in session_for(meeting.state, meeting.state.seats[KBANG]).knocking
    meeting.do(SECRETARY, c.Admit(seat="user:50"))
    knock(meeting)
    assert meeting.state.seats["user:50"].present


def test_who_is_turned_away_stays_out_until_admitted_after_all(meeting):
    knock(meeting)
    meeting.do(CHAIR, c.TurnAway(seat="user:50"))
    assert knock(meeting) == "removed"
    meeting.do(CHAIR, c.Admit(seat="user:50"))
    assert isinstance(knock(meeting), list)


def test_a_locked_door_lets_those_inside_come_back(meeting):
    meeting.depart(PLEIKU)
    meeting.do(CHAIR, c.SetLock(on=True))
    meeting.depart(KBANG, left=False)
    meeting.enter(KBANG, PLEIKU, SECRETARY)
    assert meeting.state.seats[KBANG].present
    assert (meeting.state.seats[PLEIKU].present, set(meeting.state.knocking)) == (False, {PLEIKU})
    meeting.do(CHAIR, c.Admit(seat=None))
    meeting.enter(PLEIKU)
    assert meeting.state.seats[PLEIKU].present


def test_a_locked_door_keeps_out_neither_chair_nor_speaker_whose_line_was_lost(meeting):
    """A scheduled chair, one the chair was handed to, and whose turn it is."""
    meeting.do(CHAIR, c.InviteToSpeak(seat=PLEIKU))
    meeting.do(CHAIR, c.HandOverChair(seat=KBANG))
    for seat in (CHAIR, KBANG, PLEIKU):
        meeting.depart(seat, left=False)
    meeting.do(SECRETARY, c.SetLock(on=True))
    meeting.enter(CHAIR, KBANG, PLEIKU)
    assert meeting.state.knocking == {}
    assert all(meeting.state.seats[seat].present for seat in (CHAIR, KBANG, PLEIKU))
    assert (meeting.state.handed_to, meeting.state.floor.seat) == (KBANG, PLEIKU)


def test_a_speaker_who_was_shown_out_for_good_stays_out(meeting):
    meeting.do(CHAIR, c.InviteToSpeak(seat=KBANG))
    meeting.depart(KBANG, left=False)
    meeting.do(CHAIR, c.RemoveSeat(seat=KBANG, barred=True))
    assert knock(meeting, SEATS[2]) == "removed"


def test_showing_out_with_and_without_return(meeting):
    assert meeting.do(CHAIR, c.RemoveSeat(seat=KBANG)) == [
        e.SeatRemoved(seat=KBANG, barred=False, by=CHAIR)
    ]
    meeting.depart(KBANG)
    meeting.enter(KBANG)
    assert meeting.state.seats[KBANG].present
    meeting.do(CHAIR, c.RemoveSeat(seat=KBANG, barred=True))
    meeting.depart(KBANG)
    assert knock(meeting, SEATS[2]) == "removed"
    assert meeting.do(CHAIR, c.RemoveSeat(seat=SECRETARY)) == "not-allowed"
    assert meeting.do(CHAIR, c.RemoveSeat(seat=UNKNOWN)) == "unknown-seat"


# ---------------------------------------------------------------- the scene


def test_scenes_name_the_sites_they_show(meeting):
    assert meeting.do(CHAIR, c.SetScene(kind=SceneKind.TWO, seats=(KBANG,))) == "bad-scene"
    assert meeting.do(CHAIR, c.SetScene(kind=SceneKind.GRID, seats=(KBANG,))) == "bad-scene"
    assert meeting.do(CHAIR, c.SetScene(kind=SceneKind.TWO, seats=(KBANG, SECRETARY))) == (
        "not-shown"
    )
    two = c.SetScene(kind=SceneKind.TWO, seats=(KBANG, PLEIKU))
    meeting.do(CHAIR, two)
    assert meeting.state.scene.seats == (KBANG, PLEIKU)
    assert meeting.do(CHAIR, two) == []


def test_the_round_goes_through_the_sites_in_protocol_order_and_ends(meeting):
    meeting.do(SECRETARY, c.StartRound(seconds=10))
    seen = [meeting.state.main]
    for _ in range(4):
        meeting.give(SERVICE, c.NextInRound())
        seen.append(meeting.state.main)
    assert seen == [CHAIR, PLEIKU, KBANG, DELEGATE, DELEGATE]
    assert (meeting.state.round, meeting.state.pinned) == (None, False)
    assert meeting.give(SERVICE, c.NextInRound()) == []
