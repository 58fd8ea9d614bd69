"""Papers: the two letterheads, as .docx and PDF, with every stacked accent."""

import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document

from rooms.papers import (
    Heading,
    List,
    Paper,
    PaperFonts,
    Paragraph,
    Party,
    Run,
    Signature,
    State,
    Table,
    to_docx,
    to_pdf,
)
from rooms.papers.paper import place_date

FONTS = Path(__file__).parents[2] / "web" / "static" / "fonts"
ACCENTS = "ắ ằ ẳ ẵ ặ ấ ầ ẩ ẫ ậ ế ề ể ễ ệ ố ồ ổ ỗ ộ ớ ờ ở ỡ ợ ứ ừ ử ữ ự ỳ ỷ ỹ ỵ đ Đ Ẳ Ẫ Ể Ỗ Ợ Ữ Ỵ"
NOW = datetime(2018, 6, 20, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> PaperFonts:
    return PaperFonts(FONTS, tmp_path_factory.mktemp("fonts"))


def letter(letterhead: State | Party, number: str, rows: int = 2) -> Paper:
    return Paper(
        letterhead=letterhead,
        number=number,
        place_date=place_date("Gia Lai", date(2018, 2, 5)),
        title="GIẤY MỜI",
        abstract="Dự Hội nghị giao ban trực tuyến tháng 6 năm 2018",
        blocks=(
            Paragraph((Run("1. Thời gian: ", bold=True), Run("08 giờ 00 phút"))),
            Heading("2. Thành phần"),
            List(("Điểm cầu UBND huyện KBang: lãnh đạo UBND huyện", ACCENTS)),
            Table(("TT", "Nội dung"), tuple((str(n), "Thảo luận") for n in range(rows)), (1, 9)),
        ),
        recipients=("Như trên", "Lưu: VT"),
        signature=Signature(lines=("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"), name="Nguyễn Văn Bảy"),
    )


STATE = letter(State(superior="UBND TỈNH GIA LAI", issuer="VĂN PHÒNG"), "05/GM-VP")
PARTY = letter(Party(superior="", issuer="TỈNH ỦY GIA LAI"), "45-GM/TU")


def words(pdf: bytes) -> set[str]:
    """The characters a PDF says its glyphs stand for."""
    codes = re.findall(rb"^<[0-9A-F]{4}> <([0-9A-F]{4})>$", pdf, re.MULTILINE)
    return {chr(int(code, 16)) for code in codes}


@pytest.mark.parametrize("paper", [STATE, PARTY], ids=["state", "party"])
def test_pdf_holds_every_accent(
    paper: Paper, fonts: PaperFonts, caplog: pytest.LogCaptureFixture
) -> None:
    pdf = to_pdf(paper, fonts, NOW)
    assert not caplog.records  # no glyph is missing
    assert pdf.startswith(b"%PDF-")
    assert set(ACCENTS) - {" "} <= words(pdf)


def test_a_long_paper_goes_on_over_pages(fonts: PaperFonts) -> None:
    long = letter(State(superior="", issuer="UBND TỈNH GIA LAI"), "123/GM-UBND", rows=90)
    assert len(re.findall(rb"/Type /Page\b", to_pdf(long, fonts, NOW))) == 4


def test_fonts_are_unpacked_once(tmp_path: Path) -> None:
    fonts = PaperFonts(FONTS, tmp_path)
    first = fonts.file("")
    made = first.stat().st_mtime_ns
    assert PaperFonts(FONTS, tmp_path).file("") == first
    assert first.stat().st_mtime_ns == made


def text_of(docx: bytes) -> list[str]:
    document = Document(BytesIO(docx))
    lines = [p.text for p in document.paragraphs]
    for table in document.tables:
        lines += [p.text for row in table.rows for cell in row.cells for p in cell.paragraphs]
    return lines


def test_docx_has_the_form_of_the_state() -> None:
    lines = text_of(to_docx(STATE))
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in lines
    assert "Độc lập - Tự do - Hạnh phúc" in lines
    assert "Số: 05/GM-VP" in lines
    assert "Gia Lai, ngày 05 tháng 02 năm 2018" in lines
    assert "- Lưu: VT." in lines


def test_docx_has_the_form_of_the_party() -> None:
    lines = text_of(to_docx(PARTY))
    assert "ĐẢNG CỘNG SẢN VIỆT NAM" in lines
    assert "Số 45-GM/TU" in lines
    assert "*" in lines
    assert "-----" in lines
    assert "Độc lập - Tự do - Hạnh phúc" not in lines


def test_docx_is_a4_in_times_with_numbers_from_the_second_page() -> None:
    document = Document(BytesIO(to_docx(STATE)))
    section = document.sections[0]
    assert round(section.page_width.mm) == 210
    assert round(section.left_margin.mm) == 30
    assert section.different_first_page_header_footer
    assert "PAGE" in section.header.paragraphs[0]._p.xml
    names = {run.font.name for p in document.paragraphs for run in p.runs}
    assert names == {"Times New Roman"}


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2018, 2, 5), "Gia Lai, ngày 05 tháng 02 năm 2018"),
        (date(2018, 3, 10), "Gia Lai, ngày 10 tháng 3 năm 2018"),
        (date(2018, 12, 9), "Gia Lai, ngày 09 tháng 12 năm 2018"),
    ],
)
def test_place_and_date(day: date, text: str) -> None:
    assert place_date("Gia Lai", day) == text
