"""A report as a workbook: one sheet of figures, one of months, one of travel."""

from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from rooms.reports.words import Words

_PERCENT, _WHOLE, _ONE_PLACE = "0.0%", "#,##0", "#,##0.0"
Cell = str | int | float | None


def to_xlsx(words: Words) -> bytes:
    """Figures stay numbers, so that they can be reckoned with further."""
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = words.units_title[:31]
    _title(first, words)
    _table(first, words.unit_head, [*words.unit_rows, words.total_row], words.unit_formats)
    months = book.create_sheet(words.months_title[:31])
    _title(months, words)
    _table(months, words.month_head, words.month_rows, words.month_formats)
    travel = book.create_sheet(words.travel_title[:31])
    _title(travel, words)
    _table(
        travel, words.travel_head, [*words.travel_rows, words.travel_total], words.travel_formats
    )
    for line in words.method:
        travel.append([line])
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _title(sheet: Worksheet, words: Words) -> None:
    sheet.append([words.title])
    sheet.append([words.subtitle])
    sheet.append([])
    sheet["A1"].font = Font(bold=True, size=14)


_FORMATS = {"percent": _PERCENT, "whole": _WHOLE, "decimal": _ONE_PLACE}


def _table(
    sheet: Worksheet,
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    formats: Sequence[str],
) -> None:
    sheet.append(list(head))
    top = sheet.max_row
    for cell in sheet[top]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for row in rows:
        sheet.append(list(row))
        for cell, kind in zip(sheet[sheet.max_row], formats, strict=True):
            if kind in _FORMATS:
                cell.number_format = _FORMATS[kind]
            elif cell.data_type == "f":
                cell.data_type = "s"  # a name that begins with "=" is no formula
    sheet.freeze_panes = f"B{top + 1}"
    sheet.column_dimensions["A"].width = 34
    for number in range(2, len(head) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = 16
