"""Who sits where in a meeting, and as what. Pure: the role rules live here and nowhere else."""

import msgspec

from rooms.directory.accounts import Account, AccountRole
from rooms.meetings import lifecycle
from rooms.meetings.drafts import Duty
from rooms.meetings.lifecycle import Relation
from rooms.meetings.records import InvitedSite, Meeting, MeetingState
from rooms.session.model import Role, Seat, SeatId

_CHAIR_RANK = 0  # a chair with no site comes before every site
_DEPUTY_RANK = 1
_PERSON_RANK = 100_000  # people come after the sites

_STAFF = {
    AccountRole.SECRETARIAT: Role.SECRETARY,
    AccountRole.TECHNICIAN: Role.TECHNICIAN,
    AccountRole.ADMINISTRATOR: Role.TECHNICIAN,
}

_DUTIES = {
    Duty.CHAIR: Role.CHAIR,
    Duty.SECRETARY: Role.SECRETARY,
    Duty.TECHNICIAN: Role.TECHNICIAN,
}


def may_see(meeting: Meeting, account: Account) -> bool:
    """Whether the meeting is shown to an account: before it is approved, to few."""
    if account.role in _STAFF:
        return True
    if lifecycle.relation(meeting, account) in (Relation.CHAIR, Relation.AUTHOR):
        return True
    return lifecycle.published(meeting.state) and seat_for(meeting, account) is not None


def seat_for(meeting: Meeting, account: Account) -> Seat | None:
    """Where an account sits; None: not invited.

    An account of an invited site sits at that site, which leads the meeting when the account does
    (chair, deputy, co-chair). Otherwise it sits for itself: as chair, on duty as secretary or
    technician (never on the tiles), or as a delegate of an invited unit.
    """
    leads = account.id in lifecycle.chairs(meeting)
    person = _titled(account.full_name, account.position) if leads else None
    duty = _duty(meeting, account)
    for site in meeting.sites:
        if site.site_id == account.site_id and (leads or duty is None):
            return site_seat(site, person)
    if leads:
        rank = _CHAIR_RANK if account.id == meeting.chair_id else _DEPUTY_RANK
        return _person(account, Role.CHAIR, rank=rank, on_tiles=True)
    if duty is not None:
        return _person(account, duty, rank=_PERSON_RANK, on_tiles=False)
    if account.role in _STAFF:
        return _person(account, _STAFF[account.role], rank=_PERSON_RANK, on_tiles=False)
    units = {meeting.host_unit_id, *(site.unit_id for site in meeting.sites)}
    if account.role is AccountRole.OFFICIAL and account.unit_id in units:
        return _person(account, Role.DELEGATE, rank=_PERSON_RANK, on_tiles=True)
    return None


def knocking_seat(meeting: Meeting, account: Account) -> Seat | None:
    """Where somebody who is not invited would sit, once admitted; None: they may not even knock.

    There must be somebody inside to open.
    """
    knocks = account.role in (AccountRole.OFFICIAL, AccountRole.SITE_DEVICE)
    if not knocks or meeting.state is not MeetingState.LIVE:
        return None
    seat = _person(account, Role.DELEGATE, rank=_PERSON_RANK, on_tiles=True)
    return msgspec.structs.replace(seat, invited=False)


def _duty(meeting: Meeting, account: Account) -> Role | None:
    """What an account was put on duty as; it then sits for itself, its site for the site."""
    roles = {_DUTIES[m.duty] for m in meeting.staff if m.account_id == account.id} - {Role.CHAIR}
    return min(roles, default=None)  # both: secretary, who may do more


def site_seat(site: InvitedSite, chair: str | None = None) -> Seat:
    """The seat of a site; `chair`: name and position of who presides from there."""
    return Seat(
        id=SeatId(f"site:{site.site_id}"),
        name=site.name,
        short_name=site.short_name,
        rank=site.rank,
        role=Role.SITE if chair is None else Role.CHAIR,
        on_tiles=True,
        unit=site.unit_name,
        person=chair or "",
        phone=site.phone,
        direct=site.direct,
    )


def invited_seat(recipient_id: int, name: str) -> Seat:
    """The seat of somebody who is invited by name and has no account."""
    return Seat(
        id=SeatId(f"guest:{recipient_id}"),
        name=name,
        short_name=name.partition(",")[0],
        rank=_PERSON_RANK,
        role=Role.DELEGATE,
        on_tiles=True,
        person=name,
    )


def opening_seats(meeting: Meeting) -> tuple[Seat, ...]:
    """The seats a meeting starts with, in protocol order: its sites, and the chair's."""
    chair = _titled(meeting.chair_name, meeting.chair_position)
    seats = [
        site_seat(site, chair if site.site_id == meeting.chair_site_id else None)
        for site in meeting.sites
    ]
    if meeting.chair_site_id is None:
        seats.insert(0, _chair_seat(meeting, chair))
    return tuple(seats)


def deputy_seat(meeting: Meeting) -> SeatId | None:
    """Where the deputy sits, who may take the chair while the chair is away."""
    if meeting.deputy_id is None:
        return None
    site = meeting.deputy_site_id
    return SeatId(f"user:{meeting.deputy_id}" if site is None else f"site:{site}")


def _chair_seat(meeting: Meeting, person: str) -> Seat:
    return Seat(
        id=SeatId(f"user:{meeting.chair_id}"),
        name=meeting.chair_name,
        short_name=meeting.chair_name,
        rank=_CHAIR_RANK,
        role=Role.CHAIR,
        on_tiles=True,
        person=person,
        direct=False,
    )


def _person(account: Account, role: Role, *, rank: int, on_tiles: bool) -> Seat:
    return Seat(
        id=SeatId(f"user:{account.id}"),
        name=account.full_name,
        short_name=account.full_name,
        rank=rank,
        role=role,
        on_tiles=on_tiles,
        unit=account.unit_name,
        person=_titled(account.full_name, account.position),
        camera=on_tiles,
        direct=False,  # a device of one's own is asked
    )


def _titled(name: str, position: str) -> str:
    return f"{name}, {position}" if position else name
