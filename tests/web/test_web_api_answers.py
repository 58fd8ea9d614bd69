"""Confirmations and documents over the API."""

from datetime import UTC, datetime, timedelta

import pytest
from web_world import Browser, Site, add_meeting

from rooms.meetings.meetings import Meeting

HERE = "/api/v1/meetings/giao-ban"
PDF = b"%PDF-1.7 "


@pytest.fixture
async def meeting(site: Site) -> Meeting:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return await add_meeting(site.world, "Giao ban", tomorrow, short_name="giao-ban")


async def call(browser: Browser, method: str, path: str, *, etag: str = "", **options):
    headers = {"X-CSRF-Token": browser.token, **({"If-Match": etag} if etag else {})}
    return await browser.client.request(method, path, headers=headers, **options)


CONFIRMED = {
    "state": "confirmed",
    "presidingName": "Bà Rơ Châm H’Yéo",
    "delegates": [{"fullName": "Ông Đinh Văn Lực"}],
}


async def test_a_site_answers_and_a_stale_answer_is_refused(site: Site, meeting: Meeting):
    browser = await site.browser("kbang")
    one = f"{HERE}/answers/{site.world.sites['KBang']}"
    listed = await (await call(browser, "GET", f"{HERE}/answers")).json()
    assert [item["site"] for item in listed["items"]] == ["UBND huyện KBang"]
    etag = (await call(browser, "GET", one)).headers["ETag"]
    assert (await call(browser, "PUT", one, json=CONFIRMED)).status == 428
    response = await call(browser, "PUT", one, json=CONFIRMED, etag=etag)
    answer = await response.json()
    assert (answer["state"], answer["headCount"]) == ("confirmed", 1)
    assert (await call(browser, "PUT", one, json=CONFIRMED, etag=etag)).status == 412
    etag = response.headers["ETag"]
    wrong = await call(browser, "PUT", one, json={"state": "declined"}, etag=etag)
    assert (wrong.status, list((await wrong.json())["errors"])) == (422, ["reason"])
    history = await (await call(browser, "GET", f"{one}/history")).json()
    assert [item["action"] for item in history["items"]] == ["confirmed"]
    other = f"{HERE}/answers/{site.world.sites['Pleiku']}"
    assert (await call(browser, "GET", other)).status == 404
    stranger = {"sites": [site.world.sites["Ia Pa"]]}
    assert (await call(browser, "POST", f"{one}/invitations", json=stranger)).status == 403
    assert (await call(browser, "DELETE", f"{one}/invitations")).status == 403


async def test_the_secretary_sets_terms(site: Site, meeting: Meeting):
    browser = await site.browser("thuky")
    terms = f"{HERE}/answer-terms"
    response = await call(browser, "GET", terms)
    assert (await response.json())["gate"] == "open"
    body = {"locked": True, "deadline": meeting.start.isoformat()}
    changed = await call(browser, "PUT", terms, json=body, etag=response.headers["ETag"])
    assert (await changed.json())["gate"] == "locked"
    device = await site.browser("kbang")
    etag = (await call(device, "GET", terms)).headers["ETag"]
    assert (await call(device, "PUT", terms, json=body, etag=etag)).status == 403


async def test_documents_are_uploaded_as_the_body_of_a_request(site: Site, meeting: Meeting):
    browser, device = await site.browser("thuky"), await site.browser("kbang")
    documents = f"{HERE}/documents"
    params = {"name": "Báo cáo.pdf", "title": "Báo cáo"}
    larger = PDF + b"x" * 600_000
    made = await call(browser, "POST", documents, data=larger, params=params)
    assert made.status == 201
    one = made.headers["Location"]
    assert (await call(device, "POST", documents, data=PDF, params=params)).status == 403
    too_large = PDF + b"x" * 700_000
    for content, fields in (
        (too_large, params),
        (b"MZ\x90\0", params),
        (b"", params),
        (PDF, {**params, "visibility": "sites"}),
    ):
        refused = await call(browser, "POST", documents, data=content, params=fields)
        assert refused.status == 422
    wrong = {**params, "visibility": "sites", "sites": "1,x"}
    assert (await call(browser, "POST", documents, data=PDF, params=wrong)).status == 400
    second = await call(browser, "POST", f"{one}/versions", data=PDF, params={"name": "b.exe"})
    assert (await second.json())["name"] == "b.exe.pdf"
    file = await call(device, "GET", f"{one}/versions/1")
    assert await file.read() == larger
    said = await call(device, "POST", f"{one}/comments", json={"text": "Đồng ý."})
    assert said.status == 201
    reads = await (await call(browser, "GET", f"{one}/reads")).json()
    assert [item["by"] for item in reads["items"]] == ["UBND huyện KBang"]
    etag = (await call(browser, "GET", one)).headers["ETag"]
    body = {"title": "Riêng", "visibility": "chair"}
    assert (await call(browser, "PUT", one, json=body, etag=etag)).status == 200
    for path in ("", "/versions/1", "/comments", "/reads"):
        assert (await call(device, "GET", one + path)).status == 404
    assert (await (await call(device, "GET", documents)).json())["items"] == []
    assert (await call(browser, "DELETE", one)).status == 204
    assert (await call(browser, "GET", one)).status == 404
