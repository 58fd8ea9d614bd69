"""An official paper as data: letterhead, number, text, recipients, signature. Pure.

Two forms are known: that of the State (Nghị định 30/2020/NĐ-CP, phụ lục I) and that of the Party
(Hướng dẫn 36-HD/VPTW of 3/4/2018). What a writer needs beyond the words (sizes, lines, the order of
the parts) is in `FORMS`, so that .docx, PDF and the page on the screen agree.
"""

from collections.abc import Iterable
from datetime import date

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Run(msgspec.Struct, frozen=True):
    """A stretch of one paragraph in one style."""

    text: str
    bold: bool = False
    italic: bool = False


Text = str | tuple[Run, ...]


class Paragraph(msgspec.Struct, frozen=True):
    text: Text
    align: str = "justify"  # or "left", "center", "right"
    indent: bool = True  # the first line
    bold: bool = False
    italic: bool = False


class Heading(msgspec.Struct, frozen=True):
    text: str
    centred: bool = False


class List(msgspec.Struct, frozen=True):
    """Lines that begin with a dash."""

    items: tuple[Text, ...]


class Table(msgspec.Struct, frozen=True):
    """Rows under a head that is repeated on every page. Cells may hold line breaks."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] = ()  # relative; () = equal
    aligns: tuple[str, ...] = ()  # "left", "center", "right" for each column; () = left
    strong: frozenset[int] = frozenset()  # numbers of rows in bold: sums, days


class Picture(msgspec.Struct, frozen=True):
    """A PNG in the middle of the page."""

    png: bytes
    width_mm: float
    caption: str = ""


Block = Paragraph | Heading | List | Table | Picture


class State(_Part, frozen=True, kw_only=True):
    """Letterhead of a state agency."""

    superior: str  # "" when there is none above
    issuer: str


class Party(_Part, frozen=True, kw_only=True):
    """Letterhead of a Party committee or office."""

    superior: str
    issuer: str


Letterhead = State | Party


class Signature(_Part, frozen=True, kw_only=True):
    """ "TM. ỦY BAN NHÂN DÂN" / "KT. CHỦ TỊCH" / "PHÓ CHỦ TỊCH", the place to sign, the name."""

    lines: tuple[str, ...]  # authority first, then the office of the signer
    name: str


class Paper(_Part, frozen=True, kw_only=True):
    letterhead: Letterhead | None  # None: a plain sheet, with title and text only
    title: str  # "GIẤY MỜI"
    blocks: tuple[Block, ...]
    number: str = ""  # "123/GM-UBND"; "" leaves room to write it by hand
    place_date: str = ""  # "Gia Lai, ngày 05 tháng 02 năm 2018"
    abstract: str = ""
    recipients: tuple[str, ...] = ()  # of "Nơi nhận", without dashes
    signature: Signature | None = None
    landscape: bool = False
    appendix: tuple[Block, ...] = ()  # on pages of its own, after the signature


class Form(_Part, frozen=True, kw_only=True):
    """How a kind of letterhead is set. Sizes in points."""

    motto: tuple[str, ...]  # right side of the head, bold
    motto_sizes: tuple[float, ...]
    superior_size: float
    issuer_size: float
    number_size: float
    number_prefix: str
    blank_number: str  # when the number is not given yet
    date_size: float
    title_size: float
    abstract_size: float
    text_size: float
    abstract_mark: str  # "line" or the characters beneath the abstract
    issuer_mark: str
    recipients_title: str  # style of "Nơi nhận:": "bold-italic" or "underline"
    recipients_sizes: tuple[float, float]  # its title, its lines
    office_bold: bool  # the signer's office beneath the authority
    ending: str  # of the last sentence


STATE_FORM = Form(
    motto=("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
    motto_sizes=(12, 13),
    superior_size=12,
    issuer_size=12,
    number_size=13,
    number_prefix="Số: ",
    blank_number="       ",
    date_size=13,
    title_size=14,
    abstract_size=14,
    text_size=14,
    abstract_mark="line",
    issuer_mark="line",
    recipients_title="bold-italic",
    recipients_sizes=(12, 11),
    office_bold=True,
    ending="./.",
)
PARTY_FORM = Form(
    motto=("ĐẢNG CỘNG SẢN VIỆT NAM",),
    motto_sizes=(15,),
    superior_size=14,
    issuer_size=14,
    number_size=14,
    number_prefix="Số ",
    blank_number="       ",
    date_size=14,
    title_size=16,
    abstract_size=14,
    text_size=14,
    abstract_mark="-----",
    issuer_mark="*",
    recipients_title="underline",
    recipients_sizes=(14, 12),
    office_bold=False,
    ending=".",
)
# A sheet without letterhead: reports, the weekly calendar.
PLAIN_FORM = msgspec.structs.replace(STATE_FORM, text_size=12, title_size=14, abstract_size=12)

PAGE_MM = (210.0, 297.0)
MARGINS_MM = (20.0, 20.0, 20.0, 30.0)  # top, right, bottom, left
HEAD_SHARES = (0.42, 0.58)  # of the text's width: issuer, motto
HEAD_LINE_CHARS = 26  # of a body's name in capitals
FIRST_LINE_MM = 10.0


def form_of(paper: Paper) -> Form:
    if isinstance(paper.letterhead, State):
        return STATE_FORM
    return PARTY_FORM if isinstance(paper.letterhead, Party) else PLAIN_FORM


def number_line(paper: Paper) -> str:
    """ "Số: 123/GM-UBND"; without a number there is room for it."""
    form = form_of(paper)
    return form.number_prefix + (paper.number or form.blank_number)


def place_date(place: str, day: date) -> str:
    """ "Gia Lai, ngày 05 tháng 02 năm 2018": a zero before days below 10 and months 1 and 2."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return f"{place}, ngày {day.day:02d} tháng {month} năm {day.year}"


def runs_of(text: Text, bold: bool = False, italic: bool = False) -> tuple[Run, ...]:
    """A text as runs; a paragraph's own style is added to each."""
    runs: Iterable[Run] = (Run(text),) if isinstance(text, str) else text
    return tuple(Run(run.text, run.bold or bold, run.italic or italic) for run in runs)


def plain(text: Text) -> str:
    """The words alone."""
    return text if isinstance(text, str) else "".join(run.text for run in text)


def head_lines(name: str) -> tuple[str, ...]:
    """The name of a body in the letterhead: a long one on two lines of about the same length."""
    if len(name) <= HEAD_LINE_CHARS:
        return (name,)
    spaces = [at for at, character in enumerate(name) if character == " "]
    middle = min(spaces, key=lambda at: abs(at - len(name) / 2), default=len(name))
    return tuple(part for part in (name[:middle], name[middle + 1 :]) if part)


def column_widths(table: Table, total: float) -> list[float]:
    """Widths of the columns that fill `total`."""
    shares = table.widths or (1,) * len(table.head)
    return [total * share / sum(shares) for share in shares]


def column_align(table: Table, column: int) -> str:
    return table.aligns[column] if table.aligns else "left"
