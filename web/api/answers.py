"""Confirmations over the API: how sites stand, their answers, whom they invite in turn."""

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta

from rooms.answers import core, standing
from rooms.answers.core import MAX_HEADS
from rooms.answers.records import (
    Actor,
    AnswerState,
    Change,
    Delegate,
    Reply,
    SiteAnswer,
    Terms,
)
from rooms.directory.api_tokens import Scope
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meeting
from web.api.framework import Body, Call, Id, Listing, Resource, Resources, Text
from web.formats import ZONE
from web.pages.visitors import visitor_of

api = Resources("answers")

Name = Annotated[str, Meta(max_length=200)]
Heads = Annotated[int, Meta(ge=0, le=MAX_HEADS)]
Delegates = Annotated[tuple["DelegateBody", ...], Meta(max_length=1000)]


class DelegateBody(Body, frozen=True, kw_only=True):
    full_name: Name
    position: Name = ""
    unit: Name = ""  # "": that of the site


class ReplyBody(Body, frozen=True, kw_only=True):
    """`headCount` null: as many as there are delegates. `reason`: of a site that declines."""

    state: AnswerState
    reason: Text = ""
    presiding_name: Name = ""
    presiding_position: Name = ""
    head_count: Heads | None = None
    delegates: Delegates = ()
    note: Text = ""


class DelegateResource(Resource, frozen=True, kw_only=True):
    full_name: str
    position: str
    unit: str


class AnswerResource(Resource, frozen=True, kw_only=True):
    site_id: int
    site: str
    unit: str
    level: str
    branch: str
    invited_by: int | None  # the site that invited it; null: the host
    state: AnswerState
    reason: str
    presiding_name: str
    presiding_position: str
    head_count: int
    delegates: tuple[DelegateResource, ...]
    note: str
    answered_at: datetime | None
    by: str
    reopened: bool
    phone: str
    revision: int


class ChangeResource(Resource, frozen=True, kw_only=True):
    at: datetime
    by: str
    action: str
    detail: dict[str, Any]


class SitesBody(Body, frozen=True, kw_only=True):
    sites: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=300)]


class InvitedResource(Resource, frozen=True, kw_only=True):
    sites: tuple[int, ...]  # those that were not invited before


class TermsBody(Body, frozen=True, kw_only=True):
    """`locked` null: as the deadline says, or when the meeting begins."""

    deadline: datetime | None = None  # without an offset: local
    locked: bool | None = None


class TermsResource(Resource, frozen=True, kw_only=True):
    deadline: datetime | None
    locked: bool | None
    reminded_at: datetime | None
    gate: str  # "early", "open", "locked", "running", "over", "archived", "off"


def _answer(site: SiteAnswer) -> AnswerResource:
    return AnswerResource(
        site_id=site.site_id,
        site=site.name,
        unit=site.unit_name,
        level=site.level,
        branch=site.branch,
        invited_by=site.invited_by,
        state=site.state,
        reason=site.reason,
        presiding_name=site.presiding_name,
        presiding_position=site.presiding_position,
        head_count=site.head_count,
        delegates=tuple(
            DelegateResource(full_name=one.full_name, position=one.position, unit=one.unit)
            for one in site.delegates
        ),
        note=site.note,
        answered_at=site.answered_at,
        by=site.by,
        reopened=site.reopened,
        phone=site.phone,
        revision=site.revision,
    )


def _change(change: Change) -> ChangeResource:
    return ChangeResource(at=change.at, by=change.by, action=change.action, detail=change.detail)


async def _who(call: Call[Any, Any]) -> tuple[Actor, Meeting]:
    visitor, meeting = await visitor_of(call.request)
    return visitor.actor, meeting


async def _site(call: Call[Any, Any], meeting: Meeting, actor: Actor) -> SiteAnswer:
    found = await call.services.answers.of_site(meeting.id, call.number("site"))
    if found is None or not standing.of_branch([found], actor):
        raise RequestRefused("not-found")
    return found


_HERE = "/meetings/{meeting}/answers"
_ONE = _HERE + "/{site:int}"


@api.get(_HERE, "How the invited sites stand, in protocol order", scope=Scope.ANSWERS_READ)
async def index(call: Call[None, None]) -> Listing[AnswerResource]:
    actor, meeting = await _who(call)
    found = standing.of_branch(await call.services.answers.of_meeting(meeting.id), actor)
    return call.part([_answer(site) for site in found])


@api.get(_ONE, "The answer of one site", scope=Scope.ANSWERS_READ)
async def show(call: Call[None, None]) -> AnswerResource:
    actor, meeting = await _who(call)
    return _answer(await _site(call, meeting, actor))


@api.put(_ONE, "Confirm, decline, or take an answer back", scope=Scope.ANSWERS_WRITE)
async def answer(call: Call[None, ReplyBody]) -> AnswerResource:
    actor, meeting = await _who(call)
    site = await _site(call, meeting, actor)
    body = call.body
    reply = Reply(
        state=body.state,
        reason=body.reason,
        presiding_name=body.presiding_name,
        presiding_position=body.presiding_position,
        head_count=body.head_count,
        delegates=tuple(
            Delegate(full_name=one.full_name, position=one.position, unit=one.unit)
            for one in body.delegates
        ),
        note=body.note,
    )
    errors = core.faults(reply)
    if errors:
        raise Invalid(errors)
    after = await call.services.answers.answer(
        meeting.id, site.site_id, reply, actor, call.now, revision=call.revision
    )
    return _answer(after)


@api.get(_ONE + "/history", "Who answered when, the newest first", scope=Scope.ANSWERS_READ)
async def history(call: Call[None, None]) -> Listing[ChangeResource]:
    actor, meeting = await _who(call)
    site = await _site(call, meeting, actor)
    found = await call.services.answers.history(meeting.id, site.site_id)
    return call.part([_change(change) for change in found])


@api.post(
    _ONE + "/invitations",
    "An invited site invites sites below it",
    scope=Scope.ANSWERS_WRITE,
)
async def invite(call: Call[None, SitesBody]) -> InvitedResource:
    actor, meeting = await _who(call)
    site = await _site(call, meeting, actor)
    fresh = await call.services.answers.invite(
        meeting.id, site.site_id, call.body.sites, actor, call.now
    )
    return InvitedResource(sites=tuple(fresh))


@api.delete(
    _ONE + "/invitations",
    "Take back the invitation of this site, given by the site above it",
    scope=Scope.ANSWERS_WRITE,
)
async def withdraw(call: Call[None, None]) -> None:
    actor, meeting = await _who(call)
    site = await _site(call, meeting, actor)
    await call.services.answers.withdraw(meeting.id, site.site_id, actor, call.now)


async def _terms(call: Call[Any, Any], meeting: Meeting, terms: Terms) -> TermsResource:
    return TermsResource(
        deadline=terms.deadline,
        locked=terms.locked,
        reminded_at=terms.reminded_at,
        gate=(await call.services.answers.gate(meeting.id, call.now)).value,
    )


@api.get("/meetings/{meeting}/answer-terms", "Until when sites answer", scope=Scope.ANSWERS_READ)
async def terms(call: Call[None, None]) -> TermsResource:
    _, meeting = await _who(call)
    return await _terms(call, meeting, await call.services.answers.terms(meeting.id))


@api.put(
    "/meetings/{meeting}/answer-terms",
    "Set the deadline, close by hand or open again",
    scope=Scope.ANSWERS_WRITE,
)
async def set_terms(call: Call[None, TermsBody]) -> TermsResource:
    actor, meeting = await _who(call)
    deadline = call.body.deadline
    if deadline is not None and deadline.tzinfo is None:
        deadline = deadline.replace(tzinfo=ZONE)
    if deadline is not None:
        deadline = deadline.astimezone(UTC)
    after = await call.services.answers.set_terms(
        meeting.id, actor, call.now, deadline=deadline, locked=call.body.locked
    )
    return await _terms(call, meeting, after)
