"""Letters to sites that have not answered. Pure: answers in, messages out."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from rooms.answers.records import AnswerState, SiteAnswer, Terms
from rooms.mail import Outgoing
from rooms.meetings.records import Meeting

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_TEXT = """Kính gửi: {site}

Điểm cầu chưa xác nhận tham dự:
{title}
Thời gian: {start}
Đơn vị chủ trì: {host}

Đề nghị xác nhận (người chủ trì tại điểm cầu, danh sách và số đại biểu) {deadline}tại địa chỉ:
{link}

Nếu không truy cập được, xin gọi đường dây nóng kỹ thuật: {hotline}.
Thư này do hệ thống Điểm Cầu gửi tự động, xin không trả lời."""


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    """Where a site is reached, and the link that is its own."""

    email: str
    recipient_id: int
    link: str


def unanswered(answers: Iterable[SiteAnswer]) -> list[SiteAnswer]:
    return [answer for answer in answers if answer.state is AnswerState.PENDING]


def reminder(
    meeting: Meeting, site: SiteAnswer, to: Addressee, terms: Terms, hotline: str
) -> Outgoing:
    """The message to one site, in Vietnamese as all letters are."""
    until = f"trước {_moment(terms.deadline)} " if terms.deadline is not None else ""
    text = _TEXT.format(
        site=site.name,
        title=meeting.title,
        start=_moment(meeting.start),
        host=meeting.host_unit,
        deadline=until,
        link=to.link,
        hotline=hotline,
    )
    return Outgoing(
        to=to.email,
        name=site.name,
        subject=f"Nhắc xác nhận tham dự: {meeting.title}",
        text=text,
        meeting_id=meeting.id,
        recipient_id=to.recipient_id,
        kind="reminder",
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%H:%M ngày %d/%m/%Y}"
