"""The weekly sheet: every meeting of a week, day by day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from aiohttp import web

from rooms.meetings.meetings import Meeting
from web.auth import require, signed_in
from web.formats import local
from web.pages.common import SCHEDULERS, midnight, reference, week_of
from web.services import SERVICES
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    meeting: Meeting
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    date: date
    today: bool
    lines: tuple[CalendarLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPage(Page):
    template: ClassVar[str] = "calendar.html"
    place: ClassVar[str] = "calendar"
    days: tuple[CalendarDay, ...]
    week: int
    previous: date
    following: date
    this_week: bool
    count: int
    may_schedule: bool


def asked_day(text: str | None, today: date) -> date:
    """The day in `?tuan=`; today when it is missing, malformed or beyond a century."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return today
    return day if abs((day - today).days) < 36525 else today


@require()
async def show(request: web.Request) -> web.Response:
    account = signed_in(request)
    today = local(datetime.now(UTC)).date()
    monday, following = week_of(asked_day(request.query.get("tuan"), today))
    meetings = await request.app[SERVICES].meetings.between(
        midnight(monday), midnight(following), account
    )
    days = tuple(
        CalendarDay(
            date=day,
            today=day == today,
            lines=tuple(
                CalendarLine(meeting=meeting, reference=reference(meeting))
                for meeting in meetings
                if local(meeting.start).date() == day
            ),
        )
        for day in (monday + timedelta(days=i) for i in range(7))
    )
    page = CalendarPage(
        days=days,
        week=monday.isocalendar().week,
        previous=monday - timedelta(days=7),
        following=following,
        this_week=monday <= today < following,
        count=sum(len(day.lines) for day in days),
        may_schedule=account.role in SCHEDULERS,
    )
    return render(request, page)


ROUTES = [web.get("/cuoc-hop", show)]
