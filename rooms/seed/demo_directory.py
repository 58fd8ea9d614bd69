"""People, contacts and groups of the demo's directory. All names and numbers are invented."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.directory.accounts import AccountRole
from rooms.directory.people import PersonDraft, fill_person
from rooms.store.tables import (
    AccountRow,
    PersonRow,
    SiteGroupMemberRow,
    SiteGroupRow,
    SiteRow,
    UnitRow,
)

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Rơ Châm", "Siu", "Kpă", "Đinh", "Nay", "Hoàng")
_MIDDLES = ("Văn", "Thị", "Quang", "Ngọc", "Đức", "Thanh", "Minh")
_GIVEN = (
    "An", "Ái", "Bình", "Cường", "Dung", "Đạt", "Hạnh", "H’Lan", "Khánh", "Lâm", "Mai", "Oanh",
    "Phúc", "Quân", "Sơn", "Tâm", "Uyên", "Vinh", "Yến",
)  # fmt: skip
_GROUPS = (
    ("Cụm trung tâm", ("pleiku", "dakdoa", "chupah", "iagrai", "mangyang")),
    ("Cụm phía đông", ("ankhe", "kbang", "kongchro", "dakpo")),
    ("Cụm đông nam", ("ayunpa", "iapa", "krongpa", "phuthien")),
    ("Cụm phía tây", ("ducco", "chuprong", "chuse", "chupuh")),
)
_HONORIFICS = ("Ông ", "Bà ", "Đồng chí ")
_DEVICE = "Máy tính phòng họp, camera quay quét, loa kiêm micro"


async def seed_people_and_groups(session: AsyncSession) -> None:
    """Once: when there are no people yet."""
    if await session.scalar(select(func.count()).select_from(PersonRow)):
        return
    await _account_holders(session)
    await _leaders(session)
    await _contacts(session)
    await _groups(session)


async def _account_holders(session: AsyncSession) -> None:
    query = select(AccountRow).where(
        AccountRow.role != AccountRole.SITE_DEVICE.value, AccountRow.unit_id.is_not(None)
    )
    for account in await session.scalars(query):
        honorific = next((h for h in _HONORIFICS if account.full_name.startswith(h)), "")
        draft = PersonDraft(
            honorific=honorific.strip(),
            full_name=account.full_name.removeprefix(honorific),
            position=account.position,
            unit_id=account.unit_id,
            email=f"{account.username}@gialai.example",
            phone="0269 3 555 100",
            account_id=account.id,
        )
        session.add(_row(draft))


async def _leaders(session: AsyncSession) -> None:
    """The chairman and the chief of office of every district's People's committee."""
    committees = select(UnitRow).where(UnitRow.short_name.like("UBND %"), UnitRow.kind == "ubnd")
    number = 0
    for unit in await session.scalars(committees.order_by(UnitRow.rank)):
        if unit.short_name == "UBND tỉnh":
            continue
        for rank, office in enumerate(("Chủ tịch", "Chánh Văn phòng HĐND và"), start=1):
            session.add(_row(_leader(number, f"{office} {unit.short_name}", unit.id, rank)))
            number += 1


def _leader(number: int, position: str, unit_id: int, rank: int) -> PersonDraft:
    middle = _MIDDLES[number * 3 % len(_MIDDLES)]
    family, given = _FAMILIES[number * 7 % len(_FAMILIES)], _GIVEN[number * 5 % len(_GIVEN)]
    return PersonDraft(
        honorific="Bà" if middle == "Thị" else "Ông",
        full_name=f"{family} {middle} {given}",
        position=position,
        unit_id=unit_id,
        rank=rank,
        email=f"lanhdao{number + 1}@gialai.example",
        phone=f"0905 {100 + number:03d} {200 + number:03d}",
    )


def _row(draft: PersonDraft) -> PersonRow:
    row = PersonRow()
    fill_person(row, draft)
    return row


async def _contacts(session: AsyncSession) -> None:
    sites = await session.scalars(select(SiteRow).where(SiteRow.contact_name == ""))
    for number, site in enumerate(sites):
        middle = _MIDDLES[number * 2 % len(_MIDDLES)]
        family, given = _FAMILIES[number * 3 % len(_FAMILIES)], _GIVEN[number * 4 % len(_GIVEN)]
        site.contact_name = f"{family} {middle} {given}"
        site.contact_phone = f"0914 {300 + number:03d} {400 + number:03d}"
        site.email = f"{site.code}@gialai.example"
        site.device = _DEVICE


async def _groups(session: AsyncSession) -> None:
    sites = dict((await session.execute(select(SiteRow.code, SiteRow.id))).all())
    for rank, (name, codes) in enumerate(_GROUPS, start=1):
        group = SiteGroupRow(name=name, rank=rank)
        session.add(group)
        await session.flush()
        session.add_all(
            SiteGroupMemberRow(group_id=group.id, site_id=sites[code])
            for code in codes
            if code in sites
        )
