"""A reform in the store: written ahead, taken back, carried out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.directory import LOCAL, VERSIONED, units_on
from rooms.directory.imports.plans import Entry
from rooms.directory.imports.units import parents_first, unit_draft
from rooms.directory.reforms.moves import RETIRE, Move, Subject
from rooms.directory.reforms.plan import ReformPlan, day_before
from rooms.directory.units import codes_on, end_units, keep_version, write_unit
from rooms.errors import RequestRefused
from rooms.store.tables import (
    AccountRow,
    MeetingRow,
    MeetingSiteRow,
    PersonRow,
    ReformMoveRow,
    ReformRow,
    SiteRow,
    UnitAliasRow,
    UnitCodeRow,
    UnitLevelRow,
    UnitRow,
    UnitSuccessionRow,
    UnitVersionRow,
)

_TABLES: dict[Subject, type[SiteRow | PersonRow | AccountRow]] = {
    Subject.SITE: SiteRow,
    Subject.PERSON: PersonRow,
    Subject.ACCOUNT: AccountRow,
}


async def write_future(
    session: AsyncSession, reform: ReformRow, plan: ReformPlan, found: Sequence[Move]
) -> None:
    """The tree from the day on, beside the one there is."""
    day = reform.effective
    await end_units(session, [unit.id for unit in plan.ended], day)
    ids = await _add_new(session, plan, day)
    for entry in plan.entries:
        superior = ids.get(entry.values["superior_code"])
        if entry.known is None:
            row = await session.get_one(UnitRow, ids[entry.key])
            row.superior_id = superior
        else:
            session.add(_version(entry, superior, ids, reform))
    _write_successions(session, reform, plan, ids)
    _write_moves(session, reform, found, ids)
    await session.flush()


async def _add_new(session: AsyncSession, plan: ReformPlan, day: date) -> dict[str, int]:
    """The units that begin on the day; ids of all units of the day by code."""
    ids = await codes_on(session, day)
    for entry in parents_first({entry.key: entry for entry in plan.entries}):
        if entry.known is None:
            row = UnitRow(valid_from=day)
            await write_unit(session, row, unit_draft(entry.values, ids), day, day)
            ids[entry.key] = row.id
    return ids


def _version(
    entry: Entry, superior_id: int | None, ids: Mapping[str, int], reform: ReformRow
) -> UnitVersionRow:
    """How a unit that goes on will be."""
    assert entry.known is not None
    draft = unit_draft(entry.values, ids)
    values = {name: getattr(draft, name) for name in VERSIONED} | {"superior_id": superior_id}
    return UnitVersionRow(
        unit_id=entry.known.id,
        valid_from=reform.effective,
        tree=draft.tree.value,
        reform_id=reform.id,
        **values,
    )


def _write_successions(
    session: AsyncSession, reform: ReformRow, plan: ReformPlan, ids: Mapping[str, int]
) -> None:
    for ended in plan.ended:
        heirs: Sequence[tuple[int | None, str]] = [
            (ids[heir.code], heir.share.value) for heir in ended.heirs
        ]
        session.add_all(
            UnitSuccessionRow(
                old_id=ended.id,
                new_id=new_id,
                share=share,
                effective=reform.effective,
                act=reform.act,
                reform_id=reform.id,
            )
            for new_id, share in heirs or [(None, "ends")]
        )


def _write_moves(
    session: AsyncSession, reform: ReformRow, found: Sequence[Move], ids: Mapping[str, int]
) -> None:
    session.add_all(
        ReformMoveRow(
            reform_id=reform.id,
            subject=move.occupant.subject.value,
            subject_id=move.occupant.id,
            unit_id=None if move.unit == RETIRE else ids[move.unit],
            name=move.name,
            short_name=move.short_name,
        )
        for move in found
    )


async def take_back(session: AsyncSession, reform: ReformRow, plan: ReformPlan) -> None:
    """As if the reform had never been confirmed.

    Raises:
        RequestRefused: "unit-in-use": something has been given to a new unit already.
    """
    codes = await codes_on(session, reform.effective)
    new_ids = {codes[entry.key] for entry in plan.entries if entry.known is None}
    await _refuse_when_used(session, new_ids)
    for table in (ReformMoveRow, UnitSuccessionRow, UnitVersionRow):
        await session.execute(delete(table).where(table.reform_id == reform.id))
    await session.execute(delete(UnitCodeRow).where(UnitCodeRow.unit_id.in_(new_ids)))
    await session.execute(delete(UnitAliasRow).where(UnitAliasRow.unit_id.in_(new_ids)))
    for row in await session.scalars(select(UnitRow).where(UnitRow.id.in_(new_ids))):
        row.parent_id = row.superior_id = None
    await session.flush()
    await session.execute(delete(UnitRow).where(UnitRow.id.in_(new_ids)))
    ended = {unit.id for unit in plan.ended}
    for row in await session.scalars(select(UnitRow).where(UnitRow.id.in_(ended))):
        row.valid_to = None
    of_ended = UnitCodeRow.unit_id.in_(ended), UnitCodeRow.valid_to == reform.effective
    for code in await session.scalars(select(UnitCodeRow).where(*of_ended)):
        code.valid_to = None


async def _refuse_when_used(session: AsyncSession, unit_ids: set[int]) -> None:
    columns = (SiteRow.unit_id, PersonRow.unit_id, AccountRow.unit_id, MeetingRow.host_unit_id)
    for column in columns:
        used = select(column).where(column.in_(unit_ids)).limit(1)
        if await session.scalar(used) is not None:
            raise RequestRefused("unit-in-use")


async def carry_out(session: AsyncSession, reform: ReformRow) -> None:
    """The day has come: units are called as they are now, and everybody is in their place."""
    await _keep_names(session, reform.effective)
    versions = select(UnitVersionRow).where(UnitVersionRow.reform_id == reform.id)
    for version in await session.scalars(versions):
        row = await session.get_one(UnitRow, version.unit_id)
        await keep_version(session, row, reform.effective)
        for name in (*VERSIONED, "tree"):
            setattr(row, name, getattr(version, name))
        await session.delete(version)
    for move in await session.scalars(
        select(ReformMoveRow).where(ReformMoveRow.reform_id == reform.id)
    ):
        await _carry_out_move(session, move)
    await session.flush()
    await _end_levels(session, reform.effective)


async def _keep_names(session: AsyncSession, day: date) -> None:
    """Meetings of the days before keep the names of their sites, whatever became of them."""
    midnight = datetime.combine(day, time.min, LOCAL)
    before = select(MeetingRow.id).where(MeetingRow.start < midnight)
    site = SiteRow.id == MeetingSiteRow.site_id
    of_site = select(UnitRow.short_name).join(SiteRow, SiteRow.unit_id == UnitRow.id).where(site)
    await session.execute(
        update(MeetingSiteRow)
        .where(MeetingSiteRow.name == "", MeetingSiteRow.meeting_id.in_(before))
        .values(
            name=select(SiteRow.name).where(site).scalar_subquery(),
            short_name=select(SiteRow.short_name).where(site).scalar_subquery(),
            unit_name=of_site.correlate(MeetingSiteRow).scalar_subquery(),
        )
        .execution_options(synchronize_session=False)
    )


async def _carry_out_move(session: AsyncSession, move: ReformMoveRow) -> None:
    table = _TABLES[Subject(move.subject)]
    row: SiteRow | PersonRow | AccountRow | None = await session.get(table, move.subject_id)
    if row is None:
        return
    if move.unit_id is None:
        row.active = False
        return
    row.unit_id = move.unit_id
    if isinstance(row, SiteRow):
        row.name = move.name or row.name
        row.short_name = move.short_name or row.short_name


async def _end_levels(session: AsyncSession, day: date) -> None:
    """A level that has lost its last unit is not offered any more."""
    before = {unit.level for unit in await units_on(session, day_before(day))}
    after = {unit.level for unit in await units_on(session, day)}
    for level in await session.scalars(
        select(UnitLevelRow).where(UnitLevelRow.code.in_(before - after))
    ):
        level.valid_to = day
