"""When a recurring meeting takes place, and how a change to one of its dates spreads. Pure.

A rule is an RRULE of RFC 5545 section 3.3.10, read by python-dateutil; only its parts that mean
something for meetings are taken. Dates left out are local dates.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from dateutil.rrule import rrulestr

from rooms.errors import N_, Invalid
from rooms.meetings.drafts import AgendaItem, DraftSite, MeetingDraft, OnDuty
from rooms.meetings.revisions import differences

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
MAX_OCCURRENCES = 60
MAX_SPAN = timedelta(days=2 * 366)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS = {
    "FREQ": re.compile("DAILY|WEEKLY|MONTHLY"),
    "INTERVAL": re.compile("[1-9]|1[0-2]"),
    "BYDAY": re.compile(r"(-1|[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,(-1|[1-5])?(MO|TU|WE|TH|FR|SA|SU))*"),
    "BYMONTHDAY": re.compile("-1|[1-9]|[12][0-9]|3[01]"),
    "COUNT": re.compile("[1-9][0-9]?"),
    "UNTIL": re.compile(r"\d{8}T\d{6}Z"),
}
_BAD_RULE = N_("Không đọc được quy tắc lặp lại.")


class Rhythm(StrEnum):
    """What the form offers."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"  # the same day of the month
    MONTHLY_WEEKDAY = "monthly-weekday"  # "the first Tuesday"
    DAILY = "daily"


class Scope(StrEnum):
    """How far a change to one meeting of a series reaches."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"  # those that are still to come


def rule_of(rhythm: Rhythm, first: date, until: date) -> str:
    """The rule for a rhythm that begins on `first`."""
    parts = {
        Rhythm.DAILY: "FREQ=DAILY",
        Rhythm.WEEKLY: "FREQ=WEEKLY",
        Rhythm.FORTNIGHTLY: "FREQ=WEEKLY;INTERVAL=2",
        Rhythm.MONTHLY: "FREQ=MONTHLY",
        Rhythm.MONTHLY_WEEKDAY: f"FREQ=MONTHLY;BYDAY={_nth(first)}",
    }
    return f"{parts[rhythm]};UNTIL={_until(until)}"


def _nth(day: date) -> str:
    """ "2TU"; the last one of a month when it is the fifth or none follows."""
    number = (day.day - 1) // 7 + 1
    return f"{number if number < 5 else -1}{DAYS[day.weekday()]}"


def _until(day: date) -> str:
    end = datetime.combine(day, time(23, 59, 59), LOCAL)
    return f"{end.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def parse(rule: str) -> dict[str, str]:
    """The parts of a rule.

    Raises:
        Invalid: {"rule": …}.
    """
    parts = dict(part.partition("=")[::2] for part in rule.strip().upper().split(";"))
    if len(rule) > 200 or "FREQ" not in parts or not ("COUNT" in parts) ^ ("UNTIL" in parts):
        raise Invalid({"rule": _BAD_RULE})
    for name, value in parts.items():
        if name not in _PARTS or not _PARTS[name].fullmatch(value):
            raise Invalid({"rule": _BAD_RULE})
    return parts


def occurrences(
    rule: str, start: datetime, exceptions: Collection[date] = ()
) -> tuple[datetime, ...]:
    """The starts of a series, UTC. The first is `start`, unless it is an exception.

    Raises:
        Invalid: {"rule": …}: no rule, no date, or too many.
    """
    parse(rule)
    local = start.astimezone(LOCAL)
    try:
        found = list(islice(rrulestr(rule, dtstart=local), MAX_OCCURRENCES + 1))
    except ValueError:
        raise Invalid({"rule": _BAD_RULE}) from None
    if local not in found:
        found.insert(0, local)
    kept = tuple(at.astimezone(UTC) for at in found if at.date() not in exceptions)
    if not kept:
        raise Invalid({"rule": N_("Quy tắc này không có ngày họp nào.")})
    if len(kept) > MAX_OCCURRENCES or kept[-1] - start > MAX_SPAN:
        raise Invalid({"rule": N_("Một chuỗi có nhiều nhất 60 cuộc họp, trong hai năm.")})
    return kept


def cut_before(rule: str, start: datetime) -> str:
    """The rule for what remains of a series when those from `start` on leave it."""
    parts = {name: value for name, value in parse(rule).items() if name not in ("COUNT", "UNTIL")}
    until = (start - timedelta(seconds=1)).astimezone(UTC)
    return _join({**parts, "UNTIL": f"{until:%Y%m%dT%H%M%SZ}"})


def continued(rule: str, last: datetime, by: timedelta) -> str:
    """The rule for those that leave a series, whose times move by `by`."""
    parts = {name: value for name, value in parse(rule).items() if name not in ("COUNT", "UNTIL")}
    if "BYDAY" in parts:
        parts["BYDAY"] = re.sub(
            "|".join(DAYS), lambda m: DAYS[(DAYS.index(m[0]) + by.days) % 7], parts["BYDAY"]
        )
    until = (last + by).astimezone(UTC)
    return _join({**parts, "UNTIL": f"{until:%Y%m%dT%H%M%SZ}"})


def _join(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def at(draft: MeetingDraft, start: datetime) -> MeetingDraft:
    """The draft of another date of the series: a new meeting of the same length."""
    assert draft.start is not None
    assert draft.end is not None
    agenda = tuple(msgspec.structs.replace(item, id=None) for item in draft.agenda)
    end = start + (draft.end - draft.start)
    return msgspec.structs.replace(draft, start=start, end=end, agenda=agenda, short_name=None)


def spread(before: MeetingDraft, after: MeetingDraft, other: MeetingDraft) -> MeetingDraft:
    """What was changed in one meeting, changed in another one of its series.

    What the other has of its own stays: its date, sites that were invited to it alone.
    """
    changed = {difference.field for difference in differences(before, after)} - {"short_name"}
    new = {name: getattr(after, name) for name in changed}
    if "sites" in changed:
        new["sites"] = _spread_sites(before.sites, after.sites, other.sites)
    if "staff" in changed:
        new["staff"] = _spread_staff(before.staff, after.staff, other.staff)
    if "agenda" in changed:
        new["agenda"] = _spread_agenda(before.agenda, after.agenda, other.agenda)
    if changed & {"start", "end"}:
        new["start"], new["end"] = _spread_times(before, after, other)
    return msgspec.structs.replace(other, **new)


def _spread_times(
    before: MeetingDraft, after: MeetingDraft, other: MeetingDraft
) -> tuple[datetime, datetime]:
    assert before.start is not None
    assert after.start is not None
    assert after.end is not None
    assert other.start is not None
    start = other.start + (after.start - before.start)
    return start, start + (after.end - after.start)


def _spread_sites(
    before: Iterable[DraftSite], after: Iterable[DraftSite], other: Iterable[DraftSite]
) -> tuple[DraftSite, ...]:
    was = {site.site_id: site for site in before}
    now = {site.site_id: site for site in after}
    sites = {site.site_id: site for site in other if site.site_id in now or site.site_id not in was}
    sites |= {id: site for id, site in now.items() if was.get(id) != site}
    return tuple(sites.values())


def _spread_staff(
    before: Iterable[OnDuty], after: Iterable[OnDuty], other: Iterable[OnDuty]
) -> tuple[OnDuty, ...]:
    gone = set(before) - set(after)
    kept = [on for on in other if on not in gone]
    return tuple(dict.fromkeys([*kept, *(on for on in after if on not in set(before))]))


def _spread_agenda(
    before: tuple[AgendaItem, ...], after: tuple[AgendaItem, ...], other: tuple[AgendaItem, ...]
) -> tuple[AgendaItem, ...]:
    """Items are the same when they stood at the same place before."""
    places = {item.id: index for index, item in enumerate(before)}
    ids = {index: item.id for index, item in enumerate(other)}
    return tuple(
        msgspec.structs.replace(item, id=ids.get(places.get(item.id, -1))) for item in after
    )
