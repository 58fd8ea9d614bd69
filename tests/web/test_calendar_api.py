"""The calendar over REST."""

from datetime import UTC, datetime, timedelta

from web_world import Browser, Site, add_meeting

NEXT = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=2)
API = "/api/v1"
HOURS = {
    "validFrom": "2026-05-01",
    "morningStart": "07:00",
    "morningEnd": "11:30",
    "afternoonStart": "13:00",
    "afternoonEnd": "16:30",
}


async def send(browser: Browser, method: str, path: str, body: object = None, **headers: str):
    tags = {name.replace("_", "-"): value for name, value in headers.items()}
    return await browser.client.request(
        method, API + path, json=body, headers={"X-CSRF-Token": browser.token, **tags}
    )


async def test_entries_are_listed_by_span_and_filter(site: Site):
    meeting = await add_meeting(site.world, "Hội nghị giao ban", NEXT)
    browser = await site.browser("kbang")
    listed = await (await send(browser, "GET", "/calendar?search=GIAO%20ban")).json()
    [entry] = listed["items"]
    assert (entry["id"], entry["sites"], entry["chairName"]) == (meeting.id, 4, "Ông Lê Quang Minh")
    other = await site.browser("iapa")
    for query, count in (("", 0), ("?whose=province", 1), ("?whose=province&state=live", 0)):
        found = await (await send(other, "GET", f"/calendar{query}")).json()
        assert len(found["items"]) == count, query
    for wrong in ("from=2026-01-01&to=2020-01-01", "from=0001-01-01", "whose=all", "unitId=0"):
        assert (await send(browser, "GET", f"/calendar?{wrong}")).status == 400


async def test_a_day_is_changed_when_it_is_still_as_it_was_seen(site: Site):
    browser = await site.browser("thuky")
    year = await (await send(browser, "GET", "/calendar/days?year=2026")).json()
    assert {
        "day": "2026-11-24",
        "kind": "holiday",
        "name": "Ngày Văn hóa Việt Nam",
    }.items() <= next(day for day in year["items"] if day["day"] == "2026-11-24").items()
    path = "/calendar/days/2026-11-28"
    seen = await send(browser, "GET", path)
    assert (await seen.json())["working"] is False
    body = {"kind": "swap", "name": "Làm bù"}
    assert (await send(browser, "PUT", path, body)).status == 428
    tag = seen.headers["ETag"]
    changed = await send(browser, "PUT", path, body, If_Match=tag)
    assert (await changed.json())["working"] is True
    assert (await send(browser, "PUT", path, body, If_Match=tag)).status == 412
    assert (await send(browser, "DELETE", path)).status == 204
    for odd in ("x", "1800-01-01", "2026-13-01", "9999-12-31"):
        assert (await send(browser, "GET", f"/calendar/days/{odd}")).status == 404
    wrong = await send(browser, "PUT", "/calendar/days/2026-11-25", body, If_Match="*")
    assert (wrong.status, list((await wrong.json())["errors"])) == (422, ["day"])
    assert (await send(await site.browser("kbang"), "PUT", path, body, If_Match="*")).status == 403


async def test_office_hours(site: Site):
    browser = await site.browser("quantri")
    made = await send(browser, "POST", "/office-hours", HOURS)
    assert made.status == 201
    hours = await made.json()
    listed = await (await send(browser, "GET", "/office-hours")).json()
    assert listed["items"] == [hours]
    assert (await send(browser, "POST", "/office-hours", HOURS)).status == 422
    for name, value, status in (
        ("morningStart", "25:00", 400),
        ("morningStart", "07:00:00Z", 400),
        ("morningEnd", "06:00", 422),
        ("unitId", 10**6, 422),
        ("unitId", 2**40, 400),
        ("validFrom", "hôm nay", 400),
    ):
        response = await send(browser, "POST", "/office-hours", {**HOURS, name: value})
        assert response.status == status, (name, value)
    assert (await send(browser, "DELETE", f"/office-hours/{hours['id']}")).status == 204
    assert (await send(browser, "DELETE", f"/office-hours/{hours['id']}")).status == 404
