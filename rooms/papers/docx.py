"""Papers as .docx, by python-docx, in Times New Roman as the rules ask."""

from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph as Line

from rooms.papers.fonts import composed
from rooms.papers.paper import (
    FIRST_LINE_MM,
    HEAD_SHARES,
    MARGINS_MM,
    PAGE_MM,
    Block,
    Form,
    Heading,
    List,
    Paper,
    Paragraph,
    Picture,
    Run,
    Table,
    column_align,
    column_widths,
    form_of,
    head_lines,
    number_line,
    runs_of,
)

FONT = "Times New Roman"
_ALIGNS = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
}
_MOTTO_MM = (62.0, 72.0)  # lines beneath the State's and the Party's motto
_SIGN_LINES = 4  # empty ones to sign on


def to_docx(paper: Paper) -> bytes:
    """The paper as one .docx file, to be edited further in a word processor."""
    document = Document()
    form = form_of(paper)
    _set_up(document, paper, form)
    width = _text_width(paper)
    if paper.letterhead is not None:
        _head(document, paper, form, width)
    _title(document, paper, form, width)
    for block in paper.blocks:
        _block(document, block, form, width)
    _foot(document, paper, form, width)
    if paper.appendix:
        document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    for block in paper.appendix:
        _block(document, block, form, width)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _text_width(paper: Paper) -> float:
    page = PAGE_MM[1] if paper.landscape else PAGE_MM[0]
    return page - MARGINS_MM[1] - MARGINS_MM[3]


def _set_up(document: DocumentType, paper: Paper, form: Form) -> None:
    section = document.sections[0]
    wide, high = PAGE_MM
    if paper.landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        wide, high = high, wide
    section.page_width, section.page_height = Mm(wide), Mm(high)
    top, right, bottom, left = MARGINS_MM
    section.top_margin, section.bottom_margin = Mm(top), Mm(bottom)
    section.left_margin, section.right_margin = Mm(left), Mm(right)
    section.header_distance = Mm(top / 2)
    section.different_first_page_header_footer = True  # the first page shows no number
    _page_number(section.header.paragraphs[0])
    normal: Any = document.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(form.text_size)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    normal.paragraph_format.space_after = Pt(0)
    document.core_properties.title = composed(f"{paper.title} {paper.number}".strip())
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.core_properties.language = "vi-VN"


def _page_number(line: Line) -> None:
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = line.add_run()
    run.font.size = Pt(13)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


# ---------------------------------------------------------------- lines


def _write(line: Line, text: str, size: float, *, bold: bool = False, italic: bool = False) -> Any:
    run = line.add_run(composed(text))
    run.font.name, run.font.size = FONT, Pt(size)
    run.bold, run.italic = bold, italic
    return run


def _line(
    parent: Any,
    text: str,
    size: float,
    *,
    bold: bool = False,
    italic: bool = False,
    align: str = "center",
) -> Line:
    line: Line = parent.add_paragraph()
    line.alignment = _ALIGNS[align]
    line.paragraph_format.space_after = Pt(0)
    _write(line, text, size, bold=bold, italic=italic)
    return line


def _rule(parent: Any, within_mm: float, width_mm: float) -> None:
    """A line in the middle of a column: the lower border of a very low paragraph."""
    line: Line = parent.add_paragraph()
    side = Mm(max(within_mm - width_mm, 0) / 2)
    line.paragraph_format.left_indent = line.paragraph_format.right_indent = side
    line.paragraph_format.line_spacing = Pt(2)
    line.paragraph_format.space_after = Pt(4)
    borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    line._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _columns(document: DocumentType, widths: tuple[float, float]) -> tuple[_Cell, _Cell]:
    """Two cells side by side without borders."""
    table = document.add_table(rows=1, cols=2)
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    cells = table.rows[0].cells
    for column, cell, width in zip(table.columns, cells, widths, strict=True):
        column.width = cell.width = Mm(width)
    return cells[0], cells[1]


def _drop_first(cell: _Cell) -> None:
    """A cell is born with one empty paragraph."""
    first = cell.paragraphs[0]._p
    if len(cell.paragraphs) > 1:
        first.getparent().remove(first)


# ---------------------------------------------------------------- head, title


def _head(document: DocumentType, paper: Paper, form: Form, width: float) -> None:
    letterhead = paper.letterhead
    assert letterhead is not None
    widths = (width * HEAD_SHARES[0], width * HEAD_SHARES[1])
    left, right = _columns(document, widths)
    for text in head_lines(letterhead.superior) if letterhead.superior else ():
        _line(left, text, form.superior_size)
    for text in head_lines(letterhead.issuer):
        _line(left, text, form.issuer_size, bold=True)
    if form.issuer_mark == "line":
        _rule(left, widths[0], widths[0] * 0.35)
    else:
        _line(left, form.issuer_mark, form.number_size)
    _line(left, number_line(paper), form.number_size)
    for text, size in zip(form.motto, form.motto_sizes, strict=True):
        _line(right, text, size, bold=True)
    _rule(right, widths[1], _MOTTO_MM[0] if len(form.motto) == 2 else _MOTTO_MM[1])
    dated = _line(right, paper.place_date, form.date_size, italic=True)
    if letterhead.superior and len(form.motto) == 1:
        dated.paragraph_format.space_before = Pt(form.issuer_size)
    for cell in (left, right):
        _drop_first(cell)


def _title(document: DocumentType, paper: Paper, form: Form, width: float) -> None:
    title = _line(document, paper.title, form.title_size, bold=True)
    title.paragraph_format.space_before = Pt(18 if paper.letterhead is not None else 0)
    if paper.abstract:
        _line(document, paper.abstract, form.abstract_size, bold=True)
        if form.abstract_mark != "line":
            _line(document, form.abstract_mark, form.abstract_size)
        elif paper.letterhead is not None:
            _rule(document, width, width * 0.25)
    document.paragraphs[-1].paragraph_format.space_after = Pt(10)


# ---------------------------------------------------------------- text


def _block(document: DocumentType, block: Block, form: Form, width: float) -> None:
    if isinstance(block, Paragraph):
        runs = runs_of(block.text, block.bold, block.italic)
        indented = block.indent and block.align == "justify"
        _paragraph(document, runs, form, block.align, indented)
    elif isinstance(block, Heading):
        align = "center" if block.centred else "left"
        line = _paragraph(document, (Run(block.text, True),), form, align, not block.centred)
        line.paragraph_format.keep_with_next = True
    elif isinstance(block, List):
        for item in block.items:
            _paragraph(document, (Run("- "), *runs_of(item)), form, "justify", True)
    elif isinstance(block, Table):
        _table(document, block, form, width)
    else:
        _picture(document, block, form)


def _paragraph(
    document: DocumentType, runs: tuple[Run, ...], form: Form, align: str, indented: bool
) -> Line:
    line = document.add_paragraph()
    line.alignment = _ALIGNS[align]
    style = line.paragraph_format
    style.first_line_indent = Mm(FIRST_LINE_MM) if indented else None
    style.space_after, style.line_spacing = Pt(6), 1.1
    for run in runs:
        _write(line, run.text, form.text_size, bold=run.bold, italic=run.italic)
    return line


def _table(document: DocumentType, table: Table, form: Form, width: float) -> None:
    size = min(form.text_size, 12)
    made = document.add_table(rows=1, cols=len(table.head), style="Table Grid")
    made.autofit = False
    _fill(made.rows[0].cells, table.head, ["center"] * len(table.head), size, True)
    _repeat(made.rows[0])
    aligns = [column_align(table, column) for column in range(len(table.head))]
    for number, cells in enumerate(table.rows):
        _fill(made.add_row().cells, cells, aligns, size, number in table.strong)
    for column, wide in zip(made.columns, column_widths(table, width), strict=True):
        column.width = Mm(wide)
        for cell in column.cells:
            cell.width = Mm(wide)
    document.add_paragraph().paragraph_format.line_spacing = Pt(6)


def _fill(
    cells: tuple[_Cell, ...], texts: tuple[str, ...], aligns: list[str], size: float, bold: bool
) -> None:
    for cell, text, align in zip(cells, texts, aligns, strict=True):
        line = cell.paragraphs[0]
        line.alignment = _ALIGNS[align]
        _write(line, text, size, bold=bold)


def _repeat(row: Any) -> None:
    """The row is shown again at the top of every page."""
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(head)


def _picture(document: DocumentType, block: Picture, form: Form) -> None:
    line = document.add_paragraph()
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    line.add_run().add_picture(BytesIO(block.png), width=Mm(block.width_mm))
    if block.caption:
        line.paragraph_format.keep_with_next = True
        _line(document, block.caption, form.text_size - 2, italic=True)


# ---------------------------------------------------------------- foot


def _foot(document: DocumentType, paper: Paper, form: Form, width: float) -> None:
    if paper.signature is None and not paper.recipients:
        return
    document.add_paragraph().paragraph_format.line_spacing = Pt(8)
    left, right = _columns(document, (width / 2, width / 2))
    _keep_row(left)
    if paper.recipients:
        _recipients(left, paper, form)
    if paper.signature is not None:
        for number, text in enumerate(paper.signature.lines):
            _line(right, text, form.text_size, bold=number == 0 or form.office_bold)
        for _ in range(_SIGN_LINES):
            _line(right, "", form.text_size)
        _line(right, paper.signature.name, form.text_size, bold=True)
    for cell in (left, right):
        _drop_first(cell)


def _keep_row(cell: _Cell) -> None:
    """Signature and recipients are not torn apart by the end of a page."""
    row = cell._tc.getparent()
    assert row is not None
    row.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _recipients(cell: _Cell, paper: Paper, form: Form) -> None:
    title, size = form.recipients_sizes
    line = _line(cell, "", title, align="left")
    slanted = form.recipients_title == "bold-italic"
    run = _write(line, "Nơi nhận:", title, bold=slanted, italic=slanted)
    run.underline = not slanted
    for number, text in enumerate(paper.recipients, start=1):
        last = number == len(paper.recipients)
        _line(cell, f"- {text}{'.' if last else ';'}", size, align="left")
