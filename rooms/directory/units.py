"""Units one by one: what is known of them, and changes with their dates."""

import re
from collections.abc import Collection
from datetime import date

import msgspec
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.directory import VERSIONED, unit_of, units_on
from rooms.directory.people import text_fault
from rooms.directory.trees import Tree, Unit, exists
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import (
    PersonRow,
    SiteRow,
    UnitAliasRow,
    UnitCodeRow,
    UnitLevelRow,
    UnitRow,
    UnitSuccessionRow,
    UnitVersionRow,
)

MAX_NAME = 200
MAX_ALIASES = 20
UNIT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
FIRST_DAY = date(1900, 1, 1)  # of a code whose beginning nobody gave


class UnitDraft(msgspec.Struct, frozen=True, kw_only=True):
    code: str = ""
    name: str = ""
    short_name: str = ""
    name_en: str = ""
    kind: str = ""
    level: str = ""
    parent_id: int | None = None
    superior_id: int | None = None
    tree: Tree = Tree.PLACE
    rank: int = 1
    aliases: tuple[str, ...] = ()


class UnitCode(msgspec.Struct, frozen=True, kw_only=True):
    scheme: str
    code: str
    valid_from: date
    valid_to: date | None


class PastUnit(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit was called between two dates."""

    name: str
    valid_from: date | None
    valid_to: date | None


class Succession(msgspec.Struct, frozen=True, kw_only=True):
    """`unit_id` is the other unit: the predecessor or the successor; None: it ended."""

    unit_id: int | None
    name: str
    share: str  # "whole", "part"
    effective: date
    act: str


class UnitStory(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one unit."""

    unit: Unit
    codes: tuple[UnitCode, ...]  # the newest first
    aliases: tuple[str, ...]
    versions: tuple[PastUnit, ...]  # other than today's, the oldest first
    predecessors: tuple[Succession, ...]
    successors: tuple[Succession, ...]

    @property
    def code(self) -> str:
        """The newest."""
        return self.codes[0].code if self.codes else ""


_SHORTER = (("Ủy ban nhân dân", "UBND"), ("Hội đồng nhân dân", "HĐND"))


def usual_short_name(name: str) -> str:
    """What people call a unit when nobody says: "UBND xã KRong"."""
    for long, short in _SHORTER:
        name = name.replace(long, short)
    return name


def scheme_of(code: str) -> str:
    """Codes of digits are the statistics office's; the others are our own."""
    return "gso" if code.isdigit() else "own"


def unit_faults(draft: UnitDraft) -> dict[str, str]:
    """What is wrong with a unit as typed, by field; what needs the store is checked there."""
    words = {name: text_fault(getattr(draft, name)) for name in ("name", "short_name", "name_en")}
    errors = {name: text for name, text in words.items() if text}
    if not draft.name:
        errors["name"] = N_("Nhập tên đơn vị.")
    if UNIT_CODE.fullmatch(draft.code) is None:
        errors["code"] = N_("Mã gồm chữ không dấu, số và . _ -, không quá 40 ký tự.")
    if KIND.fullmatch(draft.kind) is None:
        errors["kind"] = N_("Loại gồm chữ thường không dấu, số và _, ví dụ: ubnd, xa, phuong.")
    if not 0 < draft.rank < 100_000:
        errors["rank"] = N_("Thứ tự là số từ 1 đến 99999.")
    if len(draft.aliases) > MAX_ALIASES or any(text_fault(alias) for alias in draft.aliases):
        errors["aliases"] = N_("Không quá 20 tên khác, mỗi tên không quá 200 ký tự.")
    return errors


class Units:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def story(self, unit_id: int) -> UnitStory | None:
        async with self._db.reading() as session:
            row = await session.get(UnitRow, unit_id)
            return None if row is None else await _story(session, unit_of(row))

    async def aliases(self) -> dict[int, list[str]]:
        """Other names by unit."""
        query = select(UnitAliasRow.unit_id, UnitAliasRow.alias).order_by(UnitAliasRow.alias)
        found: dict[int, list[str]] = {}
        async with self._db.reading() as session:
            for unit_id, alias in await session.execute(query):
                found.setdefault(unit_id, []).append(alias)
        return found

    async def codes(self, on: date) -> dict[int, str]:
        """Codes of a day by unit."""
        async with self._db.reading() as session:
            return {unit: code for code, unit in (await codes_on(session, on)).items()}

    async def add(self, draft: UnitDraft, since: date | None, today: date) -> int:
        """A new unit; `since` is its first day, None when it has always been there.

        Raises:
            Invalid: by field.
        """
        async with self._db.session() as session:
            await _check(session, draft, None, today)
            row = UnitRow(valid_from=since)
            await write_unit(session, row, draft, since, today)
            return row.id

    async def change(self, unit_id: int, draft: UnitDraft, since: date | None, today: date) -> None:
        """Change a unit.

        Args:
            since: the day from which it is so; the earlier state is kept for days before. None
                when a mistake is put right: then it has always been so.

        Raises:
            RequestRefused: "not-found".
            Invalid: by field.
        """
        async with self._db.session() as session:
            row = await _row(session, unit_id)
            await _check(session, draft, row, today)
            if since is not None and since > today:
                raise Invalid({"since": N_("Ngày sau hôm nay: dùng trang Sắp xếp đơn vị.")})
            if since is not None and _differs(row, draft):
                await keep_version(session, row, since)
            await write_unit(session, row, draft, since, today)

    async def retire(self, unit_id: int, day: date) -> None:
        """The unit ends; `day` is the first without it.

        Raises:
            RequestRefused: "not-found", "unit-in-use": units, sites or people still belong to it.
            Invalid: it had not begun by then, or has ended already.
        """
        async with self._db.session() as session:
            row = await _row(session, unit_id)
            if row.valid_to is not None or (row.valid_from or FIRST_DAY) >= day:
                raise Invalid({"day": N_("Đơn vị không có vào ngày trước đó.")})
            below = [
                u for u in await units_on(session, day) if unit_id in (u.parent_id, u.superior_id)
            ]
            if below or await _occupied(session, unit_id):
                raise RequestRefused("unit-in-use")
            await end_units(session, (row.id,), day)


async def codes_on(session: AsyncSession, day: date) -> dict[str, int]:
    """Unit ids by the code that is valid on a day."""
    query = select(UnitCodeRow.code, UnitCodeRow.unit_id).where(
        UnitCodeRow.valid_from <= day,
        or_(UnitCodeRow.valid_to.is_(None), UnitCodeRow.valid_to > day),
    )
    return dict((await session.execute(query)).all())


async def keep_version(session: AsyncSession, row: UnitRow, until: date) -> None:
    """Remember how a unit is now for the days before `until`.

    Raises:
        Invalid: the unit began, or was changed, on that day or later.
    """
    of_unit = UnitVersionRow.unit_id == row.id, UnitVersionRow.valid_to.is_not(None)
    last = await session.scalar(select(func.max(UnitVersionRow.valid_to)).where(*of_unit))
    since = last or row.valid_from
    if since is not None and since >= until:
        raise Invalid({"since": N_("Ngày phải sau lần thay đổi trước của đơn vị.")})
    session.add(version_of(row, since, until))


def version_of(row: UnitRow, since: date | None, until: date | None) -> UnitVersionRow:
    kept = {name: getattr(row, name) for name in (*VERSIONED, "tree")}
    return UnitVersionRow(unit_id=row.id, valid_from=since, valid_to=until, **kept)


async def write_unit(
    session: AsyncSession, row: UnitRow, draft: UnitDraft, since: date | None, today: date
) -> None:
    """Write a checked draft, its code and its aliases; `since` as in `Units.change`."""
    row.name = draft.name
    row.short_name = draft.short_name or draft.name
    row.name_en, row.kind, row.level = draft.name_en, draft.kind, draft.level
    row.parent_id, row.superior_id = draft.parent_id, draft.superior_id
    row.tree, row.rank = draft.tree.value, draft.rank
    is_new = row.id is None
    session.add(row)
    await session.flush()
    current = None if is_new else await _code_on(session, row.id, today)
    await _write_code(session, row, draft.code, since, current)
    if draft.aliases or not is_new:
        await _write_aliases(session, row.id, draft.aliases)


async def _write_code(
    session: AsyncSession,
    row: UnitRow,
    code: str,
    since: date | None,
    current: UnitCodeRow | None,
) -> None:
    """A new code ends the one before; a mistake is put right where it stands."""
    if current is not None and current.code == code:
        return
    if current is not None and (since is None or current.valid_from >= since):
        current.code, current.scheme = code, scheme_of(code)
        return
    if current is not None:
        current.valid_to = since
    first = max(since or row.valid_from or FIRST_DAY, await _free_from(session, code))
    scheme = scheme_of(code)
    session.add(UnitCodeRow(unit_id=row.id, scheme=scheme, code=code, valid_from=first))


async def _free_from(session: AsyncSession, code: str) -> date:
    """Since when nobody else has this code: the statistics office uses them again."""
    others = select(func.max(UnitCodeRow.valid_to)).where(UnitCodeRow.code == code)
    return await session.scalar(others) or FIRST_DAY


async def _code_on(session: AsyncSession, unit_id: int, day: date) -> UnitCodeRow | None:
    query = select(UnitCodeRow).where(
        UnitCodeRow.unit_id == unit_id,
        UnitCodeRow.valid_from <= day,
        or_(UnitCodeRow.valid_to.is_(None), UnitCodeRow.valid_to > day),
    )
    found: UnitCodeRow | None = await session.scalar(query.order_by(UnitCodeRow.id).limit(1))
    return found


async def end_units(session: AsyncSession, ids: Collection[int], day: date) -> None:
    """`day` is the first without the units; their codes are free from then on."""
    await session.execute(update(UnitRow).where(UnitRow.id.in_(ids)).values(valid_to=day))
    open_codes = UnitCodeRow.unit_id.in_(ids), UnitCodeRow.valid_to.is_(None)
    await session.execute(update(UnitCodeRow).where(*open_codes).values(valid_to=day))


async def _write_aliases(session: AsyncSession, unit_id: int, aliases: tuple[str, ...]) -> None:
    of_unit = select(UnitAliasRow).where(UnitAliasRow.unit_id == unit_id)
    known = {row.alias: row for row in await session.scalars(of_unit)}
    for gone in known.keys() - set(aliases):
        await session.delete(known[gone])
    new = dict.fromkeys(alias for alias in aliases if alias not in known)
    session.add_all(UnitAliasRow(unit_id=unit_id, alias=alias) for alias in new)


async def _row(session: AsyncSession, unit_id: int) -> UnitRow:
    row = await session.get(UnitRow, unit_id)
    if row is None:
        raise RequestRefused("not-found")
    return row


async def _check(session: AsyncSession, draft: UnitDraft, row: UnitRow | None, today: date) -> None:
    errors = unit_faults(draft)
    units = {unit.id: unit for unit in await units_on(session, today)}
    own = row.id if row is not None else None
    if draft.parent_id is not None and draft.parent_id not in units:
        errors["parent_id"] = N_("Chọn đơn vị cấp trên.")
    elif own is not None and _is_above(own, draft.parent_id, units):
        errors["parent_id"] = N_("Đơn vị không thể trực thuộc chính nó hoặc cấp dưới của nó.")
    if draft.superior_id is not None:
        superior = units.get(draft.superior_id)
        if superior is None or superior.tree is not draft.tree or superior.id == own:
            errors["superior_id"] = N_("Cơ quan cấp trên phải cùng hệ thống.")
    level = await session.get(UnitLevelRow, draft.level)
    if level is None or not exists(level.valid_from, level.valid_to, today):
        errors["level"] = N_("Chọn cấp.")
    taken = (await codes_on(session, today)).get(draft.code)
    if draft.code and taken not in (None, own):
        errors["code"] = N_("Mã này đang thuộc đơn vị khác.")
    if errors:
        raise Invalid(errors)


def _is_above(unit_id: int, parent_id: int | None, units: dict[int, Unit]) -> bool:
    seen: set[int] = set()
    while parent_id is not None and parent_id not in seen:
        if parent_id == unit_id:
            return True
        seen.add(parent_id)
        parent = units.get(parent_id)
        parent_id = parent.parent_id if parent is not None else None
    return False


def _differs(row: UnitRow, draft: UnitDraft) -> bool:
    return any(getattr(row, name) != getattr(draft, name) for name in (*VERSIONED, "tree"))


async def _occupied(session: AsyncSession, unit_id: int) -> bool:
    for table in (SiteRow, PersonRow):
        held = select(table.id).where(table.unit_id == unit_id, table.active).limit(1)
        if await session.scalar(held) is not None:
            return True
    return False


async def _story(session: AsyncSession, unit: Unit) -> UnitStory:
    codes = await session.scalars(
        select(UnitCodeRow)
        .where(UnitCodeRow.unit_id == unit.id)
        .order_by(UnitCodeRow.valid_from.desc())
    )
    aliases = await session.scalars(
        select(UnitAliasRow.alias)
        .where(UnitAliasRow.unit_id == unit.id)
        .order_by(UnitAliasRow.alias)
    )
    versions = await session.scalars(
        select(UnitVersionRow)
        .where(UnitVersionRow.unit_id == unit.id)
        .order_by(UnitVersionRow.valid_from)
    )
    return UnitStory(
        unit=unit,
        codes=tuple(
            UnitCode(scheme=c.scheme, code=c.code, valid_from=c.valid_from, valid_to=c.valid_to)
            for c in codes
        ),
        aliases=tuple(aliases),
        versions=tuple(
            PastUnit(name=v.name, valid_from=v.valid_from, valid_to=v.valid_to) for v in versions
        ),
        predecessors=await _successions(session, unit.id, forward=False),
        successors=await _successions(session, unit.id, forward=True),
    )


async def _successions(
    session: AsyncSession, unit_id: int, *, forward: bool
) -> tuple[Succession, ...]:
    names = ("old_id", "new_id") if forward else ("new_id", "old_id")
    own, other = (getattr(UnitSuccessionRow, name) for name in names)
    query = (
        select(UnitSuccessionRow, UnitRow.id, UnitRow.name)
        .outerjoin(UnitRow, UnitRow.id == other)
        .where(own == unit_id)
        .order_by(UnitSuccessionRow.effective, UnitRow.rank, UnitRow.id)
    )
    return tuple(
        Succession(
            unit_id=other_id,
            name=name or "",
            share=row.share,
            effective=row.effective,
            act=row.act,
        )
        for row, other_id, name in await session.execute(query)
    )
