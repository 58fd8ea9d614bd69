"""Numbers of letters: one series per issuer and kind of paper, counted anew every year.

A number is given in one writing transaction that holds the series: two clerks never get the same,
and a number that was given stays in the book with the meeting it was given to.
"""

import re
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import Account, AccountRole
from rooms.errors import N_, Invalid, RequestRefused
from rooms.invitations.records import (
    INVITATION,
    BookLine,
    GivenNumber,
    LetterForm,
    Series,
)
from rooms.store.database import Database
from rooms.store.tables import (
    AccountRow,
    LetterNumberRow,
    LetterRow,
    LetterSeriesRow,
    UnitRow,
)

MAX_NUMBER = 99_999
CLERKS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
_SYMBOL = re.compile(r"[A-ZĐƯƠÂÊÔĂ]{1,10}([-/&][A-ZĐƯƠÂÊÔĂ0-9]{1,15}){1,4}")
_TEXTS = ("superior", "issuer", "inviter", "place", "signature", "signer", "recipients")


class Numbers:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all_series(self) -> list[Series]:
        """By issuer, in protocol order."""
        query = _series().order_by(UnitRow.rank, LetterSeriesRow.id)
        async with self._db.reading() as session:
            return [series_record(*found) for found in await session.execute(query)]

    async def series(self, series_id: int) -> Series | None:
        async with self._db.reading() as session:
            found = (
                await session.execute(_series().where(LetterSeriesRow.id == series_id))
            ).one_or_none()
        return None if found is None else series_record(*found)

    async def series_for(self, unit_id: int) -> Series | None:
        """The series of a unit, of what is above it, or the first there is."""
        known = await self.all_series()
        by_unit = {series.unit_id: series for series in known}
        async with self._db.reading() as session:
            unit = await session.get(UnitRow, unit_id)
            while unit is not None:
                if unit.id in by_unit:
                    return by_unit[unit.id]
                above = unit.superior_id or unit.parent_id
                unit = await session.get(UnitRow, above) if above is not None else None
        return known[0] if known else None

    async def save_series(self, series: Series, by: Account) -> int:
        """Make a series, or change the one with its id.

        Raises:
            RequestRefused: "not-allowed", "not-found".
            Invalid: with a text for each field at fault.
        """
        _only_clerks(by)
        errors = series_faults(series)
        if errors:
            raise Invalid(errors)
        try:
            async with self._db.session() as session:
                row = await _row_to_write(session, series)
                row.unit_id, row.kind, row.form = series.unit_id, INVITATION, series.form.value
                row.symbol, row.first_number = series.symbol, series.first_number
                for name in _TEXTS:
                    setattr(row, name, getattr(series, name).strip())
                session.add(row)
                await session.flush()
                return row.id
        except IntegrityError:
            taken = N_("Đơn vị này đã có sổ giấy mời, hoặc không còn trong danh mục.")
            raise Invalid({"unit_id": taken}) from None

    async def next_number(self, series_id: int, year: int) -> int:
        """The number that would be drawn now."""
        async with self._db.reading() as session:
            row = await session.get(LetterSeriesRow, series_id)
            return 1 if row is None else await _next(session, row, year)

    async def give(
        self,
        meeting_id: int,
        issue_date: date,
        by: Account,
        now: datetime,
        *,
        number: int | None = None,
        again: bool = False,
    ) -> GivenNumber:
        """Give the letter of a meeting its number; it must be stored already.

        Args:
            number: typed by the clerk; None: the next one.
            again: a new number although there is one; the old one stays in the book as replaced.

        Raises:
            RequestRefused: "not-allowed", "not-found".
            Invalid: the number is out of range or was given to another letter.
        """
        _only_clerks(by)
        async with self._db.session() as session:
            letter = await session.get(LetterRow, meeting_id)
            if letter is None:
                raise RequestRefused("not-found")
            series = await session.get_one(LetterSeriesRow, letter.series_id, with_for_update=True)
            await session.refresh(letter)  # what a clerk before us did
            old = await _current(session, letter)
            if old is not None and not again:
                return given(series, old)
            year = issue_date.year
            chosen = number if number is not None else await _next(session, series, year)
            await _must_be_free(session, series, year, chosen)
            if old is not None:
                old.replaced = True
            row = LetterNumberRow(
                series_id=series.id,
                year=year,
                number=chosen,
                meeting_id=meeting_id,
                abstract=letter.abstract,
                typed=number is not None,
                given_at=now,
                given_by=by.id,
                replaced=False,
            )
            session.add(row)
            await session.flush()
            letter.number_id, letter.issue_date = row.id, issue_date
            letter.revision += 1
            return given(series, row)

    async def years(self, series_id: int) -> list[int]:
        """Years with numbers, the newest first."""
        query = (
            select(LetterNumberRow.year)
            .where(LetterNumberRow.series_id == series_id)
            .distinct()
            .order_by(LetterNumberRow.year.desc())
        )
        async with self._db.reading() as session:
            return list(await session.scalars(query))

    async def book(self, series_id: int, year: int) -> list[BookLine]:
        """The numbers of a year, the newest first."""
        query = (
            select(LetterNumberRow, LetterSeriesRow, AccountRow.full_name)
            .join(LetterSeriesRow, LetterSeriesRow.id == LetterNumberRow.series_id)
            .join(AccountRow, AccountRow.id == LetterNumberRow.given_by)
            .where(LetterNumberRow.series_id == series_id, LetterNumberRow.year == year)
            .order_by(LetterNumberRow.number.desc())
        )
        async with self._db.reading() as session:
            rows = (await session.execute(query)).all()
        return [
            BookLine(
                number=given(series, row),
                abstract=row.abstract,
                typed=row.typed,
                given_at=row.given_at,
                given_by=name,
                replaced=row.replaced,
                meeting_id=row.meeting_id,
            )
            for row, series, name in rows
        ]


def series_faults(series: Series) -> dict[str, str]:
    found = {
        "symbol": (
            None
            if _SYMBOL.fullmatch(series.symbol)
            else N_("Ký hiệu viết hoa, ví dụ GM-UBND hoặc GM/TU.")
        ),
        "issuer": None if series.issuer.strip() else N_("Nhập tên cơ quan ban hành."),
        "inviter": None if series.inviter.strip() else N_("Nhập tên cơ quan mời."),
        "place": None if series.place.strip() else N_("Nhập địa danh."),
        "first_number": (
            None
            if 1 <= series.first_number <= MAX_NUMBER
            else N_("Số bắt đầu là số từ 1 đến 99999.")
        ),
    }
    long = {
        name: N_("Không quá 200 ký tự.")
        for name in ("superior", "issuer", "inviter", "signer", "place")
        if len(getattr(series, name)) > (80 if name == "place" else 200)
    }
    return {name: text for name, text in found.items() if text} | long


def given(series: LetterSeriesRow, row: LetterNumberRow) -> GivenNumber:
    text = series_record(series, "").numbered(row.number)
    return GivenNumber(id=row.id, year=row.year, number=row.number, text=text)


def series_record(row: LetterSeriesRow, unit_name: str) -> Series:
    return Series(
        id=row.id,
        unit_id=row.unit_id,
        unit_name=unit_name,
        form=LetterForm(row.form),
        symbol=row.symbol,
        first_number=row.first_number,
        superior=row.superior,
        issuer=row.issuer,
        inviter=row.inviter,
        place=row.place,
        signature=row.signature,
        signer=row.signer,
        recipients=row.recipients,
    )


def _series() -> "Select[LetterSeriesRow, str]":
    return select(LetterSeriesRow, UnitRow.short_name).join(
        UnitRow, UnitRow.id == LetterSeriesRow.unit_id
    )


async def _row_to_write(session: AsyncSession, series: Series) -> LetterSeriesRow:
    if not series.id:
        return LetterSeriesRow()
    row = await session.get(LetterSeriesRow, series.id)
    if row is None:
        raise RequestRefused("not-found")
    return row


async def _next(session: AsyncSession, series: LetterSeriesRow, year: int) -> int:
    query = select(func.max(LetterNumberRow.number)).where(
        LetterNumberRow.series_id == series.id, LetterNumberRow.year == year
    )
    highest = await session.scalar(query)
    return series.first_number if highest is None else highest + 1


async def _current(session: AsyncSession, letter: LetterRow) -> LetterNumberRow | None:
    if letter.number_id is None:
        return None
    return await session.get(LetterNumberRow, letter.number_id)


async def _must_be_free(
    session: AsyncSession, series: LetterSeriesRow, year: int, number: int
) -> None:
    if not 1 <= number <= MAX_NUMBER:
        raise Invalid({"number": N_("Số giấy mời là số từ 1 đến 99999.")})
    query = select(LetterNumberRow.id).where(
        LetterNumberRow.series_id == series.id,
        LetterNumberRow.year == year,
        LetterNumberRow.number == number,
    )
    if await session.scalar(query) is not None:
        raise Invalid({"number": N_("Số này đã cấp cho giấy mời khác trong năm.")})


def _only_clerks(by: Account) -> None:
    if by.role not in CLERKS:
        raise RequestRefused("not-allowed")
