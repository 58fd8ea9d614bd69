"""The minutes as a paper in the official form. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

from rooms.invitations.records import LetterForm, Series
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import Meeting
from rooms.minutes.text import Section, late
from rooms.papers.paper import (
    Block,
    Heading,
    Letterhead,
    Paper,
    Paragraph,
    Party,
    Signature,
    State,
    Table,
    place_date,
)
from rooms.records.ledger import Proceedings, SiteRecord
from rooms.session.model import RollState

TITLE = "BIÊN BẢN"
_STATES = {
    RollState.PRESENT: "Có mặt",
    RollState.LATE: "Đến muộn",
    RollState.ABSENT: "Vắng mặt",
}
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")


def minutes_paper(
    meeting: Meeting,
    found: Proceedings,
    sections: Sequence[Section],
    series: Series | None,
    day: date,
) -> Paper:
    """The paper to sign. Without a series (no letter was written) it has no letterhead."""
    blocks: list[Block] = []
    for number, section in enumerate(sections):
        lines = [line.strip() for line in section.text.splitlines() if line.strip()]
        if not lines:
            continue
        blocks.append(Heading(f"{_ROMAN[number]}. {section.heading}"))
        blocks += [Paragraph(line) for line in lines]
    return Paper(
        letterhead=letterhead_of(series),
        title=TITLE,
        abstract=meeting.title,
        number=numbered(series, "BB", None),
        place_date=place_date(series.place, day) if series is not None else "",
        blocks=tuple(blocks),
        recipients=("Như thành phần dự họp", "Lưu: VT"),
        signature=Signature(
            lines=("CHỦ TRÌ",), name=meeting.chair_name.removeprefix("Ông ").removeprefix("Bà ")
        ),
        appendix=(
            Heading("DANH SÁCH ĐIỂM CẦU THAM DỰ", centred=True),
            attendance_table(found),
        ),
    )


def numbered(series: Series | None, kind: str, number: int | None) -> str:
    """ "12/TB-UBND" in the State's form, "1023-TB/TU" in the Party's; None leaves room for it."""
    if series is None:
        return ""
    tail = re.split("[-/]", series.symbol, maxsplit=1)[-1]
    if series.form is LetterForm.PARTY:
        return f"{'       ' if number is None else number}-{kind}/{tail}"
    return f"{'       ' if number is None else f'{number:02d}'}/{kind}-{tail}"


def letterhead_of(series: Series | None) -> Letterhead | None:
    if series is None:
        return None
    kind = Party if series.form is LetterForm.PARTY else State
    return kind(superior=series.superior, issuer=series.issuer)


def attendance_table(found: Proceedings) -> Table:
    rows = [
        (
            str(number),
            site.name,
            site.answer.person if site.answer is not None else "",
            str(site.answer.head_count) if site.answer is not None else "",
            _state(site, found.opened),
            _stays(site),
        )
        for number, site in enumerate(found.sites, start=1)
    ]
    rows.append(("", "Cộng", "", str(found.head_count), f"{found.attended} điểm cầu", ""))
    return Table(
        head=("TT", "Điểm cầu", "Chủ trì tại điểm cầu", "Số đại biểu", "Điểm danh", "Kết nối"),
        rows=tuple(rows),
        widths=(1, 5, 5, 2, 3, 3),
        aligns=("center", "left", "left", "center", "left", "center"),
        strong=frozenset({len(rows) - 1}),
    )


def _state(site: SiteRecord, opened: float) -> str:
    answer = site.answer
    if answer is not None:
        reason = f" ({answer.reason})" if answer.reason else ""
        return _STATES[answer.state] + reason
    if not site.stays.stays:
        return "Không kết nối"
    return "Kết nối muộn" if late(site, opened) else "Có kết nối"


def _stays(site: SiteRecord) -> str:
    return "\n".join(
        f"{_clock(stay.start)}–{_clock(stay.end) if stay.end is not None else ''}"
        for stay in site.stays.stays
    )


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(LOCAL):%H:%M}"
