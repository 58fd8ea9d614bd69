"""Signing in, staying in, and what forged requests get."""

import pytest
from web_world import PASSWORD, Site, running_site
from yarl import URL

from web.auth import safe_next
from web.services import DemoAccount


async def test_signing_in_opens_a_session_and_goes_on_to_the_page_asked_for(site: Site):
    browser = await site.browser()
    turned_away = await browser.get("/cuoc-hop?tuan=2026-11-24&lang=vi")
    assert turned_away.status == 303
    address = URL(turned_away.headers["Location"])
    assert (address.path, dict(address.query)) == (
        "/dang-nhap",
        {"next": "/cuoc-hop?tuan=2026-11-24&lang=vi"},
    )
    await browser.get(turned_away.headers["Location"])
    fields = {"username": "thuky", "password": PASSWORD, "next": "/cuoc-hop?tuan=2026-11-24"}
    response = await browser.post("/dang-nhap", fields)
    assert response.status == 303
    assert response.headers["Location"] == "/cuoc-hop?tuan=2026-11-24"
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await browser.get("/")).status == 200
    assert "Trần Thị Hạnh" in browser.page


async def test_cookies_are_secure_when_the_site_is_served_by_https(tmp_path):
    async with running_site(tmp_path, secure_cookies=True) as site:
        response = await (await site.browser()).get("/dang-nhap")
        assert "Secure" in response.headers["Set-Cookie"]
        assert "max-age" in response.headers["Strict-Transport-Security"]


async def test_a_wrong_password_and_an_unknown_name_are_told_the_same(site: Site):
    browser = await site.browser()
    pages = []
    for username in ("thuky", "khong-co-ai"):
        await browser.get("/dang-nhap")
        response = await browser.post("/dang-nhap", {"username": username, "password": "sai-sai"})
        assert response.status == 401
        assert "không đúng" in browser.page
        pages.append(browser.page.replace(username, ""))
    assert pages[0] == pages[1]


async def test_too_many_failures_are_throttled_even_with_the_right_password(site: Site):
    browser = await site.browser()
    await browser.get("/dang-nhap")
    for _ in range(30):
        response = await browser.post("/dang-nhap", {"username": "thuky", "password": "sai-sai"})
        if response.status == 429:
            break
    assert response.status == 429
    assert "quá nhiều lần" in browser.page
    response = await browser.post("/dang-nhap", {"username": "thuky", "password": PASSWORD})
    assert response.status == 429


@pytest.mark.parametrize("token", ["", "0" * 64, "không phải"])
async def test_the_sign_in_form_needs_the_token_of_its_own_visit(site: Site, token: str):
    browser = await site.browser()
    await browser.get("/dang-nhap")
    fields = {"username": "thuky", "password": PASSWORD, "csrf": token}
    assert (await browser.post("/dang-nhap", fields)).status == 403
    assert (await browser.get("/")).status == 303


async def test_a_token_of_another_visitor_is_refused(site: Site):
    mine, other = await site.browser("thuky"), await site.browser("kythuat")
    assert mine.token != other.token
    assert (await mine.post("/dang-xuat", {"csrf": other.token})).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://ke-gian.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_requests_from_other_sites_are_refused(site: Site, headers: dict[str, str]):
    browser = await site.browser("thuky")
    assert (await browser.post("/dang-xuat", headers=headers)).status == 403
    assert (await browser.get("/")).status == 200


async def test_requests_from_our_own_origin_pass(site: Site):
    browser = await site.browser("thuky")
    host = f"{site.server.host}:{site.server.port}"
    headers = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/dang-xuat", headers=headers)).status == 303


async def test_signing_out_closes_the_session_in_the_store(site: Site):
    browser = await site.browser("thuky")
    cookies = browser.client.session.cookie_jar.filter_cookies(site.server.make_url("/"))
    session = cookies["diemcau_session"].value
    assert (await browser.post("/dang-xuat")).status == 303
    kept = {"Cookie": f"diemcau_session={session}"}
    assert (await (await site.browser()).get("/", headers=kept)).status == 303


async def test_signing_in_replaces_a_session_planted_before(site: Site):
    browser = await site.browser("thuky")
    jar = browser.client.session.cookie_jar
    before = jar.filter_cookies(site.server.make_url("/"))["diemcau_session"].value
    await browser.post("/dang-nhap", {"username": "kythuat", "password": PASSWORD})
    after = jar.filter_cookies(site.server.make_url("/"))["diemcau_session"].value
    assert before != after
    kept = {"Cookie": f"diemcau_session={before}"}
    assert (await (await site.browser()).get("/", headers=kept)).status == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://ke-gian.example/",
        "//ke-gian.example",
        "/\\ke-gian.example",
        "/\t/ke-gian.example",
        "\\\\ke-gian.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "",
        None,
    ],
)
def test_only_paths_of_this_site_are_gone_on_to(target: str | None):
    assert safe_next(target) == "/"


def test_paths_of_this_site_are_kept():
    assert safe_next("/cuoc-hop/demo?tab=1#x") == "/cuoc-hop/demo?tab=1#x"


async def test_demo_accounts_are_offered_in_the_demo_alone(tmp_path):
    accounts = (DemoAccount(username="thuky", password=PASSWORD, role="Thư ký"),)
    async with running_site(tmp_path, demo_accounts=accounts) as site:
        await (browser := await site.browser()).get("/dang-nhap")
        assert PASSWORD not in browser.page
    async with running_site(tmp_path / "..", demo=True, demo_accounts=accounts) as site:
        await (browser := await site.browser()).get("/dang-nhap")
        assert f'value="{PASSWORD}"' in browser.page
