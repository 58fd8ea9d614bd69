"""The history of a meeting: every change, its author and time, and what was different."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import ClassVar

from aiohttp import web

from rooms.errors import RequestRefused
from rooms.meetings.drafts import KIND_NAMES, AgendaItem, DraftSite, Duty, MeetingKind, OnDuty
from rooms.meetings.lifecycle import STATE_NAMES
from rooms.meetings.meetings import Meeting
from rooms.meetings.revisions import CHANGED, CREATED, Difference, Revision, differences
from web.auth import require, signed_in
from web.formats import clock, local, short_date
from web.i18n import gettext, mark
from web.pages.common import OVERSEERS, reference, visible_meeting
from web.pages.tabs import Tab, meeting_tabs
from web.services import SERVICES, Services
from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field, in words; `added` and `removed` for lists, else `before` and `after`."""

    label: str
    before: str = ""
    after: str = ""
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    revision: int
    at: datetime
    author: str
    state: str  # reached by this change, or ""
    title: str
    note: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage(Page):
    template: ClassVar[str] = "history.html"
    place: ClassVar[str] = "calendar"
    meeting: Meeting
    reference: str
    tabs: tuple[Tab, ...]
    entries: tuple[Entry, ...]  # the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What ids of the directory are called."""

    sites: dict[int, str]
    people: dict[int, str]
    units: dict[int, str]


LABELS = {
    "title": mark("Tên cuộc họp"),
    "start": mark("Thời gian bắt đầu"),
    "end": mark("Kết thúc (dự kiến)"),
    "host_unit_id": mark("Đơn vị chủ trì"),
    "chair_id": mark("Chủ trì"),
    "sites": mark("Các điểm cầu"),
    "kind": mark("Loại cuộc họp"),
    "deputy_id": mark("Chủ trì thay"),
    "staff": mark("Phân công phục vụ"),
    "main_site_id": mark("Điểm cầu chính"),
    "venue": mark("Địa điểm"),
    "agenda": mark("Chương trình"),
    "notes": mark("Nội dung thông báo"),
    "public": mark("Công khai trên cổng thông tin"),
    "short_name": mark("Tên ngắn"),
}

DUTY_NAMES = {
    Duty.CHAIR: mark("đồng chủ trì"),
    Duty.SECRETARY: mark("thư ký"),
    Duty.TECHNICIAN: mark("trực kỹ thuật"),
}

_TITLES = {CREATED: mark("Đăng ký lịch họp"), CHANGED: mark("Sửa thông tin cuộc họp")}


async def names_of(services: Services) -> Names:
    directory = services.directory
    return Names(
        sites={site.id: site.name for site in await directory.sites()},
        people={account.id: account.full_name for account in await services.accounts.everyone()},
        units={unit.id: unit.short_name for unit in await directory.units()},
    )


def describe_entries(revisions: Sequence[Revision], names: Names) -> tuple[Entry, ...]:
    """The revisions in words, the newest first."""
    entries = [
        _entry(revision, differences(before.draft, revision.draft) if before else (), names)
        for before, revision in zip((None, *revisions), revisions, strict=False)
    ]
    return tuple(reversed(entries))


def _entry(revision: Revision, changed: Iterable[Difference], names: Names) -> Entry:
    state = revision.state
    return Entry(
        revision=revision.revision,
        at=revision.at,
        author=revision.by_name or gettext("Hệ thống"),
        state=state.value if state else "",
        title=gettext(STATE_NAMES[state] if state else _TITLES[revision.action]),
        note=revision.note,
        changes=tuple(_change(difference, names) for difference in changed),
    )


def _change(difference: Difference, names: Names) -> Change:
    label = gettext(LABELS[difference.field])
    before, after = difference.before, difference.after
    if isinstance(before, tuple) and isinstance(after, tuple):
        gone = tuple(_say(difference.field, item, names) for item in before if item not in after)
        came = tuple(_say(difference.field, item, names) for item in after if item not in before)
        return Change(label=label, removed=gone, added=came)
    return Change(
        label=label,
        before=_say(difference.field, before, names),
        after=_say(difference.field, after, names),
    )


def _say(field: str, value: object, names: Names) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return gettext("có") if value else gettext("không")
        case datetime():
            return f"{clock(value)}, {short_date(local(value))}"
        case MeetingKind():
            return gettext(KIND_NAMES[value])
        case DraftSite():
            return _site(value, names)
        case OnDuty():
            person = names.people.get(value.account_id, str(value.account_id))
            return f"{person} ({gettext(DUTY_NAMES[value.duty])})"
        case AgendaItem():
            return _item(value)
        case int():
            return _named(field, value, names)
    return str(value)


def _named(field: str, value: int, names: Names) -> str:
    table = {"main_site_id": names.sites, "host_unit_id": names.units}.get(field, names.people)
    return table.get(value, str(value))


def _site(site: DraftSite, names: Names) -> str:
    parts = [names.sites.get(site.site_id, str(site.site_id))]
    if site.delegates is not None:
        parts.append(gettext("%(n)d đại biểu") % {"n": site.delegates})
    if site.composition:
        parts.append(site.composition)
    return ": ".join((parts[0], ", ".join(parts[1:]))) if len(parts) > 1 else parts[0]


def _item(item: AgendaItem) -> str:
    at = f"{_clock(item.start)} " if item.start else ""
    minutes = gettext("%(n)d phút") % {"n": item.minutes} if item.minutes else ""
    return ", ".join(part for part in (f"{at}{item.title}", item.presenter, minutes) if part)


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


@require()
async def show(request: web.Request) -> web.Response:
    account = signed_in(request)
    services = request.app[SERVICES]
    meeting = await visible_meeting(request, account)
    if account.role not in OVERSEERS:
        raise RequestRefused("not-allowed")
    revisions = await services.revisions.of_meeting(meeting.id)
    page = HistoryPage(
        meeting=meeting,
        reference=reference(meeting),
        tabs=meeting_tabs(meeting, account, "history"),
        entries=describe_entries(revisions, await names_of(services)),
    )
    return render(request, page)


ROUTES = [web.get("/cuoc-hop/{meeting}/lich-su", show)]
