"""The record of the roll call as a paper of its own. Pure."""

from datetime import UTC, date, datetime

from rooms.invitations.records import Series
from rooms.invitations.words import clock_words
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import Meeting
from rooms.minutes.paper import attendance_table, letterhead_of, numbered
from rooms.papers.paper import Paper, Paragraph, Signature, place_date
from rooms.records.ledger import Proceedings
from rooms.session.model import RollState


def roll_paper(meeting: Meeting, found: Proceedings, series: Series | None, day: date) -> Paper:
    """The paper the secretary signs; without a series it has no letterhead."""
    return Paper(
        letterhead=letterhead_of(series),
        number=numbered(series, "BB", None),
        place_date=place_date(series.place, day) if series is not None else "",
        title="BIÊN BẢN ĐIỂM DANH",
        abstract=meeting.title,
        blocks=(*map(Paragraph, roll_sums(found)), attendance_table(found)),
        recipients=("Chủ trì", "Lưu: VT, hồ sơ cuộc họp"),
        signature=Signature(lines=("THƯ KÝ",), name=""),
    )


def roll_sums(found: Proceedings) -> tuple[str, ...]:
    """How many sites came, in words."""
    answers = [one.answer for one in found.sites if one.is_site and one.answer is not None]
    counts = {state: sum(one.state is state for one in answers) for state in RollState}
    begun = datetime.fromtimestamp(found.opened, UTC).astimezone(LOCAL)
    return (
        f"Cuộc họp bắt đầu lúc {clock_words(begun)}, điểm danh {found.invited} điểm cầu.",
        f"Có mặt: {counts[RollState.PRESENT]}; đến muộn: {counts[RollState.LATE]}; "
        f"vắng mặt: {counts[RollState.ABSENT]}; "
        f"chưa trả lời: {found.invited - len(answers)} điểm cầu.",
        f"Tổng số đại biểu: {found.head_count}.",
    )
