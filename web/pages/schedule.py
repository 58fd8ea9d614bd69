"""Registering and changing meetings. The form works without scripts: whatever changes it is a
submit button; scripts only save the round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.errors import Invalid, RequestRefused
from rooms.meetings import lifecycle
from rooms.meetings.conflicts import Outlook
from rooms.meetings.drafts import KIND_NAMES, MeetingDraft, MeetingKind
from rooms.meetings.meetings import Meeting, Meetings, MeetingState
from rooms.meetings.planning import Clashing, DateCheck
from rooms.meetings.recurrence import Rhythm, Scope, occurrences
from rooms.meetings.saving import REGISTRARS, SCHEDULERS
from rooms.meetings.templates import Template, as_template
from web.auth import require, signed_in
from web.formats import local
from web.i18n import gettext, mark
from web.pages.common import meeting_of, reference, visible_meeting
from web.pages.outlook_words import OutlookView, describe
from web.pages.schedule_choices import Choices, choices_for
from web.pages.schedule_form import (
    FIRST_ROWS,
    AgendaRow,
    FormValues,
    all_faults,
    apply_action,
    from_draft,
    member,
    number,
    parse_day,
    parse_days,
    parse_time,
    read_form,
    row_minutes,
    row_starts,
    rule,
    text_of,
    to_draft,
)
from web.services import SERVICES, Services
from web.views import Page, render

PLANNERS = (*SCHEDULERS, *REGISTRARS)
_RECENT_DAYS = 120
_RECENT = 15

RHYTHMS = {
    Rhythm.WEEKLY: mark("Hằng tuần"),
    Rhythm.FORTNIGHTLY: mark("Hai tuần một lần"),
    Rhythm.MONTHLY: mark("Hằng tháng, cùng ngày"),
    Rhythm.MONTHLY_WEEKDAY: mark("Hằng tháng, cùng thứ trong tháng"),
    Rhythm.DAILY: mark("Hằng ngày"),
}

# What the buttons of the form make of it.
STATES = {
    "save": MeetingState.APPROVED,
    "submit": MeetingState.PENDING,
    "draft": MeetingState.DRAFT,
}
NO_REASON = mark("Ghi rõ vì sao vẫn giữ lịch này.")
CLASHES = mark("Còn trùng lịch. Đổi thời gian, bỏ bớt, hoặc đánh dấu giữ nguyên và ghi lý do.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage(Page):
    template: ClassVar[str] = "schedule.html"
    place: ClassVar[str] = "calendar"
    values: FormValues
    errors: dict[str, str]  # field -> text in the language of the request
    choices: Choices
    chosen: dict[str, int]  # sites chosen of each level, part and group
    kinds: tuple[tuple[str, str], ...]
    rhythms: tuple[tuple[str, str], ...]
    starts: tuple[str, ...]  # when each agenda row begins, "" when unknown
    minutes: int  # of the agenda
    delegates: int  # of the sites chosen
    outlook: OutlookView
    dates: tuple[DateCheck, ...]  # of a series
    action: str  # where the form goes
    meeting: Meeting | None  # that is changed
    reference: str
    approves: bool  # may put it on the schedule at once
    templates: tuple[Template, ...]
    recent: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookPart(Page):
    """The part of the form that tells of clashes, for scripts."""

    template: ClassVar[str] = "parts/outlook.html"
    values: FormValues
    errors: dict[str, str]
    outlook: OutlookView
    dates: tuple[DateCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """One request with the form in it."""

    services: Services
    account: Account
    now: datetime
    values: FormValues
    choices: Choices
    meeting: Meeting | None = None

    @property
    def before(self) -> MeetingDraft | None:
        return Meetings.draft_of(self.meeting) if self.meeting else None

    def draft(self) -> tuple[MeetingDraft, dict[str, str]]:
        return to_draft(self.values, self.choices.level_of, self.before)


async def _blank(services: Services, account: Account, now: datetime) -> FormValues:
    """A new form: the first morning a letter of today is in time for, one's own unit as host."""
    today = local(now).date()
    calendar = await services.dates.calendar((today.year, today.year + 1))
    day = calendar.plus_working_days(today, max(1, services.planner.rules.notice_days))
    return FormValues(
        day=f"{day:%d/%m/%Y}",
        start="08:00",
        end="11:00",
        host_unit=str(account.unit_id or ""),
        rows=(AgendaRow(),) * FIRST_ROWS,
    )


async def _first_values(
    request: web.Request, choices: Choices, account: Account, now: datetime
) -> FormValues:
    """A blank form, or one begun from a template (`?mau=`) or an earlier meeting (`?tu=`)."""
    services = request.app[SERVICES]
    start = request.query.get("tu", "")
    draft = None
    if start.startswith("mau-"):
        template = await services.templates.get(number(start[4:]) or 0)
        draft = template.draft if template else None
    elif start:
        meeting = await visible_meeting(request, account, start)
        draft = as_template(Meetings.draft_of(meeting))
    if draft is None:
        return at_time(await _blank(services, account, now), request.query)
    known = frozenset(choices.level_of)
    values = from_draft(draft, choices.level_of, keep_day=False, today=local(now).date())
    return replace(values, sites=values.sites & known)


def at_time(values: FormValues, query: Mapping[str, str]) -> FormValues:
    """A blank form at a day and hour of the calendar (`?ngay=`, `?gio=`), two hours long."""
    day, start = parse_day(query.get("ngay", "")), parse_time(query.get("gio", ""))
    if day is not None:
        values = replace(values, day=f"{day:%d/%m/%Y}")
    if start is not None and start.hour < 22:
        values = replace(values, start=f"{start:%H:%M}", end=f"{start.hour + 2:02d}:{start:%M}")
    return values


async def _outlook(form: _Form, draft: MeetingDraft) -> tuple[Outlook, tuple[DateCheck, ...]]:
    besides = {form.meeting.id} if form.meeting else set()
    outlook = await form.services.planner.outlook(draft, form.now, besides=besides)
    recurring = rule(form.values)
    if recurring is None or draft.start is None or form.meeting is not None:
        return outlook, ()
    try:
        starts = occurrences(recurring, draft.start, parse_days(form.values.left_out) or ())
    except Invalid:
        return outlook, ()
    return outlook, await form.services.planner.dates(draft, starts)


def _view(form: _Form, outlook: Outlook, draft: MeetingDraft) -> OutlookView:
    def site(site_id: int) -> str:
        found = form.choices.site(site_id)
        return found.name if found else str(site_id)

    def person(account_id: int) -> str:
        found = form.choices.person(account_id)
        return found.full_name if found else str(account_id)

    return describe(outlook, site, person, draft.start)


async def _page(form: _Form, errors: dict[str, str]) -> SchedulePage:
    draft, _ = form.draft()
    outlook, dates = await _outlook(form, draft)
    values, meeting = form.values, form.meeting
    starts = row_starts(values.rows, parse_time(values.start))
    new = meeting is None
    return SchedulePage(
        values=values,
        errors={field: gettext(text) for field, text in errors.items()},
        choices=form.choices,
        chosen={key: len(sites & values.sites) for key, sites in form.choices.groups.items()},
        kinds=tuple((kind.value, gettext(KIND_NAMES[kind])) for kind in MeetingKind),
        rhythms=tuple((rhythm.value, gettext(name)) for rhythm, name in RHYTHMS.items()),
        starts=tuple(f"{at:%H:%M}" if at else "" for at in starts),
        minutes=sum(row_minutes(row) or 0 for row in values.rows),
        delegates=sum(site.delegates or 0 for site in draft.sites),
        outlook=_view(form, outlook, draft),
        dates=dates,
        action="/cuoc-hop/moi" if meeting is None else f"/cuoc-hop/{reference(meeting)}/sua",
        meeting=meeting,
        reference=reference(meeting) if meeting else "",
        approves=form.account.role in SCHEDULERS,
        templates=tuple(await form.services.templates.all()) if new else (),
        recent=tuple(await _recent(form)) if new else (),
    )


async def _recent(form: _Form) -> Sequence[Meeting]:
    """Meetings of late that a new one may be copied from, the newest first."""
    span = timedelta(days=_RECENT_DAYS)
    meetings = await form.services.meetings.latest(form.now - span, form.now + span, _RECENT)
    return [meeting for meeting in meetings if form.account.role in SCHEDULERS]


# ---------------------------------------------------------------- a new meeting


@require(*PLANNERS)
async def show(request: web.Request) -> web.Response:
    form = await _new(request, None)
    return render(request, await _page(form, {}))


async def _new(request: web.Request, values: FormValues | None) -> _Form:
    account, now = signed_in(request), datetime.now(UTC)
    services = request.app[SERVICES]
    choices = await choices_for(services, account)
    if values is None:
        values = await _first_values(request, choices, account, now)
    return _Form(services=services, account=account, now=now, values=values, choices=choices)


@require(*PLANNERS)
async def submit(request: web.Request) -> web.Response:
    sent = await request.post()
    form = await _new(request, read_form(sent))
    return await _handle(request, form, text_of(sent, "action") or "save")


async def _handle(request: web.Request, form: _Form, action: str) -> web.Response:
    if action == "outlook":
        return await _outlook_part(request, form)
    if action not in STATES:
        values = apply_action(form.values, action, form.choices.groups)
        return render(request, await _page(replace(form, values=values), {}))
    draft, unreadable = form.draft()
    errors = all_faults(draft, unreadable, form.now) if unreadable else {}
    if form.values.accept and not form.values.reason:
        errors["reason"] = NO_REASON
    if errors:
        return render(request, await _page(form, errors), status=422)
    try:
        meeting = await _save(form, draft, STATES[action])
    except Invalid as invalid:
        return render(request, await _page(form, invalid.errors), status=422)
    except Clashing:
        return render(request, await _page(form, {"clash": CLASHES}), status=409)
    raise web.HTTPSeeOther(f"/cuoc-hop/{reference(meeting)}")


async def _outlook_part(request: web.Request, form: _Form) -> web.Response:
    draft, _ = form.draft()
    outlook, dates = await _outlook(form, draft)
    part = OutlookPart(
        values=form.values, errors={}, outlook=_view(form, outlook, draft), dates=dates
    )
    return render(request, part)


async def _save(form: _Form, draft: MeetingDraft, state: MeetingState) -> Meeting:
    services, values, now = form.services, form.values, form.now
    if form.meeting is not None:
        scope = member(Scope, values.scope) or Scope.ONE
        changed = await services.series.change(
            form.meeting.id,
            draft,
            scope,
            form.account,
            now,
            revision=number(values.revision) or 0,
            note=values.reason,
            accept_clashes=values.accept,
        )
        return changed[0]
    recurring = rule(values)
    if recurring is not None:
        held = await services.series.schedule(
            draft,
            recurring,
            form.account,
            now,
            state,
            exceptions=parse_days(values.left_out) or (),
            note=values.reason,
            accept_clashes=values.accept,
        )
        return held[0]
    return await services.meetings.schedule(
        draft, form.account, now, state, note=values.reason, accept_clashes=values.accept
    )


# ---------------------------------------------------------------- one that is there


async def _edited(request: web.Request, values: FormValues | None) -> _Form:
    """
    Raises:
        RequestRefused: "not-found", "not-allowed", "wrong-state".
    """
    account, now = signed_in(request), datetime.now(UTC)
    services = request.app[SERVICES]
    meeting = await meeting_of(request)
    lifecycle.check_edit(meeting.state, lifecycle.relation(meeting, account))
    choices = await choices_for(services, account)
    if values is None:
        values = replace(
            from_draft(
                Meetings.draft_of(meeting),
                choices.level_of,
                keep_day=True,
                today=local(now).date(),
            ),
            revision=str(meeting.revision),
        )
    return _Form(
        services=services,
        account=account,
        now=now,
        values=values,
        choices=choices,
        meeting=meeting,
    )


@require(*PLANNERS)
async def edit(request: web.Request) -> web.Response:
    return render(request, await _page(await _edited(request, None), {}))


@require(*PLANNERS)
async def change(request: web.Request) -> web.Response:
    sent = await request.post()
    form = await _edited(request, read_form(sent))
    try:
        return await _handle(request, form, text_of(sent, "action") or "save")
    except RequestRefused as refused:
        if refused.code != "changed-meanwhile":
            raise
        return render(request, await _page(form, {"form": refused.text}), status=409)


ROUTES = [
    web.get("/cuoc-hop/moi", show),
    web.post("/cuoc-hop/moi", submit),
    web.get("/cuoc-hop/{meeting}/sua", edit),
    web.post("/cuoc-hop/{meeting}/sua", change),
]
