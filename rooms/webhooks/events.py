"""What an endpoint is told: events, their bodies, their signature, when they are tried again.

Pure: `conference/webhooks.py` sends, `deliveries` keeps.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class EventType(StrEnum):
    CREATED = "meeting.created"
    CHANGED = "meeting.changed"
    CANCELLED = "meeting.cancelled"
    STARTED = "meeting.started"
    ENDED = "meeting.ended"
    PING = "ping"  # sent by hand, to try an endpoint


MEETING_EVENTS = tuple(event for event in EventType if event is not EventType.PING)

_OF_ACTION = {
    "created": EventType.CREATED,
    "cancelled": EventType.CANCELLED,
    "live": EventType.STARTED,
    "ended": EventType.ENDED,
}


def event_of(action: str) -> EventType:
    """The event of one row of `meeting_revisions`."""
    return _OF_ACTION.get(action, EventType.CHANGED)


class EventMeeting(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The meeting as it stands; what more is needed is read from `url`."""

    id: int
    reference: str
    title: str
    start: datetime
    end: datetime
    state: str
    public: bool
    revision: int
    url: str


class EventBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of a delivery. `id` is the same however often it is sent."""

    id: str
    type: EventType
    occurred_at: datetime
    note: str = ""  # the reason given with the change
    meeting: EventMeeting | None = None


SIGNATURE_HEADER = "X-DiemCau-Signature"
TIMESTAMP_HEADER = "X-DiemCau-Timestamp"
EVENT_HEADER = "X-DiemCau-Event"
ID_HEADER = "X-DiemCau-Event-Id"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`: an old message cannot be sent again under a new time."""
    signed = str(timestamp).encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers(secret: str, event: str, event_id: str, body: bytes, now: datetime) -> dict[str, str]:
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "diemcau-webhooks",
        EVENT_HEADER: event,
        ID_HEADER: event_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: sign(secret, timestamp, body),
    }


_WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 1800, 7200, 21600, 43200, 43200)
)
MAX_ATTEMPTS = len(_WAITS) + 1  # over about a day and a half


def next_due(attempts: int, now: datetime) -> datetime | None:
    """When to try again after `attempts` failures; None: no more."""
    return now + _WAITS[attempts - 1] if attempts < MAX_ATTEMPTS else None
