"""Series of letter numbers of the demo, of the State and of the Party. Signers are invented."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.invitations.records import INVITATION, LetterForm
from rooms.store.tables import LetterSeriesRow, UnitCodeRow

_SERIES: tuple[tuple[str, dict[str, str | int]], ...] = (
    (
        "GL-UBND",
        {
            "form": LetterForm.STATE.value,
            "symbol": "GM-UBND",
            "first_number": 118,
            "superior": "",
            "issuer": "ỦY BAN NHÂN DÂN TỈNH GIA LAI",
            "inviter": "Ủy ban nhân dân tỉnh Gia Lai",
            "signature": "TL. CHỦ TỊCH\nCHÁNH VĂN PHÒNG",
            "signer": "Phạm Đức Tâm",
            "recipients": "Như trên\nThường trực Tỉnh ủy (để báo cáo)\n"
            "Chủ tịch, các PCT UBND tỉnh\n"
            "Lưu: VT, TH",
        },
    ),
    (
        "GL-TU",
        {
            "form": LetterForm.PARTY.value,
            "symbol": "GM/TU",
            "first_number": 45,
            "superior": "",
            "issuer": "TỈNH ỦY GIA LAI",
            "inviter": "Ban Thường vụ Tỉnh ủy",
            "signature": "T/L BAN THƯỜNG VỤ\nCHÁNH VĂN PHÒNG",
            "signer": "Nguyễn Đức Tuấn",
            "recipients": "Như trên\nThường trực Tỉnh ủy (để báo cáo)\nLưu: Văn phòng Tỉnh ủy",
        },
    ),
)


async def seed_letter_series(session: AsyncSession) -> None:
    """Once: when there is no series yet."""
    if await session.scalar(select(func.count()).select_from(LetterSeriesRow)):
        return
    query = select(UnitCodeRow.code, UnitCodeRow.unit_id).where(UnitCodeRow.valid_to.is_(None))
    units = dict((await session.execute(query)).all())
    for code, fields in _SERIES:
        session.add(
            LetterSeriesRow(unit_id=units[code], kind=INVITATION, place="Gia Lai", **fields)
        )
