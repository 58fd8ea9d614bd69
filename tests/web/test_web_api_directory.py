"""Units, sites, people, groups and whole lists by the REST API."""

import msgspec
import pytest
from web_world import Browser, Site

SITE = {"code": "moi", "name": "Điểm mới", "shortName": "Mới"}


class Client:
    """A signed-in program: JSON in, JSON out."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    async def send(self, method: str, path: str, body: object = None, **more: str) -> tuple:
        headers = {"X-CSRF-Token": self._browser.token, **more}
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        response = await self._browser.client.request(
            method, f"/api/v1{path}", data=data if body is not None else None, headers=headers
        )
        content = await response.read()
        json = response.content_type.endswith("json") and content
        return response, msgspec.json.decode(content) if json else content

    async def get(self, path: str) -> object:
        response, answer = await self.send("GET", path)
        assert response.status == 200, answer
        return answer


@pytest.fixture
async def client(site: Site) -> Client:
    return Client(await site.browser("thuky"))


async def test_a_unit_is_made_seen_and_changed(site: Site, client: Client):
    parent = site.world.units["ubnd-tinh"]
    body = {
        "code": "T1", "name": "Tổ một", "kind": "to", "level": "agency", "tree": "government",
        "parentId": parent, "aliases": ["Tổ 1"],
    }  # fmt: skip
    response, made = await client.send("POST", "/units", body)
    assert response.status == 201, made
    assert response.headers["Location"] == f"/api/v1/units/{made['id']}"
    found = await client.get("/units?search=to%201")
    assert [unit["code"] for unit in found["items"]] == ["T1"]
    branch = await client.get(f"/units?within={parent}&limit=200")
    assert made["id"] in {unit["id"] for unit in branch["items"]}
    path = f"/units/{made['id']}"
    response, answer = await client.send("PUT", path, {**body, "name": "Tổ hai"})
    assert response.status == 428
    seen, _ = await client.send("GET", path)
    match = {"If-Match": seen.headers["ETag"]}
    dated = {**body, "name": "Tổ hai", "since": "2026-01-01"}
    response, answer = await client.send("PUT", path, dated, **match)
    assert response.status == 200, answer
    assert [past["name"] for past in answer["versions"]] == ["Tổ một"]
    response, answer = await client.send("PUT", path, dated, **match)
    assert response.status == 412
    response, _ = await client.send("POST", f"{path}/end", {"day": "2026-02-01"})
    assert response.status == 204
    response, answer = await client.send("POST", "/units", {**body, "level": "x", "kind": "Ô"})
    assert (response.status, set(answer["errors"])) == (422, {"level", "kind"})
    levels = await client.get("/levels")
    assert levels["items"][0]["code"] == "province"


async def test_sites_and_groups(site: Site, client: Client):
    unit = site.world.units["KBang"]
    response, made = await client.send("POST", "/sites", {**SITE, "unitId": unit})
    assert response.status == 201, made
    response, _ = await client.send("POST", "/sites", {**SITE, "unitId": unit})
    assert response.status == 422
    found = await client.get(f"/sites?within={unit}")
    assert {one["code"] for one in found["items"]} >= {"moi"}
    response, group = await client.send("POST", "/groups", {"name": "Cụm", "siteIds": [made["id"]]})
    assert response.status == 201
    found = await client.get(f"/sites?group={group['id']}")
    assert [one["code"] for one in found["items"]] == ["moi"]
    response, _ = await client.send("DELETE", f"/groups/{group['id']}")
    assert response.status == 204
    seen, _ = await client.send("GET", f"/sites/{made['id']}")
    retired = {**SITE, "unitId": unit, "active": False}
    match = {"If-Match": seen.headers["ETag"]}
    response, answer = await client.send("PUT", f"/sites/{made['id']}", retired, **match)
    assert answer["active"] is False


async def test_people_go_on_by_page_and_hide_telephones(site: Site, client: Client):
    unit = site.world.units["KBang"]
    for name in ("Lê An", "Trần Bình", "Phan Ái"):
        body = {"fullName": name, "unitId": unit, "phone": "0905 111 222"}
        response, answer = await client.send("POST", "/people", body)
        assert response.status == 201, answer
    first = await client.get("/people?order=given-name&limit=2")
    rest = await client.get(f"/people?order=given-name&limit=2&cursor={first['next']}")
    names = [person["fullName"] for person in (*first["items"], *rest["items"])]
    assert (names, rest["next"]) == (["Phan Ái", "Lê An", "Trần Bình"], None)
    official = Client(await site.browser("chutri"))
    shown = await official.get("/people?search=le%20an")
    assert [(p["fullName"], p["phone"]) for p in shown["items"]] == [("Lê An", "")]
    response, _ = await official.send("POST", "/people", {"fullName": "X", "unitId": unit})
    assert response.status == 403


async def test_lists_come_and_go_as_csv(site: Site, client: Client):
    csv = {"Content-Type": "text/csv"}
    content = b"code,unit_code,name,short_name\nmoi,9999,A,A\n"
    response, answer = await client.send("POST", "/lists/sites?write=true", content, **csv)
    assert response.status == 200, answer
    assert not answer["written"]
    assert [(f["line"], f["code"]) for f in answer["faults"]] == [(2, "unknown-unit")]
    sites = "group,site_code\nCụm,site-8\n".encode()
    response, answer = await client.send("POST", "/lists/groups", sites, **csv)
    assert (answer["written"], len(answer["changes"])) == (False, 1)
    response, answer = await client.send("POST", "/lists/groups?write=true", sites, **csv)
    assert answer["written"]
    response, answer = await client.send("GET", "/lists/groups")
    assert response.content_type == "text/csv"
    assert "Cụm,1,site-8" in answer.decode()
    response, _ = await client.send("GET", "/lists/rooms")
    assert response.status == 404
    assert (await client.get("/reforms"))["items"] == []
