"""The pages, served by the real application over a real store."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from web_world import Deaf, Site, add_meeting

from rooms.meetings.meetings import MeetingState
from rooms.session.model import SeatId

PEOPLE = ("chutri", "thuky", "kythuat", "quantri", "kbang", "iapa")


async def soon(site: Site, **options: object):
    return await add_meeting(
        site.world, "Họp giao ban", datetime.now(UTC) + timedelta(minutes=1), **options
    )


@pytest.mark.parametrize("username", PEOPLE)
async def test_home_shows_what_the_account_may_enter(site: Site, username: str):
    await soon(site)
    browser = await site.browser(username)
    assert (await browser.get("/")).status == 200
    assert ("Họp giao ban" in browser.page) == (username != "iapa")
    assert ("Đăng ký lịch họp" in browser.page) == (username in ("thuky", "quantri"))


async def test_home_without_any_meeting_says_so(site: Site):
    browser = await site.browser("kbang")
    await browser.get("/")
    assert "Hôm nay không còn cuộc họp nào" in browser.page


async def test_the_live_meeting_is_the_large_one_with_its_connected_sites(site: Site):
    now = datetime.now(UTC)
    live = await add_meeting(site.world, "Họp đang mở", now - timedelta(minutes=5))
    await add_meeting(site.world, "Họp sắp tới", now + timedelta(minutes=1))
    seat = site.services.meetings.seat_for(live, site.world.people["kbang"])
    await site.services.live.enter(live, seat, "c1", Deaf())
    browser = await site.browser("thuky")
    await browser.get("/")
    large = browser.page.split('id="nx"')[1].split("</section>")[0]
    assert "Họp đang mở" in large
    assert "1 / 4 điểm cầu đã kết nối" in large
    assert "Chưa kết nối: UBND tỉnh, Pleiku, Chư Sê" in large
    await browser.get(f"/cuoc-hop/{live.id}")
    row = browser.page.split("UBND huyện KBang")[1].split("</tr>")[0]
    assert "Đã kết nối" in row


ACCESS = {
    "/": PEOPLE,
    "/cuoc-hop": PEOPLE,
    "/tro-giup": PEOPLE,
    "/cuoc-hop/moi": ("chutri", "thuky", "quantri", "kbang", "iapa"),
    "/cuoc-hop/hop/sua": ("thuky", "quantri"),
    "/cuoc-hop/hop/thanh-phan": ("thuky", "quantri"),
    "/cuoc-hop/hop/lich-su": ("thuky", "kythuat", "quantri"),
    "/cuoc-hop/hop": ("chutri", "thuky", "kythuat", "quantri", "kbang"),
    "/cuoc-hop/hop/kiem-tra": ("chutri", "thuky", "kythuat", "quantri", "kbang"),
    "/cuoc-hop/hop/phong": ("chutri", "thuky", "kythuat", "quantri", "kbang"),
    "/ky-thuat": ("thuky", "kythuat", "quantri"),
    "/ky-thuat?cuoc-hop=hop": ("thuky", "kythuat", "quantri"),
    "/quan-tri/tai-khoan": ("quantri",),
    "/quan-tri/nhat-ky": ("quantri",),
    "/quan-tri/thong-bao": ("quantri",),
    "/bao-cao": ("chutri", "thuky", "quantri"),
    "/api/v1/reports/meetings": ("chutri", "thuky", "quantri"),
    "/ca-nhan/ma-truy-cap": ("chutri", "thuky", "kythuat", "quantri"),
    "/api/v1/webhooks": ("quantri",),
    "/api/v1/audit": ("quantri",),
    "/api/v1/meetings/hop/dumps": ("thuky", "kythuat", "quantri"),
    "/api/v1/meetings": PEOPLE,
    "/api/v1/meetings/hop": ("chutri", "thuky", "kythuat", "quantri", "kbang"),
}


@pytest.mark.parametrize("username", PEOPLE)
async def test_each_role_opens_its_own_pages_and_no_others(site: Site, username: str):
    await soon(site, short_name="hop")
    browser = await site.browser(username)
    opened = {path: (await browser.get(path)).status for path in ACCESS}
    expected = {path: 200 if username in people else 403 for path, people in ACCESS.items()}
    assert opened == expected


async def test_somebody_not_invited_is_told_whom_to_call(site: Site):
    await soon(site, short_name="hop")
    browser = await site.browser("iapa")
    assert (await browser.get("/cuoc-hop/hop/phong")).status == 403
    assert "không có trong thành phần" in browser.page
    assert "0269 3 555 017" in browser.page


@pytest.mark.parametrize("path", [path for path in ACCESS if path != "/tro-giup"])
async def test_nothing_but_the_guide_opens_without_signing_in(site: Site, path: str):
    response = await (await site.browser()).get(path)
    assert response.status == (401 if path.startswith("/api") else 303)


ODD = (
    "0 -1 99999999999999999999 1e9 ../x %2e%2e%2f x' 1%3BDROP%20TABLE %00 %F0%9F%98%80 "
    "đường-dây demo%0d%0aX:1 " + "a" * 3000
).split(" ")
ODD_PATHS = [
    path.replace("{}", odd)
    for odd in ODD
    for path in (
        "/cuoc-hop/{}",
        "/cuoc-hop/{}/phong",
        "/cuoc-hop/{}/kiem-tra",
        "/ban-ghi/{}",
        "/ban-ghi/{}/video",
        "/ky-thuat?cuoc-hop={}",
        "/ky-thuat/{}/site:1",
        "/ky-thuat/hop/{}",
        "/cuoc-hop?tuan={}",
        "/dang-nhap?next={}&lang={}",
        "/api/v1/meetings/{}",
        "/api/v1/meetings/{}/health",
        "/api/v1/recordings/{}",
        "/api/v1/dumps/{}",
        "/api/v1/meetings/{}/dumps",
        "/api/v1/meetings?from={}&to={}",
        "/static/{}",
        "/{}",
    )
]


async def test_odd_addresses_never_break_the_server(site: Site):
    browser = await site.browser("quantri")
    failed = []
    for path in ODD_PATHS:
        response = await browser.get(path)
        if response.status >= 500:
            failed.append((path, response.status))
    assert failed == []


async def test_a_missing_page_is_told_in_the_language_of_the_reader(site: Site):
    browser = await site.browser()
    assert (await browser.get("/khong-co")).status == 404
    assert "Không tìm thấy trang này" in browser.page
    await browser.get("/khong-co?lang=en")
    assert "Page not found" in browser.page


async def test_forms_of_an_error_page_work(site: Site):
    browser = await site.browser()
    await browser.get("/khong-co")
    assert (await browser.post("/ngon-ngu", {"lang": "en", "next": "/tro-giup"})).status == 303
    await browser.get("/tro-giup")
    assert "User guide" in browser.page


async def test_the_language_is_kept_by_cookie_and_by_account(site: Site):
    browser = await site.browser("thuky")
    response = await browser.post("/ngon-ngu", {"lang": "en", "next": "/cuoc-hop?lang=vi"})
    assert response.headers["Location"] == "/cuoc-hop"
    await browser.get("/cuoc-hop")
    assert '<html lang="en">' in browser.page
    assert "Weekly work calendar" in browser.page
    another = await site.browser("thuky")
    await another.get("/")
    assert "Today's meetings" in another.page


async def test_an_unknown_language_changes_nothing(site: Site):
    browser = await site.browser("thuky")
    await browser.get("/?lang=fr")
    assert '<html lang="vi">' in browser.page
    await browser.post("/ngon-ngu", {"lang": "fr"})
    await browser.get("/")
    assert '<html lang="vi">' in browser.page


async def test_pages_carry_the_security_headers(site: Site):
    response = await (await site.browser("thuky")).get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in response.headers["Permissions-Policy"]
    assert response.headers["Cache-Control"] == "no-store"


async def test_static_files_are_kept_for_ever_when_asked_for_by_content(site: Site):
    browser = await site.browser()
    await browser.get("/dang-nhap")
    addresses = re.findall(r'(?:href|src)="(/static/[^"#]+)', browser.page)
    assert len(addresses) >= 5
    for address in addresses:
        response = await browser.get(address)
        assert response.status == 200, address
        assert ("immutable" in response.headers["Cache-Control"]) == ("?v=" in address)
    stale = await browser.get("/static/css/tokens.css?v=000000000000")
    assert stale.headers["Cache-Control"] == "no-cache"


async def test_no_page_uses_an_inline_style_or_script(site: Site):
    await soon(site, short_name="hop")
    browser = await site.browser("quantri")
    for path in (*ACCESS, "/cuoc-hop/moi", "/khong-co"):
        if path.startswith("/api"):
            continue
        await browser.get(path)
        assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son[a-z]+=|<style", browser.page), path
        scripts = re.findall(r"<script([^>]*)>", browser.page)
        assert all("src=" in s or 'type="application/json"' in s for s in scripts), path


async def ready_recording(site: Site, tmp_path: Path) -> str:
    meeting = await add_meeting(
        site.world,
        "Họp đã ghi",
        datetime.now(UTC) - timedelta(hours=2),
        short_name="da-ghi",
        state=MeetingState.ENDED,
    )
    video = tmp_path / "video.mp4"
    video.write_bytes(bytes(range(256)) * 40)
    recordings = site.services.recordings
    made = await recordings.create(meeting.id, SeatId("user:2"), meeting.start)
    await recordings.stop(made.id, meeting.end)
    await recordings.ready(made.id, video, 3600.0, video.stat().st_size)
    return made.id


async def test_a_recording_is_watched_by_ranges_and_saved_under_a_name(site: Site, tmp_path: Path):
    recording = await ready_recording(site, tmp_path)
    browser = await site.browser("kbang")
    await browser.get("/cuoc-hop/da-ghi")
    assert f"/ban-ghi/{recording}/video" in browser.page
    assert (await browser.get(f"/ban-ghi/{recording}")).status == 200
    part = await browser.get(f"/ban-ghi/{recording}/video", headers={"Range": "bytes=100-199"})
    assert part.status == 206
    assert part.content_type == "video/mp4"
    assert await part.read() == (bytes(range(256)) * 40)[100:200]
    saved = await browser.get(f"/ban-ghi/{recording}/video?tai-ve=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    beyond = await browser.get(f"/ban-ghi/{recording}/video", headers={"Range": "bytes=99999-"})
    assert beyond.status == 416


async def test_a_recording_is_shown_to_those_invited_alone(site: Site, tmp_path: Path):
    recording = await ready_recording(site, tmp_path)
    for path in (f"/ban-ghi/{recording}", f"/ban-ghi/{recording}/video"):
        assert (await (await site.browser("iapa")).get(path)).status == 403
        assert (await (await site.browser()).get(path)).status == 303


async def test_the_progress_of_a_recording_is_shown_while_it_is_made(site: Site, tmp_path: Path):
    recording = await ready_recording(site, tmp_path)
    await site.services.recordings.set_progress(recording, 0.42)
    browser = await site.browser("kbang")
    await browser.get("/cuoc-hop/da-ghi")
    assert "Đã dựng 42 %" in browser.page
    assert (await browser.get(f"/ban-ghi/{recording}/video")).status == 404
    answer = await (await browser.get(f"/api/v1/recordings/{recording}")).json()
    assert (answer["state"], answer["progress"], answer["video"]) == ("composing", 0.42, None)


async def test_the_room_of_an_ended_or_cancelled_meeting_does_not_open(site: Site):
    for name, state in (("xong", MeetingState.ENDED), ("huy", MeetingState.CANCELLED)):
        await soon(site, short_name=name, state=state)
    browser = await site.browser("kbang")
    response = await browser.get("/cuoc-hop/xong/phong")
    assert (response.status, response.headers["Location"]) == (303, "/cuoc-hop/xong")
    assert (await browser.get("/cuoc-hop/huy/phong")).status == 409
    await browser.get("/cuoc-hop/huy")
    assert "Vào họp" not in browser.page


async def test_the_administrator_makes_an_account_that_can_sign_in(site: Site):
    browser = await site.browser("quantri")
    await browser.get("/quan-tri/tai-khoan")
    fields = {
        "full_name": "Bà Rơ Châm H’Nhem",
        "username": "ankhe.pct",
        "role": "official",
        "unit": str(site.world.units["An Khê"]),
        "site": str(site.world.sites["An Khê"]),
    }
    assert (await browser.post("/quan-tri/tai-khoan", fields)).status == 200
    password = re.search(r'fresh__pw num">([^<]+)<', browser.page)[1]
    newcomer = await site.browser()
    await newcomer.sign_in("ankhe.pct", password)
    await newcomer.get("/")
    assert "Bà Rơ Châm H’Nhem" in newcomer.page


async def test_a_new_password_closes_the_sessions_of_the_account(site: Site):
    technician, administrator = await site.browser("kythuat"), await site.browser("quantri")
    account = site.world.people["kythuat"].id
    response = await administrator.post(f"/quan-tri/tai-khoan/{account}/mat-khau")
    assert response.status == 200
    password = re.search(r'fresh__pw num">([^<]+)<', administrator.page)[1]
    assert (await technician.get("/")).status == 303
    await technician.sign_in("kythuat", password)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"username": "thuky"}, "đã có người dùng"),
        ({"username": "Có Dấu"}, "không dấu"),
        ({"role": "vua"}, "Chọn vai trò"),
        ({"full_name": " "}, "Nhập họ và tên"),
        ({"role": "site-device", "site": ""}, "Chọn điểm cầu"),
        ({"site": "999999"}, "Chọn điểm cầu"),
        ({"unit": "999999"}, "Chọn đơn vị"),
    ],
)
async def test_a_faulty_account_form_comes_back_as_typed(
    site: Site, change: dict[str, str], said: str
):
    browser = await site.browser("quantri")
    fields = {"full_name": "Lê Văn Tám", "username": "tam", "role": "official", **change}
    assert (await browser.post("/quan-tri/tai-khoan", fields)).status == 422
    assert said in browser.page
    assert f'value="{fields["username"]}"' in browser.page


async def test_passwords_of_unknown_accounts_cannot_be_set(site: Site):
    browser = await site.browser("quantri")
    assert (await browser.post("/quan-tri/tai-khoan/99999/mat-khau")).status == 404
    technician = await site.browser("kythuat")
    assert (await technician.post("/quan-tri/tai-khoan/1/mat-khau")).status == 403


async def test_who_was_in_a_meeting_hears_what_follows(site: Site):
    now = datetime.now(UTC)
    await add_meeting(site.world, "Giao ban", now, short_name="giao-ban", state=MeetingState.LIVE)
    tomorrow = now + timedelta(days=1)
    await add_meeting(site.world, "Họp thủy lợi", tomorrow, short_name="thuy-loi")
    browser = await site.browser("kbang")
    found = await (await browser.client.get("/cuoc-hop/giao-ban/phong/sau-hop")).json()
    assert found["next"]["title"] == "Họp thủy lợi"
    assert found["next"]["page"] == "/cuoc-hop/thuy-loi"
    assert found["conclusions"]
