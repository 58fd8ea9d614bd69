"""The list of people. A person is known by their number, else by unit and name."""

from collections import Counter
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
from rooms.directory.people import HONORIFICS, PersonDraft, fill_person
from rooms.directory.search import fold
from rooms.directory.units import UNIT_CODE, codes_on
from rooms.errors import N_
from rooms.store.tables import AccountRow, PersonRow, UnitRow

_NUMBER, _RANK = whole(1, 2**31 - 1), whole(1, 99_999)
COLUMNS = (
    Column(key="id", title=N_("Số"), check=_NUMBER),
    Column(
        key="honorific",
        title=N_("Xưng hô"),
        labels={text: text for text in HONORIFICS if text},
        unknown="unknown-honorific",
    ),
    Column(key="full_name", title=N_("Họ và tên"), needed=True, filled=True),
    Column(key="position", title=N_("Chức vụ")),
    Column(
        key="unit_code",
        title=N_("Mã đơn vị"),
        needed=True,
        filled=True,
        check=matching(UNIT_CODE, "bad-code"),
    ),
    Column(key="rank", title=N_("Thứ tự"), check=_RANK),
    Column(key="email", title=N_("Thư điện tử"), most=254, check=email),
    Column(key="phone", title=N_("Điện thoại"), check=phone),
    Column(key="username", title=N_("Tài khoản"), most=64),
    Column(key="active", title=N_("Đang công tác"), labels=YES_NO, unknown="not-yes-or-no"),
)
_USUAL = {"rank": "1", "active": "1"}
_AT_ONCE = 100
Key = tuple[str, str]  # unit code, folded name


def _key(values: Mapping[str, str]) -> Key:
    return values["unit_code"], fold(values["full_name"])


class PeopleList:
    """Compares a list with the people there are, and writes it."""

    columns: tuple[Column, ...] = COLUMNS

    def __init__(
        self, units: Mapping[str, int], accounts: Mapping[str, int], known: Sequence[Known]
    ) -> None:
        self._units = units
        self._accounts = accounts
        self.known = {str(one.id): one for one in known}
        self._namesakes = Counter(_key(one.values) for one in known)
        self._by_name = {_key(one.values): one for one in known}

    @classmethod
    async def load(cls, session: AsyncSession, on: date) -> "PeopleList":
        units = await codes_on(session, on)
        codes = {unit_id: code for code, unit_id in units.items()}
        accounts = dict((await session.execute(select(AccountRow.username, AccountRow.id))).all())
        usernames = {account_id: username for username, account_id in accounts.items()}
        rows = await session.scalars(
            select(PersonRow)
            .join(UnitRow, UnitRow.id == PersonRow.unit_id)
            .order_by(UnitRow.rank, PersonRow.unit_id, PersonRow.rank, PersonRow.id)
        )
        known = [Known(id=row.id, values=_values(row, codes, usernames)) for row in rows]
        return cls(units, accounts, known)

    def rows(self) -> list[Values]:
        return [known.values for known in self.known.values()]

    def entries(self, table: Table) -> tuple[list[Entry], list[Fault]]:
        entries = [self._entry(line) for line in table.lines]
        return entries, list(self._faults(table, entries))

    def _entry(self, line: Line) -> Entry:
        known = self._known(line)
        before = known.values if known else {c.key: "" for c in self.columns} | _USUAL
        values = {**before, **line.cells, "id": before["id"]}
        for key in _USUAL:
            values[key] = values[key] or before[key]
        number = values["id"] or values["full_name"]
        return Entry(
            line=line.number, key=number, label=values["full_name"], values=values, known=known
        )

    def _known(self, line: Line) -> Known | None:
        number = line.cells.get("id", "")
        return self.known.get(number) if number else self._by_name.get(_key(line.cells))

    def _faults(self, table: Table, entries: Sequence[Entry]) -> Iterator[Fault]:
        people: set[object] = set()
        accounts: set[str] = set()
        for line, entry in zip(table.lines, entries, strict=True):
            number, unit = line.cells.get("id", ""), line.cells["unit_code"]
            username = line.cells.get("username", "")
            if number and entry.known is None:
                yield table.fault(line.number, "id", "unknown-person", number)
            if not number and self._namesakes[_key(line.cells)] > 1:
                yield table.fault(line.number, "full_name", "ambiguous-person", entry.label)
            who = entry.known.id if entry.known is not None else _key(line.cells)
            if who in people:
                yield table.fault(line.number, "full_name", "twice-person", entry.label)
            people.add(who)
            if unit and unit not in self._units:
                yield table.fault(line.number, "unit_code", "unknown-unit", unit)
            code = self._account_fault(username, accounts, entries)
            if code is not None:
                yield table.fault(line.number, "username", code, username)
            accounts.add(username)

    def _account_fault(self, username: str, seen: set[str], entries: Sequence[Entry]) -> str | None:
        if not username:
            return None
        if username not in self._accounts:
            return "unknown-account"
        if username in seen:
            return "twice-account"
        listed = {entry.known.id for entry in entries if entry.known is not None}
        held = (k for k in self.known.values() if k.values["username"] == username)
        return "account-taken" if any(known.id not in listed for known in held) else None

    async def write(
        self, session: AsyncSession, entries: Sequence[Entry], since: date | None
    ) -> None:
        rows: list[tuple[PersonRow, PersonDraft]] = []
        for entry in entries:
            row = PersonRow()
            if entry.known is not None:
                row = await session.get_one(PersonRow, entry.known.id)
                row.account_id = None  # accounts may change hands within one file
            rows.append((row, self._draft(entry.values)))
        await session.flush()
        for number, (row, draft) in enumerate(rows, start=1):
            fill_person(row, draft)
            session.add(row)
            if number % _AT_ONCE == 0:  # others get their turn in between
                await session.flush()
        await session.flush()

    def _draft(self, values: Values) -> PersonDraft:
        return PersonDraft(
            honorific=values["honorific"],
            full_name=values["full_name"],
            position=values["position"],
            unit_id=self._units[values["unit_code"]],
            rank=int(values["rank"]),
            email=values["email"],
            phone=values["phone"],
            account_id=self._accounts.get(values["username"]),
            active=values["active"] == "1",
        )


def _values(row: PersonRow, codes: Mapping[int, str], usernames: Mapping[int, str]) -> Values:
    return {
        "id": str(row.id),
        "honorific": row.honorific,
        "full_name": row.full_name,
        "position": row.position,
        "unit_code": codes.get(row.unit_id, ""),
        "rank": str(row.rank),
        "email": row.email,
        "phone": row.phone,
        "username": usernames.get(row.account_id or 0, ""),
        "active": "1" if row.active else "0",
    }
