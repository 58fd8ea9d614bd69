"""Answers of sites, as the pure core decides: rights and states, replies, branches."""

from datetime import UTC, datetime, timedelta

import pytest

from rooms.answers.branches import Node, Tree
from rooms.answers.core import (
    RIGHTS,
    Gate,
    Right,
    answered,
    faults,
    gate,
    invited,
    may_withdraw,
    refusal,
    right_on,
)
from rooms.answers.records import (
    Actor,
    AnswerState,
    Delegate,
    Reply,
    SiteAnswer,
    Terms,
    totals,
)
from rooms.errors import REFUSALS, RequestRefused
from rooms.meetings.records import MeetingState

NOW = datetime(2018, 6, 26, 1, 0, tzinfo=UTC)
START = NOW + timedelta(days=2)
SECRETARY = Actor(name="Thư ký", secretary=True, watches=True)
KBANG = Actor(name="UBND huyện KBang", own_sites=frozenset({7}), sites=frozenset({7, 71, 72}))
CONFIRMED = Reply(state=AnswerState.CONFIRMED, presiding_name="Ông Đinh Văn Lực", head_count=20)
DECLINED = Reply(state=AnswerState.DECLINED, reason="Mất điện theo kế hoạch")


def site(site_id: int = 7, **more: object) -> SiteAnswer:
    return SiteAnswer(
        site_id=site_id,
        name="UBND huyện KBang",
        short_name="KBang",
        unit_id=1,
        unit_name="UBND huyện KBang",
        level="district",
        branch="Huyện KBang",
        capacity=30,
        contact_name="",
        contact_phone="",
        technician_phone="0269 3 555 025",
        email="",
        **more,
    )


GATES = [
    (MeetingState.DRAFT, Terms(), Gate.EARLY),
    (MeetingState.PENDING, Terms(), Gate.EARLY),
    (MeetingState.APPROVED, Terms(), Gate.OPEN),
    (MeetingState.INVITED, Terms(deadline=NOW + timedelta(hours=1)), Gate.OPEN),
    (MeetingState.INVITED, Terms(deadline=NOW), Gate.LOCKED),
    (MeetingState.INVITED, Terms(deadline=NOW, locked=False), Gate.OPEN),
    (MeetingState.INVITED, Terms(locked=True), Gate.LOCKED),
    (MeetingState.REHEARSAL, Terms(), Gate.OPEN),
    (MeetingState.LIVE, Terms(locked=False), Gate.RUNNING),
    (MeetingState.ENDED, Terms(), Gate.OVER),
    (MeetingState.ARCHIVED, Terms(), Gate.ARCHIVED),
    (MeetingState.POSTPONED, Terms(), Gate.OFF),
    (MeetingState.CANCELLED, Terms(), Gate.OFF),
]


@pytest.mark.parametrize(("state", "terms", "expected"), GATES)
def test_how_far_a_meeting_takes_answers(state, terms, expected):
    assert gate(state, START, terms, NOW) is expected


def test_every_state_has_a_gate_and_answers_close_when_it_begins():
    assert {state for state, _, _ in GATES} == set(MeetingState)
    assert gate(MeetingState.INVITED, START, Terms(), START) is Gate.LOCKED


TABLE = {
    # gate: secretary, branch, none
    Gate.EARLY: ("answers-early", "not-found", "outside-branch"),
    Gate.OPEN: (None, None, "outside-branch"),
    Gate.LOCKED: (None, "answers-locked", "outside-branch"),
    Gate.RUNNING: (None, "answers-locked", "outside-branch"),
    Gate.OVER: (None, "ended", "outside-branch"),
    Gate.ARCHIVED: ("ended", "ended", "outside-branch"),
    Gate.OFF: ("answers-off", "answers-off", "outside-branch"),
}


@pytest.mark.parametrize("at", Gate)
def test_rights_and_gates(at):
    rights = (Right.SECRETARY, Right.BRANCH, Right.NONE)
    assert tuple(refusal(right, at) for right in rights) == TABLE[at]


def test_refusals_have_texts():
    codes = {code for row in RIGHTS.values() for code in row.values() if code}
    assert codes <= set(REFUSALS)


def test_a_reopened_site_answers_after_the_deadline_but_not_after_the_start():
    assert refusal(Right.BRANCH, Gate.LOCKED, reopened=True) is None
    assert refusal(Right.BRANCH, Gate.RUNNING, reopened=True) == "answers-locked"
    assert refusal(Right.NONE, Gate.LOCKED, reopened=True) == "outside-branch"


def test_what_somebody_is_to_a_site():
    assert right_on(SECRETARY, 99) is Right.SECRETARY
    assert right_on(KBANG, 71) is Right.BRANCH
    assert right_on(KBANG, 8) is Right.NONE


def test_a_site_confirms():
    people = (Delegate(full_name="Bà Rơ Châm H’Yéo", position="Phó Chủ tịch"),)
    reply = Reply(
        state=AnswerState.CONFIRMED, presiding_name=" Ông Đinh Văn Lực ", delegates=people
    )
    after = answered(KBANG, site(), reply, Gate.OPEN, NOW)
    assert (after.state, after.presiding_name) == (AnswerState.CONFIRMED, "Ông Đinh Văn Lực")
    assert (after.head_count, after.delegates) == (1, people)
    assert (after.answered_at, after.by, after.revision) == (NOW, KBANG.name, 1)


def test_a_head_count_is_never_below_the_names():
    people = tuple(Delegate(full_name=f"Đại biểu {n}") for n in range(5))
    reply = Reply(state=AnswerState.CONFIRMED, presiding_name="A", delegates=people, head_count=3)
    assert answered(KBANG, site(), reply, Gate.OPEN, NOW).head_count == 5


def test_a_site_declines_and_what_it_said_before_is_gone():
    first = answered(KBANG, site(), CONFIRMED, Gate.OPEN, NOW)
    after = answered(KBANG, first, DECLINED, Gate.OPEN, NOW)
    assert (after.state, after.reason) == (AnswerState.DECLINED, "Mất điện theo kế hoạch")
    assert (after.presiding_name, after.head_count, after.delegates) == ("", 0, ())
    assert after.revision == 2


def test_an_answer_taken_back_is_pending_again():
    first = answered(KBANG, site(), CONFIRMED, Gate.OPEN, NOW)
    after = answered(KBANG, first, Reply(state=AnswerState.PENDING), Gate.OPEN, NOW)
    assert (after.state, after.answered_at, after.by) == (AnswerState.PENDING, None, "")


@pytest.mark.parametrize(
    ("actor", "at", "code"),
    [
        (KBANG, Gate.LOCKED, "answers-locked"),
        (Actor(name="Ia Pa", sites=frozenset({9})), Gate.OPEN, "outside-branch"),
        (Actor(name="Kỹ thuật", watches=True), Gate.OPEN, "outside-branch"),
        (SECRETARY, Gate.OFF, "answers-off"),
    ],
)
def test_answers_that_are_refused(actor, at, code):
    with pytest.raises(RequestRefused) as refused:
        answered(actor, site(), CONFIRMED, at, NOW)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("reply", "fields"),
    [
        (CONFIRMED, []),
        (DECLINED, []),
        (Reply(state=AnswerState.DECLINED, reason=" "), ["reason"]),
        (Reply(state=AnswerState.CONFIRMED), ["presiding_name", "head_count"]),
        (Reply(state=AnswerState.CONFIRMED, presiding_name="A", head_count=9_999), ["head_count"]),
        (
            Reply(
                state=AnswerState.CONFIRMED,
                presiding_name="A",
                delegates=(Delegate(full_name=" "),),
            ),
            ["delegates"],
        ),
        (Reply(state=AnswerState.PENDING, note="x" * 2000), ["note"]),
    ],
)
def test_faults_of_replies(reply, fields):
    assert list(faults(reply)) == fields


def test_a_site_invites_below_itself_alone():
    branch = frozenset({7, 71, 72})
    assert invited(KBANG, site(), frozenset({71}), branch, Gate.OPEN) == {71}
    for wanted, code in (({8}, "outside-branch"), ({7}, "outside-branch"), ((), "invalid")):
        with pytest.raises(RequestRefused) as refused:
            invited(KBANG, site(), frozenset(wanted), branch, Gate.OPEN)
        assert refused.value.code == code


def test_who_invited_takes_back():
    assert may_withdraw(KBANG, site(71, invited_by=7), Gate.OPEN) is None
    assert may_withdraw(KBANG, site(7), Gate.OPEN) == "not-allowed"
    commune = Actor(name="Xã Đông", own_sites=frozenset({71}), sites=frozenset({71}))
    assert may_withdraw(commune, site(71, invited_by=7), Gate.OPEN) == "outside-branch"
    assert may_withdraw(KBANG, site(71, invited_by=7), Gate.LOCKED) == "answers-locked"


def test_totals():
    coming = answered(KBANG, site(), CONFIRMED, Gate.OPEN, NOW)
    absent = answered(KBANG, site(71), DECLINED, Gate.OPEN, NOW)
    found = totals([coming, absent, site(72)])
    assert (found.sites, found.confirmed, found.declined, found.pending) == (3, 1, 1, 1)
    assert found.head_count == 20


UNITS = {
    node.id: node
    for node in (
        Node(1, None, "tinh", "province", "Gia Lai"),
        Node(2, 1, "ubnd", "agency", "UBND tỉnh"),
        Node(3, 2, "so", "agency", "Sở Y tế"),
        Node(4, 1, "tinh_uy", "agency", "Tỉnh ủy"),
        Node(5, 4, "ban_dang", "agency", "Ban Tổ chức"),
        Node(10, 1, "huyen", "district", "Huyện KBang"),
        Node(11, 10, "ubnd", "agency", "UBND huyện KBang"),
        Node(12, 10, "huyen_uy", "agency", "Huyện ủy KBang"),
        Node(13, 10, "van_phong", "agency", "Văn phòng"),
        Node(14, 10, "xa", "commune", "Xã Đông"),
        Node(15, 14, "ubnd", "agency", "UBND xã Đông"),
        Node(20, 1, "huyen", "district", "Huyện Ia Pa"),
        Node(21, 20, "ubnd", "agency", "UBND huyện Ia Pa"),
    )
}


@pytest.mark.parametrize(
    ("unit", "branch"),
    [
        (11, {10, 11, 13, 14, 15}),
        (12, {10, 12, 13, 14, 15}),
        (15, {14, 15}),
        (14, {14, 15}),
        (10, {10, 11, 12, 13, 14, 15}),
        (3, {3}),
        (5, {5}),
        (2, set(UNITS) - {4, 5}),
        (4, set(UNITS) - {2, 3}),
        (99, set()),
    ],
)
def test_the_branch_of_a_unit(unit, branch):
    assert Tree(UNITS).branch(unit) == branch


def test_the_place_of_a_unit():
    tree = Tree(UNITS)
    assert [tree.level(unit) for unit in (3, 11, 15)] == ["province", "district", "commune"]
    districts = ["", "Huyện KBang", "Huyện KBang"]
    assert [tree.district(unit) for unit in (3, 11, 15)] == districts


def test_a_tree_that_bites_its_tail_ends():
    ring = {1: Node(1, 2, "so", "agency"), 2: Node(2, 1, "so", "agency")}
    assert Tree(ring).branch(1) == {1, 2}
    assert Tree(ring).level(1) == "province"
