"""Reports of the REST API."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.reports.reports import MAX_MONTHS, Question, Report
from rooms.reports.travel import Rates
from web.api.framework import Call, Id, Line, Query, Resources
from web.errors import Problem
from web.formats import local
from web.i18n import mark
from web.pages.reports import READERS, allowed_unit

api = Resources("reports")

_Money = Annotated[int, Meta(ge=0, le=100_000_000)]


_NAMES = {"first": "from", "last": "to", "vnd_per_km": "vndPerKm", "vnd_per_day": "vndPerDay"}


class ReportQuery(Query, frozen=True, kw_only=True, rename=_NAMES):
    """Whole months; this year when not said. What is not said of travel is as in the settings."""

    first: date | None = None  # any day of the first month
    last: date | None = None  # any day of the last month
    unit: Id | None = None
    origin: Line | None = None
    vnd_per_km: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    vnd_per_day: _Money | None = None

    def months(self, today: date) -> tuple[date, date]:
        """
        Raises:
            Problem: they make no sense.
        """
        first = (self.first or today.replace(month=1)).replace(day=1)
        last = (self.last or first.replace(month=12)).replace(day=1)
        months = (last.year - first.year) * 12 + last.month - first.month
        if not (first.year > 1900 and last.year < 2200 and 0 <= months < MAX_MONTHS):
            raise Problem(400, "bad-span", mark("Khoảng ngày không hợp lệ."))
        return first, last


def _rates(query: ReportQuery, standard: Rates, origins: tuple[str, ...]) -> Rates:
    if query.origin is not None and query.origin not in origins:
        raise Problem(400, "unknown-origin", mark("Nơi họp này không có trong bảng đường đi."))
    return Rates(
        origin=query.origin or standard.origin,
        per_km=standard.per_km if query.vnd_per_km is None else query.vnd_per_km,
        per_day=standard.per_day if query.vnd_per_day is None else query.vnd_per_day,
        nearest_km=standard.nearest_km,
        speed_kmh=standard.speed_kmh,
    )


@api.get(
    "/reports/meetings",
    "Meetings, attendance, people, hours and travel saved of a period and a unit",
    scope=Scope.REPORTS_READ,
    roles=READERS,
)
async def show(call: Call[ReportQuery, None]) -> Report:
    reports = call.services.reports
    first, last = call.query.months(local(call.now).date())
    unit = await allowed_unit(call.request, call.account, call.query.unit, last)
    rates = _rates(call.query, reports.rates, reports.origins)
    return await reports.report(Question(first=first, last=last, unit_id=unit, rates=rates))
