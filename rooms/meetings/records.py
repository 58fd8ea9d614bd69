"""A meeting as the schedule knows it."""

from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from rooms.meetings.drafts import AgendaItem, Duty, MeetingKind


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


UNPUBLISHED = (MeetingState.DRAFT, MeetingState.PENDING)  # sites do not see it yet
WAITING = (MeetingState.APPROVED, MeetingState.INVITED, MeetingState.REHEARSAL)  # for its start
OVER = (MeetingState.ENDED, MeetingState.ARCHIVED)
BOOKED = (MeetingState.PENDING, *WAITING, MeetingState.LIVE)  # takes up its sites and people


class InvitedSite(msgspec.Struct, frozen=True, kw_only=True):
    site_id: int
    code: str
    name: str  # "UBND huyện KBang"
    short_name: str  # "KBang"
    unit_id: int
    unit_name: str
    rank: int  # protocol order, ascending
    phone: str  # technician's telephone
    composition: str = ""  # who is to attend there
    delegates: int | None = None  # how many are invited there
    direct: bool = True  # its microphone may be switched on for it; else it is asked


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on duty for this meeting."""

    account_id: int
    duty: Duty
    name: str
    position: str
    site_id: int | None = None  # the invited site they sit at


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting as the schedule knows it. All times are UTC."""

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
    kind: MeetingKind = MeetingKind.MEETING
    deputy_id: int | None = None  # account
    deputy_name: str = ""
    deputy_position: str = ""
    deputy_site_id: int | None = None  # the invited site the deputy sits at
    staff: tuple[StaffMember, ...] = ()
    main_site_id: int | None = None  # as chosen; see `main_site`
    venue: str = ""
    public: bool = False
    revision: int = 1  # grows with every change
    changed_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    series_id: int | None = None

    @property
    def main_site(self) -> InvitedSite | None:
        """Where the meeting is held: the site chosen, else the one the chair sits at."""
        wanted = self.main_site_id or self.chair_site_id
        return next((site for site in self.sites if site.site_id == wanted), None)

    @property
    def delegates(self) -> int:
        """How many are invited at all sites, as far as it is said."""
        return sum(site.delegates or 0 for site in self.sites)

    def on_duty(self, duty: Duty) -> tuple[StaffMember, ...]:
        return tuple(member for member in self.staff if member.duty is duty)
