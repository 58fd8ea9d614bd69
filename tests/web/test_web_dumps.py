"""Packet dumps on the technician's page and in the API: who may, and what is recorded of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from web_world import Browser, Deaf, Site, add_meeting, running_site

from rooms.meetings.meetings import Meeting
from rooms.session.model import SeatId
from web.auth import TOKEN_HEADER


async def in_room(site: Site) -> tuple[Meeting, SeatId]:
    """A meeting in session, and a seat with media in it."""
    meeting = await add_meeting(site.world, "Họp", datetime.now(UTC) - timedelta(minutes=1))
    seat = site.services.meetings.seat_for(meeting, site.world.people["kbang"])
    assert seat is not None
    attendance = await site.services.live.enter(meeting, seat, "c1", Deaf())
    await attendance.offer("v=0", restart=False)
    return meeting, seat.id


async def at(browser: Browser, meeting: Meeting, seat: SeatId) -> str:
    await browser.get(f"/ky-thuat/{meeting.id}/{seat}")
    return browser.page


async def test_the_technician_takes_a_dump_and_the_administrator_downloads_it(site: Site):
    meeting, seat = await in_room(site)
    technician, administrator = await site.browser("kythuat"), await site.browser("quantri")
    form = f"/ky-thuat/{meeting.id}/{seat}/goi-tin"
    assert "Ghi gói tin để phân tích" in await at(technician, meeting, seat)
    answer = await technician.post(form, [("phut", "5")])
    assert (answer.status, answer.headers["Location"]) == (303, f"{form[:-8]}#goi-tin")
    (dump,) = await site.services.dumps.of(meeting.id)
    assert dump.until is not None
    assert 295 < dump.until - dump.started <= 301
    page = await at(technician, meeting, seat)
    assert "Đang ghi, tự dừng lúc" in page
    assert f"/api/v1/dumps/{dump.name}" not in page
    assert (await technician.post(form, [("viec", "dung")])).status == 303
    assert "Đang ghi" not in await at(technician, meeting, seat)

    address = f"/api/v1/dumps/{dump.name}"
    assert address in await at(administrator, meeting, seat)
    fetched = await administrator.get(address)
    assert await fetched.read() == b"diemcau dump"
    assert f"{dump.name}.dcdump" in fetched.headers["Content-Disposition"]
    for name in ("kythuat", "thuky", "kbang"):
        assert (await (await site.browser(name)).get(address)).status == 403
    assert (await administrator.get("/api/v1/dumps/1-00000000")).status == 404

    await administrator.get("/quan-tri/nhat-ky")
    for said in ("Bắt đầu ghi gói tin", "Dừng ghi gói tin", "Tải gói tin về", "kythuat", dump.name):
        assert said in administrator.page
    entries = (await (await administrator.get("/api/v1/audit")).json())["entries"]
    assert [(entry["username"], entry["action"]) for entry in entries] == [
        ("quantri", "dump-downloaded"),
        ("kythuat", "dump-stopped"),
        ("kythuat", "dump-started"),
    ]


@pytest.mark.parametrize("username", ["thuky", "chutri", "kbang"])
async def test_nobody_else_takes_dumps(site: Site, username: str):
    meeting, seat = await in_room(site)
    browser = await site.browser(username)
    assert "Ghi gói tin" not in await at(browser, meeting, seat)
    await browser.get("/tro-giup")
    form = f"/ky-thuat/{meeting.id}/{seat}/goi-tin"
    assert (await browser.post(form, [("phut", "1")])).status == 403
    resource = f"/api/v1/meetings/{meeting.id}/seats/{seat}/dump"
    headers = {TOKEN_HEADER: browser.token}
    assert (await browser.client.post(resource, headers=headers)).status == 403
    assert (await browser.client.delete(resource, headers=headers)).status == 403
    assert await site.services.dumps.of(meeting.id) == []


async def test_dumps_through_the_api(site: Site):
    meeting, seat = await in_room(site)
    technician = await site.browser("kythuat")
    resource = f"/api/v1/meetings/{meeting.id}/seats/{seat}/dump"
    headers = {TOKEN_HEADER: technician.token}
    post = technician.client.post
    assert (await post(resource)).status == 403, "not from one of our pages"
    for body in ({"seconds": 0}, {"seconds": 601}, {"seconds": "x"}, {"minutes": 1}):
        assert (await post(resource, json=body, headers=headers)).status == 400
    taken = await post(resource, json={"seconds": 30}, headers=headers)
    assert taken.status == 201
    dump = await taken.json()
    assert dump["seat"] == seat
    listed = await (await technician.get(f"/api/v1/meetings/{meeting.id}/dumps")).json()
    assert listed == {"allowed": True, "dumps": [dump]}
    assert (await technician.client.delete(resource, headers=headers)).status == 204
    listed = await (await technician.get(f"/api/v1/meetings/{meeting.id}/dumps")).json()
    assert listed["dumps"][0]["until"] is None
    away = resource.replace(seat, "site:999")
    assert (await post(away, headers=headers)).status == 409, "no media there"


async def test_without_the_setting_the_page_says_so(tmp_path: Path):
    async with running_site(tmp_path, dumps=False) as site:
        meeting, seat = await in_room(site)
        administrator = await site.browser("quantri")
        page = await at(administrator, meeting, seat)
        assert "Chưa bật trong cài đặt" in page
        assert 'name="phut"' not in page
        answer = await administrator.post(f"/ky-thuat/{meeting.id}/{seat}/goi-tin", [("phut", "1")])
        assert answer.status == 409
        assert await site.services.audit.recent() == []
