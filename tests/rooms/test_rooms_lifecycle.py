"""The states of a meeting: every state, every step, every relation."""

import msgspec
import pytest

from rooms.errors import Invalid, RequestRefused
from rooms.meetings.drafts import Duty, OnDuty
from rooms.meetings.lifecycle import (
    EDITORS,
    STATE_NAMES,
    STEPS,
    Relation,
    check_edit,
    check_step,
    relation,
    steps,
)
from rooms.meetings.meetings import Meetings
from rooms.meetings.records import MeetingState as S

WAITING = "approved invited rehearsal"

# from -> to: who may; a trailing * asks for a reason
TABLE = """
draft -> pending: office author
draft -> approved: office chair
pending -> draft: office chair author *
pending -> approved: office chair
pending -> cancelled: office chair *
approved -> invited: office author
approved -> rehearsal: office technician
approved -> live: service office chair
approved -> postponed: office chair *
approved -> cancelled: office chair *
invited -> rehearsal: office technician
invited -> live: service office chair
invited -> postponed: office chair *
invited -> cancelled: office chair *
rehearsal -> approved: office technician
rehearsal -> invited: office technician
rehearsal -> live: service office chair
rehearsal -> postponed: office chair *
rehearsal -> cancelled: office chair *
live -> ended: service office chair
ended -> archived: office
postponed -> approved: office
postponed -> cancelled: office chair *
"""


def expected() -> dict[tuple[str, str], tuple[set[str], bool]]:
    rows = {}
    for line in TABLE.strip().splitlines():
        way, words = line.split(": ")
        at, to = way.split(" -> ")
        who = set(words.split())
        rows[at, to] = (who - {"*"}, "*" in who)
    return rows


EXPECTED = expected()


def verdict(at: S, to: S, who: Relation, note: str) -> str:
    try:
        check_step(at, to, who, note)
    except RequestRefused as refused:
        return refused.code
    except Invalid:
        return "reason"
    return "ok"


def edit_verdict(state: S, who: Relation) -> str:
    try:
        check_edit(state, who)
    except RequestRefused as refused:
        return refused.code
    return "ok"


@pytest.mark.parametrize("at", S)
@pytest.mark.parametrize("to", S)
def test_each_step_of_each_relation(at: S, to: S):
    who, reason = EXPECTED.get((at.value, to.value), (set(), False))
    for relation_ in Relation:
        if not who:
            assert verdict(at, to, relation_, "vì bão") == "wrong-state"
        elif relation_.value not in who:
            assert verdict(at, to, relation_, "vì bão") == "not-allowed"
        else:
            assert verdict(at, to, relation_, "vì bão") == "ok"
            assert verdict(at, to, relation_, "  ") == ("reason" if reason else "ok")
            assert to in steps(at, relation_)
    assert len(STEPS) == len(EXPECTED)


@pytest.mark.parametrize(
    ("state", "office", "author"),
    [
        (S.DRAFT, "ok", "ok"),
        *((S(name), "ok", "not-allowed") for name in (*WAITING.split(), "pending", "live")),
        (S.POSTPONED, "ok", "not-allowed"),
        *((S(name), "wrong-state", "wrong-state") for name in ("ended", "archived", "cancelled")),
    ],
)
def test_who_edits(state: S, office: str, author: str):
    for who in Relation:
        wanted = office if who is Relation.OFFICE else author
        if who not in (Relation.OFFICE, Relation.AUTHOR) and state in EDITORS:
            wanted = "not-allowed"
        assert edit_verdict(state, who) == wanted


def test_every_state_has_a_name():
    assert set(STATE_NAMES) == set(S)


async def test_what_an_account_is_to_a_meeting(db, people, draft, now):
    named = msgspec.structs.replace(
        draft,
        deputy_id=people["vptu"].id,
        staff=(OnDuty(account_id=people["daibieu"].id, duty=Duty.CHAIR),),
    )
    meeting = await Meetings(db).schedule(named, people["thuky"], now)
    authored = msgspec.structs.replace(meeting, created_by=people["kbang"].id)
    assert {name: relation(authored, who).value for name, who in people.items()} == {
        "chutri": "chair",
        "vptu": "chair",
        "daibieu": "chair",
        "thuky": "office",
        "quantri": "office",
        "kythuat": "technician",
        "kbang": "author",
        "ubndtinh": "other",
        "chuse": "other",
    }
