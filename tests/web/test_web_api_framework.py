"""What every REST resource has: tokens with scopes, ETags, pages, keys against repeats.

Webhooks stand for all: they have every method, and revisions.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientResponse
from web_world import Browser, Site

from rooms.directory.api_tokens import Scope

WEBHOOKS = "/api/v1/webhooks"
ALL = tuple(Scope)


class Program:
    """A client with a token, and nothing else."""

    def __init__(self, browser: Browser, token: str) -> None:
        self.client = browser.client
        self.headers = {"Authorization": f"Bearer {token}"}

    async def __call__(
        self, method: str, path: str, json: object = None, **headers: str
    ) -> ClientResponse:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.client.request(method, path, json=json, headers={**self.headers, **sent})


async def program(site: Site, username: str = "quantri", scopes: tuple[Scope, ...] = ALL):
    _, text = await site.services.tokens.make(
        site.world.people[username], "thử", scopes, datetime.now(UTC), lifetime=None
    )
    return Program(await site.browser(), text)


def body(name: str = "Văn bản", **change: object) -> dict[str, object]:
    return {"name": name, "url": "https://vanban.example.vn/hook", **change}


async def test_a_token_is_made_on_ones_own_page_used_and_revoked(site: Site):
    browser = await site.browser("thuky")
    await browser.get("/ca-nhan/ma-truy-cap")
    await browser.post("/ca-nhan/ma-truy-cap", [("ten", ""), ("han", "90")])
    assert "Đặt tên cho mã" in browser.page
    assert "Chọn ít nhất một quyền" in browser.page
    fields = [("ten", "Cổng thông tin"), ("han", "90"), ("quyen", "meetings:read")]
    answer = await browser.post("/ca-nhan/ma-truy-cap", fields)
    token = re.search(r"dc_[A-Za-z0-9_-]{43}", browser.page)
    assert token is not None, answer.status
    await browser.get("/ca-nhan/ma-truy-cap")
    assert token[0] not in browser.page
    assert "Chưa dùng" in browser.page

    send = Program(await site.browser(), token[0])
    assert (await send("GET", "/api/v1/meetings")).status == 200
    missing = await send("POST", "/api/v1/meetings", {})
    assert missing.status == 403
    assert (await missing.json(content_type=None))["code"] == "scope-missing"
    assert 'scope="meetings:write"' in missing.headers["WWW-Authenticate"]
    assert (await send.client.get("/", headers=send.headers, allow_redirects=False)).status == 303

    await browser.get("/ca-nhan/ma-truy-cap")
    assert "Chưa dùng" not in browser.page
    (made,) = await site.services.tokens.of(site.world.people["thuky"].id)
    await browser.post(f"/ca-nhan/ma-truy-cap/{made.id}/thu-hoi")
    refused = await send("GET", "/api/v1/meetings")
    assert (refused.status, refused.content_type) == (401, "application/problem+json")
    assert "invalid_token" in refused.headers["WWW-Authenticate"]
    actions = [entry.action for entry in await site.services.audit.recent()]
    assert actions == ["token-revoked", "token-made"]
    other = await site.browser("kythuat")
    await other.get("/")
    assert (await other.post(f"/ca-nhan/ma-truy-cap/{made.id}/thu-hoi")).status == 404


async def test_tokens_end_and_open_no_more_than_their_account_may(site: Site):
    tokens, now = site.services.tokens, datetime.now(UTC)
    kbang = site.world.people["thuky"]
    _, text = await tokens.make(kbang, "x", ALL, now, lifetime=timedelta(days=1))
    assert await tokens.bearer(text, "", now) is not None
    assert await tokens.bearer(text, "", now + timedelta(days=2)) is None
    assert await tokens.bearer("dc_" + "x" * 43, "", now) is None
    secretary = await program(site, "thuky")
    assert (await secretary("GET", WEBHOOKS)).status == 403


async def test_a_bearer_needs_no_form_token_but_a_cookie_does(site: Site):
    administrator = await site.browser("quantri")
    refused = await administrator.client.post(WEBHOOKS, json=body())
    assert refused.status == 403
    assert (await (await program(site))("POST", WEBHOOKS, body())).status == 201


async def test_errors_speak_the_language_of_the_caller(site: Site):
    send = await program(site)
    english = await send("POST", WEBHOOKS, body(url="ftp://x"), Accept_Language="en-GB,en;q=0.9")
    told = await english.json(content_type=None)
    assert (english.status, told["code"], told["status"]) == (422, "invalid", 422)
    assert "http://" in told["errors"]["url"]
    assert "must" in told["errors"]["url"]
    vietnamese = await (await send("POST", WEBHOOKS, body(url="ftp://x"))).json(content_type=None)
    assert "phải" in vietnamese["errors"]["url"]


async def test_nobody_overwrites_what_they_have_not_seen(site: Site):
    send = await program(site)
    made = await send("POST", WEBHOOKS, body())
    assert "secret" in await made.json()
    place = made.headers["Location"]
    read = await send("GET", place)
    tag = read.headers["ETag"]
    assert "secret" not in await read.json()
    assert (await send("GET", place, If_None_Match=tag)).status == 304

    assert (await send("PUT", place, body("Một"))).status == 428
    first = await send("PUT", place, body("Một"), If_Match=tag)
    assert first.status == 200
    second = await send("PUT", place, body("Hai"), If_Match=tag)
    assert second.status == 412
    assert (await second.json(content_type=None))["code"] == "changed-meanwhile"
    assert (await (await send("GET", place)).json())["name"] == "Một"
    assert (await send("DELETE", place, If_Match=tag)).status == 412
    assert (await send("DELETE", place, If_Match=first.headers["ETag"])).status == 204
    assert (await send("GET", place)).status == 404


async def test_a_repeated_post_is_done_once(site: Site):
    send = await program(site)
    first = await send("POST", WEBHOOKS, body(), Idempotency_Key="k-1")
    again = await send("POST", WEBHOOKS, body(), Idempotency_Key="k-1")
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.headers["Location"] == first.headers["Location"]
    assert await again.json() == await first.json()
    assert len(await site.services.webhooks.all()) == 1
    other = await send("POST", WEBHOOKS, body("Khác"), Idempotency_Key="k-1")
    assert (other.status, (await other.json(content_type=None))["code"]) == (422, "key-reused")
    assert (await send("POST", WEBHOOKS, body(), Idempotency_Key="có dấu")).status == 400

    assert (await send("POST", WEBHOOKS, body(url="x"), Idempotency_Key="k-2")).status == 422
    assert (await send("POST", WEBHOOKS, body(), Idempotency_Key="k-2")).status == 201
    now, account = datetime.now(UTC), site.world.people["quantri"].id
    replays = site.services.replays
    assert await replays.claim(account, "k-1", "x", now) is not None
    assert await replays.claim(account, "k-1", "x", now + timedelta(hours=25)) is None, "forgotten"
    assert (await send("POST", WEBHOOKS, body(), Idempotency_Key="k-1")).status == 422


async def test_lists_are_read_page_by_page(site: Site):
    send = await program(site)
    for number in range(5):
        await send("POST", WEBHOOKS, body(f"Nơi {number}"))
    names, place = [], f"{WEBHOOKS}?limit=2"
    while place:
        answer = await send("GET", place)
        names += [item["name"] for item in (await answer.json())["items"]]
        link = re.search(r'<([^>]*)>; rel="next"', answer.headers["Link"])
        place = link[1] if link else ""
    assert names == [f"Nơi {number}" for number in range(5)]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=201", "cursor=x", "cursor=WyJ4Il0", "cursor=%00", "khac=1"],
)
async def test_odd_pages_are_refused(site: Site, query: str):
    answer = await (await program(site))("GET", f"{WEBHOOKS}?{query}")
    assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_the_log_of_deliveries_goes_on_by_key_and_is_sent_again(site: Site):
    send = await program(site)
    made = await (await send("POST", WEBHOOKS, body())).json()
    now, deliveries = datetime.now(UTC), site.services.deliveries
    for token in "abc":
        await deliveries.ping(made["id"], token, now)
    place = f"{WEBHOOKS}/{made['id']}/deliveries"
    first = await (await send("GET", f"{place}?limit=2")).json()
    assert [one["eventId"] for one in first["items"]] == ["ping-c", "ping-b"]
    rest = await (await send("GET", f"{place}?limit=2&cursor={first['next']}")).json()
    assert ([one["eventId"] for one in rest["items"]], rest["next"]) == (["ping-a"], None)
    again = await send("POST", f"{place}/{rest['items'][0]['id']}/resend")
    assert (await again.json())["state"] == "waiting"
    assert (await send("POST", f"{place}/999/resend")).status == 404


async def test_administrators_keep_webhooks_on_a_page(site: Site):
    browser = await site.browser("quantri")
    place = "/quan-tri/thong-bao"
    await browser.get(place)
    assert (
        await browser.post(place, [("ten", ""), ("dia-chi", "http://127.0.0.1/")])
    ).status == 422
    assert "Đặt tên cho nơi nhận" in browser.page
    assert "chỉ có trên chính máy chủ" in browser.page
    fields = [("ten", "Cổng"), ("dia-chi", "https://cong.example.vn/h"), ("bat", "1")]
    answer = await browser.post(place, [*fields, ("su-kien", "meeting.cancelled")])
    one = answer.headers["Location"]
    await browser.get(one)
    assert "Chưa gửi gì" in browser.page
    await browser.post(f"{one}/thu")
    await browser.get(one)
    assert "Chờ gửi" in browser.page
    (endpoint,) = await site.services.webhooks.all()
    await browser.post(f"{one}/khoa")
    (renewed,) = await site.services.webhooks.all()
    assert renewed.secret != endpoint.secret
    await browser.post(one, [*fields[:2], ("su-kien", "meeting.created")])
    await browser.get(place)
    assert "Đã tắt" in browser.page
    await browser.post(f"{one}/xoa")
    assert (await browser.get(one)).status == 404
