"""Levels of the tree as rows: their names, their order, which there are on a day."""

import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.directory import level_of, units_on
from rooms.directory.people import text_fault
from rooms.directory.trees import Level, exists
from rooms.errors import N_, Invalid
from rooms.store.database import Database
from rooms.store.tables import UnitLevelRow

LEVEL_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}")
MAX_LEVELS = 30


def level_faults(level: Level) -> dict[str, str]:
    """What is wrong with a level as typed, by field."""
    errors: dict[str, str] = {}
    if LEVEL_CODE.fullmatch(level.code) is None:
        errors["code"] = N_("Mã cấp gồm chữ thường không dấu, số và -, ví dụ: commune.")
    for field in ("name", "plural", "name_en"):
        text = getattr(level, field)
        if not text or text_fault(text, 80):
            errors[field] = N_("Nhập tên, không quá 80 ký tự.")
    if not 0 < level.rank < 1000:
        errors["rank"] = N_("Thứ tự là số từ 1 đến 999.")
    if level.valid_from and level.valid_to and level.valid_from >= level.valid_to:
        errors["valid_to"] = N_("Ngày kết thúc phải sau ngày bắt đầu.")
    return errors


class Levels:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[Level]:
        """Those of all times, from the top down."""
        query = select(UnitLevelRow).order_by(UnitLevelRow.rank, UnitLevelRow.code)
        async with self._db.reading() as session:
            return [level_of(row) for row in await session.scalars(query)]

    async def save(self, levels: Sequence[Level], today: date) -> None:
        """Write all of them, or none. A code that is known is changed, another is added.

        Raises:
            Invalid: keys are "number of the level, from 0:field".
        """
        async with self._db.session() as session:
            errors = _faults(levels) or await _still_used(session, levels, today)
            if errors:
                raise Invalid(errors)
            for level in levels:
                row = await session.get(UnitLevelRow, level.code) or UnitLevelRow()
                for name in Level.__struct_fields__:
                    setattr(row, name, getattr(level, name))
                session.add(row)


def _faults(levels: Sequence[Level]) -> dict[str, str]:
    errors = {
        f"{number}:{field}": text
        for number, level in enumerate(levels)
        for field, text in level_faults(level).items()
    }
    codes = [level.code for level in levels]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            errors[f"{number}:code"] = N_("Mã này đã có.")
    return errors


async def _still_used(
    session: AsyncSession, levels: Sequence[Level], today: date
) -> dict[str, str]:
    """A level that has units today is there today."""
    used = {unit.level for unit in await units_on(session, today)}
    gone = N_("Còn đơn vị ở cấp này.")
    return {
        f"{number}:valid_to": gone
        for number, level in enumerate(levels)
        if level.code in used and not exists(level.valid_from, level.valid_to, today)
    }
