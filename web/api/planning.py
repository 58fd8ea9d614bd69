"""Planning over the API: the whole of a meeting, its steps, its history, what stands against it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated

from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.errors import REFUSALS, Invalid, RequestRefused
from rooms.meetings import recurrence
from rooms.meetings.conflicts import Outlook, Subject
from rooms.meetings.drafts import (
    AgendaItem,
    DraftSite,
    Duty,
    MeetingDraft,
    MeetingKind,
    OnDuty,
)
from rooms.meetings.meetings import Meeting, Meetings, MeetingState
from rooms.meetings.revisions import Revision, differences
from rooms.meetings.saving import REGISTRARS, SCHEDULERS
from rooms.meetings.templates import Template
from web.api.framework import Body, Call, Created, Id, Line, Listing, Resource, Resources, Text
from web.api.reading import malformed
from web.formats import ZONE, local
from web.pages.common import OVERSEERS, meeting_of, reference, visible_meeting
from web.pages.schedule_form import AgendaRow, row_starts

PLANNERS = (*SCHEDULERS, *REGISTRARS)
Count = Annotated[int, Meta(ge=0, le=10_000)]
Minutes = Annotated[int, Meta(ge=1, le=600)]

api = Resources("planning")


class PlannedSite(Body, frozen=True, kw_only=True):
    site_id: Id
    composition: Text = ""  # who is to attend there
    delegates: Count | None = None


class PlannedItem(Body, frozen=True, kw_only=True):
    id: Id | None = None  # of the item it was; new items have none
    title: Line
    presenter: Line = ""
    minutes: Minutes | None = None


class PlannedDuty(Body, frozen=True, kw_only=True):
    account_id: Id
    duty: Duty


class Plan(Body, frozen=True, kw_only=True):
    """Everything a planner says of a meeting. Times without an offset are local."""

    title: Line
    kind: MeetingKind = MeetingKind.MEETING
    start: datetime
    end: datetime
    host_unit_id: Id
    chair_id: Id
    deputy_id: Id | None = None
    staff: tuple[PlannedDuty, ...] = ()
    sites: tuple[PlannedSite, ...]
    main_site_id: Id | None = None
    venue: Line = ""
    agenda: tuple[PlannedItem, ...] = ()
    notes: Text = ""
    public: bool = False
    secrecy: Line = "none"  # nothing else is taken


class NewPlan(Plan, frozen=True, kw_only=True):
    """`state`: "draft", "pending" or "approved". With a `rule` (RRULE) it is a series."""

    state: MeetingState = MeetingState.APPROVED
    rule: Line = ""
    left_out: tuple[date, ...] = ()  # local dates without a meeting
    accept_clashes: bool = False
    reason: Line = ""  # why it is kept in spite of clashes


class ChangedPlan(Plan, frozen=True, kw_only=True):
    scope: recurrence.Scope = recurrence.Scope.ONE
    accept_clashes: bool = False
    reason: Line = ""


class NextState(Body, frozen=True, kw_only=True):
    state: MeetingState
    note: Text = ""  # some steps need a reason
    scope: recurrence.Scope = recurrence.Scope.ONE


class PlanResource(Resource, frozen=True, kw_only=True):
    id: int
    reference: str
    state: MeetingState
    revision: int  # grows with every change
    changed_at: datetime
    series_id: int | None
    title: str
    kind: MeetingKind
    start: datetime
    end: datetime
    host_unit_id: int
    chair_id: int
    deputy_id: int | None
    staff: tuple[PlannedDuty, ...]
    sites: tuple[PlannedSite, ...]  # protocol order
    main_site_id: int | None
    venue: str
    agenda: tuple[PlannedItem, ...]
    notes: str
    public: bool


class RevisionResource(Resource, frozen=True, kw_only=True):
    revision: int
    at: datetime
    author: str  # "" for the service itself
    action: str  # "created", "changed", or the state reached
    note: str
    changed: tuple[str, ...]  # fields that were different before


class ClashResource(Resource, frozen=True, kw_only=True):
    meeting_id: int
    title: str
    host_unit: str
    start: datetime
    end: datetime
    sites: tuple[int, ...]
    accounts: tuple[int, ...]
    hall: bool
    wins: bool  # it is of a higher body
    yields: bool


class FreeTime(Resource, frozen=True, kw_only=True):
    start: datetime
    end: datetime


class FreePeople(Resource, frozen=True, kw_only=True):
    duty: Subject
    accounts: tuple[int, ...]


class NoticeResource(Resource, frozen=True, kw_only=True):
    working_days: int
    needed: int
    short: bool
    send_by: date


class OutlookResource(Resource, frozen=True, kw_only=True):
    blocked: bool  # saving it needs acceptClashes and a reason
    clashes: tuple[ClashResource, ...]
    sites_at_once: int | None
    limit: int | None
    free_times: tuple[FreeTime, ...]
    free_people: tuple[FreePeople, ...]
    notice: NoticeResource | None
    day_off: bool
    off_hours: bool


class TemplateResource(Resource, frozen=True, kw_only=True):
    id: int
    name: str
    created_at: datetime


class NewTemplate(Body, frozen=True, kw_only=True):
    """A template made of an earlier meeting."""

    name: Line
    meeting_id: Id


def to_draft(plan: Plan, before: MeetingDraft | None = None) -> MeetingDraft:
    """
    Raises:
        Problem: times beyond what a calendar holds.
    """
    try:
        start, end = (_utc(at) for at in (plan.start, plan.end))
        begins = local(start)
    except (OverflowError, ValueError) as error:
        raise malformed(error) from None
    return MeetingDraft(
        title=plan.title,
        kind=plan.kind,
        start=start,
        end=end,
        host_unit_id=plan.host_unit_id,
        chair_id=plan.chair_id,
        deputy_id=plan.deputy_id,
        staff=tuple(OnDuty(account_id=on.account_id, duty=on.duty) for on in plan.staff),
        sites=tuple(
            DraftSite(site_id=s.site_id, composition=s.composition, delegates=s.delegates)
            for s in plan.sites
        ),
        main_site_id=plan.main_site_id,
        venue=plan.venue,
        agenda=_agenda(plan.agenda, time(begins.hour, begins.minute)),
        notes=plan.notes,
        public=plan.public,
        secrecy=plan.secrecy,
        short_name=before.short_name if before else None,
    )


def _utc(at: datetime) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=ZONE)).astimezone(UTC)


def _agenda(items: Sequence[PlannedItem], start: time) -> tuple[AgendaItem, ...]:
    rows = tuple(AgendaRow(title=item.title, minutes=str(item.minutes or "")) for item in items)
    return tuple(
        AgendaItem(
            id=item.id,
            position=position,
            title=item.title,
            start=at,
            presenter=item.presenter,
            minutes=item.minutes,
        )
        for position, (item, at) in enumerate(
            zip(items, row_starts(rows, start), strict=True), start=1
        )
    )


def plan_resource(meeting: Meeting) -> PlanResource:
    draft = Meetings.draft_of(meeting)
    return PlanResource(
        id=meeting.id,
        reference=reference(meeting),
        state=meeting.state,
        revision=meeting.revision,
        changed_at=meeting.changed_at,
        series_id=meeting.series_id,
        title=meeting.title,
        kind=meeting.kind,
        start=meeting.start,
        end=meeting.end,
        host_unit_id=meeting.host_unit_id,
        chair_id=meeting.chair_id,
        deputy_id=meeting.deputy_id,
        staff=tuple(PlannedDuty(account_id=on.account_id, duty=on.duty) for on in draft.staff),
        sites=tuple(
            PlannedSite(site_id=s.site_id, composition=s.composition, delegates=s.delegates)
            for s in draft.sites
        ),
        main_site_id=meeting.main_site_id,
        venue=meeting.venue,
        agenda=tuple(
            PlannedItem(
                id=item.id, title=item.title, presenter=item.presenter, minutes=item.minutes
            )
            for item in meeting.agenda
        ),
        notes=meeting.notes,
        public=meeting.public,
    )


@api.get("/meetings/{meeting}/plan", "All of a meeting's plan", scope=Scope.MEETINGS_READ)
async def show(call: Call[None, None]) -> PlanResource:
    return plan_resource(await visible_meeting(call.request, call.account))


@api.put(
    "/meetings/{meeting}/plan",
    "Change a meeting, or a series from it on",
    scope=Scope.MEETINGS_WRITE,
    roles=PLANNERS,
)
async def change(call: Call[None, ChangedPlan]) -> PlanResource:
    meeting = await meeting_of(call.request)
    plan = call.body
    changed = await call.services.series.change(
        meeting.id,
        to_draft(plan, Meetings.draft_of(meeting)),
        plan.scope,
        call.account,
        call.now,
        revision=call.revision or meeting.revision,
        note=plan.reason,
        accept_clashes=plan.accept_clashes,
    )
    return plan_resource(changed[0])


@api.post("/plans", "Plan a meeting, or a series", scope=Scope.MEETINGS_WRITE, roles=PLANNERS)
async def create(call: Call[None, NewPlan]) -> Created[PlanResource]:
    plan, draft = call.body, to_draft(call.body)
    if plan.rule:
        held = await call.services.series.schedule(
            draft,
            plan.rule,
            call.account,
            call.now,
            plan.state,
            exceptions=plan.left_out,
            note=plan.reason,
            accept_clashes=plan.accept_clashes,
        )
        meeting = held[0]
    else:
        meeting = await call.services.meetings.schedule(
            draft,
            call.account,
            call.now,
            plan.state,
            note=plan.reason,
            accept_clashes=plan.accept_clashes,
        )
    return Created(plan_resource(meeting), f"/meetings/{meeting.id}/plan")


@api.post(
    "/meetings/{meeting}/state", "Bring a meeting to its next state", scope=Scope.MEETINGS_WRITE
)
async def advance(call: Call[None, NextState]) -> PlanResource:
    meeting = await visible_meeting(call.request, call.account)
    body = call.body
    reached = await call.services.series.advance(
        meeting.id, body.state, body.scope, call.account, call.now, body.note
    )
    return plan_resource(reached[0])


@api.delete("/meetings/{meeting}", "Throw a draft away", scope=Scope.MEETINGS_WRITE, roles=PLANNERS)
async def discard(call: Call[None, None]) -> None:
    meeting = await visible_meeting(call.request, call.account)
    await call.services.meetings.discard(meeting.id, call.account)


@api.get(
    "/meetings/{meeting}/revisions",
    "Every change of a meeting, the oldest first",
    scope=Scope.MEETINGS_READ,
    roles=OVERSEERS,
)
async def history(call: Call[None, None]) -> Listing[RevisionResource]:
    meeting = await visible_meeting(call.request, call.account)
    revisions = await call.services.revisions.of_meeting(meeting.id)
    before = (None, *revisions[:-1])
    return call.part([_revision(was, now) for was, now in zip(before, revisions, strict=False)])


def _revision(before: Revision | None, revision: Revision) -> RevisionResource:
    changed = differences(before.draft, revision.draft) if before else ()
    return RevisionResource(
        revision=revision.revision,
        at=revision.at,
        author=revision.by_name,
        action=revision.action,
        note=revision.note,
        changed=tuple(difference.field for difference in changed),
    )


@api.post("/outlooks", "What stands against a plan", scope=Scope.MEETINGS_READ, roles=PLANNERS)
async def consider(call: Call[None, NewPlan]) -> OutlookResource:
    return _outlook(await call.services.planner.outlook(to_draft(call.body), call.now))


def _outlook(outlook: Outlook) -> OutlookResource:
    notice, full = outlook.notice, outlook.capacity
    return OutlookResource(
        blocked=outlook.blocked,
        clashes=tuple(
            ClashResource(
                meeting_id=clash.booking.meeting_id,
                title=clash.booking.title,
                host_unit=clash.booking.host_unit,
                start=clash.booking.start,
                end=clash.booking.end,
                sites=clash.sites,
                accounts=tuple(account for _, account in clash.people),
                hall=clash.hall,
                wins=clash.wins,
                yields=clash.yields,
            )
            for clash in outlook.clashes
        ),
        sites_at_once=full.sites if full else None,
        limit=full.limit if full else None,
        free_times=tuple(FreeTime(start=start, end=end) for start, end in outlook.free),
        free_people=tuple(
            FreePeople(duty=subject, accounts=accounts) for subject, accounts in outlook.free_people
        ),
        notice=NoticeResource(
            working_days=notice.days,
            needed=notice.needed,
            short=notice.short,
            send_by=notice.send_by,
        )
        if notice
        else None,
        day_off=outlook.day_off,
        off_hours=outlook.off_hours,
    )


@api.get("/meeting-templates", "Templates by name", scope=Scope.MEETINGS_READ, roles=PLANNERS)
async def templates(call: Call[None, None]) -> Listing[TemplateResource]:
    return call.part([_template(found) for found in await call.services.templates.all()])


@api.post(
    "/meeting-templates",
    "Keep a meeting as a template",
    scope=Scope.MEETINGS_WRITE,
    roles=SCHEDULERS,
)
async def keep(call: Call[None, NewTemplate]) -> Created[TemplateResource]:
    meeting = await call.services.meetings.get(call.body.meeting_id)
    if meeting is None:
        raise Invalid({"meeting_id": REFUSALS["not-found"]})
    number = await call.services.templates.save(
        call.body.name, Meetings.draft_of(meeting), call.account, call.now
    )
    found = await call.services.templates.get(number)
    if found is None:
        raise RequestRefused("not-found")
    return Created(_template(found))


@api.delete(
    "/meeting-templates/{template:int}",
    "Remove a template",
    scope=Scope.MEETINGS_WRITE,
    roles=SCHEDULERS,
)
async def forget(call: Call[None, None]) -> None:
    await call.services.templates.remove(call.number("template"), call.account)


def _template(template: Template) -> TemplateResource:
    return TemplateResource(id=template.id, name=template.name, created_at=template.created_at)
