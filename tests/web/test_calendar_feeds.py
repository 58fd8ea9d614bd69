"""Calendars for others: the secret address of a person, the public page and its feeds."""

from datetime import UTC, datetime, timedelta

import pytest
import vobject
from sqlalchemy import update
from web_world import Site, add_meeting

from rooms.meetings.meetings import MeetingState
from rooms.store.tables import MeetingRow

NEXT = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=7)
OPEN = (
    "/cong-khai",
    "/cong-khai/manh.html",
    "/cong-khai/khung",
    "/cong-khai.json",
    "/cong-khai.ics",
)


async def secret(browser, action: str = "renew") -> str:
    """The path of the address after `action` on its page."""
    await browser.get("/lich/dang-ky")
    assert (await browser.post("/lich/dang-ky", {"action": action})).status == 303
    await browser.get("/lich/dang-ky")
    found = browser.page.partition("/lich/")[2] if ".ics" in browser.page else ""
    address = next((part for part in browser.page.split('"') if part.endswith(".ics")), "")
    return "/lich/" + address.rpartition("/")[2] if address and found else ""


async def test_a_subscription_holds_ones_meetings_and_follows_their_changes(site: Site):
    meeting = await add_meeting(site.world, "Hội nghị, giao ban; tháng 12", NEXT)
    await add_meeting(site.world, "Họp nơi khác", NEXT, sites=("Ia Pa",))
    address = await secret(await site.browser("kbang"))
    reader = await site.browser()  # no cookie
    response = await reader.get(address)
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in response.headers
    body = await response.text()
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))  # RFC 5545 section 3.1
    calendar = vobject.readOne(body)
    calendar.validate()
    [event] = calendar.vevent_list
    assert event.summary.value == "Hội nghị, giao ban; tháng 12"
    assert (event.dtstart.value, event.dtend.value) == (meeting.start, meeting.end)
    assert (event.sequence.value, event.status.value) == ("0", "CONFIRMED")
    assert f"/cuoc-hop/{meeting.id}" in event.url.value
    assert "Chủ trì: Ông Lê Quang Minh" in event.description.value

    etag = response.headers["ETag"]
    again = await reader.get(address, headers={"If-None-Match": etag})
    assert again.status == 304
    await site.world.meetings.move(
        meeting.id, NEXT + timedelta(hours=6), NEXT + timedelta(hours=8),
        site.world.people["thuky"], datetime.now(UTC), revision=1,
    )  # fmt: skip
    await site.world.meetings.advance(
        meeting.id, MeetingState.CANCELLED, site.world.people["thuky"], datetime.now(UTC), "Hủy"
    )
    response = await reader.get(address, headers={"If-None-Match": etag})
    [moved] = vobject.readOne(await response.text()).vevent_list
    assert moved.uid.value == event.uid.value
    assert int(moved.sequence.value) > 0
    assert moved.dtstart.value == NEXT + timedelta(hours=6)
    assert moved.status.value == "CANCELLED"
    assert moved.summary.value.startswith("[Đã hủy] ")


async def test_an_address_is_changed_and_revoked(site: Site):
    browser, reader = await site.browser("kbang"), await site.browser()
    first = await secret(browser)
    second = await secret(browser)
    assert first != second
    assert (await reader.get(first)).status == 404
    assert (await reader.get(second)).status == 200
    assert await secret(browser, "revoke") == ""
    assert (await reader.get(second)).status == 404
    for odd in ("x", "a" * 32, "%00" * 32, "..%2f..%2f"):
        assert (await reader.get(f"/lich/{odd}.ics")).status in (400, 404)


@pytest.fixture
async def announced(site: Site):
    """One public meeting, one cancelled public one, one that is not."""
    public = await add_meeting(site.world, "Công bố & <báo chí>", NEXT)
    off = await add_meeting(site.world, "Cuộc đã bỏ", NEXT, state=MeetingState.CANCELLED)
    await add_meeting(site.world, "Nội bộ", NEXT)
    async with site.services.entries._db.session() as session:
        await session.execute(
            update(MeetingRow).where(MeetingRow.id.in_([public.id, off.id])).values(public=True)
        )
    return public


async def test_the_public_sees_what_is_announced_and_caches_may_keep_it(site: Site, announced):
    reader = await site.browser()
    for path in OPEN:
        response = await reader.get(path)
        text = await response.text()
        assert (response.status, "Nội bộ" in text) == (200, False), path
        assert "Công bố" in text
        assert "Cuộc đã bỏ" in text
        assert "<báo chí>" not in text or "html" not in response.content_type
        assert response.headers["Cache-Control"] == "public, max-age=300"
        assert "Set-Cookie" not in response.headers
        etag = response.headers["ETag"]
        assert (await reader.get(path, headers={"If-None-Match": etag})).status == 304
        open_to_others = response.headers.get("Access-Control-Allow-Origin") == "*"
        assert open_to_others is (path != "/cong-khai")
        framed = "frame-ancestors *" in response.headers.get("Content-Security-Policy", "")
        assert framed is (path == "/cong-khai/khung")


async def test_the_json_feed_says_when_and_where(site: Site, announced):
    reader = await site.browser()
    response = await reader.get("/cong-khai.json?so=1&lang=vi")
    assert response.content_type == "application/feed+json"
    feed = await response.json(content_type=None)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    [item] = feed["items"]
    assert item["title"] == "Công bố & <báo chí>"
    assert item["_diemcau"]["start"].endswith("T08:00:00+07:00")
    assert item["_diemcau"]["host"] == "UBND tỉnh"
    assert (item["_diemcau"]["state"], item["_diemcau"]["sites"]) == ("approved", 4)
    calendar = vobject.readOne(await (await reader.get("/cong-khai.ics")).text())
    calendar.validate()
    assert len(calendar.vevent_list) == 2


async def test_an_empty_page_in_english(site: Site):
    reader = await site.browser()
    await reader.get("/cong-khai?lang=en&so=x")
    assert "No meeting has been announced yet." in reader.page
    await reader.get("/cong-khai?lang=xx")
    assert "Chưa có cuộc họp nào được công bố." in reader.page
