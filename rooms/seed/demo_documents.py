"""Documents of the demo's meetings, with a few words said of them. Invented."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import select

from rooms.documents.documents import Documents
from rooms.documents.records import DocumentDraft, Reader, Visibility
from rooms.meetings.meetings import Meeting, Meetings
from rooms.papers import (
    Heading,
    List,
    Paper,
    PaperFonts,
    Paragraph,
    State,
    Table,
    to_docx,
    to_pdf,
)
from rooms.store.database import Database
from rooms.store.tables import AccountRow

_MEETINGS = ("demo", "nghi-quyet")
_REPORT = Paper(
    letterhead=State(superior="UBND TỈNH GIA LAI", issuer="SỞ KẾ HOẠCH VÀ ĐẦU TƯ"),
    number="05/BC-SKHĐT",
    place_date="Gia Lai, ngày      tháng      năm",
    title="BÁO CÁO",
    abstract="Tình hình kinh tế - xã hội trong tháng (số liệu minh họa)",
    blocks=(
        Heading("1. Kết quả"),
        Paragraph("Sản xuất nông nghiệp ổn định; tiến độ gieo trồng đạt kế hoạch đề ra."),
        Table(
            head=("Chỉ tiêu", "Kế hoạch", "Thực hiện"),
            rows=(
                ("Diện tích gieo trồng (ha)", "12.500", "12.140"),
                ("Thu ngân sách (tỷ đồng)", "420", "437"),
                ("Giải ngân vốn đầu tư công (%)", "65", "61,8"),
            ),
            widths=(3, 1, 1),
            aligns=("left", "right", "right"),
        ),
        Heading("2. Nhiệm vụ tháng tới"),
        List(
            (
                "Đẩy nhanh giải ngân vốn đầu tư công.",
                "Phòng, chống dịch bệnh trên đàn vật nuôi.",
                "Chuẩn bị hạ tầng hội nghị trực tuyến đến cấp xã.",
            )
        ),
    ),
)
_CONCLUSION = Paper(
    letterhead=State(superior="", issuer="UBND TỈNH GIA LAI"),
    title="DỰ THẢO KẾT LUẬN",
    abstract="của Chủ trì hội nghị",
    blocks=(Paragraph("Đồng ý với báo cáo; giao các đơn vị thực hiện nhiệm vụ tháng tới."),),
)
_DEVICE = Reader(key="link:0", name="UBND huyện Chư Sê", invited=True)
_SAID = "Đề nghị bổ sung số liệu giải ngân của từng huyện, thị xã, thành phố."


async def seed_documents(
    db: Database, documents: Documents, fonts: PaperFonts, now: datetime
) -> None:
    """Once for each meeting: what is uploaded in the demo stays."""
    async with db.reading() as session:
        by = await session.scalar(select(AccountRow.id).where(AccountRow.username == "thuky"))
    for name in _MEETINGS:
        meeting = await Meetings(db).get(name)
        if meeting is None or by is None or await documents.used_bytes(meeting.id):
            continue
        await _fill(documents, meeting, fonts, by, now - timedelta(hours=2))


async def _fill(
    documents: Documents, meeting: Meeting, fonts: PaperFonts, by: int, at: datetime
) -> None:
    pdf = await asyncio.to_thread(to_pdf, _REPORT, fonts, at)
    docx = await asyncio.to_thread(to_docx, _CONCLUSION)
    reports = [item.id for item in meeting.agenda if "báo cáo" in item.title]
    about = DocumentDraft(
        title="Báo cáo tình hình kinh tế - xã hội", agenda_item_id=next(iter(reports), None)
    )
    report = await _put(documents, meeting, about, pdf, "Báo cáo KT-XH.pdf", by, at)
    draft = DocumentDraft(title="Dự thảo kết luận", visibility=Visibility.CHAIR)
    await _put(documents, meeting, draft, docx, "Dự thảo kết luận.docx", by, at)
    found = await documents.get(meeting, report, _DEVICE)
    await documents.opened(found, 1, _DEVICE, at + timedelta(minutes=40))
    if meeting.short_name == "nghi-quyet":
        await documents.comment(meeting, found, _DEVICE, _SAID, at + timedelta(minutes=45))


async def _put(
    documents: Documents,
    meeting: Meeting,
    draft: DocumentDraft,
    content: bytes,
    name: str,
    by: int,
    at: datetime,
) -> int:
    incoming = await documents.files.begin()
    try:
        await incoming.write(content)
        await incoming.finish()
        return await documents.add(meeting, draft, incoming, name, by, at)
    finally:
        await incoming.drop()
