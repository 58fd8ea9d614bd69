"""The list of groups: a line for each site of each group.

A group in the file holds exactly the sites of its lines afterwards; others stay as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.groups import set_members
from rooms.directory.imports.faults import Fault
from rooms.directory.imports.plans import Entry, Known, Values
from rooms.directory.imports.tables import Column, Line, Table, matching, whole
from rooms.directory.sites import SITE_CODE
from rooms.errors import N_
from rooms.store.tables import SiteGroupMemberRow, SiteGroupRow, SiteRow

_RANK = whole(1, 99_999)
COLUMNS = (
    Column(key="group", title=N_("Tên cụm"), needed=True, filled=True),
    Column(key="rank", title=N_("Thứ tự"), check=_RANK),
    Column(
        key="site_code",
        title=N_("Mã điểm cầu"),
        needed=True,
        filled=True,
        most=20_000,
        check=matching(SITE_CODE, "bad-code"),
    ),
)
_SEPARATOR = ", "


class GroupList:
    """Compares a list with the groups there are, and writes it."""

    columns: tuple[Column, ...] = COLUMNS

    def __init__(
        self, sites: Mapping[str, int], retired: frozenset[str], known: Mapping[str, Known]
    ) -> None:
        self._sites = sites
        self._retired = retired
        self.known = known

    @classmethod
    async def load(cls, session: AsyncSession, on: date) -> "GroupList":
        sites = list(await session.scalars(select(SiteRow).order_by(SiteRow.rank, SiteRow.id)))
        members: dict[int, list[str]] = {}
        query = (
            select(SiteGroupMemberRow.group_id, SiteRow.code)
            .join(SiteRow, SiteRow.id == SiteGroupMemberRow.site_id)
            .order_by(SiteRow.code)
        )
        for group_id, code in await session.execute(query):
            members.setdefault(group_id, []).append(code)
        groups = await session.scalars(
            select(SiteGroupRow).order_by(SiteGroupRow.rank, SiteGroupRow.id)
        )
        known = {
            row.name: Known(id=row.id, values=_values(row.name, row.rank, members.get(row.id, [])))
            for row in groups
        }
        retired = frozenset(site.code for site in sites if not site.active)
        return cls({site.code: site.id for site in sites}, retired, known)

    def rows(self) -> list[Values]:
        return [
            {**known.values, "site_code": code}
            for known in self.known.values()
            for code in known.values["site_code"].split(_SEPARATOR)
            if code
        ]

    def entries(self, table: Table) -> tuple[list[Entry], list[Fault]]:
        by_group: dict[str, list[Line]] = {}
        for line in table.lines:
            by_group.setdefault(line.cells["group"], []).append(line)
        entries = [self._entry(name, lines) for name, lines in by_group.items()]
        return entries, list(self._faults(table, by_group))

    def _entry(self, name: str, lines: Sequence[Line]) -> Entry:
        known = self.known.get(name)
        rank = lines[0].cells.get("rank") or (known.values["rank"] if known else "1")
        values = {
            "group": name,
            "rank": rank,
            "site_code": _SEPARATOR.join(sorted({line.cells["site_code"] for line in lines})),
        }
        return Entry(line=lines[0].number, key=name, label=name, values=values, known=known)

    def _faults(self, table: Table, by_group: Mapping[str, Sequence[Line]]) -> Iterator[Fault]:
        for lines in by_group.values():
            seen: set[str] = set()
            for line in lines:
                site, rank = line.cells["site_code"], line.cells.get("rank", "")
                if rank != lines[0].cells.get("rank", ""):
                    yield table.fault(line.number, "rank", "two-ranks", rank)
                code = self._site_fault(site, seen)
                if code is not None:
                    yield table.fault(line.number, "site_code", code, site)
                seen.add(site)

    def _site_fault(self, site: str, seen: set[str]) -> str | None:
        if not site:
            return None
        if site not in self._sites:
            return "unknown-site"
        if site in self._retired:
            return "retired-site"
        return "twice-site" if site in seen else None

    async def write(
        self, session: AsyncSession, entries: Sequence[Entry], since: date | None
    ) -> None:
        for entry in entries:
            row = SiteGroupRow()
            if entry.known is not None:
                row = await session.get_one(SiteGroupRow, entry.known.id)
            row.name, row.rank = entry.key, int(entry.values["rank"])
            session.add(row)
            await session.flush()
            codes = entry.values["site_code"].split(_SEPARATOR)
            await set_members(session, row.id, frozenset(self._sites[code] for code in codes))
        await session.flush()


def _values(name: str, rank: int, codes: Sequence[str]) -> Values:
    return {"group": name, "rank": str(rank), "site_code": _SEPARATOR.join(codes)}
