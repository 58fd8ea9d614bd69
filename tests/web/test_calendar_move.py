"""Another time for a meeting, by the page that drag and drop ends on."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from web_world import Site, add_meeting

from rooms.meetings.meetings import MeetingState
from rooms.store.tables import MeetingRevisionRow, RecipientRow
from web.formats import local


def working_day(weeks: int) -> datetime:
    """A Wednesday at 08:00 local time."""
    day = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0)
    return day + timedelta(days=(2 - day.weekday()) % 7 + 7 * weeks)


OLD, NEW = working_day(3), working_day(4)


@pytest.fixture
async def meeting(site: Site):
    return await add_meeting(site.world, "Hội nghị giao ban", OLD)


def fields(at: datetime, **more: str) -> dict[str, str]:
    start = local(at)
    return {
        "day": f"{start:%d/%m/%Y}",
        "start": f"{start:%H:%M}",
        "end": f"{start + timedelta(hours=2):%H:%M}",
        "revision": "1",
        "action": "save",
        **more,
    }


async def test_a_drop_shows_what_it_would_do_and_saves_nothing(site: Site, meeting):
    browser = await site.browser("thuky")
    day = local(NEW).date()
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={day}&buoi=chieu")
    assert f'name="day" value="{day:%d/%m/%Y}"' in browser.page
    assert 'name="start" value="13:30"' in browser.page
    assert 'name="end" value="15:30"' in browser.page
    assert "Đủ thời hạn báo trước" in browser.page
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={day}&gio=09:30")
    assert 'name="start" value="09:30"' in browser.page
    assert await site.world.meetings.get(meeting.id) == meeting
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={day}&buoi=sang")
    assert 'name="start" value="08:00"' in browser.page


async def test_a_move_is_saved_with_its_reason(site: Site, meeting):
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich")
    response = await browser.post(
        f"/cuoc-hop/{meeting.id}/doi-lich", fields(NEW, note="Chủ trì đi công tác")
    )
    assert response.status == 303
    moved = await site.world.meetings.get(meeting.id)
    assert (moved.start, moved.end, moved.revision) == (NEW, NEW + timedelta(hours=2), 2)
    assert moved.agenda[0].start == meeting.agenda[0].start
    async with site.services.entries._db.reading() as session:
        notes = await session.scalars(select(MeetingRevisionRow.note))
        assert list(notes)[-1] == "Chủ trì đi công tác"
    await browser.get(response.headers["Location"])
    assert "Đã đổi lịch “Hội nghị giao ban”" in browser.page


async def test_looking_at_the_consequences_saves_nothing(site: Site, meeting):
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich")
    assert "chưa có gì được lưu" in browser.page
    response = await browser.post(f"/cuoc-hop/{meeting.id}/doi-lich", fields(NEW, action="check"))
    assert response.status == 200
    assert "Đổi sang" in browser.page
    assert (await site.world.meetings.get(meeting.id)).revision == 1


async def test_a_clash_is_named_with_free_times_and_asks_for_a_reason(site: Site, meeting):
    other = await add_meeting(site.world, "Họp khác", NEW, sites=("KBang", "Chư Sê"))
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={local(NEW).date()}")
    for text in ("Trùng lịch với “Họp khác”", "KBang, Chư Sê", "Giờ còn trống", "Người chủ trì"):
        assert text in browser.page
    path = f"/cuoc-hop/{meeting.id}/doi-lich"
    assert (await browser.post(path, fields(NEW))).status == 422
    assert "ghi rõ lý do" in browser.page
    assert (await browser.post(path, fields(NEW, note="Đã thống nhất"))).status == 303
    assert (await site.world.meetings.get(meeting.id)).start == other.start


async def test_who_was_told_of_the_old_time(site: Site, meeting):
    async with site.services.entries._db.session() as session:
        for number in (1, 2):
            session.add(
                RecipientRow(
                    meeting_id=meeting.id,
                    name=f"Điểm cầu {number}",
                    email="",
                    site_id=site.world.sites["KBang" if number == 1 else "Chư Sê"],
                    sent_at=OLD - timedelta(days=20),
                )
            )
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={local(NEW).date()}")
    assert "Giấy mời theo giờ cũ đã gửi tới 2 nơi nhận" in browser.page


async def test_days_off_and_odd_hours_are_told(site: Site, meeting):
    browser = await site.browser("thuky")
    saturday = local(NEW).date() + timedelta(days=3)
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={saturday}")
    assert "Ngày mới là ngày nghỉ" in browser.page
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich?ngay={local(NEW).date()}&gio=19:00")
    assert "Ngoài giờ làm việc" in browser.page


WRONG = [
    ({"day": "hôm nào"}, "Ngày họp ghi theo dạng"),
    ({"start": "99:00"}, "Giờ ghi theo dạng"),
    ({"end": ""}, "Giờ ghi theo dạng"),
    ({"day": "01/01/2020"}, "Thời gian này đã qua"),
    ({"revision": "7"}, "Có người đã sửa trước bạn"),
    ({"revision": "x"}, "Có người đã sửa trước bạn"),
    ({"day": f"{local(OLD):%d/%m/%Y}"}, "chính là thời gian hiện nay"),
]


async def test_what_cannot_be_saved(site: Site, meeting):
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich")
    for wrong, text in WRONG:
        response = await browser.post(f"/cuoc-hop/{meeting.id}/doi-lich", fields(NEW, **wrong))
        assert (response.status, text in browser.page) == (422, True), wrong
    assert (await site.world.meetings.get(meeting.id)).revision == 1


async def test_others_move_nothing(site: Site, meeting):
    for who in ("kbang", "kythuat", "iapa"):
        browser = await site.browser(who)
        assert (await browser.get(f"/cuoc-hop/{meeting.id}/doi-lich")).status == 403
        response = await browser.post(f"/cuoc-hop/{meeting.id}/doi-lich", fields(NEW))
        assert response.status == 403


async def test_what_is_over_stays(site: Site):
    past = await add_meeting(
        site.world, "Đã họp", datetime.now(UTC) - timedelta(days=2), state=MeetingState.ENDED
    )
    browser = await site.browser("thuky")
    assert (await browser.get(f"/cuoc-hop/{past.id}/doi-lich")).status >= 400
