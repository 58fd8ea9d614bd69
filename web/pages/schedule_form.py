"""The schedule form as typed: read, understood, changed by its buttons. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from multidict import MultiMapping

from rooms.meetings.drafts import (
    AgendaItem,
    DraftSite,
    Duty,
    MeetingDraft,
    MeetingKind,
    OnDuty,
    faults,
)
from rooms.meetings.recurrence import Rhythm, Scope, rule_of
from web.formats import ZONE, local
from web.i18n import mark

E = TypeVar("E", bound=StrEnum)

MAX_ROWS = 60
MAX_TEXT = 500
MAX_LONG_TEXT = 5000
MAX_SITES = 2000
FIRST_ROWS = 3

_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_TIME = re.compile(r"(\d{1,2})\s*(?:[:hg.]\s*(\d{2})?)?")

BAD_DATE = mark("Ngày họp ghi theo dạng ngày/tháng/năm, ví dụ 26/06/2026.")
BAD_TIME = mark("Giờ ghi theo dạng 08:00.")
BAD_MINUTES = mark("Số phút là số từ 1 đến 600.")
BAD_KIND = mark("Chọn loại cuộc họp.")
BAD_DELEGATES = mark("Số đại biểu là số từ 0 đến 10.000.")
BAD_UNTIL = mark("Lặp lại đến ngày nào? Ghi theo dạng ngày/tháng/năm.")
BAD_EXCEPTIONS = mark("Các ngày bỏ qua ghi cách nhau bằng dấu phẩy, ví dụ 30/04/2026, 01/05/2026.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRow:
    """One line as typed."""

    id: str = ""  # of the item it was
    title: str = ""
    presenter: str = ""
    minutes: str = ""

    @property
    def empty(self) -> bool:
        return not (self.title or self.presenter or self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What is said of all sites of a level at once; `was`: before it was typed over."""

    composition: str = ""
    delegates: str = ""
    was: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """The form as typed, kept when it comes back with errors."""

    title: str = ""
    kind: str = MeetingKind.CONFERENCE
    host_unit: str = ""
    chair: str = ""
    deputy: str = ""
    cochairs: tuple[str, ...] = ()
    secretaries: frozenset[int] = frozenset()
    technicians: frozenset[int] = frozenset()
    day: str = ""
    start: str = ""
    end: str = ""
    repeat: str = ""  # a `Rhythm`, or "" for once
    until: str = ""
    left_out: str = ""
    notes: str = ""
    public: bool = False
    secrecy: str = "none"
    sites: frozenset[int] = frozenset()
    main_site: str = ""
    venue: str = ""
    common: Mapping[str, Common] = field(default_factory=dict)
    rows: tuple[AgendaRow, ...] = ()
    accept: bool = False  # keep it though it clashes
    reason: str = ""  # why, or why it is changed
    revision: str = ""  # of the meeting that is changed
    scope: str = Scope.ONE


def parse_day(text: str) -> date | None:
    """A date as people write it: ``26/6/2026``, ``26-06-2026``, or ISO; None when it is none."""
    match = _DAY_FIRST.fullmatch(text.strip())
    try:
        if match:
            day = date(int(match[3]), int(match[2]), int(match[1]))
        else:
            day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if 1900 < day.year < 9000 else None


def parse_days(text: str) -> frozenset[date] | None:
    """Several of them, with commas between; None when one is none."""
    found = [parse_day(part) for part in re.split(r"[,;]", text) if part.strip()]
    return None if None in found else frozenset(day for day in found if day is not None)


def parse_time(text: str) -> time | None:
    """A time as people write it: ``08:00``, ``8h30``, ``8g30``, ``8``; None when it is none."""
    match = _TIME.fullmatch(text.strip().lower())
    if not match or int(match[1]) > 23 or int(match[2] or 0) > 59:
        return None
    return time(int(match[1]), int(match[2] or 0))


def text_of(form: MultiMapping[object], name: str, limit: int = MAX_TEXT) -> str:
    return str(form.get(name, ""))[:limit].strip()


def _texts(form: MultiMapping[object], name: str) -> list[str]:
    return [str(value)[:MAX_TEXT].strip() for value in form.getall(name, [])][:MAX_ROWS]


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def member(kind: type[E], text: str) -> E | None:
    """The member of an enumeration with this value."""
    try:
        return kind(text)
    except ValueError:
        return None


def _numbers(form: MultiMapping[object], name: str) -> frozenset[int]:
    found = (number(str(value)) for value in form.getall(name, [])[:MAX_SITES])
    return frozenset(value for value in found if value is not None)


def read_form(form: MultiMapping[object]) -> FormValues:
    """What was typed, bounded in size."""
    return FormValues(
        title=text_of(form, "title"),
        kind=text_of(form, "kind") or MeetingKind.MEETING,
        host_unit=text_of(form, "host_unit_id"),
        chair=text_of(form, "chair_id"),
        deputy=text_of(form, "deputy_id"),
        cochairs=tuple(text for text in _texts(form, "cochair_id") if text),
        secretaries=_numbers(form, "secretary"),
        technicians=_numbers(form, "technician"),
        day=text_of(form, "day"),
        start=text_of(form, "start"),
        end=text_of(form, "end"),
        repeat=text_of(form, "repeat"),
        until=text_of(form, "until"),
        left_out=text_of(form, "left_out"),
        notes=text_of(form, "notes", MAX_LONG_TEXT),
        public=bool(text_of(form, "public")),
        secrecy=text_of(form, "secrecy") or "none",
        sites=_numbers(form, "site"),
        main_site=text_of(form, "main_site_id"),
        venue=text_of(form, "venue"),
        common=_read_common(form),
        rows=_read_rows(form),
        accept=bool(text_of(form, "accept")),
        reason=text_of(form, "reason"),
        revision=text_of(form, "revision"),
        scope=text_of(form, "scope") or Scope.ONE,
    )


def _read_common(form: MultiMapping[object]) -> dict[str, Common]:
    levels = [name.partition(":")[2] for name in form if name.startswith("composition:")][:20]
    return {
        level: Common(
            composition=text_of(form, f"composition:{level}", MAX_LONG_TEXT),
            delegates=text_of(form, f"delegates:{level}"),
            was=(
                text_of(form, f"composition-was:{level}", MAX_LONG_TEXT),
                text_of(form, f"delegates-was:{level}"),
            ),
        )
        for level in levels
    }


def _read_rows(form: MultiMapping[object]) -> tuple[AgendaRow, ...]:
    columns = [_texts(form, f"agenda_{name}") for name in ("id", "presenter", "minutes")]

    def cell(column: list[str], row: int) -> str:
        return column[row] if row < len(column) else ""

    return tuple(
        AgendaRow(
            title=title,
            id=cell(columns[0], i),
            presenter=cell(columns[1], i),
            minutes=cell(columns[2], i),
        )
        for i, title in enumerate(_texts(form, "agenda_title"))
    )


def row_minutes(row: AgendaRow) -> int | None:
    minutes = number(row.minutes)
    return minutes if minutes is not None and 1 <= minutes <= 600 else None


def row_starts(rows: tuple[AgendaRow, ...], start: time | None) -> tuple[time | None, ...]:
    """When each row begins, as long as every row before it says how long it takes."""
    at = datetime.combine(date.min, start) if start else None
    starts: list[time | None] = []
    for row in rows:
        starts.append(at.time() if at else None)
        minutes = row_minutes(row)
        at = at + timedelta(minutes=minutes) if at and minutes else None
    return tuple(starts)


# ---------------------------------------------------------------- to a draft


def to_draft(
    values: FormValues,
    levels: Mapping[int, str] | None = None,
    before: MeetingDraft | None = None,
) -> tuple[MeetingDraft, dict[str, str]]:
    """The draft, and what could not be read at all: field -> message id.

    A meeting whose end is not after its start is left to the service to refuse.

    Args:
        levels: the level of each site.
        before: what is changed; it knows what was said of single sites.
    """
    errors = _unreadable(values)
    day, start, end = parse_day(values.day), parse_time(values.start), parse_time(values.end)
    kind = member(MeetingKind, values.kind) or MeetingKind.MEETING
    draft = MeetingDraft(
        title=values.title,
        kind=kind,
        start=_instant(day, start),
        end=_instant(day, end),
        host_unit_id=number(values.host_unit),
        chair_id=number(values.chair),
        deputy_id=number(values.deputy),
        staff=_staff(values),
        sites=_sites(values, levels or {}, before),
        main_site_id=number(values.main_site),
        venue=values.venue,
        agenda=_agenda(values, start),
        secrecy=values.secrecy,
        notes=values.notes,
        public=values.public,
        short_name=before.short_name if before else None,
    )
    return draft, errors


def _instant(day: date | None, at: time | None) -> datetime | None:
    return datetime.combine(day, at, ZONE).astimezone(UTC) if day and at else None


def _unreadable(values: FormValues) -> dict[str, str]:
    rows = [row for row in values.rows if not row.empty]
    delegates = [common.delegates for common in values.common.values() if common.delegates]
    found = {
        "kind": BAD_KIND if member(MeetingKind, values.kind) is None else None,
        "day": BAD_DATE if parse_day(values.day) is None else None,
        "start": BAD_TIME if parse_time(values.start) is None else None,
        "end": BAD_TIME if parse_time(values.end) is None else None,
        "agenda": BAD_MINUTES
        if any(row.minutes and row_minutes(row) is None for row in rows)
        else None,
        "site_ids": BAD_DELEGATES if any(number(text) is None for text in delegates) else None,
        "until": BAD_UNTIL if values.repeat and parse_day(values.until) is None else None,
        "left_out": BAD_EXCEPTIONS if parse_days(values.left_out) is None else None,
    }
    return {field: text for field, text in found.items() if text is not None}


def _staff(values: FormValues) -> tuple[OnDuty, ...]:
    cochairs = [id for id in (number(text) for text in values.cochairs) if id is not None]
    duties = {
        Duty.CHAIR: dict.fromkeys(cochairs),
        Duty.SECRETARY: sorted(values.secretaries),
        Duty.TECHNICIAN: sorted(values.technicians),
    }
    return tuple(
        OnDuty(account_id=account, duty=duty) for duty, ids in duties.items() for account in ids
    )


def _sites(
    values: FormValues, levels: Mapping[int, str], before: MeetingDraft | None
) -> tuple[DraftSite, ...]:
    known = {site.site_id: site for site in before.sites} if before else {}
    kept = [site for site in (before.sites if before else ()) if site.site_id in values.sites]
    new = [DraftSite(site_id=id) for id in sorted(values.sites - known.keys())]
    return tuple(
        _with_common(site, values.common.get(levels.get(site.site_id, "")), site.site_id in known)
        for site in (*kept, *new)
    )


def _with_common(site: DraftSite, common: Common | None, known: bool) -> DraftSite:
    """What was said of the site alone stays, what was common follows the common field."""
    if common is None:
        return site
    own_text = known and site.composition != common.was[0]
    own_number = known and _said(site.delegates) != common.was[1]
    return DraftSite(
        site_id=site.site_id,
        composition=site.composition if own_text else common.composition,
        delegates=site.delegates if own_number else number(common.delegates),
    )


def _said(delegates: int | None) -> str:
    return "" if delegates is None else str(delegates)


def _agenda(values: FormValues, start: time | None) -> tuple[AgendaItem, ...]:
    rows = tuple(row for row in values.rows if not row.empty)
    begins = row_starts(rows, start)
    return tuple(
        AgendaItem(
            id=number(row.id),
            position=position,
            title=row.title,
            start=at,
            presenter=row.presenter,
            minutes=row_minutes(row),
        )
        for position, (row, at) in enumerate(zip(rows, begins, strict=True), start=1)
    )


def all_faults(draft: MeetingDraft, unreadable: dict[str, str], now: datetime) -> dict[str, str]:
    """What could not be read, and what is wrong with the rest; one text for each field."""
    found = faults(draft, now)
    if "day" in unreadable:
        found = {field: text for field, text in found.items() if field not in ("start", "end")}
    return {**found, **unreadable}


def rule(values: FormValues) -> str | None:
    """The rule of a series; None: one meeting."""
    first, until = parse_day(values.day), parse_day(values.until)
    rhythm = member(Rhythm, values.repeat)
    if rhythm is None or first is None or until is None:
        return None
    return rule_of(rhythm, first, until)


# ---------------------------------------------------------------- from a draft


def from_draft(
    draft: MeetingDraft, levels: Mapping[int, str], *, keep_day: bool, today: date
) -> FormValues:
    """The form that holds a draft; without `keep_day` its date is left to be chosen."""
    start, end = (local(at) if at else None for at in (draft.start, draft.end))
    day = start.date() if start and keep_day else today + timedelta(days=1)
    rows = tuple(_row(item, keep_id=keep_day) for item in draft.agenda)
    on = {duty: [on.account_id for on in draft.staff if on.duty is duty] for duty in Duty}
    return FormValues(
        title=draft.title,
        kind=draft.kind,
        host_unit=str(draft.host_unit_id or ""),
        chair=str(draft.chair_id or ""),
        deputy=str(draft.deputy_id or ""),
        cochairs=tuple(str(account) for account in on[Duty.CHAIR]),
        secretaries=frozenset(on[Duty.SECRETARY]),
        technicians=frozenset(on[Duty.TECHNICIAN]),
        day=f"{day:%d/%m/%Y}",
        start=f"{start:%H:%M}" if start else "",
        end=f"{end:%H:%M}" if end else "",
        notes=draft.notes,
        public=draft.public,
        sites=frozenset(draft.site_ids),
        main_site=str(draft.main_site_id or ""),
        venue=draft.venue,
        common=_commons(draft.sites, levels),
        rows=(*rows, *(AgendaRow() for _ in range(FIRST_ROWS - len(rows)))),
    )


def _row(item: AgendaItem, *, keep_id: bool) -> AgendaRow:
    return AgendaRow(
        id=str(item.id or "") if keep_id else "",
        title=item.title,
        presenter=item.presenter,
        minutes=str(item.minutes or ""),
    )


def _commons(sites: Iterable[DraftSite], levels: Mapping[int, str]) -> dict[str, Common]:
    """What is the same for all sites of a level."""
    by_level: dict[str, list[DraftSite]] = {}
    for site in sites:
        by_level.setdefault(levels.get(site.site_id, ""), []).append(site)
    found = {}
    for level, members in by_level.items():
        text = _same([site.composition for site in members])
        count = _same([_said(site.delegates) for site in members])
        found[level] = Common(composition=text, delegates=count, was=(text, count))
    return found


def _same(texts: Sequence[str]) -> str:
    return texts[0] if len(set(texts)) == 1 else ""


# ---------------------------------------------------------------- buttons


def apply_action(
    values: FormValues, action: str, groups: Mapping[str, Collection[int]]
) -> FormValues:
    """A button that changes the form without sending it; unknown ones change nothing.

    Args:
        groups: sites by what a button chooses: "all", "level:district", "group:3", …
    """
    name, _, argument = action.partition(":")
    if name in ("choose", "clear", "drop"):
        return replace(values, sites=_choose(values.sites, name, argument, groups))
    if name in ("add-row", "remove-row", "up-row"):
        return replace(values, rows=_change_rows(values.rows, name, number(argument)))
    if name == "time":
        return _at_time(values, argument)
    if name == "staff":
        return _replace_staff(values, argument)
    return values


def _choose(
    sites: frozenset[int], name: str, argument: str, groups: Mapping[str, Collection[int]]
) -> frozenset[int]:
    if name == "choose":
        return sites | frozenset(groups.get(argument, ()))
    if name == "clear":
        return sites - frozenset(groups.get(argument, ()))
    dropped = (number(text) for text in argument.split(","))
    return sites - {site for site in dropped if site is not None}


def _change_rows(
    rows: tuple[AgendaRow, ...], name: str, index: int | None
) -> tuple[AgendaRow, ...]:
    if name == "add-row":
        return (*rows, AgendaRow()) if len(rows) < MAX_ROWS else rows
    if index is None or index >= len(rows):
        return rows
    if name == "remove-row":
        return (*rows[:index], *rows[index + 1 :])
    if index == 0:
        return rows
    return (*rows[: index - 1], rows[index], rows[index - 1], *rows[index + 1 :])


def _at_time(values: FormValues, argument: str) -> FormValues:
    """Another start of the same length: "2026-03-04T09:30"."""
    try:
        start = datetime.fromisoformat(argument).replace(tzinfo=None)
    except ValueError:
        return values
    was, end = parse_time(values.start), parse_time(values.end)
    length = timedelta(hours=1)
    if was and end and was < end:
        length = datetime.combine(date.min, end) - datetime.combine(date.min, was)
    over = start.time() > time(12) and start + length >= datetime.combine(start.date(), time.max)
    finish = datetime.combine(start.date(), time(23, 59)) if over else start + length
    return replace(
        values,
        day=f"{start:%d/%m/%Y}",
        start=f"{start:%H:%M}",
        end=f"{finish:%H:%M}",
    )


def _replace_staff(values: FormValues, argument: str) -> FormValues:
    """Somebody steps in for somebody: "technician:OLD:NEW"."""
    duty, *ids = argument.split(":")
    old, new = (number(text) for text in ids) if len(ids) == 2 else (None, None)
    if old is None or new is None:
        return values
    if duty == Duty.SECRETARY and old in values.secretaries:
        return replace(values, secretaries=values.secretaries - {old} | {new})
    if duty == Duty.TECHNICIAN and old in values.technicians:
        return replace(values, technicians=values.technicians - {old} | {new})
    return values
