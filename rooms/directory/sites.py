"""Sites (điểm cầu) one by one: add, change, retire."""

import re
from enum import StrEnum

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.people import email_fault, phone_fault, text_fault
from rooms.errors import N_, Invalid, RequestRefused
from rooms.store.database import Database
from rooms.store.tables import SiteRow, UnitRow

SITE_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MAX_CAPACITY = 10_000


class Microphone(StrEnum):
    """Who opens the microphone of a site."""

    DIRECT = "direct"
    REQUEST = "request"


MICROPHONE_NAMES = {
    Microphone.DIRECT: N_("Tự bật micro"),
    Microphone.REQUEST: N_("Chỉ bật khi được mời phát biểu"),
}


class SiteDraft(msgspec.Struct, frozen=True, kw_only=True):
    code: str = ""
    name: str = ""
    short_name: str = ""
    unit_id: int | None = None
    rank: int = 1
    place: str = ""
    capacity: int = 0
    technician_phone: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    email: str = ""
    microphone: str = Microphone.DIRECT.value
    device: str = ""
    active: bool = True


_LENGTHS = {"name": 200, "short_name": 80, "place": 200, "contact_name": 200, "device": 200}


def site_faults(draft: SiteDraft) -> dict[str, str]:
    """What is wrong with a site as typed, by field."""
    found = {
        "code": None
        if SITE_CODE.fullmatch(draft.code)
        else N_("Mã gồm chữ thường không dấu, số, - và _, không quá 40 ký tự."),
        "name": None if draft.name else N_("Nhập tên điểm cầu."),
        "short_name": None if draft.short_name else N_("Nhập tên ngắn."),
        "unit_id": N_("Chọn đơn vị.") if draft.unit_id is None else None,
        "rank": None if 0 < draft.rank < 100_000 else N_("Thứ tự là số từ 1 đến 99999."),
        "capacity": None
        if 0 <= draft.capacity <= MAX_CAPACITY
        else N_("Số chỗ là số từ 0 đến 10000."),
        "technician_phone": phone_fault(draft.technician_phone),
        "contact_phone": phone_fault(draft.contact_phone),
        "email": email_fault(draft.email),
        "microphone": None if draft.microphone in list(Microphone) else N_("Chọn chế độ micro."),
    }
    words = {name: text_fault(getattr(draft, name), most) for name, most in _LENGTHS.items()}
    wrong = {name: text for name, text in words.items() if text}
    return {name: text for name, text in found.items() if text} | wrong


class Sites:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, draft: SiteDraft) -> int:
        """
        Raises:
            Invalid: by field.
        """
        return await self._save(draft, None)

    async def change(self, site_id: int, draft: SiteDraft) -> None:
        """
        Raises:
            RequestRefused: "not-found".
            Invalid: by field.
        """
        await self._save(draft, site_id)

    async def _save(self, draft: SiteDraft, site_id: int | None) -> int:
        try:
            async with self._db.session() as session:
                row = SiteRow() if site_id is None else await _row(session, site_id)
                errors = site_faults(draft)
                unit = draft.unit_id
                if unit is not None and await session.get(UnitRow, unit) is None:
                    errors["unit_id"] = N_("Chọn đơn vị.")
                if errors:
                    raise Invalid(errors)
                fill_site(row, draft)
                session.add(row)
                await session.flush()
                return row.id
        except IntegrityError:
            raise Invalid({"code": N_("Mã này đang thuộc điểm cầu khác.")}) from None

    async def set_active(self, site_id: int, active: bool) -> None:
        """Retire a site, or take it back; its meetings stay.

        Raises:
            RequestRefused: "not-found".
        """
        async with self._db.session() as session:
            (await _row(session, site_id)).active = active


async def _row(session: AsyncSession, site_id: int) -> SiteRow:
    row = await session.get(SiteRow, site_id)
    if row is None:
        raise RequestRefused("not-found")
    return row


def fill_site(row: SiteRow, draft: SiteDraft) -> None:
    """Write a checked draft into a row."""
    for name in SiteDraft.__struct_fields__:
        setattr(row, name, getattr(draft, name))
