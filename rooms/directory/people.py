"""People who are invited, preside or attend: position, unit, and their account if they have one."""

import re
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.search import fold, given_name_key
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import AccountRow, PersonRow, UnitRow

HONORIFICS = ("", "Ông", "Bà", "Đồng chí")
MAX_NAME = 200
MAX_PHONE = 40
EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
PHONE = re.compile(r"\+?[0-9][0-9 ().-]{2,38}")


class Order(StrEnum):
    PROTOCOL = "protocol"  # by unit, then by rank within it
    GIVEN_NAME = "given-name"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    honorific: str  # "Ông", "Bà", "Đồng chí" or ""
    full_name: str
    position: str
    unit_id: int
    unit_name: str
    rank: int  # protocol order within the unit, ascending
    email: str
    phone: str
    account_id: int | None
    username: str
    active: bool

    @property
    def addressed(self) -> str:
        """As a letter names them: "Ông Lê Quang Minh, Phó Chủ tịch UBND tỉnh"."""
        name = f"{self.honorific} {self.full_name}".strip()
        return f"{name}, {self.position}" if self.position else name


class PersonDraft(msgspec.Struct, frozen=True, kw_only=True):
    honorific: str = ""
    full_name: str = ""
    position: str = ""
    unit_id: int | None = None
    rank: int = 1
    email: str = ""
    phone: str = ""
    account_id: int | None = None
    active: bool = True


class FoundPeople(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a search."""

    people: tuple[Person, ...]
    total: int


def email_fault(email: str) -> str | None:
    wrong = bool(email) and (len(email) > 254 or EMAIL.fullmatch(email) is None)
    return N_("Địa chỉ thư điện tử không đúng.") if wrong else None


def phone_fault(phone: str) -> str | None:
    wrong = bool(phone) and PHONE.fullmatch(phone) is None
    return N_("Số điện thoại không đúng.") if wrong else None


def person_faults(draft: PersonDraft) -> dict[str, str]:
    """What is wrong with a person as typed, by field."""
    found = {
        "full_name": N_("Nhập họ và tên.") if not draft.full_name else None,
        "honorific": None if draft.honorific in HONORIFICS else N_("Chọn cách xưng hô."),
        "unit_id": N_("Chọn đơn vị.") if draft.unit_id is None else None,
        "rank": None if 0 < draft.rank < 100_000 else N_("Thứ tự là số từ 1 đến 99999."),
        "email": email_fault(draft.email),
        "phone": phone_fault(draft.phone),
    }
    words = {name: text_fault(getattr(draft, name)) for name in ("full_name", "position")}
    return {name: text for name, text in (found | _only(words)).items() if text}


def _only(faults: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in faults.items() if text}


def text_fault(text: str, most: int = MAX_NAME) -> str | None:
    """What is wrong with a line of text."""
    if CONTROL.search(text):
        return N_("Ô có ký tự xuống dòng hoặc ký tự điều khiển.")
    return N_("Nội dung quá dài.") if len(text) > most else None


class People:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(
        self,
        text: str = "",
        *,
        unit_ids: frozenset[int] | None = None,
        order: Order = Order.PROTOCOL,
        limit: int = 50,
        offset: int = 0,
        active: bool | None = True,
    ) -> FoundPeople:
        """People whose name and position hold every word; accents do not matter."""
        wanted = [_holds(word) for word in fold(text).split()]
        if unit_ids is not None:
            wanted.append(PersonRow.unit_id.in_(unit_ids))
        if active is not None:
            wanted.append(PersonRow.active == active)
        matching = and_(True, *wanted)
        count = select(func.count()).select_from(PersonRow).where(matching)
        # Ids first: sorting thousands of whole rows takes ten times as long.
        ids = select(PersonRow.id).join(UnitRow, UnitRow.id == PersonRow.unit_id).where(matching)
        part = ids.order_by(*_ORDERS[order]).limit(limit).offset(offset)
        async with self._db.reading() as session:
            total = await session.scalar(count) or 0
            wanted_ids = list(await session.scalars(part))
            query = _people().where(PersonRow.id.in_(wanted_ids)).order_by(*_ORDERS[order])
            rows = await session.execute(query)
            return FoundPeople(people=tuple(person_of(*row) for row in rows), total=total)

    async def get(self, person_id: int) -> Person | None:
        return await self._one(PersonRow.id == person_id)

    async def of_account(self, account_id: int) -> Person | None:
        return await self._one(PersonRow.account_id == account_id)

    async def many(self, ids: frozenset[int]) -> list[Person]:
        """Those of the ids that there are, in protocol order."""
        of_ids = _people().where(PersonRow.id.in_(ids))
        query = of_ids.order_by(*_ORDERS[Order.PROTOCOL])
        async with self._db.reading() as session:
            return [person_of(*row) for row in await session.execute(query)]

    async def _one(self, condition: ColumnElement[bool]) -> Person | None:
        async with self._db.reading() as session:
            row = (await session.execute(_people().where(condition))).one_or_none()
        return None if row is None else person_of(*row)

    async def add(self, draft: PersonDraft) -> int:
        """
        Raises:
            Invalid: by field.
        """
        return await self._save(draft, None)

    async def change(self, person_id: int, draft: PersonDraft) -> None:
        """
        Raises:
            RequestRefused: "not-found".
            Invalid: by field.
        """
        await self._save(draft, person_id)

    async def _save(self, draft: PersonDraft, person_id: int | None) -> int:
        try:
            async with self._db.session() as session:
                row = PersonRow()
                if person_id is not None:
                    row = await _row(session, person_id)
                await _check(session, draft)
                fill_person(row, draft)
                session.add(row)
                await session.flush()
                return row.id
        except IntegrityError:
            taken = N_("Tài khoản này đã gắn với người khác.")
            raise Invalid({"account_id": taken}) from None

    async def set_active(self, person_id: int, active: bool) -> None:
        """Retire a person, or take them back; what they took part in stays.

        Raises:
            RequestRefused: "not-found".
        """
        async with self._db.session() as session:
            (await _row(session, person_id)).active = active


async def _row(session: AsyncSession, person_id: int) -> PersonRow:
    row = await session.get(PersonRow, person_id)
    if row is None:
        raise RequestRefused("not-found")
    return row


async def _check(session: AsyncSession, draft: PersonDraft) -> None:
    errors = person_faults(draft)
    if draft.unit_id is not None and await session.get(UnitRow, draft.unit_id) is None:
        errors["unit_id"] = N_("Chọn đơn vị.")
    if draft.account_id is not None and await session.get(AccountRow, draft.account_id) is None:
        errors["account_id"] = N_("Không có tài khoản này.")
    if errors:
        raise Invalid(errors)


def fill_person(row: PersonRow, draft: PersonDraft) -> None:
    """Write a checked draft into a row, with the keys it is found and sorted by."""
    assert draft.unit_id is not None
    for name in PersonDraft.__struct_fields__:
        setattr(row, name, getattr(draft, name))
    row.search = fold(f"{draft.full_name} {draft.position}")
    row.given_key = given_name_key(draft.full_name)


def _people() -> "Select[PersonRow, str, str]":
    return (
        select(PersonRow, UnitRow.short_name, AccountRow.username)
        .join(UnitRow, UnitRow.id == PersonRow.unit_id)
        .outerjoin(AccountRow, AccountRow.id == PersonRow.account_id)
    )


_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.GIVEN_NAME: (PersonRow.given_key, PersonRow.id),
    Order.PROTOCOL: (UnitRow.rank, PersonRow.unit_id, PersonRow.rank, PersonRow.id),
}


def _holds(word: str) -> ColumnElement[bool]:
    return PersonRow.search.contains(word, autoescape=True)


def person_of(row: PersonRow, unit_name: str, username: str | None) -> Person:
    return Person(
        id=row.id,
        honorific=row.honorific,
        full_name=row.full_name,
        position=row.position,
        unit_id=row.unit_id,
        unit_name=unit_name,
        rank=row.rank,
        email=row.email,
        phone=row.phone,
        account_id=row.account_id,
        username=username or "",
        active=row.active,
    )
