"""The weekly sheet as a .docx file: an official paper, in Vietnamese whatever the reader's own."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from aiohttp import web

from rooms.dates.days import work_calendar
from rooms.dates.entries import Scope
from rooms.directory.accounts import Account
from rooms.documents.kinds import MEDIA_TYPES, Kind
from rooms.meetings.lifecycle import STATE_NAMES
from rooms.meetings.records import MeetingState
from rooms.papers.docx import to_docx
from rooms.papers.paper import Paper, Paragraph, Table
from web.auth import require, signed_in
from web.formats import clock, day_month, end_clock, local, short_date, weekday
from web.i18n import gettext, mark, ngettext, use_language
from web.pages.calendar import read
from web.pages.calendar_days import Day, Line, days_of
from web.pages.calendar_query import View, read_query
from web.pages.calendar_words import PART_NAMES
from web.services import SERVICES

HEAD = (
    mark("Ngày"),
    mark("Buổi"),
    mark("Thời gian"),
    mark("Nội dung"),
    mark("Chủ trì"),
    mark("Thành phần"),
    mark("Địa điểm"),
    mark("Chuẩn bị"),
)
WIDTHS = (12, 7, 9, 26, 16, 18, 14, 12)
_TOLD = (MeetingState.POSTPONED, MeetingState.CANCELLED, MeetingState.DRAFT, MeetingState.PENDING)


def sheet(days: Sequence[Day], whose: str) -> Paper:
    """The days as a paper.

    Args:
        whose: the province, a unit, a person.
    """
    first, last = days[0].date, days[-1].date
    week = first.isocalendar().week
    span = gettext("Từ ngày %(a)s đến ngày %(b)s") % {"a": day_month(first), "b": short_date(last)}
    return Paper(
        letterhead=None,
        title=(gettext("Lịch công tác tuần %(n)d") % {"n": week}).upper(),
        landscape=True,
        blocks=(
            Paragraph(f"{whose}. {span}", align="center", indent=False, italic=True),
            Table(
                head=tuple(gettext(text) for text in HEAD),
                rows=tuple(row for day in days for row in _rows(day)),
                widths=WIDTHS,
                aligns=("center", "center", "center", *["left"] * 5),
            ),
        ),
    )


def _rows(day: Day) -> Iterator[tuple[str, ...]]:
    name = f"{weekday(day.date)}\n{day_month(day.date)}"
    if day.special is not None:
        name += f"\n({gettext(day.special.name)})"
    if day.off and not day.lines:
        yield (name, "", "", gettext("Ngày nghỉ"), "", "", "", "")
        return
    for part in day.parts:
        part_name = gettext(PART_NAMES[part.key])
        for line in part.lines:
            yield (name, part_name, *_cells(line))
            name = part_name = ""
        if not part.lines:
            yield (name, part_name, "", gettext("Không có lịch"), "", "", "", "")
            name = ""


def _cells(line: Line) -> tuple[str, ...]:
    entry = line.entry
    time = gettext("tiếp") if line.continued else clock(entry.start)
    title = entry.title
    if entry.state in _TOLD:
        title += f" ({gettext(STATE_NAMES[entry.state])})"
    place = ", ".join(text for text in (entry.venue, entry.main_site) if text)
    sites = ngettext("%(num)d điểm cầu", "%(num)d điểm cầu", entry.sites) % {"num": entry.sites}
    return (
        f"{time}\n{gettext('đến')} {end_clock(entry.end, entry.start)}",
        title,
        ", ".join(text for text in (entry.chair_name, entry.chair_position) if text),
        entry.composition or gettext("Theo giấy mời"),
        f"{place}\n({sites})" if place else sites,
        entry.host_unit,
    )


def _whose(scope: Scope, account: Account, province: str) -> str:
    if scope is Scope.PROVINCE:
        return province
    return (account.unit_name if scope is Scope.UNIT else "") or account.full_name


@require()
async def download(request: web.Request) -> web.Response:
    account, services = signed_in(request), request.app[SERVICES]
    use_language("vi")
    now = datetime.now(UTC)
    asked = read_query({**request.query, "xem": View.WEEK.value}, account, local(now).date())
    entries, allowed, special = await read(services, asked, account, now)
    known = {entry.day: entry for entry in special}
    days = days_of(asked.days, entries, allowed, known, work_calendar(special))
    paper = sheet(days, _whose(asked.scope, account, services.settings.province))
    content = await asyncio.to_thread(to_docx, paper)
    year, week, _ = asked.day.isocalendar()
    name = quote(f"lich-cong-tac-tuan-{week}-{year}.docx")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=MEDIA_TYPES[Kind.DOCX], headers=headers)


ROUTES = [web.get("/cuoc-hop/lich-tuan.docx", download)]
