"""The invitation letter of a meeting: number, text, signature, recipients, what went out."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

import segno
from aiohttp import web
from markupsafe import Markup

from rooms.directory.accounts import Account
from rooms.directory.people import Person
from rooms.documents.kinds import MEDIA_TYPES, Kind
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.invitations import OPEN
from rooms.invitations.letter import letter_paper
from rooms.invitations.letters import LetterDraft
from rooms.invitations.records import (
    Audience,
    Letter,
    RecipientState,
    Reminder,
    Series,
)
from rooms.invitations.standing import Standing
from rooms.mail import Mail
from rooms.meetings.lifecycle import published
from rooms.meetings.meetings import Meeting
from rooms.papers.docx import to_docx
from rooms.records.audit import Action
from web.auth import account_of, redirect, require, signed_in
from web.files import attachment, disposition
from web.formats import local
from web.i18n import gettext, mark
from web.pages.common import SCHEDULERS, meeting_of, reference, visible_meeting
from web.pages.invitation import invited
from web.pages.paper_files import uploaded
from web.pages.paper_view import PaperView, view_of
from web.pages.schedule_form import parse_day
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render

MAX_FIELD = 4000
MAX_FOUND = 20

STATE_WORDS = {
    RecipientState.NO_ADDRESS: mark("Chưa có địa chỉ thư"),
    RecipientState.NEW: mark("Chưa gửi"),
    RecipientState.QUEUED: mark("Đang chờ gửi"),
    RecipientState.FAILED: mark("Không gửi được"),
    RecipientState.SENT: mark("Đã gửi"),
    RecipientState.OPENED: mark("Đã xem"),
    RecipientState.CONFIRMED: mark("Đã xác nhận"),
    RecipientState.DECLINED: mark("Báo vắng"),
    RecipientState.REMOVED: mark("Đã rút"),
}
KIND_WORDS = {
    "invitation": mark("Giấy mời"),
    "change": mark("Thay đổi"),
    "reminder": mark("Nhắc"),
    "postponed": mark("Tạm hoãn"),
    "cancelled": mark("Hủy họp"),
    "removed": mark("Rút giấy mời"),
}
AUDIENCE_WORDS = {
    Audience.PENDING: mark("người chưa trả lời"),
    Audience.ALL: mark("mọi người nhận"),
}
DONE = {
    "luu": mark("Đã lưu giấy mời."),
    "so": mark("Đã cấp số giấy mời."),
    "ky": mark("Đã nhận bản ký; thư mời sẽ gửi kèm bản này."),
    "bo-ky": mark("Đã bỏ bản ký."),
    "gui": mark("Giấy mời đang được gửi đi."),
    "nhac": mark("Thư nhắc đang được gửi đi."),
    "doi": mark("Thông báo thay đổi đang được gửi đi."),
    "them": mark("Đã thêm người nhận. Bấm gửi để mời."),
    "rut": mark("Đã đưa khỏi danh sách."),
    "khoa": mark("Đã thu hồi đường liên kết."),
    "moi": mark("Đã cấp đường liên kết mới; bấm gửi lại để báo cho người nhận."),
    "lich": mark("Đã đặt lịch nhắc."),
    "khong": mark("Không có ai để gửi."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterValues:
    """The form of the letter's text, as typed."""

    series: str = ""
    issue_date: str = ""
    abstract: str = ""
    requirements: str = ""
    contact: str = ""
    signature: str = ""
    signer: str = ""
    recipients: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    recipients: int  # not counting those removed
    new: int  # with an address, not sent yet
    without_address: int
    failed: int
    pending: int  # sent, no answer
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPage(Page):
    template: ClassVar[str] = "letter.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    clerk: bool
    letter: Letter | None  # None: there is no series to write it with
    view: PaperView | None
    values: LetterValues
    errors: dict[str, str]
    series: tuple[Series, ...]
    next_number: str
    today: str
    standings: tuple[Standing, ...]
    counts: Counts
    words: dict[str, str]
    kinds: dict[str, str]
    audiences: dict[str, str]
    reminders: tuple[Reminder, ...]
    changes: tuple[str, ...]
    changes_at: datetime | None
    invitable: bool  # the meeting's state allows letters
    can_send: bool  # a mail server is set
    found: tuple[Person, ...]
    asked: str  # what people were searched for
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientPage(Page):
    template: ClassVar[str] = "recipient.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    standing: Standing
    word: str
    kinds: dict[str, str]
    mails: tuple[Mail, ...]
    link: str  # "" when it is closed
    qr: Markup
    sendable: bool
    done: str


def counts_of(standings: tuple[Standing, ...]) -> Counts:
    there = [s for s in standings if s.state is not RecipientState.REMOVED]
    return Counts(
        recipients=len(there),
        new=sum(bool(s.recipient.email) and s.recipient.sent_at is None for s in there),
        without_address=sum(not s.recipient.email for s in there),
        failed=sum(s.state is RecipientState.FAILED for s in there),
        pending=sum(s.pending and s.recipient.sent_at is not None for s in there),
        confirmed=sum(s.state is RecipientState.CONFIRMED for s in there),
    )


def _today() -> date:
    return local(datetime.now(UTC)).date()


def _day(day: date | None) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year}" if day is not None else ""


def _values(letter: Letter) -> LetterValues:
    return LetterValues(
        series=str(letter.series.id),
        issue_date=_day(letter.issue_date),
        abstract=letter.abstract,
        requirements=letter.requirements,
        contact=letter.contact,
        signature=letter.signature,
        signer=letter.signer,
        recipients=letter.recipients,
    )


@require()
async def show(request: web.Request) -> web.Response:
    return await _show(request, await visible_meeting(request, signed_in(request)))


async def _show(
    request: web.Request,
    meeting: Meeting,
    *,
    values: LetterValues | None = None,
    errors: dict[str, str] | None = None,
) -> web.Response:
    account, services = signed_in(request), request.app[SERVICES]
    now, invitations = datetime.now(UTC), request.app[SERVICES].invitations
    clerk = account.role in SCHEDULERS
    letter = await invitations.letter(meeting)
    if not clerk and (letter is None or letter.sent_at is None):
        letter = None
    standings: tuple[Standing, ...] = ()
    changes: tuple[str, ...] = ()
    changes_at = None
    if clerk:
        if "X-Refresh" not in request.headers:  # a page left open only reads
            await services.recipients.sync(meeting.id, now)
        standings = tuple(await invitations.standings(meeting.id))
        if letter is not None:
            changes, changes_at = await invitations.pending_change(meeting, letter)
    asked = request.query.get("tim", "").strip()[:100] if clerk else ""
    found = await services.people.find(asked, limit=MAX_FOUND) if asked else None
    page = LetterPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, "letter"),
        clerk=clerk,
        letter=letter,
        view=view_of(letter_paper(letter, meeting, _today())) if letter else None,
        values=values or (_values(letter) if letter else LetterValues()),
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        series=tuple(await invitations.numbers.all_series()) if clerk else (),
        next_number=await _next_number(request, letter) if clerk else "",
        today=_day(_today()),
        standings=standings,
        counts=counts_of(standings),
        words={state.value: gettext(text) for state, text in STATE_WORDS.items()},
        kinds={kind: gettext(text) for kind, text in KIND_WORDS.items()},
        audiences={audience.value: gettext(text) for audience, text in AUDIENCE_WORDS.items()},
        reminders=tuple(await invitations.letters.reminders(meeting.id)) if clerk else (),
        changes=changes,
        changes_at=changes_at,
        invitable=meeting.state in OPEN,
        can_send=invitations.office.can_send,
        found=found.people if found else (),
        asked=asked,
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
    )
    return render(request, page, status=422 if errors else 200)


async def _next_number(request: web.Request, letter: Letter | None) -> str:
    if letter is None or letter.number is not None:
        return ""
    year = (letter.issue_date or _today()).year
    number = await request.app[SERVICES].invitations.numbers.next_number(letter.series.id, year)
    return letter.series.numbered(number)


# ---------------------------------------------------------------- changing


_Change = Callable[[web.Request, Meeting, Account], Awaitable[str]]
_HANDLER = Callable[[web.Request], Awaitable[web.StreamResponse]]


def change(work: _Change) -> _HANDLER:
    """A form of the page: what it did is told by a word in the address; faults show it again."""

    @require(*SCHEDULERS)
    async def handler(request: web.Request) -> web.StreamResponse:
        meeting = await meeting_of(request)
        try:
            done = await work(request, meeting, signed_in(request))
        except Invalid as invalid:
            return await _show(request, meeting, errors=invalid.errors)
        return redirect(f"/cuoc-hop/{reference(meeting)}/giay-moi?xong={done}")

    return handler


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.StreamResponse:
    """The text of the letter."""
    meeting, account = await meeting_of(request), signed_in(request)
    invitations = request.app[SERVICES].invitations
    values, revision = await _read(request)
    letter = await invitations.stored_letter(meeting)
    errors: dict[str, str] = {}
    day = parse_day(values.issue_date) if values.issue_date else None
    if values.issue_date and day is None:
        errors["issue_date"] = mark("Nhập ngày theo dạng 26/06/2018.")
    draft = LetterDraft(
        series_id=int(values.series) if values.series.isdecimal() else letter.series.id,
        issue_date=day,
        abstract=values.abstract,
        requirements=values.requirements,
        contact=values.contact,
        signature=values.signature,
        signer=values.signer,
        recipients=values.recipients,
    )
    try:
        if errors:
            raise Invalid(errors)
        await invitations.letters.save(meeting.id, draft, account, revision=revision or 1)
    except Invalid as invalid:
        return await _show(request, meeting, values=values, errors=invalid.errors)
    return redirect(f"/cuoc-hop/{reference(meeting)}/giay-moi?xong=luu")


async def _read(request: web.Request) -> tuple[LetterValues, int]:
    form = await request.post()
    names = LetterValues.__dataclass_fields__
    texts = {name: str(form.get(name, ""))[: MAX_FIELD * 2].replace("\r", "") for name in names}
    revision = str(form.get("revision", ""))
    values = LetterValues(**{name: text.strip() for name, text in texts.items()})
    return values, int(revision) if revision.isdecimal() and len(revision) < 9 else 0


async def number(request: web.Request, meeting: Meeting, account: Account) -> str:
    """Draw the next number, or take the one the clerk typed."""
    form = await request.post()
    typed, day_text = str(form.get("number", "")).strip(), str(form.get("issue_date", "")).strip()
    day = parse_day(day_text) if day_text else _today()
    if day is None:
        raise Invalid({"number_date": mark("Nhập ngày theo dạng 26/06/2018.")})
    if typed and not (typed.isdecimal() and len(typed) <= 6):
        raise Invalid({"number": mark("Số giấy mời là số từ 1 đến 99999.")})
    services, now = request.app[SERVICES], datetime.now(UTC)
    await services.invitations.stored_letter(meeting)
    given = await services.invitations.numbers.give(
        meeting.id,
        day,
        account,
        now,
        number=int(typed) if typed else None,
        again=form.get("again") == "1",
    )
    await services.audit.note(
        account, Action.NUMBER_GIVEN, now, meeting_id=meeting.id, subject=given.text
    )
    return "so"


async def put_signed(request: web.Request, meeting: Meeting, account: Account) -> str:
    """The signed PDF comes back."""
    content, name = await uploaded(request)
    services, now = request.app[SERVICES], datetime.now(UTC)
    await services.invitations.stored_letter(meeting)
    signed = await services.invitations.letters.put_signed(meeting.id, content, name, account, now)
    await services.audit.note(
        account, Action.LETTER_SIGNED, now, meeting_id=meeting.id, subject=signed.digest[:16]
    )
    return "ky"


async def drop_signed(request: web.Request, meeting: Meeting, account: Account) -> str:
    await request.app[SERVICES].invitations.letters.drop_signed(meeting.id, account)
    return "bo-ky"


def base_url(request: web.Request) -> str:
    """What the addresses in mails begin with."""
    return request.app[SERVICES].settings.public_url or str(request.url.origin())


async def send(request: web.Request, meeting: Meeting, account: Account) -> str:
    """Mail the invitation to everybody who has not got it."""
    invitations, now = request.app[SERVICES].invitations, datetime.now(UTC)
    result = await invitations.send(meeting.id, account, now, base_url(request))
    return "gui" if result.sent else "khong"


async def remind(request: web.Request, meeting: Meeting, account: Account) -> str:
    count = await request.app[SERVICES].invitations.remind(
        meeting.id, account, datetime.now(UTC), Audience.PENDING
    )
    return "nhac" if count else "khong"


async def tell(request: web.Request, meeting: Meeting, account: Account) -> str:
    invitations = request.app[SERVICES].invitations
    count = await invitations.tell_changes(meeting.id, account, datetime.now(UTC))
    return "doi" if count else "khong"


async def add_person(request: web.Request, meeting: Meeting, account: Account) -> str:
    person = str((await request.post()).get("person", ""))
    if not (person.isdecimal() and len(person) < 10):
        raise Invalid({"person_id": mark("Chọn người có trong danh bạ.")})
    await request.app[SERVICES].recipients.add_person(meeting.id, int(person), datetime.now(UTC))
    return "them"


async def set_reminders(request: web.Request, meeting: Meeting, account: Account) -> str:
    form = await request.post()
    wanted = []
    for hours, audience in zip(form.getall("hours", []), form.getall("audience", []), strict=False):
        text = str(hours).strip()
        if not text:
            continue
        if not (text.isdecimal() and len(text) < 5) or audience not in list(Audience):
            raise Invalid({"reminders": mark("Nhắc trước từ 1 giờ đến 30 ngày.")})
        wanted.append((int(text), Audience(str(audience))))
    letters = request.app[SERVICES].invitations.letters
    await letters.set_reminders(meeting.id, wanted, account)
    return "lich"


# ---------------------------------------------------------------- one recipient


@require(*SCHEDULERS)
async def show_recipient(request: web.Request) -> web.Response:
    meeting, standing = await _one(request)
    services = request.app[SERVICES]
    recipient = standing.recipient
    closed = recipient.revoked_at is not None or recipient.removed_at is not None
    link = "" if closed else f"{base_url(request)}/loi-moi/{services.recipients.token(recipient)}"
    mails = await services.mail.of_meeting(meeting.id)
    page = RecipientPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, signed_in(request), "letter"),
        standing=standing,
        word=gettext(STATE_WORDS[standing.state]),
        kinds={kind: gettext(text) for kind, text in KIND_WORDS.items()},
        mails=tuple(mail for mail in mails if mail.recipient_id == recipient.id),
        link=link,
        qr=qr_svg(link) if link else Markup(),
        sendable=bool(recipient.email) and not closed and meeting.state in OPEN,
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
    )
    return render(request, page)


def qr_svg(url: str) -> Markup:
    """The address as a QR code within a page."""
    file = io.BytesIO()
    segno.make(url, error="m").save(
        file, kind="svg", border=2, xmldecl=False, omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(file.getvalue().decode())  # made of our own address alone


async def _one(request: web.Request) -> tuple[Meeting, Standing]:
    meeting = await meeting_of(request)
    wanted = int(request.match_info["recipient"])
    for standing in await request.app[SERVICES].invitations.standings(meeting.id):
        if standing.recipient.id == wanted:
            return meeting, standing
    raise RequestRefused("not-found")


@require(*SCHEDULERS)
async def change_recipient(request: web.Request) -> web.Response:
    """Send again, close the link, make a new one, take a person off the list."""
    meeting, standing = await _one(request)
    services, now = request.app[SERVICES], datetime.now(UTC)
    account, one = signed_in(request), standing.recipient.id
    here = f"/cuoc-hop/{reference(meeting)}/giay-moi"
    match (await request.post()).get("do"):
        case "send":
            await services.invitations.send(meeting.id, account, now, base_url(request), only={one})
            done = "gui"
        case "remind":
            await services.invitations.remind(meeting.id, account, now, Audience.ALL, only={one})
            done = "nhac"
        case "revoke":
            await services.recipients.revoke(meeting.id, one, now)
            done = "khoa"
        case "renew":
            await services.recipients.renew(meeting.id, one)
            done = "moi"
        case "remove":
            await services.recipients.remove_person(meeting.id, one, now)
            return redirect(f"{here}?xong=rut")
        case _:
            raise RequestRefused("invalid")
    return redirect(f"{here}/nguoi-nhan/{one}?xong={done}")


# ---------------------------------------------------------------- files


async def _readable(request: web.Request) -> tuple[Meeting, Letter]:
    """The letter, for clerks always, for the invited once it went out.

    Raises:
        RequestRefused: "not-found", "not-invited".
    """
    account = account_of(request)
    if account is None:
        meeting, _ = await invited(request)
    else:
        meeting = await visible_meeting(request, account)
    letter = await request.app[SERVICES].invitations.letter(meeting)
    clerk = account is not None and account.role in SCHEDULERS
    if letter is None or not (clerk or (letter.sent_at is not None and published(meeting.state))):
        raise RequestRefused("not-found")
    return meeting, letter


def _file_name(letter: Letter, ending: str) -> str:
    number = letter.number.text.replace("/", "-") if letter.number else gettext(mark("dự thảo"))
    return f"Giấy mời {number}.{ending}"


async def pdf(request: web.Request) -> web.Response:
    """The signed letter when there is one, else the letter as it is now."""
    meeting, letter = await _readable(request)
    services = request.app[SERVICES]
    if letter.signed is not None and request.query.get("ban") != "moi":
        content = await services.files.get(letter.signed.digest)
        if content is None:
            raise RequestRefused("not-found")
    else:
        content = await services.invitations.pdf(letter, meeting, datetime.now(UTC))
    headers = {
        "Content-Disposition": disposition("inline", _file_name(letter, "pdf")),
        "Cache-Control": "no-store",
    }
    return web.Response(body=content, content_type="application/pdf", headers=headers)


@require(*SCHEDULERS)
async def docx(request: web.Request) -> web.Response:
    """The letter to be edited in a word processor."""
    meeting, letter = await _readable(request)
    content = await asyncio.to_thread(to_docx, letter_paper(letter, meeting, _today()))
    return attachment(content, _file_name(letter, "docx"), MEDIA_TYPES[Kind.DOCX])


_HERE = "/cuoc-hop/{meeting}/giay-moi"
ROUTES = [
    web.get(_HERE, show),
    web.post(_HERE, save),
    web.get(f"{_HERE}.pdf", pdf),
    web.get(f"{_HERE}.docx", docx),
    web.post(f"{_HERE}/so", change(number)),
    web.post(f"{_HERE}/da-ky", change(put_signed)),
    web.post(f"{_HERE}/da-ky/bo", change(drop_signed)),
    web.post(f"{_HERE}/gui", change(send)),
    web.post(f"{_HERE}/nhac", change(remind)),
    web.post(f"{_HERE}/thay-doi", change(tell)),
    web.post(f"{_HERE}/lich-nhac", change(set_reminders)),
    web.post(f"{_HERE}/nguoi-nhan", change(add_person)),
    web.get(rf"{_HERE}/nguoi-nhan/{{recipient:\d{{1,9}}}}", show_recipient),
    web.post(rf"{_HERE}/nguoi-nhan/{{recipient:\d{{1,9}}}}", change_recipient),
]
