"""The REST API."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from web_world import Browser, Deaf, Site, add_meeting

from web.api import RESOURCES
from web.api.openapi import description


async def send(browser: Browser, body: object, **headers: str):
    token = {"X-CSRF-Token": browser.token, "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return await browser.client.post(
        "/api/v1/meetings", data=data, headers={**token, **headers}, allow_redirects=False
    )


def new_meeting(site: Site, **change: object) -> dict[str, object]:
    start = datetime.now(UTC) + timedelta(days=1)
    return {
        "title": "Họp qua giao diện lập trình",
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
        "hostUnitId": site.world.units["ubnd-tinh"],
        "chairId": site.world.people["chutri"].id,
        "siteIds": [site.world.sites["KBang"]],
        "agenda": [{"title": "Khai mạc", "minutes": 10}, {"title": "Thảo luận"}],
        **change,
    }


async def test_a_meeting_is_scheduled_listed_and_read(site: Site):
    browser = await site.browser("thuky")
    response = await send(browser, new_meeting(site))
    assert response.status == 201, await response.text()
    made = await response.json()
    assert response.headers["Location"] == f"/api/v1/meetings/{made['id']}"
    assert [site["shortName"] for site in made["sites"]] == ["KBang"]
    assert made["agenda"][1]["start"] is not None
    listed = await (await browser.get("/api/v1/meetings")).json()
    assert [meeting["id"] for meeting in listed["meetings"]] == [made["id"]]
    read = await (await browser.get(f"/api/v1/meetings/{made['id']}")).json()
    assert read == made
    other = await (await (await site.browser("iapa")).get("/api/v1/meetings")).json()
    assert other == {"meetings": []}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"title": ""}, 422, "invalid"),
        ({"siteIds": []}, 422, "invalid"),
        ({"secrecy": "mat"}, 422, "invalid"),
        ({"start": "hôm qua"}, 400, "malformed"),
        ({"hostUnitId": "x"}, 400, "malformed"),
        ({"unknown": 1}, 400, "malformed"),
        ({"agenda": [{"title": "x", "minutes": 0}]}, 422, "invalid"),
    ],
)
async def test_faults_are_told_as_problems(
    site: Site, change: dict[str, object], status: int, code: str
):
    response = await send(await site.browser("thuky"), new_meeting(site, **change))
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert (await response.json(content_type=None))["code"] == code


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"title":' + b"[" * 5000])
async def test_bodies_that_are_no_meeting_are_refused(site: Site, body: bytes):
    assert (await send(await site.browser("thuky"), body)).status == 400


async def test_scheduling_needs_the_right_role_type_and_token(site: Site):
    body = new_meeting(site)
    assert (await send(await site.browser("kbang"), body)).status == 403
    secretary = await site.browser("thuky")
    assert (await send(secretary, body, **{"X-CSRF-Token": "0" * 64})).status == 403
    assert (await send(secretary, body, **{"Content-Type": "text/plain"})).status == 415
    assert (await send(secretary, body, Origin="https://ke-gian.example")).status == 403
    stranger = await site.browser()
    await stranger.get("/dang-nhap")
    assert (await send(stranger, body)).status == 401


async def test_large_bodies_are_refused(site: Site):
    response = await send(await site.browser("thuky"), b" " * (600 * 1024))
    assert response.status == 413


async def test_health_is_for_those_who_watch_over_meetings(site: Site):
    meeting = await add_meeting(site.world, "Họp", datetime.now(UTC) - timedelta(minutes=1))
    technician = await site.browser("kythuat")
    address = f"/api/v1/meetings/{meeting.id}/health"
    assert (await technician.get(address)).status == 404
    seat = site.services.meetings.seat_for(meeting, site.world.people["kbang"])
    await site.services.live.enter(meeting, seat, "c1", Deaf())
    health = await (await technician.get(address)).json()
    present = [seat["shortName"] for seat in health["seats"] if seat["present"]]
    assert present == ["KBang"]
    await technician.get("/ky-thuat")
    assert "UBND huyện KBang" in technician.page
    assert (await (await site.browser("kbang")).get(address)).status == 403


@pytest.mark.parametrize("query", ["from=x", "from=2026-02-01&to=2026-01-01", "to=9999-12-31"])
async def test_spans_of_days_that_make_no_sense_are_refused(site: Site, query: str):
    assert (await (await site.browser("thuky")).get(f"/api/v1/meetings?{query}")).status == 400


async def test_the_description_names_every_route_of_the_api(site: Site):
    described = description(RESOURCES)["paths"]
    routes = {
        (route.resource.canonical, route.method.lower())
        for route in site.server.app.router.routes()
        if route.resource and route.resource.canonical.startswith("/api/v1/")
    }
    routes = {(path, method) for path, method in routes if method != "head"}
    told = {(path, method) for path, operations in described.items() for method in operations}
    assert routes == {*told, ("/api/v1/openapi.json", "get")}
    answer = await (await site.browser()).get("/api/v1/openapi.json")
    assert (await answer.json())["openapi"] == "3.1.0"


async def test_the_technician_sets_what_a_sites_line_carries(site: Site):
    meeting = await add_meeting(site.world, "Họp", datetime.now(UTC) - timedelta(minutes=1))
    seat = site.services.meetings.seat_for(meeting, site.world.people["kbang"])
    assert seat is not None
    technician = await site.browser("kythuat")
    fields = [("cuoc-hop", str(meeting.id)), ("diem-cau", seat.id), ("che-do", "weak")]
    await technician.get("/ky-thuat")
    assert (await technician.post("/ky-thuat/che-do", fields)).status == 409, "not in session"

    await site.services.live.enter(meeting, seat, "c1", Deaf())
    await technician.get("/ky-thuat")
    assert (await technician.post("/ky-thuat/che-do", fields)).status == 303
    health = await (await technician.get(f"/api/v1/meetings/{meeting.id}/health")).json()
    row = next(row for row in health["seats"] if row["seat"] == seat.id)
    assert row["limits"]["profile"] == "weak"
    assert row["limitsBy"] == "technician"
    await technician.get("/ky-thuat")
    assert "do kỹ thuật đặt" in technician.page

    ceilings = [*fields[:2], ("nhan", "512"), ("gui", "256"), ("trang", "diem-cau")]
    answer = await technician.post("/ky-thuat/che-do", ceilings)
    assert answer.headers["Location"] == f"/ky-thuat/{meeting.id}/{seat.id}"
    await technician.get(answer.headers["Location"])
    assert "nhận tối đa 512 kbit/s, gửi tối đa 256 kbit/s, do kỹ thuật đặt" in technician.page
    assert '<option value="weak" selected>' in technician.page, "what is not named stays"
    assert (await technician.post("/ky-thuat/che-do", [*fields[:2], ("nhan", "")])).status == 303
    health = await (await technician.get(f"/api/v1/meetings/{meeting.id}/health")).json()
    row = next(row for row in health["seats"] if row["seat"] == seat.id)
    assert (row["limits"]["maxDownKbps"], row["limits"]["maxUpKbps"]) == (None, 256)
    await technician.get("/ky-thuat")

    for name, value in (("nhan", "1"), ("gui", "x"), ("nhan", "-5"), ("gui", "9" * 30)):
        fault = [*fields[:2], (name, value)]
        assert (await technician.post("/ky-thuat/che-do", fault)).status == 400
    odd = [*fields[:2], ("che-do", "khac")]
    assert (await technician.post("/ky-thuat/che-do", odd)).status == 400
    nobody = [fields[0], ("diem-cau", "site:999"), fields[2]]
    assert (await technician.post("/ky-thuat/che-do", nobody)).status >= 400
    kbang = await site.browser("kbang")
    await kbang.get("/")
    assert (await kbang.post("/ky-thuat/che-do", fields)).status == 403
