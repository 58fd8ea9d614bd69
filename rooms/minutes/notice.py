"""The notice of conclusions (thông báo kết luận): its draft and its paper. Pure."""

from datetime import date

from rooms.invitations.letter import inside
from rooms.invitations.records import LetterForm, Series
from rooms.invitations.words import day_words, with_position
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import Meeting
from rooms.minutes.paper import letterhead_of, numbered
from rooms.papers.paper import (
    PARTY_FORM,
    STATE_FORM,
    Paper,
    Paragraph,
    Signature,
    place_date,
)
from rooms.records.ledger import Proceedings
from rooms.session.model import NoteKind

_ORDER = (NoteKind.CONCLUSION, NoteKind.DECISION, NoteKind.TASK)


def notice_text(meeting: Meeting, found: Proceedings) -> str:
    """The first draft, one paragraph a line: conclusions, then decisions, then tasks."""
    chair = with_position(meeting.chair_name, meeting.chair_position)
    day = day_words(meeting.start.astimezone(LOCAL).date())
    opening = (
        f"Vào {day}, {chair} chủ trì {inside(meeting.title)} trực tuyến đến "
        f"{len(meeting.sites)} điểm cầu. Sau khi nghe báo cáo và ý kiến của các đại biểu, "
        f"chủ trì kết luận như sau:"
    )
    notes = sorted(found.notes, key=lambda note: _ORDER.index(note.kind))
    points = [
        f"{number}. {'Giao nhiệm vụ: ' if note.kind is NoteKind.TASK else ''}{_sentence(note.text)}"
        for number, note in enumerate(notes, start=1)
    ]
    ending = (
        "Trên đây là kết luận của cuộc họp; đề nghị các cơ quan, đơn vị, địa phương "
        "triển khai thực hiện."
    )
    return "\n".join((opening, *points, ending))


def _sentence(text: str) -> str:
    return f"{text.strip().rstrip('.')}."


def notice_paper(
    meeting: Meeting, text: str, series: Series | None, number: int | None, day: date
) -> Paper:
    """The paper to sign and send.

    Args:
        number: given by the clerk; None leaves room for it.
        day: of issue.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    party = series is not None and series.form is LetterForm.PARTY
    if lines:
        lines[-1] = lines[-1].rstrip("./") + (PARTY_FORM if party else STATE_FORM).ending
    return Paper(
        letterhead=letterhead_of(series),
        number=numbered(series, "TB", number),
        place_date=place_date(series.place, day) if series is not None else "",
        title="THÔNG BÁO",
        abstract=f"Kết luận tại {inside(meeting.title)}",
        blocks=tuple(map(Paragraph, lines)),
        recipients=("Như thành phần dự họp", "Lưu: Văn phòng" if party else "Lưu: VT"),
        signature=_signature(series),
    )


def _signature(series: Series | None) -> Signature:
    """Who signs the letters of the issuer signs its notices."""
    if series is None or not series.signature.strip():
        return Signature(lines=("CHỦ TRÌ",), name="")
    return Signature(lines=tuple(series.signature.splitlines()), name=series.signer)
