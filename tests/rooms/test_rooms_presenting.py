"""The document all follow: who opens it, who turns its pages, what the log says."""

import msgspec
import pytest
from rooms_world import CHAIR, KBANG, PLEIKU, SEATS, SECRETARY
from test_rooms_core import REPORT, Meeting

from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.visible import session_for

OPEN = c.PresentDocument(document=REPORT)


@pytest.fixture
def meeting() -> Meeting:
    return Meeting().enter(*(seat.id for seat in SEATS))


def test_all_follow_the_page_of_who_presents(meeting):
    meeting.do(SECRETARY, OPEN)
    meeting.do(CHAIR, c.TurnPage(page=4))
    shown = session_for(meeting.state, meeting.state.seats[KBANG]).document
    assert shown == msgspec.structs.replace(REPORT, page=4, by=CHAIR)
    assert meeting.do(CHAIR, c.TurnPage(page=4)) == []
    assert meeting.do(CHAIR, c.TurnPage(page=10)) == "unknown-page"
    assert meeting.do(SECRETARY, c.CloseDocument()) == [e.DocumentClosed(by=SECRETARY)]
    assert meeting.state.document is None
    assert meeting.do(SECRETARY, c.CloseDocument()) == []


def test_who_has_the_floor_presents_while_it_lasts(meeting):
    meeting.do(SECRETARY, c.InviteToSpeak(seat=KBANG))
    assert isinstance(meeting.do(KBANG, OPEN), list)
    assert meeting.state.document.by == KBANG
    assert meeting.do(PLEIKU, c.TurnPage(page=2)) == "not-allowed"
    meeting.do(KBANG, c.TurnPage(page=2))
    meeting.do(KBANG, c.EndTurn())
    assert meeting.do(KBANG, c.TurnPage(page=3)) == "not-allowed"
    assert meeting.state.document.page == 2, "what was shown stays until somebody closes it"


def test_it_opens_at_a_page_it_has_and_replaces_the_one_before(meeting):
    late = msgspec.structs.replace(REPORT, page=10)
    assert meeting.do(CHAIR, c.PresentDocument(document=late)) == "unknown-page"
    meeting.do(CHAIR, OPEN)
    other = msgspec.structs.replace(REPORT, id=4, title="Tờ trình", pages=2)
    meeting.do(SECRETARY, c.PresentDocument(document=other))
    assert (meeting.state.document.id, meeting.state.document.by) == (4, SECRETARY)


def test_the_end_closes_it(meeting):
    meeting.do(CHAIR, OPEN)
    meeting.do(CHAIR, c.EndMeeting())
    assert meeting.state.document is None
