"""What stands against a meeting: sites, halls and people that are taken, too many sites at once,
too short notice; and when there would be room. Pure: `planning.py` brings the bookings.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from rooms.dates.workdays import WorkCalendar
from rooms.directory.search import fold
from rooms.meetings.drafts import Duty, MeetingDraft, MeetingKind

GRID = timedelta(minutes=30)  # free times are offered on the half hour
AHEAD_DAYS = 7  # calendar days in which free times are looked for
OFFERED = 4  # free times
NOTICE_DAYS = 3  # working days between the letter and the meeting (Decision 45/2018/QĐ-TTg)


class Subject(StrEnum):
    """What two meetings cannot both have."""

    SITE = "site"
    VENUE = "venue"
    CHAIR = "chair"
    SECRETARY = "secretary"
    TECHNICIAN = "technician"
    CAPACITY = "capacity"


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What another meeting takes, and when."""

    meeting_id: int
    title: str
    host_unit: str
    precedence: int  # of its host; the lower wins
    start: datetime
    end: datetime
    sites: frozenset[int]
    people: frozenset[tuple[Subject, int]] = frozenset()  # accounts, by what they do there
    main_site: int | None = None
    hall: str = ""  # folded

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the meeting in question needs."""

    start: datetime
    end: datetime
    precedence: int
    sites: frozenset[int]
    people: frozenset[tuple[Subject, int]] = frozenset()
    main_site: int | None = None
    hall: str = ""  # folded


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """One other meeting and what of it stands in the way."""

    booking: Booking
    sites: tuple[int, ...] = ()
    people: tuple[tuple[Subject, int], ...] = ()
    hall: bool = False
    yields: bool = False  # the other one gives way: its host stands below
    wins: bool = False  # the other one is of a higher body


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How full the service would be at the fullest moment."""

    sites: int
    limit: int
    at: datetime

    @property
    def exceeded(self) -> bool:
        return self.sites > self.limit


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Working days between today and the meeting, as a letter of today would have."""

    days: int
    needed: int
    exempt: bool  # họp đột xuất
    send_by: date  # the last day for the letter

    @property
    def short(self) -> bool:
        return not self.exempt and self.days < self.needed


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a planner wants to know before saving."""

    clashes: tuple[Clash, ...] = ()
    capacity: Capacity | None = None
    free: tuple[tuple[datetime, datetime], ...] = ()  # other times, the nearest first
    free_people: tuple[tuple[Subject, tuple[int, ...]], ...] = ()  # accounts that could step in
    notice: Notice | None = None
    day_off: bool = False  # a weekend or holiday
    off_hours: bool = False  # outside the host's office hours

    @property
    def blocked(self) -> bool:
        """Whether saving asks for a reason."""
        return bool(self.clashes) or (self.capacity is not None and self.capacity.exceeded)


def people_of(
    chairs: Iterable[int | None], on_duty: Iterable[tuple[int, str]]
) -> frozenset[tuple[Subject, int]]:
    """Who is bound by a meeting; the deputy is not, as long as the chair is there."""
    found = {(Subject.CHAIR, account) for account in chairs if account is not None}
    return frozenset(found | {(_SUBJECTS[Duty(duty)], account) for account, duty in on_duty})


_SUBJECTS = {
    Duty.CHAIR: Subject.CHAIR,
    Duty.SECRETARY: Subject.SECRETARY,
    Duty.TECHNICIAN: Subject.TECHNICIAN,
}


def wanted(draft: MeetingDraft, precedence: int) -> Wanted | None:
    """What a draft needs; None as long as its times say nothing."""
    if draft.start is None or draft.end is None or draft.end <= draft.start:
        return None
    return Wanted(
        start=draft.start,
        end=draft.end,
        precedence=precedence,
        sites=frozenset(draft.site_ids),
        people=people_of([draft.chair_id], [(on.account_id, on.duty) for on in draft.staff]),
        main_site=draft.main_site_id,
        hall=fold(draft.venue),
    )


def clashes(want: Wanted, bookings: Iterable[Booking]) -> tuple[Clash, ...]:
    """The bookings that stand in the way, those of higher bodies first."""
    found = [_clash(want, b) for b in bookings if b.overlaps(want.start, want.end)]
    real = [clash for clash in found if clash.sites or clash.people or clash.hall]
    return tuple(
        sorted(real, key=lambda c: (c.booking.precedence, c.booking.start, c.booking.meeting_id))
    )


def _clash(want: Wanted, booking: Booking) -> Clash:
    # Whoever chairs one meeting cannot be on duty at another either.
    ours = {account: subject for subject, account in sorted(want.people)}
    people = {account: ours[account] for _, account in booking.people if account in ours}
    return Clash(
        booking=booking,
        sites=tuple(sorted(want.sites & booking.sites)),
        people=tuple(sorted((subject, account) for account, subject in people.items())),
        hall=_same_hall(want, booking),
        yields=want.precedence < booking.precedence,
        wins=booking.precedence < want.precedence,
    )


def _same_hall(want: Wanted, booking: Booking) -> bool:
    """Halls of different main sites may be called the same."""
    places = {want.main_site, booking.main_site}
    return bool(want.hall) and want.hall == booking.hall and (len(places) == 1 or None in places)


def fullest(want: Wanted, bookings: Iterable[Booking], limit: int) -> Capacity:
    """The moment of the meeting with the most sites in the service."""
    during = [b for b in bookings if b.overlaps(want.start, want.end)]
    moments = sorted({want.start, *(b.start for b in during if b.start > want.start)})
    counts = [(sum(len(b.sites) for b in during if b.start <= at < b.end), at) for at in moments]
    most, at = max(counts, key=lambda counted: counted[0])
    return Capacity(sites=most + len(want.sites), limit=limit, at=at)


def fits(want: Wanted, bookings: Sequence[Booking], limit: int) -> bool:
    return not clashes(want, bookings) and not fullest(want, bookings, limit).exceeded


def free_times(
    want: Wanted,
    bookings: Sequence[Booking],
    limit: int,
    suitable: Callable[[datetime, datetime], bool],
    now: datetime,
) -> tuple[tuple[datetime, datetime], ...]:
    """Times when nothing stands in the way, those nearest to the wanted start first.

    Args:
        suitable: whether the hours are good ones: a working day, office hours.
    """
    length = want.end - want.start
    found = []
    for start in _candidates(want.start):
        end = start + length
        if start > now and suitable(start, end):
            moved = msgspec.structs.replace(want, start=start, end=end)
            if fits(moved, bookings, limit):
                found.append((start, end))
        if len(found) == OFFERED:
            break
    return tuple(found)


def _candidates(around: datetime) -> Iterator[datetime]:
    """Half hours by distance: the same day first, then the days after."""
    base = around - timedelta(minutes=around.minute % 30, seconds=around.second)
    steps = int(timedelta(hours=12) / GRID)
    yield from (base + sign * n * GRID for n in range(1, steps) for sign in (1, -1))
    for day in range(1, AHEAD_DAYS + 1):
        at = base + timedelta(days=day)
        yield at
        yield from (at + sign * n * GRID for n in range(1, 9) for sign in (1, -1))


def stand_ins(
    want: Wanted,
    found: Iterable[Clash],
    bookings: Iterable[Booking],
    candidates: Collection[int],
    subject: Subject,
) -> tuple[int, ...]:
    """Accounts of `candidates` that are free, when somebody in that duty is not."""
    if not any(subject is kind for clash in found for kind, _ in clash.people):
        return ()
    during = (b for b in bookings if b.overlaps(want.start, want.end))
    taken = {account for booking in during for _, account in booking.people}
    taken |= {account for _, account in want.people}
    return tuple(account for account in candidates if account not in taken)


def notice(
    today: date, day: date, kind: MeetingKind, calendar: WorkCalendar, needed: int = NOTICE_DAYS
) -> Notice:
    """Whether a letter of today arrives early enough for a meeting on `day`."""
    return Notice(
        days=calendar.working_days_between(today, day),
        needed=needed,
        exempt=kind is MeetingKind.EMERGENCY,
        send_by=calendar.plus_working_days(day, -needed),
    )
