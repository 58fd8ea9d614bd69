"""Confirmations of a meeting's sites: the host's table, a site's own answer, its branch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from aiohttp import web

from rooms.answers import core, standing
from rooms.answers.core import Gate
from rooms.answers.export import STATE_NAMES
from rooms.answers.records import Actor, AnswerState, Change, SiteAnswer, Terms, Totals, totals
from rooms.answers.reminders import Addressee, reminder, unanswered
from rooms.directory.directory import Level, Site
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meeting
from web.auth import redirect
from web.formats import ZONE, clock, local
from web.i18n import gettext, mark
from web.pages.answer_form import FormValues, apply_action, from_answer, number, read_form, to_reply
from web.pages.common import reference
from web.pages.directory.common import level_name
from web.pages.schedule_form import parse_day, parse_time
from web.pages.tabs import Tab, meeting_tabs
from web.pages.visitors import Visitor, visitor_of
from web.services import SERVICES
from web.views import Page, render

NEWEST = 30  # changes shown of a meeting
MAX_SUGGESTED = 200

ACTION_NAMES = {
    "confirmed": mark("Xác nhận tham dự"),
    "declined": mark("Không tham dự"),
    "pending": mark("Rút lại câu trả lời"),
    "invited": mark("Mời thêm điểm cầu"),
    "withdrawn": mark("Rút lời mời"),
    "terms": mark("Đặt hạn xác nhận"),
    "reopened": mark("Mở khóa cho điểm cầu"),
    "closed": mark("Khóa lại điểm cầu"),
    "reminded": mark("Nhắc xác nhận"),
}
DONE = {
    "luu": mark("Đã ghi câu trả lời của điểm cầu."),
    "moi": mark("Đã mời các điểm cầu đã chọn."),
    "rut": mark("Đã rút lời mời."),
    "han": mark("Đã đặt hạn xác nhận."),
    "nhac": mark("Đã gửi thư nhắc các điểm cầu chưa trả lời."),
    "mo": mark("Đã mở khóa cho điểm cầu."),
}
CLOSED = {
    Gate.EARLY: mark("Cuộc họp chưa được duyệt; các điểm cầu chưa trả lời được."),
    Gate.LOCKED: mark("Đã hết hạn hoặc đã khóa: chỉ thư ký sửa được."),
    Gate.RUNNING: mark("Cuộc họp đang diễn ra: chỉ thư ký sửa được."),
    Gate.OVER: mark("Cuộc họp đã kết thúc: chỉ thư ký sửa được."),
    Gate.ARCHIVED: mark("Cuộc họp đã lưu trữ: không sửa được nữa."),
    Gate.OFF: mark("Cuộc họp đã hủy hoặc hoãn."),
}
NOBODY = mark("Các điểm cầu chưa trả lời đều chưa có địa chỉ thư điện tử. Xin gọi điện.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of the table is shown; "" is everything."""

    state: str = ""
    level: str = ""
    branch: str = ""

    def keep(self, answer: SiteAnswer) -> bool:
        return (
            self.state in ("", answer.state)
            and self.level in ("", answer.level)
            and self.branch in ("", answer.branch)
        )

    @property
    def any(self) -> bool:
        return bool(self.state or self.level or self.branch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the table."""

    answer: SiteAnswer
    invited_by: str  # the site that invited it, "" the host
    may_answer: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAnswer:
    """The answer form of one site."""

    site: SiteAnswer
    values: FormValues
    errors: Mapping[str, str]
    suggestions: tuple[tuple[str, str], ...]  # people of the unit: name, position
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The sites below a site, for it to invite."""

    site: SiteAnswer
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersPage(Page):
    template: ClassVar[str] = "answers.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    actor: Actor
    totals: Totals
    lines: tuple[Line, ...]
    filters: Filters
    levels: tuple[tuple[str, str], ...]
    branches: tuple[str, ...]
    own: OwnAnswer | None
    offer: Offer | None
    terms: Terms
    deadline: tuple[str, str]  # day and time as typed
    errors: Mapping[str, str]
    closed: str  # why sites cannot answer now, "" when they can
    locked: bool
    waiting: int
    history: tuple[Change, ...]
    actions: dict[str, str]
    states: dict[str, str]
    done: str
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage(Page):
    template: ClassVar[str] = "answer.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    actor: Actor
    own: OwnAnswer
    closed: str
    history: tuple[Change, ...]
    actions: dict[str, str]
    states: dict[str, str]


def _words(texts: Mapping[Any, str]) -> dict[str, str]:
    return {str(key): gettext(text) for key, text in texts.items()}


def _filters(request: web.Request) -> Filters:
    query = request.query
    return Filters(
        state=query.get("tra-loi", "")[:20],
        level=query.get("cap", "")[:20],
        branch=query.get("dia-ban", "")[:200],
    )


async def _overview(
    request: web.Request,
    visitor: Visitor,
    meeting: Meeting,
    *,
    own: OwnAnswer | None = None,
    errors: Mapping[str, str] | None = None,
    deadline: tuple[str, str] | None = None,
    warning: str = "",
) -> web.Response:
    services = request.app[SERVICES]
    actor, now = visitor.actor, datetime.now(UTC)
    everything = await services.answers.of_meeting(meeting.id, names=False)
    seen = standing.of_branch(everything, actor)
    terms = await services.answers.terms(meeting.id)
    at = core.gate(meeting.state, meeting.start, terms, now)
    filters = _filters(request)
    mine = [answer for answer in seen if answer.site_id in actor.own_sites]
    if own is None and len(mine) == 1 and not actor.secretary:
        site = await services.answers.of_site(meeting.id, mine[0].site_id)
        own = await own_answer(request, site or mine[0], actor, at)
    page = AnswersPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, visitor.account, "answers"),
        actor=actor,
        totals=totals(seen),
        lines=_lines([one for one in seen if filters.keep(one)], everything, actor, at),
        filters=filters,
        levels=_levels(seen, await services.directory.levels(local(meeting.start).date())),
        branches=tuple(dict.fromkeys(answer.branch for answer in seen if answer.branch)),
        own=own,
        offer=await _offer(request, meeting, mine, actor, at),
        terms=terms,
        deadline=deadline or _typed(terms.deadline),
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        closed=gettext(CLOSED.get(at, "")),
        locked=at is Gate.LOCKED,
        waiting=len(unanswered(seen)),
        history=await _history(request, meeting, actor),
        actions=_words(ACTION_NAMES),
        states=_words(STATE_NAMES),
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
        warning=gettext(warning),
    )
    return render(request, page, status=422 if errors or warning else 200)


def _lines(
    shown: list[SiteAnswer], everything: list[SiteAnswer], actor: Actor, at: Gate
) -> tuple[Line, ...]:
    names = {answer.site_id: answer.name for answer in everything}
    return tuple(
        Line(
            answer=answer,
            invited_by=names.get(answer.invited_by or 0, ""),
            may_answer=core.may_answer(actor, answer, at),
            may_withdraw=core.may_withdraw(actor, answer, at) is None,
        )
        for answer in shown
    )


def _levels(seen: list[SiteAnswer], there: list[Level]) -> tuple[tuple[str, str], ...]:
    names = {level.code: level_name(level) for level in there}
    levels = dict.fromkeys(answer.level for answer in seen)
    return tuple((level, names.get(level, level)) for level in levels)


def _typed(deadline: datetime | None) -> tuple[str, str]:
    if deadline is None:
        return "", ""
    return f"{local(deadline):%d/%m/%Y}", clock(deadline)


async def _offer(
    request: web.Request, meeting: Meeting, mine: list[SiteAnswer], actor: Actor, at: Gate
) -> Offer | None:
    """What the first of the actor's own sites may invite in turn."""
    inviting = next((site for site in mine if core.may_answer(actor, site, at)), None)
    if inviting is None or actor.secretary:
        return None
    below = await request.app[SERVICES].answers.below(actor, meeting.id)
    free = tuple(site for site, invited in below if not invited)
    return Offer(site=inviting, sites=free) if free else None


async def _history(request: web.Request, meeting: Meeting, actor: Actor) -> tuple[Change, ...]:
    sees_all = actor.watches or actor.secretary
    limit = NEWEST if sees_all else 1_000
    changes = await request.app[SERVICES].answers.history(meeting.id, limit=limit)
    seen = (change for change in changes if sees_all or change.site_id in actor.sites)
    return tuple(seen)[:NEWEST]


async def own_answer(
    request: web.Request,
    site: SiteAnswer,
    actor: Actor,
    at: Gate,
    values: FormValues | None = None,
    errors: Mapping[str, str] | None = None,
) -> OwnAnswer:
    people = await request.app[SERVICES].people.find(
        unit_ids=frozenset({site.unit_id}), limit=MAX_SUGGESTED
    )
    return OwnAnswer(
        site=site,
        values=values or from_answer(site),
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        suggestions=tuple(
            (f"{one.honorific} {one.full_name}".strip(), one.position) for one in people.people
        ),
        open=core.may_answer(actor, site, at),
    )


async def overview(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    return await _overview(request, visitor, meeting)


async def _site(request: web.Request, meeting: Meeting, actor: Actor) -> SiteAnswer:
    """The site of the address, when the visitor may see its answer."""
    found = await request.app[SERVICES].answers.of_site(meeting.id, int(request.match_info["site"]))
    if found is None or not standing.of_branch([found], actor):
        raise RequestRefused("not-found")
    return found


async def _one(
    request: web.Request,
    visitor: Visitor,
    meeting: Meeting,
    site: SiteAnswer,
    values: FormValues | None = None,
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    answers = request.app[SERVICES].answers
    at = await answers.gate(meeting.id, datetime.now(UTC))
    page = AnswerPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, visitor.account, "answers"),
        actor=visitor.actor,
        own=await own_answer(request, site, visitor.actor, at, values, errors),
        closed=gettext(CLOSED.get(at, "")),
        history=tuple(await answers.history(meeting.id, site.site_id)),
        actions=_words(ACTION_NAMES),
        states=_words(STATE_NAMES),
    )
    return render(request, page, status=422 if errors else 200)


async def show_site(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    site = await _site(request, meeting, visitor.actor)
    return await _one(request, visitor, meeting, site)


async def answer_site(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    site = await _site(request, meeting, visitor.actor)
    form = await request.post()
    values = read_form(form)
    changed = apply_action(values, str(form.get("action", "")))
    if changed is not None:
        return await _one(request, visitor, meeting, site, changed)
    reply, unreadable = to_reply(values)
    errors = {**core.faults(reply), **unreadable}
    if errors:
        return await _one(request, visitor, meeting, site, values, errors)
    await request.app[SERVICES].answers.answer(
        meeting.id,
        site.site_id,
        reply,
        visitor.actor,
        datetime.now(UTC),
        revision=values.revision,
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=luu")


async def withdraw_answer(request: web.Request) -> web.Response:
    """Take the answer back."""
    visitor, meeting = await visitor_of(request)
    site = await _site(request, meeting, visitor.actor)
    reply, _ = to_reply(FormValues(state=AnswerState.PENDING.value))
    await request.app[SERVICES].answers.answer(
        meeting.id, site.site_id, reply, visitor.actor, datetime.now(UTC)
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=luu")


async def invite(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    form = await request.post()
    chosen = [number(str(value)) for value in form.getall("site", [])]
    wanted = [site for site in chosen if site is not None]
    if not wanted:
        text = mark("Chọn ít nhất một điểm cầu.")
        return await _overview(request, visitor, meeting, errors={"sites": text})
    await request.app[SERVICES].answers.invite(
        meeting.id, int(request.match_info["site"]), wanted, visitor.actor, datetime.now(UTC)
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=moi")


async def withdraw(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    await request.app[SERVICES].answers.withdraw(
        meeting.id, int(request.match_info["site"]), visitor.actor, datetime.now(UTC)
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=rut")


async def reopen(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    opened = str((await request.post()).get("open", "")) == "1"
    await request.app[SERVICES].answers.reopen(
        meeting.id,
        int(request.match_info["site"]),
        visitor.actor,
        datetime.now(UTC),
        opened=opened,
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=mo")


def read_terms(day: str, time: str, lock: str) -> tuple[datetime | None, bool | None, str]:
    """Deadline, lock by hand, and the message id of a fault."""
    locked = {"closed": True, "open": False}.get(lock)
    if not day and not time:
        return None, locked, ""
    date, at = parse_day(day), parse_time(time)
    if date is None or at is None:
        return None, locked, mark("Hạn ghi theo dạng 26/06/2026 và 16:30.")
    return datetime.combine(date, at, ZONE).astimezone(UTC), locked, ""


async def set_terms(request: web.Request) -> web.Response:
    visitor, meeting = await visitor_of(request)
    form = await request.post()
    day, time = (str(form.get(name, ""))[:20].strip() for name in ("day", "time"))
    deadline, locked, fault = read_terms(day, time, str(form.get("lock", "")))
    errors = {"deadline": fault} if fault else {}
    try:
        if not errors:
            await request.app[SERVICES].answers.set_terms(
                meeting.id, visitor.actor, datetime.now(UTC), deadline=deadline, locked=locked
            )
            return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=han")
    except Invalid as invalid:
        errors = invalid.errors
    return await _overview(request, visitor, meeting, errors=errors, deadline=(day, time))


async def remind(request: web.Request) -> web.Response:
    """A letter to every site that has not answered and has an address."""
    visitor, meeting = await visitor_of(request)
    services, now = request.app[SERVICES], datetime.now(UTC)
    if not visitor.actor.secretary:
        raise RequestRefused("not-allowed")
    waiting = unanswered(await services.answers.of_meeting(meeting.id))
    addressees = await _addressees(request, meeting, waiting, now)
    terms = await services.answers.terms(meeting.id)
    mails = [
        reminder(meeting, site, to, terms, services.settings.hotline) for site, to in addressees
    ]
    if not mails:
        return await _overview(request, visitor, meeting, warning=NOBODY)
    await services.mail.put_all(mails, now)
    await services.answers.reminded(
        meeting.id, {site.site_id for site, _ in addressees}, visitor.actor, now
    )
    return redirect(f"/cuoc-hop/{reference(meeting)}/xac-nhan?xong=nhac")


async def _addressees(
    request: web.Request, meeting: Meeting, waiting: list[SiteAnswer], now: datetime
) -> list[tuple[SiteAnswer, Addressee]]:
    """The sites that mail reaches, each with its personal link."""
    services = request.app[SERVICES]
    base = services.settings.public_url or str(request.url.origin())
    await services.recipients.sync(meeting.id, now)
    recipients = {one.site_id: one for one in await services.recipients.of_meeting(meeting.id)}
    found = []
    for site in waiting:
        one = recipients.get(site.site_id)
        if one is None or not one.email:
            continue
        link = f"{base}/loi-moi/{services.recipients.token(one)}"
        if one.revoked_at is not None:
            link = f"{base}/cuoc-hop/{reference(meeting)}/xac-nhan"
        found.append((site, Addressee(email=one.email, recipient_id=one.id, link=link)))
    return found


_HERE = "/cuoc-hop/{meeting}/xac-nhan"
_SITE = _HERE + r"/{site:\d{1,9}}"

ROUTES = [
    web.get(_HERE, overview),
    web.post(_HERE + "/han", set_terms),
    web.post(_HERE + "/nhac", remind),
    web.get(_SITE, show_site),
    web.post(_SITE, answer_site),
    web.post(_SITE + "/bo-tra-loi", withdraw_answer),
    web.post(_SITE + "/moi", invite),
    web.post(_SITE + "/rut", withdraw),
    web.post(_SITE + "/mo", reopen),
]
