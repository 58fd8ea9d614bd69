"""Papers as PDF, by fpdf2 with the service's own fonts."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from fpdf import FPDF, FontFace
from fpdf.enums import Align, MethodReturnValue, TableBordersLayout, XPos, YPos

from rooms.papers.fonts import STYLES, PaperFonts, composed
from rooms.papers.paper import (
    FIRST_LINE_MM,
    HEAD_SHARES,
    MARGINS_MM,
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

_FAMILY = "serif"
_MM_PER_POINT = 25.4 / 72
_LINE = 1.26  # line height, in sizes: two stacked accents need it
_AFTER_MM = 2.1  # between paragraphs: 6 points
_RULE_MM = 0.25
_SLANT_DEGREES = 11.0
_SIGN_MM = 27.0  # room for signature and stamp
_PAGE_NUMBER = 13.0
_ALIGNS = {"left": Align.L, "center": Align.C, "right": Align.R, "justify": Align.J}


def to_pdf(paper: Paper, fonts: PaperFonts, now: datetime | None = None) -> bytes:
    """The paper as one PDF file. Takes a tenth of a second or more: run it in a thread.

    Args:
        now: the time the file says it was made.
    """
    sheet = _Sheet(paper, fonts, now or datetime.now(UTC))
    sheet.write()
    return bytes(sheet.output())


class _Sheet(FPDF):
    def __init__(self, paper: Paper, fonts: PaperFonts, now: datetime) -> None:
        super().__init__(orientation="landscape" if paper.landscape else "portrait", format="A4")
        self.paper = paper
        self.form: Form = form_of(paper)
        top, right, bottom, left = MARGINS_MM
        self.set_margins(left, top, right)
        self.set_auto_page_break(True, bottom)
        for style in STYLES:
            self.add_font(_FAMILY, style, fonts.file(style))
        self.set_title(composed(f"{paper.title} {paper.number}".strip()))
        self.set_lang("vi-VN")
        self.set_creation_date(now)
        self.set_line_width(_RULE_MM)
        self.add_page()

    def header(self) -> None:
        """Page numbers stand at the top, from the second page on."""
        if self.page_no() == 1:
            return
        self._style("", _PAGE_NUMBER)
        self.set_y(MARGINS_MM[0] / 2)
        self.cell(0, 5, str(self.page_no()), align=Align.C)
        self.set_y(MARGINS_MM[0])

    def write(self, *_: Any, **__: Any) -> Any:
        if self.paper.letterhead is not None:
            self._head()
        self._title()
        for block in self.paper.blocks:
            self._block(block)
        self._foot()
        if self.paper.appendix:
            self.add_page()
        for block in self.paper.appendix:
            self._block(block)

    # ------------------------------------------------------------ helpers

    def _style(self, style: str, size: float) -> None:
        self.set_font(_FAMILY, style, size)

    def _lines(self, text: str, width: float, style: str, size: float, align: str) -> None:
        """Text between x and x + width; the next goes beneath."""
        self._style(style, size)
        self.multi_cell(
            width,
            size * _MM_PER_POINT * _LINE,
            composed(text),
            align=_ALIGNS[align],
            new_x=XPos.LEFT,
            new_y=YPos.NEXT,
        )

    def _rule(self, middle: float, width: float, down: float = 1.1) -> None:
        y = self.get_y() + down
        self.line(middle - width / 2, y, middle + width / 2, y)
        self.set_y(y + 0.8)

    def _width(self, text: str, style: str, size: float) -> float:
        self._style(style, size)
        return float(self.get_string_width(composed(text)))

    def _fitting(self, text: str, style: str, size: float, width: float) -> float:
        """The size, or a smaller one at which the text stays on one line."""
        wide = self._width(text, style, size) + 2 * self.c_margin
        return min(size, size * width / wide)

    # ------------------------------------------------------------ head

    def _head(self) -> None:
        top = self.get_y()
        left, right = (self.epw * share for share in HEAD_SHARES)
        number_left = self._issuer(self.l_margin, top, left)
        number_right = self._motto(self.l_margin + left, top, right)
        below = max(number_left, number_right) + 1.2
        self._at(self.l_margin, below)
        self._lines(number_line(self.paper), left, "", self.form.number_size, "center")
        bottom = self.get_y()
        self._at(self.l_margin + left, below)
        self._lines(self.paper.place_date, right, "I", self.form.date_size, "center")
        self.set_y(max(bottom, self.get_y()) + 6)

    def _at(self, x: float, y: float) -> None:
        """Go there; lines that follow begin at the same x."""
        self.set_xy(x, y)

    def _issuer(self, x: float, y: float, width: float) -> float:
        letterhead, form = self.paper.letterhead, self.form
        assert letterhead is not None
        self._at(x, y)
        for text in head_lines(letterhead.superior) if letterhead.superior else ():
            self.set_x(x)
            self._lines(text, width, "", form.superior_size, "center")
        for text in head_lines(letterhead.issuer):
            self.set_x(x)
            self._lines(text, width, "B", form.issuer_size, "center")
        if form.issuer_mark == "line":
            self._rule(x + width / 2, min(width, self._last_width()) * 0.42)
        else:
            self.set_x(x)
            self._lines(form.issuer_mark, width, "", form.number_size, "center")
        return float(self.get_y())

    def _last_width(self) -> float:
        letterhead = self.paper.letterhead
        assert letterhead is not None
        return self._width(head_lines(letterhead.issuer)[-1], "B", self.form.issuer_size)

    def _motto(self, x: float, y: float, width: float) -> float:
        self._at(x, y)
        longest = 0.0
        for text, wanted in zip(self.form.motto, self.form.motto_sizes, strict=True):
            size = self._fitting(text, "B", wanted, width)
            self.set_x(x)
            self._lines(text, width, "B", size, "center")
            longest = self._width(text, "B", size)
        self._rule(x + width / 2, longest)
        return float(self.get_y())

    # ------------------------------------------------------------ title and text

    def _title(self) -> None:
        paper, form = self.paper, self.form
        self._at(self.l_margin, self.get_y())
        self._lines(paper.title, self.epw, "B", form.title_size, "center")
        if paper.abstract:
            self._lines(paper.abstract, self.epw, "B", form.abstract_size, "center")
            if form.abstract_mark == "line":
                width = self._width(paper.abstract, "B", form.abstract_size)
                if paper.letterhead is not None:
                    self._rule(self.l_margin + self.epw / 2, min(width, self.epw) * 0.4)
            else:
                self._lines(form.abstract_mark, self.epw, "", form.abstract_size, "center")
        self.ln(3.5)

    def _block(self, block: Block) -> None:
        size = self.form.text_size
        if isinstance(block, Paragraph):
            runs = runs_of(block.text, block.bold, block.italic)
            indent = FIRST_LINE_MM if block.indent and block.align == "justify" else 0
            self._paragraph(runs, block.align, indent)
        elif isinstance(block, Heading):
            align, indent = ("center", 0.0) if block.centred else ("left", FIRST_LINE_MM)
            self._keep_together(size * _MM_PER_POINT * _LINE * 3)
            self._paragraph((Run(block.text, bold=True),), align, indent)
        elif isinstance(block, List):
            for item in block.items:
                self._paragraph((Run("- "), *runs_of(item)), "justify", FIRST_LINE_MM)
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._picture(block)

    def _paragraph(self, runs: tuple[Run, ...], align: str, indent: float) -> None:
        with (
            self.text_columns(text_align=_ALIGNS[align]) as columns,
            columns.paragraph(
                first_line_indent=indent, line_height=_LINE, bottom_margin=_AFTER_MM
            ) as paragraph,
        ):
            for run in runs:
                # There is no bold italic cut: bold wins.
                self._style("B" if run.bold else "I" if run.italic else "", self.form.text_size)
                paragraph.write(composed(run.text))

    def _table(self, table: Table) -> None:
        size = min(self.form.text_size, 12.0)
        self._style("", size)
        aligns = tuple(_ALIGNS[column_align(table, i)].name for i in range(len(table.head)))
        with self.table(
            col_widths=tuple(column_widths(table, self.epw)),
            text_align=aligns,
            headings_style=FontFace(emphasis="BOLD"),
            line_height=size * _MM_PER_POINT * 1.28,
            padding=(1.0, 1.4),
            borders_layout=TableBordersLayout.ALL,
            align=Align.L,
        ) as rows:
            head = rows.row()
            for text in table.head:
                head.cell(composed(text), align=Align.C)
            for number, cells in enumerate(table.rows):
                strong = FontFace(emphasis="BOLD") if number in table.strong else None
                row = rows.row()
                for text in cells:
                    row.cell(composed(text), style=strong)
        self.ln(_AFTER_MM)

    def _picture(self, block: Picture) -> None:
        caption = self.form.text_size * _MM_PER_POINT * _LINE if block.caption else 0
        self._keep_together(block.width_mm + caption)
        self.image(BytesIO(block.png), x=Align.C, w=block.width_mm)
        if block.caption:
            self._lines(block.caption, self.epw, "I", self.form.text_size - 2, "center")
        self.ln(_AFTER_MM)

    def _keep_together(self, height: float) -> None:
        """A new page when this height does not fit any more."""
        if self.will_page_break(height):
            self.add_page()

    # ------------------------------------------------------------ foot

    def _foot(self) -> None:
        if self.paper.signature is None and not self.paper.recipients:
            return
        self.ln(2)
        half = self.epw / 2
        self._keep_together(max(self._signature_height(half), self._recipients_height(half)))
        top = self.get_y()
        self._recipients(top, half)
        bottom = self.get_y()
        self._signature(top, half)
        self.set_y(max(bottom, self.get_y()))

    def _height(self, text: str, width: float, style: str, size: float) -> float:
        self._style(style, size)
        height = self.multi_cell(
            width,
            size * _MM_PER_POINT * _LINE,
            composed(text),
            dry_run=True,
            output=MethodReturnValue.HEIGHT,
        )
        assert isinstance(height, float)
        return height

    def _signature_height(self, width: float) -> float:
        signature, size = self.paper.signature, self.form.text_size
        if signature is None:
            return 0
        texts = (*signature.lines, signature.name)
        return _SIGN_MM + sum(self._height(text, width, "B", size) for text in texts if text)

    def _recipients_height(self, width: float) -> float:
        title, size = self.form.recipients_sizes
        lines = sum(self._height(f"- {text}", width, "", size) for text in self.paper.recipients)
        return title * _MM_PER_POINT * _LINE + lines

    def _recipients(self, top: float, width: float) -> None:
        if not self.paper.recipients:
            return
        title, size = self.form.recipients_sizes
        self._at(self.l_margin, top)
        self._recipients_title(width, title)
        for number, text in enumerate(self.paper.recipients, start=1):
            last = number == len(self.paper.recipients)
            self.set_x(self.l_margin)
            self._lines(f"- {text}{'.' if last else ';'}", width - 4, "", size, "left")

    def _recipients_title(self, width: float, size: float) -> None:
        x, y = self.get_x(), self.get_y()
        height = size * _MM_PER_POINT * _LINE
        if self.form.recipients_title == "underline":
            self._lines("Nơi nhận:", width, "U", size, "left")
            return
        # Bold italic is the bold cut, slanted.
        self._style("B", size)
        with self.skew(ax=_SLANT_DEGREES, ay=0, x=x, y=y + height):
            self.cell(width, height, composed("Nơi nhận:"))
        self.set_xy(x, y + height)

    def _signature(self, top: float, width: float) -> None:
        signature = self.paper.signature
        if signature is None:
            return
        x, size = self.l_margin + self.epw - width, self.form.text_size
        self._at(x, top)
        for number, line in enumerate(signature.lines):
            self.set_x(x)
            strong = number == 0 or self.form.office_bold
            self._lines(line, width, "B" if strong else "", size, "center")
        self.set_xy(x, self.get_y() + _SIGN_MM)
        if signature.name:
            self._lines(signature.name, width, "B", size, "center")
