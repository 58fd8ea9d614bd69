"""What is mailed to recipients: invitation, change, cancellation, reminder. Pure.

Every message says in plain words what one must know: when, where, how many sites, what the link is
for and until when it opens, whom to call.
"""

import io
from datetime import datetime
from enum import StrEnum
from html import escape

import msgspec
import segno

from rooms.invitations.ics import Event, Mailbox, Method, calendar_of, event_uid
from rooms.invitations.records import Letter, LetterForm, Recipient
from rooms.invitations.words import comrade, short_day, short_time, time_words, with_position
from rooms.mail import Attachment, Outgoing
from rooms.meetings.records import InvitedSite, Meeting

QR_CID = "ma-qr"
EARLY_MINUTES = 60  # technicians come so long before


class Kind(StrEnum):
    INVITATION = "invitation"
    CHANGE = "change"
    REMINDER = "reminder"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    REMOVED = "removed"  # this recipient is not invited any more


CALLED_OFF = (Kind.POSTPONED, Kind.CANCELLED, Kind.REMOVED)


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages about one meeting share."""

    meeting: Meeting
    letter: Letter
    base_url: str  # "https://hop.example.vn"
    sender: Mailbox
    hotline: str
    key: bytes
    deadline: datetime | None  # for answers
    letter_pdf: str = ""  # hash of the file to attach, "" = none
    changes: tuple[str, ...] = ()  # lines: what is new
    reason: str = ""  # why it is called off


_SUBJECTS = {
    Kind.INVITATION: "Giấy mời",
    Kind.CHANGE: "Thay đổi",
    Kind.REMINDER: "Nhắc lịch họp",
    Kind.POSTPONED: "Tạm hoãn",
    Kind.CANCELLED: "Hủy họp",
    Kind.REMOVED: "Rút giấy mời",
}


def message_for(
    post: Post, recipient: Recipient, token: str, kind: Kind, now: datetime
) -> Outgoing:
    """The message of this kind to this recipient."""
    link = f"{post.base_url}/loi-moi/{token}"
    off = kind in CALLED_OFF
    facts, advice = _facts(post, recipient), () if off else _advice(post, recipient, link)
    opening = _opening(post, kind)
    attachments = () if off else _attachments(post, link)
    return Outgoing(
        to=recipient.email,
        name=recipient.name,
        subject=_subject(post, kind),
        text=_text(post, recipient, opening, facts, advice, link),
        html=_html(post, recipient, opening, facts, advice, "" if off else link),
        attachments=attachments,
        calendar=calendar_of(
            _event(post, recipient, link, facts, advice),
            Method.CANCEL if off else Method.REQUEST,
            now,
        ),
        meeting_id=post.meeting.id,
        recipient_id=recipient.id,
        kind=kind.value,
    )


def qr_png(url: str) -> bytes:
    file = io.BytesIO()
    segno.make(url, error="m").save(file, kind="png", scale=5, border=3)
    return file.getvalue()


def _subject(post: Post, kind: Kind) -> str:
    number = f" số {post.letter.number.text}" if post.letter.number else ""
    label = _SUBJECTS[kind] + (number if kind is Kind.INVITATION else "")
    return f"[{label}] {post.meeting.title} - {short_time(post.meeting.start)}"


def _opening(post: Post, kind: Kind) -> tuple[str, ...]:
    inviter, title = post.letter.series.inviter, post.meeting.title
    match kind:
        case Kind.INVITATION:
            return (f"{inviter} trân trọng kính mời dự: {title}.",)
        case Kind.REMINDER:
            return (f"{inviter} xin nhắc lịch họp: {title}.",)
        case Kind.CHANGE:
            return (f"{inviter} xin thông báo thay đổi của cuộc họp: {title}.", *post.changes)
        case Kind.POSTPONED:
            said = f"Cuộc họp sau đây tạm hoãn: {title}. Thời gian mới sẽ được thông báo sau."
        case Kind.CANCELLED:
            said = f"Cuộc họp sau đây đã hủy: {title}."
        case Kind.REMOVED:
            said = f"Quý đơn vị không còn trong thành phần của cuộc họp: {title}."
    return (said, f"Lý do: {post.reason}") if post.reason and kind is not Kind.REMOVED else (said,)


def _facts(post: Post, recipient: Recipient) -> tuple[tuple[str, str], ...]:
    meeting, letter = post.meeting, post.letter
    main, own = meeting.main_site, _own_site(meeting, recipient)
    chair = with_position(meeting.chair_name, meeting.chair_position)
    where = ", ".join(part for part in (meeting.venue, main.name if main else "") if part)
    number = letter.number.text if letter.number else ""
    issued = f", ngày {short_day(letter.issue_date)}" if number and letter.issue_date else ""
    pairs = (
        ("Thời gian", time_words(meeting.start, meeting.end)),
        ("Chủ trì", comrade(chair) if letter.series.form is LetterForm.PARTY else chair),
        ("Điểm cầu chính", where),
        ("Điểm cầu của quý đơn vị", own.name if own else ""),
        ("Thành phần", own.composition.replace("\n", ", ") if own else ""),
        ("Giấy mời", f"số {number}{issued}" if number else ""),
    )
    return tuple((name, text) for name, text in pairs if text)


def _own_site(meeting: Meeting, recipient: Recipient) -> InvitedSite | None:
    return next((site for site in meeting.sites if site.site_id == recipient.site_id), None)


def _advice(post: Post, recipient: Recipient, link: str) -> tuple[str, ...]:
    """What to do and to know."""
    until = f" trước {short_time(post.deadline)}" if post.deadline else ""
    expires = short_time(recipient.link_expires) if recipient.link_expires else ""
    return (
        f"Xin xác nhận tham dự{until} tại đường liên kết riêng nói trên.",
        "Đến giờ họp, mở lại chính đường liên kết đó và bấm Vào họp, không cần tài khoản;"
        f" xin vào trước {EARLY_MINUTES} phút để kiểm tra đường truyền.",
        f"Có {len(post.meeting.sites)} điểm cầu được mời.",
        f"Đường liên kết có giá trị đến {expires}. Ai có đường liên kết là vào được với tên của"
        " quý đơn vị: xin không chuyển tiếp.",
        "Cần máy tính có camera, micro và trình duyệt Chrome, Edge hoặc Firefox;"
        " không phải cài phần mềm.",
        f"Hỗ trợ kỹ thuật: gọi {post.hotline}." + _contact(post),
    )


def _contact(post: Post) -> str:
    """Whom to ask about anything else; the letter's line may name the hotline once more."""
    parts = [part.strip() for part in post.letter.contact.split(";")]
    others = "; ".join(part for part in parts if part and post.hotline not in part)
    return f" Đầu mối liên hệ: {others}." if others else ""


def _attachments(post: Post, link: str) -> tuple[Attachment, ...]:
    qr = Attachment(name="ma-qr.png", content=qr_png(link), type="image/png", cid=QR_CID)
    if not post.letter_pdf:
        return (qr,)
    number = post.letter.number.text.replace("/", "-") if post.letter.number else "du-thao"
    letter = Attachment(
        name=f"giay-moi-{number}.pdf", digest=post.letter_pdf, type="application/pdf"
    )
    return (qr, letter)


def _event(
    post: Post,
    recipient: Recipient,
    link: str,
    facts: tuple[tuple[str, str], ...],
    advice: tuple[str, ...],
) -> Event:
    meeting = post.meeting
    own = _own_site(meeting, recipient)
    told = [f"{name}: {text}" for name, text in facts]
    return Event(
        uid=event_uid(meeting.id, post.key),
        sequence=meeting.revision - 1,
        start=meeting.start,
        end=meeting.end,
        summary=meeting.title,
        location=own.name if own else meeting.venue or "Họp trực tuyến",
        description="\n".join((*told, *((link,) if advice else ()), *advice)),
        url=link,
        organizer=Mailbox(name=post.letter.series.inviter, email=post.sender.email),
        attendee=Mailbox(name=recipient.name, email=recipient.email),
    )


def _text(
    post: Post,
    recipient: Recipient,
    opening: tuple[str, ...],
    facts: tuple[tuple[str, str], ...],
    advice: tuple[str, ...],
    link: str,
) -> str:
    parts = [f"Kính gửi: {recipient.name}", "", *opening, ""]
    parts += [f"{name}: {text}" for name, text in facts]
    if advice:
        parts += ["", "Đường liên kết riêng của quý đơn vị:", link, "", "Điều cần biết:"]
        parts += [f"- {line}" for line in advice]
    else:
        parts += ["", f"Cần hỏi thêm: gọi {post.hotline}."]
    return "\n".join((*parts, "", post.letter.series.inviter, ""))


_CELL = "padding:4px 12px 4px 0;vertical-align:top"


def _html(
    post: Post,
    recipient: Recipient,
    opening: tuple[str, ...],
    facts: tuple[tuple[str, str], ...],
    advice: tuple[str, ...],
    link: str,
) -> str:
    """Mail clients know tables and styles within the tags, hardly more."""
    rows = "".join(
        f'<tr><td style="{_CELL};color:#535963">{escape(name)}</td>'
        f'<td style="{_CELL}"><b>{escape(text)}</b></td></tr>'
        for name, text in facts
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in opening)
    known = "".join(f"<li>{escape(line)}</li>" for line in advice)
    call = (
        f"<p><b>Điều cần biết</b></p><ul>{known}</ul>"
        if advice
        else f"<p>Cần hỏi thêm: gọi {escape(post.hotline)}.</p>"
    )
    return (
        '<!doctype html><html lang="vi"><body style="font-family:Arial,Helvetica,sans-serif;'
        'font-size:16px;line-height:1.5;color:#1d2127;max-width:640px">'
        f"<p>Kính gửi: <b>{escape(recipient.name)}</b></p>{said}"
        f'<table style="border-collapse:collapse">{rows}</table>'
        f"{_button(link) if link else ''}{call}"
        f"<p>{escape(post.letter.series.inviter)}</p></body></html>"
    )


def _button(link: str) -> str:
    address = escape(link, quote=True)
    return (
        f'<p style="margin:24px 0"><a href="{address}" style="background:#861c1c;color:#fffaf4;'
        'padding:14px 22px;text-decoration:none;border-radius:6px;font-weight:bold">'
        "Xác nhận tham dự và vào họp</a></p>"
        f'<p>Hoặc chép đường liên kết riêng:<br><a href="{address}">{address}</a></p>'
        f'<p><img src="cid:{QR_CID}" width="165" height="165" alt="Mã QR của đường liên kết"><br>'
        "Quét mã này bằng điện thoại cũng mở đường liên kết.</p>"
    )
