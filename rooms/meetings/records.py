"""A meeting as the schedule knows it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from rooms.meetings.drafts import AgendaItem


class MeetingState(StrEnum):
    DRAFT = "draft"
    PENDING = "pending"  # of approval
    APPROVED = "approved"
    INVITED = "invited"  # the letter is out
    REHEARSAL = "rehearsal"
    LIVE = "live"
    ENDED = "ended"
    ARCHIVED = "archived"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


WAITING = (MeetingState.APPROVED, MeetingState.INVITED, MeetingState.REHEARSAL)  # for its start


class InvitedSite(msgspec.Struct, frozen=True, kw_only=True):
    site_id: int
    code: str
    name: str  # "UBND huyện KBang"
    short_name: str  # "KBang"
    unit_id: int
    unit_name: str
    rank: int  # protocol order, ascending
    phone: str  # technician's telephone


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting as the schedule knows it. `start` and `end` are UTC."""

    id: int
    short_name: str | None  # stands for the id in addresses: "demo"
    title: str
    host_unit_id: int
    host_unit: str
    chair_id: int  # account
    chair_name: str
    chair_position: str
    chair_site_id: int | None  # the invited site the chair sits at
    start: datetime
    end: datetime
    state: MeetingState
    sites: tuple[InvitedSite, ...]  # protocol order
    agenda: tuple[AgendaItem, ...]
    created_by: int  # account
    notes: str
