"""Numbers and words of the papers beside the minutes, in both letterheads."""

from datetime import date

import msgspec
import pytest

from rooms.invitations.records import LetterForm, Series
from rooms.minutes.notice import notice_paper
from rooms.minutes.paper import numbered
from rooms.papers.paper import Paragraph, Party, State, number_line, plain

STATE = Series(
    unit_id=1, symbol="GM-UBND", issuer="ỦY BAN NHÂN DÂN", inviter="UBND", place="Gia Lai"
)
PARTY = msgspec.structs.replace(STATE, symbol="GM/TU", form=LetterForm.PARTY)


@pytest.mark.parametrize(
    ("series", "kind", "number", "text"),
    [
        (STATE, "TB", 12, "12/TB-UBND"),
        (STATE, "TB", 5, "05/TB-UBND"),
        (PARTY, "TB", 1023, "1023-TB/TU"),
        (STATE, "BB", None, "       /BB-UBND"),
        (PARTY, "BB", None, "       -BB/TU"),
        (None, "BB", 3, ""),
    ],
)
def test_a_paper_is_numbered_in_the_form_of_its_issuer(series, kind, number, text):
    assert numbered(series, kind, number) == text


@pytest.mark.parametrize(
    ("series", "head", "line", "ending"),
    [
        (STATE, State, "Số: 12/TB-UBND", "thực hiện./."),
        (PARTY, Party, "Số 12-TB/TU", "thực hiện."),
    ],
)
def test_the_notice_has_the_letterhead_and_the_ending_of_its_form(
    meeting, series, head, line, ending
):
    paper = notice_paper(meeting, "Kết luận:\nthực hiện.", series, 12, date(2018, 9, 12))
    assert isinstance(paper.letterhead, head)
    assert number_line(paper) == line
    last = paper.blocks[-1]
    assert isinstance(last, Paragraph)
    assert plain(last.text) == ending
