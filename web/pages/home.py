"""Home: the meeting that is now or next, the others of the day, the week at a glance."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from aiohttp import web

from rooms.answers.records import Asked
from rooms.dates.entries import CalendarEntry, Wanted
from rooms.dates.workdays import WorkCalendar
from rooms.directory.accounts import Account, AccountRole
from rooms.meetings.lifecycle import relation, steps
from rooms.meetings.meetings import InvitedSite, Meeting, MeetingState
from rooms.meetings.records import WAITING
from rooms.records.recordings import RecordingInfo, RecordingState
from rooms.session.model import Seat
from web.auth import require, signed_in
from web.formats import local, wait
from web.pages.calendar_query import usual_scope
from web.pages.common import (
    SCHEDULERS,
    midnight,
    present_sites,
    reference,
    seat_of,
    session_of,
    week_of,
)
from web.services import SERVICES
from web.views import Page, render

MORNING_ENDS, AFTERNOON_ENDS = 12, 18  # local hours of the start
NAMED_MISSING = 4  # sites named beside the meter; more are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMeeting:
    """The meeting shown largest."""

    meeting: Meeting
    reference: str
    seat: Seat | None
    chair_site: InvitedSite | None
    live: bool
    connected: int  # invited sites in the room
    missing: tuple[InvitedSite, ...]  # invited sites that are not, the first few
    more_missing: int
    count: str  # the large number and its unit: until the start, or since it
    unit: str
    began: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLine:
    meeting: Meeting
    reference: str
    invited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    date: date
    today: bool
    off: bool
    parts: tuple[int, int, int]  # meetings in the morning, afternoon, evening


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshRecording:
    recording: RecordingInfo
    meeting: CalendarEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage(Page):
    template: ClassVar[str] = "home.html"
    place: ClassVar[str] = "today"
    today: date
    next: NextMeeting | None
    others: tuple[MeetingLine, ...]
    asked: tuple[Asked, ...]  # meetings that wait for the answer of the own site
    recordings: tuple[FreshRecording, ...]
    week: tuple[Day, ...]
    evenings: bool  # some evening of the week has a meeting
    may_schedule: bool
    pending: tuple[MeetingLine, ...]  # that the account may approve


def choose_next(meetings: list[Meeting], now: datetime) -> Meeting | None:
    """The live meeting, else the next that has not run out, else none.

    Of several live ones the latest to start is meant, since the earlier is running over; of
    those that start together, the one with the most sites.
    """
    live = [meeting for meeting in meetings if meeting.state is MeetingState.LIVE]
    if live:
        return max(live, key=lambda meeting: (meeting.start, len(meeting.sites)))
    waiting = [meeting for meeting in meetings if meeting.state in WAITING and meeting.end > now]
    return min(waiting, key=lambda meeting: (meeting.start, -len(meeting.sites)), default=None)


def day_part(at: datetime) -> int:
    """0 morning, 1 afternoon, 2 evening."""
    hour = local(at).hour
    return 0 if hour < MORNING_ENDS else 1 if hour < AFTERNOON_ENDS else 2


def count_week(
    meetings: Iterable[CalendarEntry], monday: date, today: date, work: WorkCalendar
) -> tuple[Day, ...]:
    """The seven days with the number of meetings that start in each part of the day."""
    starts = Counter(
        (local(meeting.start).date(), day_part(meeting.start))
        for meeting in meetings
        if meeting.state is not MeetingState.CANCELLED
    )
    days = [monday + timedelta(days=i) for i in range(7)]
    return tuple(
        Day(
            date=day,
            today=day == today,
            off=not work.is_working(day),
            parts=(starts[day, 0], starts[day, 1], starts[day, 2]),
        )
        for day in days
    )


def _describe(
    request: web.Request, meeting: Meeting, account: Account, now: datetime
) -> NextMeeting:
    present = present_sites(session_of(request, meeting))
    missing = tuple(site for site in meeting.sites if site.site_id not in present)
    began = meeting.start <= now
    count, unit = wait(now - meeting.start if began else meeting.start - now)
    return NextMeeting(
        meeting=meeting,
        reference=reference(meeting),
        seat=seat_of(request, meeting, account),
        chair_site=next((s for s in meeting.sites if s.site_id == meeting.chair_site_id), None),
        live=meeting.state is MeetingState.LIVE,
        connected=len(meeting.sites) - len(missing),
        missing=missing[:NAMED_MISSING],
        more_missing=max(0, len(missing) - NAMED_MISSING),
        count=count,
        unit=unit,
        began=began,
    )


async def _fresh_recordings(
    request: web.Request, entries: list[CalendarEntry]
) -> tuple[FreshRecording, ...]:
    """What was recorded in these meetings and can be watched or soon will, newest first."""
    held = {
        entry.id: entry
        for entry in entries
        if entry.state in (MeetingState.LIVE, MeetingState.ENDED)
    }
    found = [
        FreshRecording(recording=recording, meeting=held[recording.meeting_id])
        for recording in await request.app[SERVICES].recordings.of_meetings(held)
        if recording.state not in (RecordingState.FAILED, RecordingState.RECORDING)
    ]
    found.sort(key=lambda fresh: fresh.recording.started, reverse=True)
    return tuple(found[:4])


async def _pending(request: web.Request, account: Account) -> tuple[MeetingLine, ...]:
    """What waits for the approval of this account, the next first."""
    if account.role not in (*SCHEDULERS, AccountRole.OFFICIAL):
        return ()
    waiting = await request.app[SERVICES].meetings.in_state(MeetingState.PENDING)
    return tuple(
        MeetingLine(meeting=meeting, reference=reference(meeting), invited=False)
        for meeting in waiting
        if MeetingState.APPROVED in steps(meeting.state, relation(meeting, account))
    )


@require()
async def show(request: web.Request) -> web.Response:
    account = signed_in(request)
    meetings = request.app[SERVICES].meetings
    now = datetime.now(UTC)
    today = local(now).date()
    monday, next_monday = week_of(today)
    of_week = await request.app[SERVICES].entries.between(
        midnight(monday), midnight(next_monday), account, Wanted(scope=usual_scope(account))
    )
    of_day = await meetings.on_day(today, account)
    chosen = choose_next(of_day, now)
    work = await request.app[SERVICES].dates.calendar({monday.year, next_monday.year})
    week = count_week(of_week, monday, today, work)
    page = HomePage(
        today=today,
        next=_describe(request, chosen, account, now) if chosen else None,
        others=tuple(
            MeetingLine(
                meeting=meeting,
                reference=reference(meeting),
                invited=seat_of(request, meeting, account) is not None,
            )
            for meeting in of_day
            if meeting is not chosen
        ),
        asked=tuple(await request.app[SERVICES].answers.asked(account, now)),
        recordings=await _fresh_recordings(request, of_week),
        week=week,
        evenings=any(day.parts[2] for day in week),
        may_schedule=account.role in SCHEDULERS,
        pending=await _pending(request, account),
    )
    return render(request, page)


ROUTES = [web.get("/", show)]
