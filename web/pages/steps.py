"""The course of a meeting as buttons: submit, approve, issue, rehearse, postpone, cancel, keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.errors import Invalid, RequestRefused
from rooms.meetings import lifecycle
from rooms.meetings.meetings import Meeting, Meetings, MeetingState
from rooms.meetings.recurrence import Scope
from rooms.meetings.revisions import MAX_NOTE_CHARS, Taken, last_before
from rooms.session.commands import EndMeeting
from rooms.session.model import SeatId
from web.auth import require, signed_in
from web.i18n import gettext, mark
from web.pages.common import reference, visible_meeting
from web.pages.schedule_form import member, text_of
from web.services import SERVICES

S = MeetingState
COURSE = (S.DRAFT, S.PENDING, S.APPROVED, S.INVITED, S.REHEARSAL, S.LIVE, S.ENDED, S.ARCHIVED)

_LABELS = {
    (S.DRAFT, S.PENDING): mark("Gửi phê duyệt"),
    (S.DRAFT, S.APPROVED): mark("Phê duyệt"),
    (S.PENDING, S.APPROVED): mark("Phê duyệt"),
    (S.PENDING, S.DRAFT): mark("Trả lại"),
    (S.PENDING, S.CANCELLED): mark("Từ chối"),
    (S.APPROVED, S.INVITED): mark("Đánh dấu đã phát hành giấy mời"),
    (S.APPROVED, S.REHEARSAL): mark("Bắt đầu chạy thử"),
    (S.INVITED, S.REHEARSAL): mark("Bắt đầu chạy thử"),
    (S.REHEARSAL, S.APPROVED): mark("Kết thúc chạy thử"),
    (S.REHEARSAL, S.INVITED): mark("Kết thúc chạy thử"),
    (S.REHEARSAL, S.LIVE): mark("Bắt đầu họp"),
    (S.LIVE, S.ENDED): mark("Kết thúc cuộc họp"),
    (S.ENDED, S.ARCHIVED): mark("Lưu trữ"),
}
_ANYWHERE = {S.POSTPONED: mark("Hoãn cuộc họp"), S.CANCELLED: mark("Hủy cuộc họp")}
_ICONS = {
    S.DRAFT: "left",
    S.PENDING: "send",
    S.APPROVED: "check",
    S.INVITED: "send",
    S.REHEARSAL: "cam",
    S.LIVE: "play",
    S.ENDED: "flag",
    S.ARCHIVED: "lock",
    S.POSTPONED: "pause",
    S.CANCELLED: "x-circle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepButton:
    state: str
    label: str
    icon: str
    reason: bool  # a reason must be given
    danger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseMark:
    """One state of the usual course, for the row that shows where a meeting stands."""

    label: str
    passed: bool
    current: bool


def course(state: MeetingState) -> tuple[CourseMark, ...]:
    """Where a meeting stands in its course; empty when it has left it."""
    if state not in COURSE:
        return ()
    at = COURSE.index(state)
    return tuple(
        CourseMark(
            label=gettext(lifecycle.STATE_NAMES[each]), passed=index < at, current=index == at
        )
        for index, each in enumerate(COURSE)
    )


def buttons(
    meeting: Meeting, account: Account, revisions: Sequence[Taken]
) -> tuple[StepButton, ...]:
    """The steps `account` may take now."""
    who = lifecycle.relation(meeting, account)
    return tuple(
        StepButton(
            state=to.value,
            label=gettext(label),
            icon=_ICONS[to],
            reason=lifecycle.STEPS[meeting.state, to].reason,
            danger=to is S.CANCELLED,
        )
        for to in lifecycle.steps(meeting.state, who)
        if (label := _label(meeting.state, to, revisions)) is not None
    )


def _label(at: MeetingState, to: MeetingState, revisions: Sequence[Taken]) -> str | None:
    """What the button says; None: the step comes by itself, or is taken elsewhere."""
    if at is S.REHEARSAL and to in (S.APPROVED, S.INVITED):
        before = last_before(revisions, S.REHEARSAL) or S.APPROVED
        return _LABELS[at, to] if to is before else None
    return _LABELS.get((at, to)) or _ANYWHERE.get(to)


@require()
async def take(request: web.Request) -> web.Response:
    """Bring the meeting to the state the button names."""
    account = signed_in(request)
    meeting = await visible_meeting(request, account)
    sent = await request.post()
    state = member(MeetingState, text_of(sent, "state"))
    if state is None:
        raise RequestRefused("wrong-state")
    note = text_of(sent, "note", MAX_NOTE_CHARS)
    scope = member(Scope, text_of(sent, "scope")) or Scope.ONE
    back = f"/cuoc-hop/{reference(meeting)}"
    try:
        await _advance(request, meeting, state, scope, account, note)
    except Invalid:
        raise web.HTTPSeeOther(f"{back}?can-ly-do={state.value}#{state.value}") from None
    raise web.HTTPSeeOther(back)


async def _advance(
    request: web.Request,
    meeting: Meeting,
    state: MeetingState,
    scope: Scope,
    account: Account,
    note: str,
) -> None:
    services = request.app[SERVICES]
    if state is S.ENDED and services.live.session(meeting.id) is not None:
        lifecycle.check_step(meeting.state, state, lifecycle.relation(meeting, account), note)
        await services.live.oversee(meeting.id, EndMeeting(), SeatId(f"user:{account.id}"))
        return
    await services.series.advance(meeting.id, state, scope, account, datetime.now(UTC), note)
    if meeting.state is S.REHEARSAL:
        await services.live.leave_rehearsal(meeting.id)


@require()
async def discard(request: web.Request) -> web.Response:
    account = signed_in(request)
    meeting = await visible_meeting(request, account)
    await request.app[SERVICES].meetings.discard(meeting.id, account)
    raise web.HTTPSeeOther("/cuoc-hop")


@require()
async def save_template(request: web.Request) -> web.Response:
    """Keep the meeting as a template, under the name given or its title."""
    account = signed_in(request)
    meeting = await visible_meeting(request, account)
    name = text_of(await request.post(), "name") or meeting.title
    back = f"/cuoc-hop/{reference(meeting)}"
    try:
        await request.app[SERVICES].templates.save(
            name, Meetings.draft_of(meeting), account, datetime.now(UTC)
        )
    except Invalid:
        raise web.HTTPSeeOther(f"{back}?mau=trung#mau") from None
    raise web.HTTPSeeOther(f"{back}?mau=xong#mau")


ROUTES = [
    web.post("/cuoc-hop/{meeting}/trang-thai", take),
    web.post("/cuoc-hop/{meeting}/xoa", discard),
    web.post("/cuoc-hop/{meeting}/luu-mau", save_template),
]
