"""Lists of delegates: pasted by people, written for spreadsheets; reminders."""

import csv
import io
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_answers_core import CONFIRMED, KBANG, NOW, site

from rooms.answers.core import Gate, answered
from rooms.answers.export import delegate_table, site_table, to_csv, to_xlsx
from rooms.answers.people_list import MAX_LINES, parse_people
from rooms.answers.records import AnswerState, Delegate, Reply, Terms
from rooms.answers.reminders import Addressee, reminder, unanswered

A = Delegate(full_name="Ông Nguyễn Văn An", position="Phó Chủ tịch", unit="UBND huyện KBang")
LISTS = {
    "1. Ông Nguyễn Văn An, Phó Chủ tịch, UBND huyện KBang": [A],
    " 12) Ông Nguyễn Văn An; Phó Chủ tịch; UBND huyện KBang;": [A],
    "- Ông Nguyễn Văn An - Phó Chủ tịch – UBND huyện KBang": [A],
    "01\tÔng Nguyễn Văn An\tPhó Chủ tịch\tUBND huyện KBang": [A],
    "Ông Nguyễn Văn An\tPhó Chủ tịch\tUBND huyện KBang": [A],
    "STT\tĐơn vị\tHọ và tên\tChức vụ\n1\tUBND huyện KBang\tÔng Nguyễn Văn An\tPhó Chủ tịch": [A],
    "Bà Rơ Châm H’Yéo": [Delegate(full_name="Bà Rơ Châm H’Yéo")],
    "3 Bà Nay H’Lan, Phó Giám đốc": [Delegate(full_name="Bà Nay H’Lan", position="Phó Giám đốc")],
    "Ông Ksor Nham; Phó Chủ tịch, Trưởng ban": [
        Delegate(full_name="Ông Ksor Nham", position="Phó Chủ tịch, Trưởng ban")
    ],
    "\n \n1.\n•\n": [],
}


@pytest.mark.parametrize("text", LISTS)
def test_lists_as_people_paste_them(text):
    assert list(parse_people(text)) == LISTS[text]


@given(st.text(max_size=300))
def test_any_text_is_some_list(text):
    assert all(person.full_name for person in parse_people(text))


def test_a_long_list_is_cut():
    assert len(parse_people("Ông A\n" * (MAX_LINES + 5))) == MAX_LINES


def answers():
    people = (A, Delegate(full_name="=1+1", position="+84 905"))
    reply = Reply(
        state=AnswerState.CONFIRMED,
        presiding_name=A.full_name,
        presiding_position=A.position,
        delegates=people,
        head_count=7,
    )
    return [answered(KBANG, site(), reply, Gate.OPEN, NOW), site(71)]


def test_the_list_of_delegates():
    rows = delegate_table(answers(), str)
    assert [row[2] for row in rows] == ["Họ và tên", A.full_name, "=1+1"]
    assert rows[1][0] == 1
    assert rows[2][4] == "UBND huyện KBang"


def test_csv_is_read_by_excel_and_computes_nothing():
    content = to_csv(delegate_table(answers(), str))
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[2][2:4] == ["'=1+1", "'+84 905"]


def test_a_workbook_computes_nothing():
    tables = [
        ("Đại biểu", delegate_table(answers(), str)),
        ("Điểm cầu", site_table(answers(), str)),
    ]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(tables)))
    assert book.sheetnames == ["Đại biểu", "Điểm cầu"]
    assert book["Đại biểu"]["C3"].value == "=1+1"
    assert book["Đại biểu"]["C3"].data_type == "s"
    assert book["Điểm cầu"]["H2"].value == 7


def test_reminders_go_to_those_who_have_not_answered(meeting):
    waiting = unanswered(answers())
    assert [answer.site_id for answer in waiting] == [71]
    terms = Terms(deadline=datetime(2018, 6, 26, 3, 30, tzinfo=UTC))
    to = Addressee(email="xa@example.vn", recipient_id=5, link="https://x/1")
    mail = reminder(meeting, waiting[0], to, terms, "0269 3")
    assert "trước 10:30 ngày 26/06/2018" in mail.text
    assert "https://x/1" in mail.text
    assert (mail.kind, mail.meeting_id, mail.recipient_id) == ("reminder", meeting.id, 5)


def test_a_confirmed_site_is_not_reminded():
    assert unanswered([answered(KBANG, site(), CONFIRMED, Gate.OPEN, NOW)]) == []
