"""Meetings of the REST API: list, one, its lines' health, and scheduling."""

from datetime import UTC, date, time, timedelta

from rooms.dates.entries import Wanted
from rooms.directory.api_tokens import Scope
from rooms.health import MeetingHealth
from rooms.meetings.drafts import AgendaItem, MeetingDraft, draft_sites
from web.api.framework import Call, Created, Query, Resources
from web.api.reading import malformed
from web.api.resources import (
    MeetingDetail,
    MeetingList,
    NewMeeting,
    entry_resource,
    meeting_detail,
)
from web.errors import Problem
from web.formats import ZONE, local
from web.i18n import mark
from web.pages.calendar_query import usual_scope
from web.pages.common import (
    OVERSEERS,
    SCHEDULERS,
    meeting_of,
    midnight,
    session_of,
    visible_meeting,
)
from web.pages.meeting import describe_sites
from web.pages.schedule_form import AgendaRow, row_starts

MAX_DAYS = 366

api = Resources("meetings")


class Days(Query, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Local days, the last included; a week from today when not said."""

    first: date | None = None
    last: date | None = None

    def span(self, today: date) -> tuple[date, date]:
        """
        Raises:
            Problem: the days make no sense.
        """
        first = self.first or today
        sane = 1900 < first.year < 9000
        last = self.last or (first + timedelta(days=7) if sane else first)
        if not sane or not 0 <= (last - first).days <= MAX_DAYS:
            raise Problem(400, "bad-span", mark("Khoảng ngày không hợp lệ."))
        return first, last


@api.get("/meetings", "Meetings you may enter", scope=Scope.MEETINGS_READ)
async def index(call: Call[Days, None]) -> MeetingList:
    first, last = call.query.span(local(call.now).date())
    found = await call.services.entries.between(
        midnight(first),
        midnight(last + timedelta(days=1)),
        call.account,
        Wanted(scope=usual_scope(call.account)),
    )
    return MeetingList(meetings=tuple(entry_resource(entry) for entry in found))


@api.get("/meetings/{meeting}", "One meeting, its sites as they stand", scope=Scope.MEETINGS_READ)
async def show(call: Call[None, None]) -> MeetingDetail:
    meeting = await visible_meeting(call.request, call.account)
    health = call.services.health.snapshot(meeting.id, history=False)
    sites = describe_sites(meeting, session_of(call.request, meeting), health)
    return meeting_detail(meeting, sites)


@api.get(
    "/meetings/{meeting}/health",
    "Every seat's line, for the technician",
    scope=Scope.TECHNICAL_READ,
    roles=OVERSEERS,
)
async def health(call: Call[None, None]) -> MeetingHealth:
    meeting = await meeting_of(call.request)
    snapshot = call.services.health.snapshot(meeting.id)
    if snapshot is None:
        raise Problem(404, "not-live", mark("Cuộc họp này chưa mở hoặc đã kết thúc"))
    return snapshot


def to_draft(new: NewMeeting) -> MeetingDraft:
    """The draft the service checks; times without an offset are local."""
    start, end = (at if at.tzinfo else at.replace(tzinfo=ZONE) for at in (new.start, new.end))
    rows = tuple(
        AgendaRow(title=item.title, minutes=str(item.minutes or "")) for item in new.agenda
    )
    begins = row_starts(rows, time(local(start).hour, local(start).minute))
    agenda = tuple(
        AgendaItem(
            position=position,
            title=item.title,
            start=at,
            presenter=item.presenter,
            minutes=item.minutes,
        )
        for position, (item, at) in enumerate(zip(new.agenda, begins, strict=True), start=1)
    )
    return MeetingDraft(
        title=new.title,
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        host_unit_id=new.host_unit_id,
        chair_id=new.chair_id,
        sites=draft_sites(new.site_ids),
        agenda=agenda,
        secrecy=new.secrecy,
        notes=new.notes,
    )


@api.post("/meetings", "Schedule a meeting", scope=Scope.MEETINGS_WRITE, roles=SCHEDULERS)
async def create(call: Call[None, NewMeeting]) -> Created[MeetingDetail]:
    try:
        draft = to_draft(call.body)
    except (OverflowError, ValueError) as error:
        raise malformed(error) from None
    meeting = await call.services.meetings.schedule(draft, call.account, call.now)
    detail = meeting_detail(meeting, describe_sites(meeting, None, None))
    return Created(detail, f"/meetings/{meeting.id}")
