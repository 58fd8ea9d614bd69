"""Answers as tables for others: who attends (delegates), how sites stand. CSV and .xlsx."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from rooms.answers.records import AnswerState, SiteAnswer
from rooms.errors import N_

Translate = Callable[[str], str]
Row = Sequence[str | int]

STATE_NAMES = {
    AnswerState.PENDING: N_("Chưa trả lời"),
    AnswerState.CONFIRMED: N_("Tham dự"),
    AnswerState.DECLINED: N_("Không tham dự"),
}
_DELEGATE_HEADS = (
    N_("STT"),
    N_("Điểm cầu"),
    N_("Họ và tên"),
    N_("Chức vụ"),
    N_("Đơn vị"),
    N_("Vai trò"),
)
_SITE_HEADS = (
    N_("STT"),
    N_("Điểm cầu"),
    N_("Đơn vị"),
    N_("Địa bàn"),
    N_("Trả lời"),
    N_("Chủ trì tại điểm cầu"),
    N_("Chức vụ"),
    N_("Số đại biểu"),
    N_("Lý do không tham dự"),
    N_("Ghi chú"),
    N_("Trả lời lúc"),
    N_("Người trả lời"),
    N_("Điện thoại"),
)
_PRESIDES = N_("Chủ trì tại điểm cầu")
_DELEGATE = N_("Đại biểu")
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets would compute it
_WIDEST = 60
_BOLD, _TOP = Font(bold=True), Alignment(vertical="top", wrap_text=True)


def delegate_table(answers: Iterable[SiteAnswer], translate: Translate) -> list[Row]:
    """A line for each person who attends, with a heading; who presides comes first."""
    rows: list[Row] = [[translate(head) for head in _DELEGATE_HEADS]]
    for answer in answers:
        if answer.state is not AnswerState.CONFIRMED:
            continue
        for name, position, unit, role in _people(answer):
            rows.append([len(rows), answer.name, name, position, unit, translate(role)])
    return rows


def _people(answer: SiteAnswer) -> list[tuple[str, str, str, str]]:
    presides = answer.presiding_name
    people = [(presides, answer.presiding_position, answer.unit_name, _PRESIDES)]
    people += [
        (person.full_name, person.position, person.unit or answer.unit_name, _DELEGATE)
        for person in answer.delegates
        if person.full_name != presides
    ]
    return people


def site_table(answers: Iterable[SiteAnswer], translate: Translate) -> list[Row]:
    """A line for each site, with a heading."""
    rows: list[Row] = [[translate(head) for head in _SITE_HEADS]]
    for number, answer in enumerate(answers, start=1):
        rows.append(
            [
                number,
                answer.name,
                answer.unit_name,
                answer.branch,
                translate(STATE_NAMES[answer.state]),
                answer.presiding_name,
                answer.presiding_position,
                answer.head_count,
                answer.reason,
                answer.note,
                _moment(answer.answered_at),
                answer.by,
                answer.phone,
            ]
        )
    return rows


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(_ZONE):%H:%M %d/%m/%Y}" if at is not None else ""


def to_csv(rows: Iterable[Row]) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads the accents."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _harmless(cell: str | int) -> str | int:
    """Text that a spreadsheet would take for a formula is shown as text (CWE-1236)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def to_xlsx(sheets: Iterable[tuple[str, Sequence[Row]]]) -> bytes:
    """A workbook; each sheet has a title and its rows, the first of them the heading.

    Takes half a second for thousands of rows: run it in a thread.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets:
        _fill(book.create_sheet(title), rows)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(sheet: Worksheet, rows: Sequence[Row]) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula
            if number == 1:
                cell.font = _BOLD
                cell.alignment = _TOP
    for column, cells in enumerate(zip(*rows, strict=True), start=1):
        width = max(len(str(value)) for value in cells) + 2
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST)
    sheet.freeze_panes = "A2"
