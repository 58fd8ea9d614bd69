"""Scheduled meetings: who is invited, what is on the agenda, who sits where."""

from datetime import date, datetime, time
from enum import StrEnum

import msgspec

from rooms.directory.accounts import Account
from rooms.session.model import Seat
from rooms.store.database import Database


class MeetingState(StrEnum):
    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"


class InvitedSite(msgspec.Struct, frozen=True, kw_only=True):
    site_id: int
    code: str
    name: str  # "UBND huyện KBang"
    short_name: str  # "KBang"
    unit_id: int
    unit_name: str
    rank: int  # protocol order, ascending
    phone: str  # technician's telephone


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True):
    position: int  # 1, 2, 3, …
    title: str
    start: time | None = None  # local time of day
    presenter: str = ""
    minutes: int | None = None


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
    chair_site_id: int | None
    start: datetime
    end: datetime
    state: MeetingState
    sites: tuple[InvitedSite, ...]  # protocol order
    agenda: tuple[AgendaItem, ...]
    created_by: int  # account
    notes: str


class MeetingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule form collects. `start` and `end` are aware datetimes."""

    title: str
    start: datetime | None
    end: datetime | None
    host_unit_id: int | None
    chair_id: int | None
    site_ids: tuple[int, ...]
    agenda: tuple[AgendaItem, ...] = ()
    secrecy: str = "none"  # only "none" (Không mật) is accepted
    notes: str = ""
    short_name: str | None = None


class Meetings:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def on_day(self, day: date, account: Account | None) -> list[Meeting]:
        """Meetings that touch a local day, by start; with an account, only those it may enter."""
        raise NotImplementedError

    async def between(
        self, start: datetime, end: datetime, account: Account | None = None
    ) -> list[Meeting]:
        """Meetings that overlap [start, end), by start; with an account, those it may enter."""
        raise NotImplementedError

    async def get(self, id_or_short: int | str) -> Meeting | None:
        raise NotImplementedError

    async def in_state(self, state: MeetingState) -> list[Meeting]:
        raise NotImplementedError

    async def schedule(self, draft: MeetingDraft, by: Account, now: datetime) -> Meeting:
        """Put a meeting on the schedule.

        Raises:
            Invalid: with a text for each field at fault.
            RequestRefused: "not-allowed" (only secretariat and administrators schedule).
        """
        raise NotImplementedError

    async def set_state(self, meeting_id: int, state: MeetingState) -> None:
        raise NotImplementedError

    def seat_for(self, meeting: Meeting, account: Account) -> Seat | None:
        """Where an account sits in a meeting, and as what; None: not invited. Needs no store."""
        raise NotImplementedError
