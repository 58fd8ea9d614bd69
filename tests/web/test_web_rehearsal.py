"""The technician's page of a test run."""

from datetime import UTC, datetime, timedelta

import pytest
from web_world import Site, add_meeting

from rooms.meetings.meetings import Meeting, MeetingState

HERE = "/cuoc-hop/giao-ban/chay-thu"


@pytest.fixture
async def meeting(site: Site) -> Meeting:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return await add_meeting(
        site.world, "Giao ban", tomorrow, short_name="giao-ban", state=MeetingState.REHEARSAL
    )


async def test_the_technician_ticks_what_cannot_be_measured(site: Site, meeting: Meeting):
    browser = await site.browser("kythuat")
    kbang = site.world.sites["KBang"]
    await browser.get(HERE)
    assert "0/4 đạt" in browser.page
    for point in ("picture", "sound-out", "sound-in", "line", "document"):
        response = await browser.post(f"{HERE}/{kbang}", {"muc": f"{point}:dat"})
        assert response.status == 303
    await browser.post(f"{HERE}/{kbang}", {"so-may": "2", "ghi-chu": "Thay micro"})
    await browser.get(HERE)
    assert "1/4 đạt" in browser.page
    assert 'value="Thay micro"' in browser.page
    secretary = await site.browser("thuky")
    await secretary.get("/cuoc-hop/giao-ban")
    assert "Chạy thử: 1/4 điểm cầu đạt" in secretary.page
    await browser.post(f"{HERE}/{kbang}", {"muc": "line:khong-dat"})
    await secretary.get("/cuoc-hop/giao-ban")
    assert "1 điểm cầu không đạt" in secretary.page
    await browser.get(f"{HERE}?loc=chua-dat")
    assert "Thay micro" in browser.page
    await browser.post(f"{HERE}/{kbang}", {"muc": "line:bo"})
    await secretary.get("/cuoc-hop/giao-ban")
    assert "không đạt" not in secretary.page


async def test_only_who_watches_over_meetings_sees_and_changes_it(site: Site, meeting: Meeting):
    kbang = await site.browser("kbang")
    assert (await kbang.get(HERE)).status == 403
    number = site.world.sites["KBang"]
    assert (await kbang.post(f"{HERE}/{number}", {"muc": "line:dat"})).status == 403
    await kbang.get("/cuoc-hop/giao-ban")
    assert "Chạy thử:" not in kbang.page
    technician = await site.browser("kythuat")
    await technician.get(HERE)
    for path, fields in (
        (f"{HERE}/{number}", {"muc": "x:dat"}),
        (f"{HERE}/999", {"muc": "line:dat"}),
    ):
        assert (await technician.post(path, fields)).status in (404, 422, 400, 409)
