"""The directory's pages: trees of a day, forms, lists, reform days, the picker."""

import re
from datetime import timedelta

import aiohttp
import pytest
from web_world import Browser, Site

from rooms.directory.directory import today
from rooms.directory.imports.service import ListKind

PATHS = [
    "/danh-ba",
    "/danh-ba?he=party",
    "/danh-ba?he=government",
    "/danh-ba?ngay=2018-06-26",
    "/danh-ba?tim=kbang",
    "/danh-ba/diem-cau",
    "/danh-ba/can-bo",
    "/danh-ba/can-bo?xep=given-name",
    "/danh-ba/cum",
]
EDITOR_PATHS = [
    "/danh-ba/cap",
    "/danh-ba/don-vi/moi",
    "/danh-ba/diem-cau/moi",
    "/danh-ba/can-bo/moi",
    "/danh-ba/cum/moi",
    "/danh-ba/nhap",
    "/danh-ba/sap-xep",
]


@pytest.fixture
async def secretary(site: Site) -> Browser:
    return await site.browser("thuky")


async def test_who_opens_which_page(site: Site, secretary: Browser):
    for path in (*PATHS, *EDITOR_PATHS):
        assert (await secretary.get(path)).status == 200, path
    assert 'href="/danh-ba"' in secretary.page
    official, device = await site.browser("chutri"), await site.browser("kbang")
    for path in PATHS:
        assert (await official.get(path)).status == 200, path
        assert (await device.get(path)).status == 403, path
    for path in EDITOR_PATHS:
        assert (await official.get(path)).status == 403, path
    assert (await (await site.browser()).get("/danh-ba")).status == 303


async def test_a_unit_is_found_however_it_is_written(site: Site, secretary: Browser):
    for text in ("kbang", "K'Bang", "huyen k bang"):
        await secretary.get("/danh-ba", params={"tim": text})
        assert ">UBND huyện KBang<" in secretary.page or "Huyện KBang</a>" in secretary.page


UNIT = {
    "name": "Ủy ban nhân dân xã Thử", "code": "T-UB", "kind": "ubnd", "level": "agency",
    "tree": "government", "rank": "500", "short_name": "UBND xã Thử", "aliases": "Xã Thử\nThử",
}  # fmt: skip


async def test_a_unit_is_added_renamed_and_ended(site: Site, secretary: Browser):
    parent = str(site.world.units["ubnd-tinh"])
    await secretary.get("/danh-ba/don-vi/moi")
    response = await secretary.post("/danh-ba/don-vi/moi", {**UNIT, "parent_id": parent})
    assert response.status == 303, secretary.page
    address = response.headers["Location"]
    await secretary.get(f"{address}/sua")
    since = today() - timedelta(days=3)
    renamed = {**UNIT, "parent_id": parent, "name": "UBND xã Mới", "since": since.isoformat()}
    assert (await secretary.post(f"{address}/sua", renamed)).status == 303, secretary.page
    await secretary.get(address, params={"ngay": (since - timedelta(days=1)).isoformat()})
    assert '<h1 class="h1">Ủy ban nhân dân xã Thử</h1>' in secretary.page
    await secretary.get(address)
    assert '<h1 class="h1">UBND xã Mới</h1>' in secretary.page
    ended = await secretary.post(f"{address}/ket-thuc", {"day": today().isoformat()})
    assert ended.status == 303
    await secretary.get("/danh-ba", params={"tim": "xa moi"})
    assert "Không có đơn vị nào khớp" in secretary.page


async def test_a_unit_in_use_does_not_end(site: Site, secretary: Browser):
    address = f"/danh-ba/don-vi/{site.world.units['KBang']}"
    await secretary.get(address)
    response = await secretary.post(f"{address}/ket-thuc", {"day": today().isoformat()})
    assert response.status == 409
    assert "Còn đơn vị, điểm cầu hoặc cán bộ" in secretary.page


async def test_a_form_tells_its_faults_and_keeps_what_was_typed(secretary: Browser):
    await secretary.get("/danh-ba/don-vi/moi")
    wrong = {**UNIT, "kind": "Có dấu", "parent_id": "99999", "since": "hôm qua"}
    response = await secretary.post("/danh-ba/don-vi/moi", {**wrong, "since": ""})
    assert response.status == 422
    assert 'value="T-UB"' in secretary.page
    assert 'id="loi-kind"' in secretary.page
    assert 'id="loi-parent_id"' in secretary.page
    assert (await secretary.post("/danh-ba/don-vi/moi", wrong)).status == 422
    assert 'id="loi-since"' in secretary.page


async def test_sites_people_and_groups_are_added_and_changed(site: Site, secretary: Browser):
    unit = str(site.world.units["KBang"])
    new_site = {
        "code": "kbang2", "name": "Hội trường KBang", "short_name": "KBang 2", "unit_id": unit,
        "rank": "99", "capacity": "120", "microphone": "request", "contact_name": "Bà Lan",
    }  # fmt: skip
    await secretary.get("/danh-ba/diem-cau/moi")
    assert (await secretary.post("/danh-ba/diem-cau/moi", new_site)).status == 303
    wrong = {**new_site, "code": "KBang", "capacity": "nhiều"}
    assert (await secretary.post("/danh-ba/diem-cau/moi", wrong)).status == 422
    assert 'id="loi-code"' in secretary.page
    assert 'id="loi-capacity"' in secretary.page
    found = (await site.services.directory.sites())[-1]
    assert (found.name, found.microphone, found.contact_name) == (
        "Hội trường KBang", "request", "Bà Lan",
    )  # fmt: skip
    await secretary.get(f"/danh-ba/diem-cau/{found.id}/sua")
    response = await secretary.post(f"/danh-ba/diem-cau/{found.id}/ngung")
    assert response.status == 303
    await secretary.get("/danh-ba/diem-cau", params={"ngung": "1"})
    assert "Hội trường KBang" in secretary.page
    person = {
        "honorific": "Bà", "full_name": "Đinh Thị Hạnh", "position": "Chủ tịch UBND huyện",
        "unit_id": unit, "rank": "1", "phone": "0905 111 222", "email": "hanh@example.vn",
        "account_id": str(site.world.people["chutri"].id),
    }  # fmt: skip
    assert (await secretary.post("/danh-ba/can-bo/moi", person)).status == 303, secretary.page
    await secretary.get("/danh-ba/can-bo", params={"tim": "hanh", "don-vi": unit})
    assert "0905 111 222" in secretary.page
    official = await site.browser("chutri")
    await official.get("/danh-ba/can-bo")
    assert "Đinh Thị Hạnh" in official.page
    assert "0905 111 222" not in official.page
    kbang = str(site.world.sites["KBang"])
    group = [("name", "Cụm đông"), ("rank", "1"), ("site", kbang)]
    assert (await secretary.post("/danh-ba/cum/moi", group)).status == 303
    assert (await secretary.post("/danh-ba/cum/moi", group)).status == 422
    assert "Đã có cụm mang tên này." in secretary.page
    (made,) = await site.services.groups.all()
    await secretary.get(f"/danh-ba/cum/{made.id}/sua")
    changed = [("name", "Cụm 1"), ("rank", "1"), ("site", kbang)]
    assert (await secretary.post(f"/danh-ba/cum/{made.id}/sua", changed)).status == 303
    assert (await secretary.post(f"/danh-ba/cum/{made.id}/xoa")).status == 303
    actions = [entry.action for entry in await site.services.audit.recent()]
    assert actions.count("directory-changed") == 6


def level_fields(levels: list[list[str]]) -> list[tuple[str, str]]:
    names = ("code", "name", "plural", "name_en", "rank", "valid_from", "valid_to")
    return [pair for level in levels for pair in zip(names, level, strict=True)]


async def test_levels_are_renamed_added_and_ended(site: Site, secretary: Browser):
    await secretary.get("/danh-ba/cap")
    commune = ["commune", "Cấp xã", "Các xã, phường", "Commune level", "3", "", ""]
    village = ["village", "Cấp thôn", "Các thôn", "Village level", "9", "01/07/2025", ""]
    response = await secretary.post("/danh-ba/cap", level_fields([commune, village]))
    assert response.status == 303, secretary.page
    levels = {level.code: level.plural for level in await site.services.directory.levels()}
    assert (levels["commune"], levels["village"]) == ("Các xã, phường", "Các thôn")
    ended = ["district", "Cấp huyện", "Các huyện", "District level", "2", "", "01/07/2025"]
    wrong = ["Cấp", "", "Các cấp", "Levels", "0", "hôm qua", ""]
    assert (await secretary.post("/danh-ba/cap", level_fields([ended]))).status == 422
    assert "Còn đơn vị ở cấp này." in secretary.page
    assert (await secretary.post("/danh-ba/cap", level_fields([wrong]))).status == 422
    assert 'id="loi-0-valid_from"' in secretary.page
    wrong[5] = ""
    assert (await secretary.post("/danh-ba/cap", level_fields([wrong]))).status == 422
    for field in ("code", "name", "rank"):
        assert f'id="loi-0-{field}"' in secretary.page


# ---------------------------------------------------------------- lists


async def upload(browser: Browser, path: str, fields: dict[str, str], **files: str) -> str:
    """Send a form with files; where it leads, or "" when it is shown again."""
    await browser.get(path)
    form = aiohttp.FormData({**fields, "csrf": browser.token})
    for name, content in files.items():
        form.add_field(name, content.encode(), filename=f"{name}.csv", content_type="text/csv")
    response = await browser.client.post(path, data=form, allow_redirects=False)
    if response.status != 303:
        browser.page = await response.text()
    return response.headers.get("Location", "")


SITES_CSV = "code,unit_code,name,short_name\n"


async def coded(site: Site, *names: str) -> None:
    """Give units of the small province codes."""
    from rooms.store.tables import UnitCodeRow

    async with site.services.directory._db.session() as session:
        for name in names:
            row = UnitCodeRow(
                unit_id=site.world.units[name], scheme="own", code=name.replace(" ", "-"),
                valid_from=today() - timedelta(days=100),
            )  # fmt: skip
            session.add(row)


async def test_a_list_is_previewed_then_written(site: Site, secretary: Browser):
    await coded(site, "KBang")
    content = SITES_CSV + "site-8,KBang,UBND huyện Kbang,Kbang\nmoi,KBang,Điểm mới,Mới\n"
    address = await upload(secretary, "/danh-ba/nhap", {"kind": "sites", "since": ""}, file=content)
    assert (await secretary.get(address)).status == 200
    assert "<del>" in secretary.page
    assert "Thêm mới" in secretary.page
    assert "moi" not in {one.code for one in await site.services.directory.sites()}
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', secretary.page)
    assert digest
    other = await site.browser("quantri")
    assert (await other.get(address)).status == 410
    response = await secretary.post(address, {"digest": "0" * 64})
    assert response.status == 409
    response = await secretary.post(address, {"digest": digest[1]})
    assert response.status == 303
    await secretary.get(response.headers["Location"])
    assert "thêm 1" in secretary.page
    assert "moi" in {one.code for one in await site.services.directory.sites()}
    assert (await secretary.get(address)).status == 410
    again = await upload(secretary, "/danh-ba/nhap", {"kind": "sites", "since": ""}, file=content)
    await secretary.get(again)
    assert "giống hệt" in secretary.page


async def test_a_list_of_five_thousand_people_fits(site: Site, secretary: Browser):
    await coded(site, "KBang")
    lines = [f"Người Thứ {n},KBang,{'Chức vụ dài ' * 10}" for n in range(5000)]
    content = "\n".join(["full_name,unit_code,position", *lines])
    fields = {"kind": "people", "since": ""}
    address = await upload(secretary, "/danh-ba/nhap", fields, file=content)
    assert address.startswith("/danh-ba/nhap/")
    assert (await secretary.get(address)).status == 200
    assert "Ghi 5000 thay đổi" in secretary.page


async def test_faults_are_shown_by_line_and_column(secretary: Browser):
    content = SITES_CSV + "moi,9999,<b>Điểm</b>,Mới\n"
    address = await upload(secretary, "/danh-ba/nhap", {"kind": "sites", "since": ""}, file=content)
    assert (await secretary.get(address)).status == 422
    assert "Không có đơn vị mang mã này." in secretary.page
    assert "9999" in secretary.page
    assert "<b>Điểm</b>" not in secretary.page
    assert await upload(secretary, "/danh-ba/nhap", {"kind": "rooms", "since": "mai"}) == ""
    for field in ("kind", "file", "since"):
        assert f'id="loi-{field}"' in secretary.page


async def test_lists_are_downloaded(site: Site, secretary: Browser):
    await coded(site, "KBang")
    for kind in ListKind:
        response = await secretary.get(f"/danh-ba/xuat/{kind}.csv")
        assert response.status == 200
        assert response.headers["Content-Disposition"].startswith("attachment")
    official = await site.browser("chutri")
    assert (await official.get("/danh-ba/xuat/people.csv")).status == 403


# ---------------------------------------------------------------- reform day

SUCCESSION = "Mã cũ;Cách chuyển;Mã mới\nKBang;Toàn bộ;M1\nIa-Pa;Giải thể;\n"
NEW_UNITS = "code,parent_code,level,kind,name_vi\nM1,,agency,ubnd,Ủy ban nhân dân xã Mới\n"


async def test_a_reform_is_prepared_confirmed_and_taken_back(site: Site, secretary: Browser):
    await coded(site, "KBang", "Ia Pa")
    day = today() + timedelta(days=30)
    fields = {"name": "Sắp xếp thử", "act": "NQ 1", "effective": day.isoformat()}
    files = {"succession": SUCCESSION, "new_units": NEW_UNITS}
    address = await upload(secretary, "/danh-ba/sap-xep", fields, **files)
    assert (await secretary.get(address)).status == 200
    assert "Còn 1 chỗ chưa chọn" in secretary.page
    key = f"site:{site.world.sites['Ia Pa']}"
    response = await secretary.post(address, {"action": "confirm"})
    assert response.status == 409
    choices = {"action": "confirm", "move": key, f"unit:{key}": "M1", f"name:{key}": "Ia Pa mới"}
    response = await secretary.post(address, choices)
    assert response.status == 303, secretary.page
    await secretary.get(address)
    assert "Chờ đến ngày có hiệu lực" in secretary.page
    await secretary.get("/danh-ba")
    assert "Sắp xếp thử" in secretary.page
    names = {one.name for one in await site.services.directory.sites(day)}
    assert "Ia Pa mới" in names
    assert (await secretary.post(address, {"action": "save"})).status == 409
    assert (await secretary.post(f"{address}/huy")).status == 303
    assert "Ia Pa mới" not in {one.name for one in await site.services.directory.sites(day)}
    assert (await secretary.get(address)).status == 200


async def test_a_reform_with_faults_is_not_confirmed(site: Site, secretary: Browser):
    fields = {"name": "", "act": "", "effective": today().isoformat()}
    assert await upload(secretary, "/danh-ba/sap-xep", fields) == ""
    for field in ("name", "effective", "succession"):
        assert f'id="loi-{field}"' in secretary.page
    day = (today() + timedelta(days=30)).isoformat()
    fields = {"name": "Sai", "act": "", "effective": day}
    address = await upload(secretary, "/danh-ba/sap-xep", fields, succession=SUCCESSION)
    await secretary.get(address)
    assert "Không có đơn vị cũ mang mã này" in secretary.page
    assert (await secretary.post(address, {"action": "confirm"})).status == 409


# ---------------------------------------------------------------- picker


async def test_pickers_search_all_kinds(site: Site, secretary: Browser):
    await site.services.groups.add("Cụm đông", frozenset({site.world.sites["KBang"]}))
    for kind, text, name in (
        ("units", "huyen kbang", "Huyện KBang"),
        ("sites", "K'Bang", "UBND huyện KBang"),
        ("groups", "cum dong", "Cụm đông"),
    ):
        path = "/danh-ba/tim.json"
        response = await secretary.client.get(path, params={"loai": kind, "tim": text})
        found = await response.json()
        assert name in [option["name"] for option in found]
    response = await secretary.client.get("/danh-ba/tim.json", params={"loai": "x"})
    assert response.status == 400
