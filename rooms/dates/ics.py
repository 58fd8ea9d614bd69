"""A calendar as others subscribe to it: iCalendar, RFC 5545. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import icalendar
import msgspec

REFRESH = timedelta(minutes=30)  # how often readers are asked to come back
PRODUCT = "-//Diem Cau//Lich hop//VI"


class CalendarEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One VEVENT; times are aware."""

    uid: str
    sequence: int  # of the revision, from 0
    start: datetime
    end: datetime
    changed_at: datetime
    summary: str
    location: str
    description: str
    url: str
    status: str  # "CONFIRMED", "TENTATIVE", "CANCELLED"
    category: str = ""

    @property
    def busy(self) -> bool:
        return self.status == "CONFIRMED"


def subscription(name: str, events: Iterable[CalendarEvent]) -> bytes:
    """The whole calendar. Times are in UTC, so that it needs no definition of a time zone."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)  # RFC 7986
    calendar.add("x-wr-calname", name)  # what Outlook and Google read
    calendar.add("x-wr-timezone", "Asia/Ho_Chi_Minh")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT30M")
    for event in events:
        calendar.add_component(_event(event))
    content: bytes = calendar.to_ical()
    return content


def _event(event: CalendarEvent) -> icalendar.Event:
    component = icalendar.Event()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", _utc(event.changed_at))
    component.add("last-modified", _utc(event.changed_at))
    component.add("dtstart", _utc(event.start))
    component.add("dtend", _utc(event.end))
    component.add("summary", event.summary)
    component.add("status", event.status)
    component.add("transp", "OPAQUE" if event.busy else "TRANSPARENT")
    for field in ("location", "description", "url"):
        if text := getattr(event, field):
            component.add(field, text)
    if event.category:
        component.add("categories", [event.category])
    return component


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
