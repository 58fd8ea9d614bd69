"""A report of a period and a unit, read from the monthly sums."""

from collections.abc import Iterable
from datetime import date

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from rooms.directory.directory import units_on
from rooms.directory.trees import Unit, UnitTree
from rooms.errors import RequestRefused
from rooms.reports.ledger import month_after
from rooms.reports.travel import Distance, Rates, SiteVisit, Travel, travel
from rooms.store.database import Database
from rooms.store.tables import ReportSiteRow, ReportUnitRow, SiteRow, UnitCodeRow, UnitRow

MAX_MONTHS = 240
_SUMS = ("hosted", "meetings", "minutes", "invited", "present", "heads")
_AGENCY = "agency"


class Figures(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Sums over meetings that have ended."""

    hosted: int = 0  # held by this unit's bodies
    meetings: int = 0  # its sites were invited to
    minutes: int = 0
    invited: int = 0  # sites, one for each meeting
    present: int = 0
    heads: int = 0  # people, one for each meeting

    @property
    def rate(self) -> float | None:
        """Sites present of those invited, 0…1."""
        return self.present / self.invited if self.invited else None


class UnitFigures(Figures, frozen=True, kw_only=True, rename="camel"):
    unit_id: int
    name: str


class MonthFigures(Figures, frozen=True, kw_only=True, rename="camel"):
    month: date


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    first: date  # first day of the first month
    last: date  # first day of the last month
    unit_id: int
    unit: str
    total: Figures
    months: tuple[MonthFigures, ...]  # every month of the period
    units: tuple[UnitFigures, ...]  # directly below, protocol order
    travel: Travel


class Question(msgspec.Struct, frozen=True, kw_only=True):
    first: date
    last: date
    unit_id: int | None = None  # None: the whole province
    rates: Rates = Rates()


class Reports:
    """
    Args:
        distances: origin -> code of a unit -> distance.
    """

    def __init__(
        self, db: Database, rates: Rates, distances: dict[str, dict[str, Distance]]
    ) -> None:
        self._db = db
        self.rates = rates
        self.origins = tuple(distances)
        self._distances = distances

    async def choices(self, on: date) -> list[Unit]:
        """The units one may ask about: places above the communes, and the bodies of the province
        that have sites."""
        async with self._db.reading() as session:
            units = await units_on(session, on)
            owners = set(await session.scalars(select(SiteRow.unit_id).distinct()))
        tree = UnitTree(units)
        top = {unit.id for unit in units if unit.parent_id not in tree.units}
        return [
            unit
            for unit in units
            if unit.id in top
            or (unit.parent_id in top and (unit.level != _AGENCY or unit.id in owners))
        ]

    async def report(self, question: Question) -> Report:
        """
        Raises:
            RequestRefused: "not-found", the unit did not exist in that period.
        """
        async with self._db.reading() as session:
            tree = UnitTree(await units_on(session, question.last))
            unit = _asked(tree, question.unit_id)
            months = await _months(session, unit.id, question)
            units = await _units(session, tree, unit.id, question)
            visits, names = await self._visits(session, tree, unit, question)
        return Report(
            first=question.first,
            last=question.last,
            unit_id=unit.id,
            unit=unit.short_name,
            total=total(months),
            months=tuple(months),
            units=tuple(units),
            travel=travel(visits, names, question.rates),
        )

    async def _visits(
        self, session: AsyncSession, tree: UnitTree, unit: Unit, question: Question
    ) -> tuple[list[SiteVisit], dict[int, str]]:
        codes = select(UnitCodeRow.unit_id, UnitCodeRow.code).where(UnitCodeRow.scheme == "gso")
        table = self._distances.get(question.rates.origin, {})
        codes = codes.where(UnitCodeRow.code.in_(table))
        from_unit = {unit: table[code] for unit, code in await session.execute(codes)}
        query = (
            select(SiteRow.id, SiteRow.name, SiteRow.unit_id, func.sum(ReportSiteRow.heads))
            .join(ReportSiteRow, ReportSiteRow.site_id == SiteRow.id)
            .where(_within(ReportSiteRow.month, question))
            .group_by(SiteRow.id)
            .order_by(SiteRow.rank, SiteRow.id)
        )
        visits, names = [], {}
        for site_id, name, unit_id, people in await session.execute(query):
            path = tree.path(unit_id)
            if unit not in path:
                continue
            place = next((one for one in reversed(path) if one.id in from_unit), None)
            if place is not None:
                names[place.id] = place.short_name
            elif _is_provincial(path):
                continue  # the bodies of the province sit where the meeting would be
            visits.append(
                SiteVisit(
                    site_id=site_id,
                    name=name,
                    heads=people,
                    place_id=place.id if place else None,
                    distance=from_unit[place.id] if place else None,
                )
            )
        return visits, names


def _is_provincial(path: list[Unit]) -> bool:
    return sum(unit.level != _AGENCY for unit in path) <= 1


def _asked(tree: UnitTree, unit_id: int | None) -> Unit:
    if unit_id is not None:
        unit = tree.units.get(unit_id)
    else:
        tops = [one for one in tree.units.values() if one.parent_id not in tree.units]
        unit = min(tops, key=lambda one: (one.level == _AGENCY, one.rank, one.id), default=None)
    if unit is None:
        raise RequestRefused("not-found")
    return unit


def _within(month: InstrumentedAttribute[date], question: Question) -> ColumnElement[bool]:
    return month.between(question.first, question.last)


async def _months(session: AsyncSession, unit_id: int, question: Question) -> list[MonthFigures]:
    query = select(ReportUnitRow).where(
        ReportUnitRow.unit_id == unit_id, _within(ReportUnitRow.month, question)
    )
    found = {row.month: row for row in await session.scalars(query)}
    months = []
    month = question.first
    while month <= question.last:
        row = found.get(month)
        sums = {name: getattr(row, name) for name in _SUMS} if row else {}
        months.append(MonthFigures(month=month, **sums))
        month = month_after(month)
    return months


async def _units(
    session: AsyncSession, tree: UnitTree, above: int, question: Question
) -> list[UnitFigures]:
    """Those directly below whose sites were invited, also units that are no more."""
    columns = [func.sum(getattr(ReportUnitRow, name)) for name in _SUMS]
    query = (
        select(UnitRow.id, UnitRow.short_name, *columns)
        .join(ReportUnitRow, ReportUnitRow.unit_id == UnitRow.id)
        .where(UnitRow.parent_id == above, _within(ReportUnitRow.month, question))
        .group_by(UnitRow.id)
        .having(func.sum(ReportUnitRow.invited) > 0)
        .order_by(UnitRow.rank, UnitRow.id)
    )
    return [
        UnitFigures(
            unit_id=unit_id,
            name=tree.units[unit_id].short_name if unit_id in tree.units else short_name,
            **dict(zip(_SUMS, sums, strict=True)),
        )
        for unit_id, short_name, *sums in await session.execute(query)
    ]


def total(months: Iterable[Figures]) -> Figures:
    known = tuple(months)
    return Figures(**{name: sum(getattr(month, name) for month in known) for name in _SUMS})
