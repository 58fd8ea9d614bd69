"""Special days and office hours in the store."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.dates.days import (
    CalendarDay,
    DayKind,
    day_faults,
    merged,
    official_days,
    work_calendar,
)
from rooms.dates.hours import OfficeHours, hours_faults, hours_on
from rooms.dates.workdays import WorkCalendar
from rooms.directory.accounts import Account, AccountRole
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import CalendarDayRow, OfficeHoursRow, UnitRow

EDITORS = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT)


class Dates:
    """The special days of the country with the province's edits, and office hours."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def days(self, years: Iterable[int]) -> list[CalendarDay]:
        """Special days of these years, in order; of `PLAIN` kind too."""
        wanted = sorted(set(years))
        if not wanted:
            return []
        official = [entry for year in wanted for entry in official_days(year)]
        query = select(CalendarDayRow).where(
            CalendarDayRow.day.between(date(wanted[0], 1, 1), date(wanted[-1], 12, 31))
        )
        async with self._db.reading() as session:
            rows = (await session.scalars(query)).all()
        edits = [_day(row) for row in rows if row.day.year in wanted]
        return merged(official, edits)

    async def calendar(self, years: Iterable[int]) -> WorkCalendar:
        """Counts working days within these years."""
        return work_calendar(await self.days(years))

    async def set_day(self, entry: CalendarDay, by: Account, now: datetime) -> None:
        """Say what a day is, in place of what was said of it before.

        Raises:
            RequestRefused: "not-allowed".
            Invalid: with a text for each field at fault.
        """
        _check_editor(by)
        if errors := day_faults(entry):
            raise Invalid(errors)
        row = CalendarDayRow(
            day=entry.day,
            kind=entry.kind.value,
            name=entry.name.strip(),
            changed_by=by.id,
            changed_at=now,
        )
        async with self._db.session() as session:
            await session.merge(row)

    async def reset_day(self, day: date, by: Account) -> None:
        """Back to the official calendar."""
        _check_editor(by)
        async with self._db.session() as session:
            await session.execute(delete(CalendarDayRow).where(CalendarDayRow.day == day))

    async def office_hours(self) -> list[OfficeHours]:
        """All that were set: those of the province first, then by unit and validity."""
        query = select(OfficeHoursRow).order_by(
            OfficeHoursRow.unit_id.is_not(None), OfficeHoursRow.unit_id, OfficeHoursRow.valid_from
        )
        async with self._db.reading() as session:
            return [_hours(row) for row in await session.scalars(query)]

    async def hours_on(self, day: date, unit_id: int | None) -> OfficeHours:
        """When a unit works on a day."""
        async with self._db.reading() as session:
            known = [_hours(row) for row in await session.scalars(select(OfficeHoursRow))]
            units = await session.execute(select(UnitRow.id, UnitRow.parent_id))
            parents = {row.id: row.parent_id for row in units}
        return hours_on(day, unit_id, parents, known)

    async def add_hours(self, hours: OfficeHours, by: Account) -> OfficeHours:
        """Set hours of a unit; earlier ones of it stay for the time before.

        Raises:
            RequestRefused: "not-allowed".
            Invalid: with a text for each field at fault.
        """
        _check_editor(by)
        errors = hours_faults(hours)
        async with self._db.session() as session:
            errors |= await _hours_clash(session, hours)
            if errors:
                raise Invalid(errors)
            row = _hours_row(hours)
            session.add(row)
        return _hours(row)

    async def remove_hours(self, hours_id: int, by: Account) -> None:
        """Raises RequestRefused "not-allowed", or "not-found"."""
        _check_editor(by)
        async with self._db.session() as session:
            row = await session.get(OfficeHoursRow, hours_id)
            if row is None:
                raise RequestRefused("not-found")
            await session.delete(row)


def _check_editor(account: Account) -> None:
    if account.role not in EDITORS:
        raise RequestRefused("not-allowed")


async def _hours_clash(session: AsyncSession, hours: OfficeHours) -> dict[str, str]:
    """Faults only the store can tell."""
    if hours.unit_id is not None and await session.get(UnitRow, hours.unit_id) is None:
        return {"unit_id": N_("Chọn đơn vị.")}
    same = select(OfficeHoursRow.id).where(
        OfficeHoursRow.unit_id.is_(None)
        if hours.unit_id is None
        else OfficeHoursRow.unit_id == hours.unit_id,
        OfficeHoursRow.valid_from == hours.valid_from,
    )
    if await session.scalar(same) is not None:
        return {"valid_from": N_("Đơn vị đã có giờ làm việc bắt đầu từ ngày này.")}
    return {}


def _day(row: CalendarDayRow) -> CalendarDay:
    return CalendarDay(day=row.day, kind=DayKind(row.kind), name=row.name, edited=True)


def _hours(row: OfficeHoursRow) -> OfficeHours:
    return OfficeHours(
        id=row.id,
        unit_id=row.unit_id,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        morning_start=row.morning_start,
        morning_end=row.morning_end,
        afternoon_start=row.afternoon_start,
        afternoon_end=row.afternoon_end,
        note=row.note,
    )


def _hours_row(hours: OfficeHours) -> OfficeHoursRow:
    return OfficeHoursRow(
        unit_id=hours.unit_id,
        valid_from=hours.valid_from,
        valid_to=hours.valid_to,
        morning_start=hours.morning_start,
        morning_end=hours.morning_end,
        afternoon_start=hours.afternoon_start,
        afternoon_end=hours.afternoon_end,
        note=hours.note.strip(),
    )
