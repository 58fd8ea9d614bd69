"""What the invited see who open their personal link: the meeting, their answer, the way in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from aiohttp import web

from rooms.answers.records import SiteAnswer
from rooms.directory.accounts import Account
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.records import Letter, Recipient
from rooms.meetings.lifecycle import published
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.meetings.records import OVER, InvitedSite
from rooms.session.model import Seat
from web.auth import account_of, redirect
from web.i18n import gettext, mark
from web.pages.common import meeting_of, reference
from web.pages.links import recipient_of, remember, seat_of_recipient
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES
from web.views import Page, render

SOON = timedelta(hours=2)  # before the start: entering comes first
CLOSED_LINK = mark(
    "Đường liên kết này đã hết hạn hoặc đã được thay. Xin dùng thư mời mới nhất, hoặc gọi đường"
    " dây nóng kỹ thuật."
)
DONE = {
    "co": mark("Đã ghi: quý vị xác nhận tham dự."),
    "vang": mark("Đã ghi: quý vị báo vắng."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPage(Page):
    template: ClassVar[str] = "invitation.html"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    recipient: Recipient
    site: InvitedSite | None
    answer: SiteAnswer | None
    letter: Letter | None  # None: there is none to show
    deadline: datetime | None
    seat: Seat | None
    open: bool  # the room can be entered
    soon: bool  # entering comes first
    errors: dict[str, str]
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLinkPage(Page):
    template: ClassVar[str] = "invitation_closed.html"
    text: str


async def follow(request: web.Request) -> web.Response:
    """Keep the link in this browser and go on to an address that does not show it."""
    token = request.match_info["token"]
    recipient = await request.app[SERVICES].recipients.by_token(token, datetime.now(UTC))
    meeting = await _meeting(request, recipient) if recipient is not None else None
    if meeting is None:
        return render(request, ClosedLinkPage(text=gettext(CLOSED_LINK)), status=404)
    response = redirect(f"/cuoc-hop/{reference(meeting)}/loi-moi")
    remember(request, response, token)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _meeting(request: web.Request, recipient: Recipient) -> Meeting | None:
    meeting = await request.app[SERVICES].meetings.get(recipient.meeting_id)
    return meeting if meeting is not None and published(meeting.state) else None


async def invited(request: web.Request) -> tuple[Meeting, Recipient]:
    """The meeting of the address and whose link this browser holds to it.

    Raises:
        RequestRefused: "not-found".
    """
    meeting = await meeting_of(request)
    recipient = await recipient_of(request, meeting)
    if recipient is None or not published(meeting.state):
        raise RequestRefused("not-found")
    return meeting, recipient


async def show(request: web.Request) -> web.Response:
    try:
        meeting, recipient = await invited(request)
    except RequestRefused:
        return render(request, ClosedLinkPage(text=gettext(CLOSED_LINK)), status=404)
    if recipient.opened_at is None:
        await request.app[SERVICES].recipients.opened(recipient.id, datetime.now(UTC))
    return await _show(request, meeting, recipient)


async def _show(
    request: web.Request,
    meeting: Meeting,
    recipient: Recipient,
    errors: dict[str, str] | None = None,
) -> web.Response:
    services, now = request.app[SERVICES], datetime.now(UTC)
    answer = None
    if recipient.site_id is not None:
        answer = await services.answers.of_site(meeting.id, recipient.site_id)
    letter = await services.invitations.letters.of_meeting(meeting.id)
    terms = await services.answers.terms(meeting.id)
    over = (*OVER, MeetingState.CANCELLED, MeetingState.POSTPONED)
    account: Account | None = account_of(request)
    page = InvitationPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, "invitation"),
        recipient=recipient,
        site=next((s for s in meeting.sites if s.site_id == recipient.site_id), None),
        answer=answer,
        letter=letter if letter is not None and letter.sent_at is not None else None,
        deadline=terms.deadline,
        seat=await seat_of_recipient(request, meeting, recipient),
        open=meeting.state not in over,
        soon=meeting.state is MeetingState.LIVE or now > meeting.start - SOON,
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
    )
    return render(request, page, status=422 if errors else 200)


async def answer(request: web.Request) -> web.Response:
    """A person says whether they come; sites do so on the page of confirmations."""
    meeting, recipient = await invited(request)
    if recipient.person_id is None:
        raise RequestRefused("not-found")
    if meeting.state in OVER:
        raise RequestRefused("ended")
    form = await request.post()
    comes = form.get("answer") == "yes"
    try:
        await request.app[SERVICES].recipients.answered(
            recipient.id,
            datetime.now(UTC),
            comes=comes,
            reason=str(form.get("reason", "")),
        )
    except Invalid as invalid:
        return await _show(request, meeting, recipient, invalid.errors)
    done = "co" if comes else "vang"
    return redirect(f"/cuoc-hop/{reference(meeting)}/loi-moi?xong={done}")


ROUTES = [
    web.get("/loi-moi/{token}", follow, allow_head=False),
    web.get("/cuoc-hop/{meeting}/loi-moi", show, allow_head=False),
    web.post("/cuoc-hop/{meeting}/loi-moi", answer),
]
