"""Answers of sites as data."""

from datetime import datetime
from enum import StrEnum

import msgspec


class AnswerState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class Delegate(msgspec.Struct, frozen=True, kw_only=True):
    full_name: str
    position: str = ""
    unit: str = ""  # "": that of the site


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a site says. `head_count` None: as many as there are delegates named."""

    state: AnswerState
    reason: str = ""
    presiding_name: str = ""
    presiding_position: str = ""
    head_count: int | None = None
    delegates: tuple[Delegate, ...] = ()
    note: str = ""


class SiteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An invited site and how it stands."""

    site_id: int
    name: str
    short_name: str
    unit_id: int
    unit_name: str
    level: str  # of the area it belongs to: "province", "district", "commune"
    branch: str  # the district it lies in, "" above the districts
    capacity: int
    contact_name: str
    contact_phone: str
    technician_phone: str
    email: str
    invited_by: int | None = None  # the site that invited it; None: the host
    state: AnswerState = AnswerState.PENDING
    reason: str = ""
    presiding_name: str = ""
    presiding_position: str = ""
    head_count: int = 0
    delegates: tuple[Delegate, ...] = ()
    note: str = ""
    answered_at: datetime | None = None
    by: str = ""
    reopened: bool = False
    revision: int = 0  # 0: never answered

    @property
    def phone(self) -> str:
        """Whom to call."""
        return self.contact_phone or self.technician_phone


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Until when sites answer."""

    deadline: datetime | None = None  # None: until the meeting begins
    locked: bool | None = None  # by hand; None: as the deadline says
    reminded_at: datetime | None = None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, and for which sites. Holders of a personal link have no account."""

    name: str
    account_id: int | None = None
    recipient_id: int | None = None
    secretary: bool = False  # of all sites of all meetings
    watches: bool = False  # sees all, changes nothing
    own_sites: frozenset[int] = frozenset()  # those of the unit itself
    sites: frozenset[int] = frozenset()  # the branch: those of the unit and below it


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history."""

    at: datetime
    site_id: int | None
    site: str
    by: str
    action: str
    detail: dict[str, object]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A meeting that waits for a site's answer."""

    reference: str  # of the meeting, in addresses
    title: str
    start: datetime
    until: datetime  # the deadline, or the start
    site: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    sites: int
    confirmed: int
    declined: int
    pending: int
    head_count: int
    named: int  # delegates whose name is known


def totals(answers: "tuple[SiteAnswer, ...] | list[SiteAnswer]") -> Totals:
    """Counts over sites; those that declined send nobody."""
    coming = [answer for answer in answers if answer.state is AnswerState.CONFIRMED]
    declined = sum(answer.state is AnswerState.DECLINED for answer in answers)
    return Totals(
        sites=len(answers),
        confirmed=len(coming),
        declined=declined,
        pending=len(answers) - len(coming) - declined,
        head_count=sum(answer.head_count for answer in coming),
        named=sum(len(answer.delegates) for answer in coming),
    )
