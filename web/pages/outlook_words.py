"""What stands against a meeting, in words and with buttons, as `parts/outlook.html` shows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rooms.meetings.conflicts import Clash, Notice, Outlook, Subject
from web.formats import clock, end_clock, local, short_date, weekday
from web.i18n import gettext, mark

Name = Callable[[int], str]

SUBJECT_NAMES = {
    Subject.CHAIR: mark("Người chủ trì"),
    Subject.SECRETARY: mark("Thư ký"),
    Subject.TECHNICIAN: mark("Trực kỹ thuật"),
}
_SHOWN_SITES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    action: str  # of the form
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashLine:
    title: str
    href: str
    host: str
    when: str
    sites: tuple[str, ...]
    more_sites: int
    people: tuple[str, ...]
    hall: bool
    wins: bool
    yields: bool
    drop: Button | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookView:
    known: bool  # there was a time to look at
    clashes: tuple[ClashLine, ...]
    taken: Mapping[int, str]  # when each site that is not free is taken
    crowded: str  # what is said of the service's capacity, or ""
    free: tuple[Button, ...]
    stand_ins: tuple[Button, ...]
    notice: Notice | None
    notice_day: str
    day_off: bool
    off_hours: bool
    blocked: bool


def describe(outlook: Outlook, site: Name, person: Name, wanted: datetime | None) -> OutlookView:
    """
    Args:
        site: what a site is called.
        person: what an account is called.
        wanted: the start that was asked for, to tell other days from other hours.
    """
    notice = outlook.notice
    return OutlookView(
        known=notice is not None,
        clashes=tuple(_line(clash, site, person) for clash in outlook.clashes),
        taken={
            site_id: _when(clash.booking.start, clash.booking.end)
            for clash in outlook.clashes
            for site_id in clash.sites
        },
        crowded=_crowded(outlook),
        free=tuple(_free(start, wanted) for start, _end in outlook.free),
        stand_ins=_stand_ins(outlook, person),
        notice=notice,
        notice_day=f"{weekday(notice.send_by)}, {short_date(notice.send_by)}" if notice else "",
        day_off=outlook.day_off,
        off_hours=outlook.off_hours,
        blocked=outlook.blocked,
    )


def _line(clash: Clash, site: Name, person: Name) -> ClashLine:
    booking = clash.booking
    names = [site(site_id) for site_id in clash.sites]
    drop = None
    if clash.sites:
        ids = ",".join(str(site_id) for site_id in clash.sites)
        label = (
            gettext("Không mời %(site)s") % {"site": names[0]}
            if len(names) == 1
            else gettext("Không mời %(n)d điểm cầu này") % {"n": len(names)}
        )
        drop = Button(action=f"drop:{ids}", label=label)
    return ClashLine(
        title=booking.title,
        href=f"/cuoc-hop/{booking.meeting_id}",
        host=booking.host_unit,
        when=_when(booking.start, booking.end),
        sites=tuple(names[:_SHOWN_SITES]),
        more_sites=max(0, len(names) - _SHOWN_SITES),
        people=tuple(
            f"{gettext(SUBJECT_NAMES[subject])} {person(account)}"
            for subject, account in clash.people
        ),
        hall=clash.hall,
        wins=clash.wins,
        yields=clash.yields,
        drop=drop,
    )


def _when(start: datetime, end: datetime) -> str:
    return f"{clock(start)}–{end_clock(end, start)}"


def _crowded(outlook: Outlook) -> str:
    full = outlook.capacity
    if full is None or not full.exceeded:
        return ""
    return gettext(
        "Lúc %(at)s sẽ có %(n)d điểm cầu họp cùng lúc, hệ thống phục vụ được %(limit)d."
    ) % {"at": clock(full.at), "n": full.sites, "limit": full.limit}


def _free(start: datetime, wanted: datetime | None) -> Button:
    at = local(start)
    text = clock(start)
    if wanted is None or local(wanted).date() != at.date():
        text = f"{text}, {weekday(at)} {short_date(at)}"
    return Button(action=f"time:{at:%Y-%m-%dT%H:%M}", label=text)


def _stand_ins(outlook: Outlook, person: Name) -> tuple[Button, ...]:
    """For each person that is taken, who could step in."""
    free: Mapping[Subject, Sequence[int]] = dict(outlook.free_people)
    taken = {pair for clash in outlook.clashes for pair in clash.people}
    return tuple(
        Button(
            action=f"staff:{subject}:{account}:{other}",
            label=gettext("%(other)s thay %(who)s")
            % {"other": person(other), "who": person(account)},
        )
        for subject, account in sorted(taken)
        for other in free.get(subject, ())[:3]
    )
