"""The weekly sheet as a .docx file."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

from docx import Document
from web_world import Site, add_meeting

from rooms.meetings.meetings import MeetingState
from web.formats import local


async def test_the_sheet_has_a_row_for_each_meeting_in_the_order_of_the_week(site: Site):
    now = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0)
    monday = now - timedelta(days=now.weekday()) + timedelta(days=14)
    await add_meeting(site.world, "Hội nghị giao ban", monday)
    await add_meeting(
        site.world, "Họp tối", monday + timedelta(hours=11), state=MeetingState.POSTPONED
    )
    browser = await site.browser("thuky")
    response = await browser.get(f"/cuoc-hop/lich-tuan.docx?ngay={local(monday).date()}&lang=en")
    assert response.status == 200
    week = monday.isocalendar().week
    assert f"lich-cong-tac-tuan-{week}-" in response.headers["Content-Disposition"]
    document = Document(BytesIO(await response.read()))
    assert document.sections[0].page_width > document.sections[0].page_height
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert f"LỊCH CÔNG TÁC TUẦN {week}" in text
    assert "Tỉnh Gia Lai. Từ ngày" in text
    [table] = document.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows[0] == [
        "Ngày", "Buổi", "Thời gian", "Nội dung", "Chủ trì", "Thành phần", "Địa điểm", "Chuẩn bị",
    ]  # fmt: skip
    assert rows[1][0].startswith("Thứ Hai\n")
    assert rows[1][1:4] == ["Sáng", "08:00\nđến 10:00", "Hội nghị giao ban"]
    assert rows[1][4:] == [
        "Ông Lê Quang Minh, Phó Chủ tịch UBND tỉnh", "Theo giấy mời", "4 điểm cầu", "UBND tỉnh",
    ]  # fmt: skip
    assert rows[2][:4] == ["", "Chiều", "", "Không có lịch"]
    assert rows[3][:4] == ["", "Tối", "19:00\nđến 21:00", "Họp tối (Tạm hoãn)"]
    assert [row[0].split("\n")[0] for row in rows if row[0]][-1] == "Chủ nhật"
