"""Preview a list, write it, export it."""

import asyncio
from datetime import date
from enum import StrEnum
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.imports.faults import Fault
from rooms.directory.imports.groups import GroupList
from rooms.directory.imports.people import PeopleList
from rooms.directory.imports.plans import Entry, Plan, Values, planned
from rooms.directory.imports.sites import SiteList
from rooms.directory.imports.tables import Column, Table, read_table, write_table
from rooms.directory.imports.units import UnitList
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database


class ListKind(StrEnum):
    UNITS = "units"
    SITES = "sites"
    PEOPLE = "people"
    GROUPS = "groups"


LIST_NAMES = {
    ListKind.UNITS: N_("Đơn vị"),
    ListKind.SITES: N_("Điểm cầu"),
    ListKind.PEOPLE: N_("Cán bộ"),
    ListKind.GROUPS: N_("Cụm điểm cầu"),
}


class ImportList(Protocol):
    """One kind of list, with what the store holds of it."""

    columns: tuple[Column, ...]

    def rows(self) -> list[Values]: ...

    def entries(self, table: Table) -> tuple[list[Entry], list[Fault]]: ...

    async def write(
        self, session: AsyncSession, entries: list[Entry], since: date | None
    ) -> None: ...


async def _load(session: AsyncSession, kind: ListKind, on: date) -> ImportList:
    if kind is ListKind.UNITS:
        return await UnitList.load(session, on)
    if kind is ListKind.SITES:
        return await SiteList.load(session, on)
    if kind is ListKind.PEOPLE:
        return await PeopleList.load(session, on)
    return await GroupList.load(session, on)


class Imports:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def preview(self, kind: ListKind, content: bytes, on: date) -> Plan:
        """What the file would change; `on`: the day whose directory it is compared with."""
        async with self._db.reading() as session:
            plan, _, _ = await _plan(session, kind, content, on)
        return plan

    async def write(
        self,
        kind: ListKind,
        content: bytes,
        on: date,
        *,
        digest: str | None = None,
        since: date | None = None,
    ) -> Plan:
        """Write all of the file, or nothing.

        Args:
            digest: of the plan a person has seen; None writes unseen.
            since: see `UnitList.write`.

        Returns:
            What was done; with faults when nothing was.

        Raises:
            RequestRefused: "plan-changed": the directory is no longer what the plan was made for.
            Invalid: `since` is a day to come.
        """
        if since is not None and since > on:
            raise Invalid({"since": N_("Ngày sau hôm nay: dùng trang Sắp xếp đơn vị.")})
        async with self._db.session() as session:
            plan, entries, known = await _plan(session, kind, content, on)
            if plan.faults:
                return plan
            if digest is not None and digest != plan.digest:
                raise RequestRefused("plan-changed")
            wanted = [entry for entry in entries if entry.new or entry.changed]
            await known.write(session, wanted, since)
        return plan

    async def export(self, kind: ListKind, on: date) -> bytes:
        """The list as a file that can be imported again."""
        async with self._db.reading() as session:
            known = await _load(session, kind, on)
        return write_table(known.columns, known.rows())


async def _plan(
    session: AsyncSession, kind: ListKind, content: bytes, on: date
) -> tuple[Plan, list[Entry], ImportList]:
    known = await _load(session, kind, on)
    plan, entries = await asyncio.to_thread(_compared, known, content)
    return plan, entries, known


def _compared(known: ImportList, content: bytes) -> tuple[Plan, list[Entry]]:
    """Thousands of lines take a while: this runs in a thread."""
    table = read_table(content, known.columns)
    entries, faults = known.entries(table)
    return planned(entries, known.columns, (*table.faults, *faults)), entries
