"""The list of sites."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.imports.faults import Fault
from rooms.directory.imports.plans import Entry, Known, Values
from rooms.directory.imports.tables import (
    YES_NO,
    Column,
    Line,
    Table,
    email,
    matching,
    phone,
    whole,
)
from rooms.directory.sites import MAX_CAPACITY, MICROPHONE_NAMES, SITE_CODE, SiteDraft, fill_site
from rooms.directory.units import UNIT_CODE, codes_on
from rooms.errors import N_
from rooms.store.tables import SiteRow

_RANK, _SEATS = whole(1, 99_999), whole(0, MAX_CAPACITY)
COLUMNS = (
    Column(
        key="code",
        title=N_("Mã điểm cầu"),
        needed=True,
        filled=True,
        check=matching(SITE_CODE, "bad-code"),
    ),
    Column(
        key="unit_code",
        title=N_("Mã đơn vị"),
        needed=True,
        filled=True,
        check=matching(UNIT_CODE, "bad-code"),
    ),
    Column(key="name", title=N_("Tên điểm cầu"), needed=True, filled=True),
    Column(key="short_name", title=N_("Tên ngắn"), needed=True, filled=True, most=80),
    Column(key="rank", title=N_("Thứ tự"), check=_RANK),
    Column(key="place", title=N_("Địa điểm")),
    Column(key="capacity", title=N_("Số chỗ"), check=_SEATS),
    Column(key="technician_phone", title=N_("Điện thoại kỹ thuật"), check=phone),
    Column(key="contact_name", title=N_("Đầu mối điểm cầu")),
    Column(key="contact_phone", title=N_("Điện thoại đầu mối"), check=phone),
    Column(key="email", title=N_("Thư điện tử"), most=254, check=email),
    Column(
        key="microphone",
        title=N_("Micro"),
        labels={microphone.value: name for microphone, name in MICROPHONE_NAMES.items()},
        unknown="unknown-microphone",
    ),
    Column(key="device", title=N_("Thiết bị")),
    Column(key="active", title=N_("Đang dùng"), labels=YES_NO, unknown="not-yes-or-no"),
)
_USUAL = {"capacity": "0", "microphone": "direct", "active": "1"}  # of cells left empty


class SiteList:
    """Compares a list with the sites there are, and writes it."""

    columns: tuple[Column, ...] = COLUMNS

    def __init__(self, units: Mapping[str, int], known: Mapping[str, Known]) -> None:
        self._units = units
        self.known = known
        self._last_rank = max((int(k.values["rank"]) for k in known.values()), default=0)

    @classmethod
    async def load(cls, session: AsyncSession, on: date) -> "SiteList":
        units = await codes_on(session, on)
        codes = {unit_id: code for code, unit_id in units.items()}
        rows = await session.scalars(select(SiteRow).order_by(SiteRow.rank, SiteRow.id))
        return cls(units, {row.code: Known(id=row.id, values=_values(row, codes)) for row in rows})

    def rows(self) -> list[Values]:
        return [known.values for known in self.known.values()]

    def entries(self, table: Table) -> tuple[list[Entry], list[Fault]]:
        entries = [self._entry(line, index) for index, line in enumerate(table.lines, start=1)]
        return entries, list(self._faults(table))

    def _entry(self, line: Line, index: int) -> Entry:
        code = line.cells["code"]
        known = self.known.get(code)
        usual = _USUAL | {"rank": str(self._last_rank + index)}
        before = known.values if known is not None else {c.key: "" for c in self.columns} | usual
        values = {**before, **line.cells}
        for key in usual:
            values[key] = values[key] or before[key]
        return Entry(line=line.number, key=code, label=values["name"], values=values, known=known)

    def _faults(self, table: Table) -> Iterator[Fault]:
        seen: set[str] = set()
        for line in table.lines:
            code, unit = line.cells["code"], line.cells["unit_code"]
            if code in seen:
                yield table.fault(line.number, "code", "twice-code", code)
            seen.add(code)
            if unit and unit not in self._units:
                yield table.fault(line.number, "unit_code", "unknown-unit", unit)

    async def write(
        self, session: AsyncSession, entries: Sequence[Entry], since: date | None
    ) -> None:
        for entry in entries:
            row = SiteRow() if entry.known is None else await session.get(SiteRow, entry.known.id)
            assert row is not None
            fill_site(row, self._draft(entry.values))
            session.add(row)
        await session.flush()

    def _draft(self, values: Values) -> SiteDraft:
        same = {name: values[name] for name in SiteDraft.__struct_fields__ if name in values}
        numbers = {name: int(values[name]) for name in ("rank", "capacity")}
        unit_id = self._units[values["unit_code"]]
        active = values["active"] == "1"
        return SiteDraft(**{**same, **numbers, "unit_id": unit_id, "active": active})  # type: ignore[arg-type]


def _values(row: SiteRow, codes: Mapping[int, str]) -> Values:
    values = {c.key: str(getattr(row, c.key)) for c in COLUMNS if c.key != "unit_code"}
    return values | {"unit_code": codes.get(row.unit_id, ""), "active": "1" if row.active else "0"}
