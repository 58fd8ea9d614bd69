"""Planning over the API: plans, steps, history, what stands against a draft."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from web_world import Browser, Site


async def send(browser: Browser, method: str, path: str, body: object = None, **headers: str):
    """The response and what it holds."""
    token = {"X-CSRF-Token": browser.token, "Content-Type": "application/json"}
    response = await browser.client.request(
        method,
        f"/api/v1{path}",
        data=msgspec.json.encode(body) if body is not None else None,
        headers={**token, **headers},
    )
    content = await response.read()
    return response, msgspec.json.decode(content) if content else None


def plan(site: Site, **change: object) -> dict[str, object]:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    return {
        "title": "Giao ban",
        "kind": "briefing",
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
        "hostUnitId": site.world.units["ubnd-tinh"],
        "chairId": site.world.people["chutri"].id,
        "sites": [{"siteId": site.world.sites["KBang"], "delegates": 12}],
        "staff": [{"accountId": site.world.people["kythuat"].id, "duty": "technician"}],
        "agenda": [{"title": "Khai mạc", "minutes": 10}],
        **change,
    }


async def test_a_plan_is_made_read_and_changed_by_those_who_saw_it(site: Site):
    browser = await site.browser("thuky")
    made, meeting = await send(browser, "POST", "/plans", plan(site))
    assert made.status == 201, meeting
    address = made.headers["Location"].removeprefix("/api/v1")
    seen, read = await send(browser, "GET", address)
    assert read == meeting
    assert (read["revision"], read["state"], read["sites"][0]["delegates"]) == (1, "approved", 12)
    wanted = plan(site, title="Giao ban tuần", agenda=read["agenda"], start=read["start"])
    wanted["end"] = read["end"]
    late, told = await send(browser, "PUT", address, wanted)
    assert (late.status, told["code"]) == (428, "if-match-needed")
    match = {"If-Match": seen.headers["ETag"]}
    changed, now = await send(browser, "PUT", address, wanted, **match)
    assert (changed.status, now["title"], now["revision"]) == (200, "Giao ban tuần", 2)
    assert now["agenda"][0]["id"] == read["agenda"][0]["id"]
    stale, told = await send(browser, "PUT", address, wanted, **match)
    assert (stale.status, told["code"]) == (412, "changed-meanwhile")
    _, history = await send(browser, "GET", f"/meetings/{read['id']}/revisions")
    assert [(r["action"], r["changed"]) for r in history["items"]] == [
        ("created", []),
        ("changed", ["title"]),
    ]


async def test_clashes_are_told_and_refused_until_accepted(site: Site):
    browser = await site.browser("thuky")
    await send(browser, "POST", "/plans", plan(site))
    _, outlook = await send(browser, "POST", "/outlooks", plan(site, title="Khác"))
    assert outlook["blocked"]
    assert outlook["clashes"][0]["sites"] == [site.world.sites["KBang"]]
    assert outlook["notice"]["needed"] == 3
    refused, told = await send(browser, "POST", "/plans", plan(site, title="Khác"))
    assert (refused.status, told["code"]) == (409, "clash")
    kept, _ = await send(
        browser, "POST", "/plans", plan(site, acceptClashes=True, reason="khẩn cấp")
    )
    assert kept.status == 201


async def test_steps_series_templates_and_drafts(site: Site):
    browser = await site.browser("thuky")
    body = plan(site, state="draft", rule="FREQ=WEEKLY;COUNT=3")
    _, first = await send(browser, "POST", "/plans", body)
    state = f"/meetings/{first['id']}/state"
    _, reached = await send(browser, "POST", state, {"state": "approved", "scope": "all"})
    assert reached["state"] == "approved"
    series = await site.services.series.get(first["seriesId"])
    assert [m.state for m in series.meetings] == ["approved"] * 3
    refused, told = await send(browser, "POST", state, {"state": "cancelled"})
    assert (refused.status, list(told["errors"])) == (422, ["note"])
    refused, told = await send(browser, "POST", state, {"state": "archived"})
    assert (refused.status, told["code"]) == (409, "wrong-state")
    made, template = await send(
        browser, "POST", "/meeting-templates", {"name": "Mẫu", "meetingId": first["id"]}
    )
    assert made.status == 201
    _, listed = await send(browser, "GET", "/meeting-templates")
    assert [t["name"] for t in listed["items"]] == ["Mẫu"]
    gone, _ = await send(browser, "DELETE", f"/meeting-templates/{template['id']}")
    assert gone.status == 204
    _, draft = await send(browser, "POST", "/plans", plan(site, state="draft"))
    gone, _ = await send(browser, "DELETE", f"/meetings/{draft['id']}")
    assert gone.status == 204


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "party"}, 400),
        ({"sites": [{"siteId": n} for n in range(1, 600)]}, 422),
        ({"start": "9999-12-31T23:59:59Z"}, 400),
        ({"end": "9999-12-31T23:59:59Z"}, 422),
        ({"start": "0001-01-01T00:00:00"}, 400),
        ({"rule": "FREQ=SECONDLY;COUNT=9"}, 422),
        ({"state": "live"}, 409),
        ({"secrecy": "mat"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(site: Site, change: dict[str, object], status: int):
    browser = await site.browser("thuky")
    refused, _ = await send(browser, "POST", "/plans", plan(site, **change))
    assert refused.status == status
    considered, _ = await send(browser, "POST", "/outlooks", plan(site, **change))
    assert considered.status in (200, 400)


async def test_a_unit_plans_for_its_branch_and_technicians_do_not(site: Site):
    browser = await site.browser("kbang")
    refused, _ = await send(browser, "POST", "/plans", plan(site))
    assert refused.status == 403
    technician = await site.browser("kythuat")
    refused, _ = await send(technician, "POST", "/plans", plan(site))
    assert refused.status == 403
