"""The page "Báo cáo": what the meetings of a period came to, and what travel they saved."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import ClassVar

import msgspec
from aiohttp import web

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.trees import HEADS, Unit, UnitTree
from rooms.errors import RequestRefused
from rooms.papers.pdf import to_pdf
from rooms.reports.ledger import month_after
from rooms.reports.paper import to_paper
from rooms.reports.reports import MAX_MONTHS, Figures, Question, Report, total
from rooms.reports.sheet import to_xlsx
from rooms.reports.travel import ORIGIN_NAMES, Rates
from rooms.reports.words import Words, in_words, method, period
from web.auth import require, signed_in
from web.charts import ColumnChart, column_chart
from web.formats import decimal, local
from web.i18n import gettext, mark
from web.services import SERVICES
from web.views import Page, render

ADDRESS = "/bao-cao"
READERS = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT, AccountRole.OFFICIAL)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

PERIODS = {
    "thang-nay": mark("Tháng này"),
    "thang-truoc": mark("Tháng trước"),
    "quy-nay": mark("Quý này"),
    "quy-truoc": mark("Quý trước"),
    "nam-nay": mark("Năm nay"),
    "nam-truoc": mark("Năm trước"),
    "khac": mark("Từ tháng – đến tháng"),
}
DEFAULT_PERIOD = "nam-nay"
MONTHS_SHOWN = 36  # one by one; more are shown by year


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A month or a year of the period."""

    label: str
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage(Page):
    template: ClassVar[str] = "report.html"
    place: ClassVar[str] = "reports"
    report: Report
    words: Words
    period_text: str
    chosen_period: str
    periods: dict[str, str]
    units: tuple[Unit, ...]
    origins: dict[str, str]
    steps: tuple[Step, ...]
    meetings_chart: ColumnChart
    people_chart: ColumnChart
    method: tuple[str, ...]
    query: str  # of this report, for the files
    fault: str


def span(chosen: str, first: str, last: str, today: date) -> tuple[date, date] | None:
    """First days of the first and the last month; None: they make no sense."""
    month = today.replace(day=1)
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    match chosen:
        case "thang-nay":
            return month, month
        case "thang-truoc":
            return _back(month, 1), _back(month, 1)
        case "quy-nay":
            return quarter, _back(quarter, -2)
        case "quy-truoc":
            return _back(quarter, 3), _back(quarter, 1)
        case "nam-nay":
            return date(today.year, 1, 1), date(today.year, 12, 1)
        case "nam-truoc":
            return date(today.year - 1, 1, 1), date(today.year - 1, 12, 1)
    return _between(first, last)


def _back(month: date, months: int) -> date:
    count = month.year * 12 + month.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _between(first: str, last: str) -> tuple[date, date] | None:
    try:
        start, end = (date.fromisoformat(f"{text}-01") for text in (first, last))
    except ValueError:
        return None
    months = (end.year - start.year) * 12 + end.month - start.month
    sane = start.year > 1900 and end.year < 2200 and 0 <= months < MAX_MONTHS
    return (start, end) if sane else None


def _whole(query: Mapping[str, str], name: str, standard: int, most: int) -> int:
    text = query.get(name, "").replace(".", "").strip()
    good = text.isascii() and text.isdigit() and len(text) <= 9
    return min(int(text), most) if good else standard


def _rates(query: Mapping[str, str], standard: Rates, origins: tuple[str, ...]) -> Rates:
    origin = query.get("noi", "")
    return msgspec.structs.replace(
        standard,
        origin=origin if origin in origins else standard.origin,
        per_km=_whole(query, "km", standard.per_km, 1_000_000),
        per_day=_whole(query, "ngay", standard.per_day, 100_000_000),
    )


def own_unit(account: Account, tree: UnitTree) -> int | None:
    """What an official may read: the place their committee leads, else their unit."""
    unit = tree.units.get(account.unit_id or 0)
    if unit is None:
        return None
    leads = any(unit.kind in heads for heads in HEADS) and unit.parent_id in tree.units
    return unit.parent_id if leads else unit.id


async def allowed_unit(
    request: web.Request, account: Account, wanted: int | None, day: date
) -> int | None:
    """The unit to report on, when the account may: officials read of their own branch.

    Raises:
        RequestRefused: "not-allowed".
    """
    if account.role is not AccountRole.OFFICIAL:
        return wanted
    tree = await request.app[SERVICES].directory.tree(day)
    own = own_unit(account, tree)
    if own is None:
        raise RequestRefused("not-allowed")
    if wanted is None:
        return own
    if all(unit.id != own for unit in tree.path(wanted)):
        raise RequestRefused("not-allowed")
    return wanted


@dataclass(frozen=True, slots=True)
class _Asked:
    report: Report
    chosen: str
    fault: str


async def _ask(request: web.Request) -> _Asked:
    services, query = request.app[SERVICES], request.query
    chosen = query.get("ky", DEFAULT_PERIOD)
    if chosen not in PERIODS:
        chosen = DEFAULT_PERIOD
    today = local(datetime.now(UTC)).date()
    months = span(chosen, query.get("tu", ""), query.get("den", ""), today)
    fault = "" if months else gettext(mark("Chọn tháng đầu và tháng cuối, tối đa 20 năm."))
    first, last = months or span(DEFAULT_PERIOD, "", "", today) or (today, today)
    wanted = _whole(query, "don-vi", 0, 2**31 - 1) or None
    unit = await allowed_unit(request, signed_in(request), wanted, last)
    question = Question(
        first=first,
        last=last,
        unit_id=unit,
        rates=_rates(query, services.reports.rates, services.reports.origins),
    )
    return _Asked(await services.reports.report(question), chosen, fault)


def steps_of(report: Report) -> tuple[Step, ...]:
    """The months of the period; its years when there are many months."""
    if len(report.months) <= MONTHS_SHOWN:
        return tuple(
            Step(label=f"{one.month.month}/{one.month.year}", figures=one) for one in report.months
        )
    years = groupby(report.months, lambda one: one.month.year)
    return tuple(Step(label=str(year), figures=total(months)) for year, months in years)


def _chart(steps: tuple[Step, ...], field: str) -> ColumnChart:
    values = []
    for step in steps:
        value = getattr(step.figures, field)
        label = re.sub(r"/20(\d\d)$", r"/\1", step.label)
        values.append((label, float(value), f"{step.label}: {decimal(value, 0)}"))
    return column_chart(values)


@require(*READERS)
async def show(request: web.Request) -> web.Response:
    asked = await _ask(request)
    services, account, report = request.app[SERVICES], signed_in(request), asked.report
    units = await services.reports.choices(report.last)
    steps = steps_of(report)
    if account.role is AccountRole.OFFICIAL:
        units = [unit for unit in units if unit.id == report.unit_id]
    page = ReportPage(
        report=report,
        words=in_words(report, gettext, decimal),
        period_text=period(report, gettext),
        chosen_period=asked.chosen,
        periods={code: gettext(text) for code, text in PERIODS.items()},
        units=tuple(units),
        origins={name: ORIGIN_NAMES.get(name, name) for name in services.reports.origins},
        steps=steps,
        meetings_chart=_chart(steps, "meetings"),
        people_chart=_chart(steps, "heads"),
        method=method(report, gettext, decimal),
        query=request.query_string,
        fault=asked.fault,
    )
    return render(request, page)


def _file_name(report: Report) -> str:
    last = month_after(report.last)
    return f"bao-cao-hop-{report.first:%Y%m}-{_back(last, 1):%Y%m}"


def _file(body: bytes, kind: str, name: str) -> web.Response:
    response = web.Response(body=body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@require(*READERS)
async def workbook(request: web.Request) -> web.Response:
    report = (await _ask(request)).report
    words = in_words(report, gettext, decimal)
    return _file(await asyncio.to_thread(to_xlsx, words), XLSX, f"{_file_name(report)}.xlsx")


@require(*READERS)
async def paper(request: web.Request) -> web.Response:
    report = (await _ask(request)).report
    words = in_words(report, gettext, decimal)
    today = local(datetime.now(UTC)).date()
    place_date = gettext("Gia Lai, ngày %(day)02d tháng %(month)02d năm %(year)d") % {
        "day": today.day,
        "month": today.month,
        "year": today.year,
    }
    made = to_paper(words, report.unit.upper(), place_date, decimal)
    body = await asyncio.to_thread(to_pdf, made, request.app[SERVICES].fonts)
    return _file(body, "application/pdf", f"{_file_name(report)}.pdf")


ROUTES = [
    web.get(ADDRESS, show),
    web.get(f"{ADDRESS}.xlsx", workbook),
    web.get(f"{ADDRESS}.pdf", paper),
]
