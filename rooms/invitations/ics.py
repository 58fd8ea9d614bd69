"""A meeting as an iCalendar object to be mailed: RFC 5545, RFC 5546 (iTIP), RFC 6047 (iMIP). Pure.

An event keeps its UID for ever; its SEQUENCE comes from the meeting's revision and grows with every
change, so that an update or a cancellation replaces the event a calendar has.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import icalendar
import msgspec

from rooms.meetings.meetings import LOCAL

PRODUCT = "-//Diem Cau//Giay moi//VI"
ZONE = "Asia/Ho_Chi_Minh"
ALARM = timedelta(minutes=30)


class Method(StrEnum):
    REQUEST = "REQUEST"  # an invitation, or an update of it
    CANCEL = "CANCEL"


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    email: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What the calendar of one recipient shows. Times are aware."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    location: str
    description: str
    url: str  # the recipient's link
    organizer: Mailbox
    attendee: Mailbox


def event_uid(meeting_id: int, key: bytes) -> str:
    """The UID of a meeting: the same for ever, different in every installation of the service."""
    home = hashlib.sha256(b"uid\0" + key).hexdigest()[:16]
    return f"cuoc-hop-{meeting_id}@{home}.diemcau"


def calendar_of(event: Event, method: Method, now: datetime) -> bytes:
    """The iCalendar object to mail to the event's attendee, and to nobody else."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    calendar.add_component(_zone())
    calendar.add_component(_event(event, method, now))
    content: bytes = calendar.to_ical()
    return content


def _zone() -> icalendar.Timezone:
    """UTC+7 without daylight saving since 13/6/1975, when the clocks of the South joined in."""
    zone = icalendar.Timezone()
    zone.add("tzid", ZONE)
    standard = icalendar.TimezoneStandard()
    standard.add("dtstart", datetime(1975, 6, 13))
    standard.add("tzoffsetfrom", timedelta(hours=8))
    standard.add("tzoffsetto", timedelta(hours=7))
    standard.add("tzname", "+07")
    zone.add_component(standard)
    return zone


def _event(event: Event, method: Method, now: datetime) -> icalendar.Event:
    cancelled = method is Method.CANCEL
    component = icalendar.Event()
    component.add("uid", event.uid)
    component.add("sequence", event.sequence)
    component.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    component.add("dtstart", event.start.astimezone(LOCAL))
    component.add("dtend", event.end.astimezone(LOCAL))
    component.add("summary", event.summary)
    component.add("location", event.location)
    component.add("description", event.description)
    component.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    component.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    component.add("organizer", _address(event.organizer))
    component.add("attendee", _attendee(event.attendee))
    if not cancelled:
        component.add("url", event.url)
        component.add_component(_alarm(event.summary))
    return component


def _address(mailbox: Mailbox) -> icalendar.vCalAddress:
    address = icalendar.vCalAddress(f"mailto:{mailbox.email}")
    # A parameter may hold no double quotes (RFC 5545 section 3.1).
    address.params["CN"] = mailbox.name.replace('"', "'")
    return address


def _attendee(mailbox: Mailbox) -> icalendar.vCalAddress:
    address = _address(mailbox)
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["PARTSTAT"] = "NEEDS-ACTION"
    # Answers are given by the link, where sites name their delegates; a reply to this mail would
    # be read by nobody.
    address.params["RSVP"] = "FALSE"
    return address


def _alarm(summary: str) -> icalendar.Alarm:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -ALARM)
    return alarm
