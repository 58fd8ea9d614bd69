"""Free groups of sites ("cụm"), to invite or run many sites in one click."""

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.people import text_fault
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import SiteGroupMemberRow, SiteGroupRow, SiteRow


class Group(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    rank: int
    site_ids: tuple[int, ...]  # active sites, protocol order


class Groups:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[Group]:
        """By their order."""
        async with self._db.reading() as session:
            members = await _members(session)
            query = select(SiteGroupRow).order_by(SiteGroupRow.rank, SiteGroupRow.id)
            return [_group(row, members) for row in await session.scalars(query)]

    async def get(self, group_id: int) -> Group | None:
        return next((group for group in await self.all() if group.id == group_id), None)

    async def add(self, name: str, site_ids: frozenset[int], rank: int = 1) -> int:
        """
        Raises:
            Invalid: by field.
        """
        return await self._save(None, name, site_ids, rank)

    async def change(self, group_id: int, name: str, site_ids: frozenset[int], rank: int) -> None:
        """
        Raises:
            RequestRefused: "not-found".
            Invalid: by field.
        """
        await self._save(group_id, name, site_ids, rank)

    async def _save(
        self, group_id: int | None, name: str, site_ids: frozenset[int], rank: int
    ) -> int:
        try:
            async with self._db.session() as session:
                row = SiteGroupRow()
                if group_id is not None:
                    row = await _row(session, group_id)
                await _check(session, name, site_ids, rank)
                row.name, row.rank = name, rank
                session.add(row)
                await session.flush()
                await set_members(session, row.id, site_ids)
                return row.id
        except IntegrityError:
            raise Invalid({"name": N_("Đã có cụm mang tên này.")}) from None

    async def remove(self, group_id: int) -> None:
        """
        Raises:
            RequestRefused: "not-found".
        """
        async with self._db.session() as session:
            await session.delete(await _row(session, group_id))


async def set_members(session: AsyncSession, group_id: int, site_ids: frozenset[int]) -> None:
    """The group holds exactly these sites."""
    of_group = SiteGroupMemberRow.group_id == group_id
    await session.execute(delete(SiteGroupMemberRow).where(of_group))
    session.add_all(SiteGroupMemberRow(group_id=group_id, site_id=site) for site in site_ids)


async def _row(session: AsyncSession, group_id: int) -> SiteGroupRow:
    row = await session.get(SiteGroupRow, group_id)
    if row is None:
        raise RequestRefused("not-found")
    return row


async def _check(session: AsyncSession, name: str, site_ids: frozenset[int], rank: int) -> None:
    errors: dict[str, str] = {}
    if not name or text_fault(name):
        errors["name"] = N_("Nhập tên cụm, không quá 200 ký tự.")
    if not 0 < rank < 100_000:
        errors["rank"] = N_("Thứ tự là số từ 1 đến 99999.")
    known = set(await session.scalars(select(SiteRow.id).where(SiteRow.id.in_(site_ids))))
    if not site_ids or known != site_ids:
        errors["site_ids"] = N_("Chọn ít nhất một điểm cầu.")
    if errors:
        raise Invalid(errors)


async def _members(session: AsyncSession) -> dict[int, list[int]]:
    query = (
        select(SiteGroupMemberRow.group_id, SiteRow.id)
        .join(SiteRow, SiteRow.id == SiteGroupMemberRow.site_id)
        .where(SiteRow.active)
        .order_by(SiteRow.rank, SiteRow.id)
    )
    members: dict[int, list[int]] = {}
    for group_id, site_id in await session.execute(query):
        members.setdefault(group_id, []).append(site_id)
    return members


def _group(row: SiteGroupRow, members: dict[int, list[int]]) -> Group:
    return Group(id=row.id, name=row.name, rank=row.rank, site_ids=tuple(members.get(row.id, ())))
