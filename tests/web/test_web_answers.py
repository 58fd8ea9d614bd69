"""Pages of confirmations: a site answers, its branch, the host's table."""

import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from web_world import Browser, Site, add_meeting

from rooms.answers.records import AnswerState
from rooms.meetings.meetings import Meeting
from rooms.records.audit import Action
from rooms.store.tables import SiteRow, UnitRow
from web.files import disposition
from web.pages.answer_form import FormValues, apply_action, to_reply

HERE = "/cuoc-hop/giao-ban/xac-nhan"


@pytest.fixture
async def meeting(site: Site) -> Meeting:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return await add_meeting(site.world, "Giao ban", tomorrow, short_name="giao-ban")


def fields(**change: str) -> list[tuple[str, str]]:
    plain = {
        "state": "confirmed",
        "presiding_name": "Bà Rơ Châm H’Yéo",
        "presiding_position": "Phó Chủ tịch",
        "head_count": "12",
        "revision": "0",
        "action": "save",
        **change,
    }
    people = [("Ông Đinh Văn Lực", "Chánh Văn phòng", ""), ("", "", "")]
    rows = [
        pair
        for name, position, unit in people
        for pair in (
            ("delegate_name", name),
            ("delegate_position", position),
            ("delegate_unit", unit),
        )
    ]
    return [*plain.items(), *rows]


async def answer(site: Site, meeting: Meeting, browser: Browser, **change: str) -> None:
    await browser.get(HERE)
    kbang = site.world.sites["KBang"]
    response = await browser.post(f"{HERE}/{kbang}", fields(**change))
    assert response.status == 303, browser.page


async def test_a_site_confirms_on_its_own_page(site: Site, meeting: Meeting):
    browser = await site.browser("kbang")
    assert (await browser.get(HERE)).status == 200
    assert "Gửi trả lời" in browser.page
    assert "UBND huyện Chư Sê" not in browser.page
    await answer(site, meeting, browser, pasted="1. Bà Nay H’Lan, Trưởng phòng")
    found = await site.services.answers.of_site(meeting.id, site.world.sites["KBang"])
    assert (found.state, found.head_count) == (AnswerState.CONFIRMED, 12)
    names = [person.full_name for person in found.delegates]
    assert names == ["Ông Đinh Văn Lực", "Bà Nay H’Lan"]
    await browser.get(f"{HERE}?xong=luu")
    assert "Sửa câu trả lời" in browser.page


async def test_home_says_what_waits_for_an_answer(site: Site, meeting: Meeting):
    browser, stranger = await site.browser("kbang"), await site.browser("iapa")
    await browser.get("/")
    await stranger.get("/")
    assert f'href="{HERE}"' in browser.page
    assert HERE not in stranger.page
    secretary = await site.services.answers.actor(meeting.id, site.world.people["thuky"])
    account, now = site.world.people["kbang"], datetime.now(UTC)
    for locked, waits in ((True, 0), (False, 1), (None, 0)):
        await site.services.answers.set_terms(
            meeting.id, secretary, now, deadline=now, locked=locked
        )
        assert len(await site.services.answers.asked(account, now)) == waits
    await site.services.answers.set_terms(meeting.id, secretary, now, deadline=None, locked=None)
    await answer(site, meeting, browser)
    await browser.get("/")
    assert HERE not in browser.page


async def test_what_is_missing_is_said_beside_the_field(site: Site, meeting: Meeting):
    browser = await site.browser("kbang")
    kbang = site.world.sites["KBang"]
    await browser.get(f"{HERE}/{kbang}")
    response = await browser.post(f"{HERE}/{kbang}", fields(state="declined", reason=""))
    assert response.status == 422
    assert "Nêu lý do không tham dự." in browser.page
    response = await browser.post(f"{HERE}/{kbang}", fields(presiding_name="", head_count="x"))
    assert response.status == 422
    assert "Nhập tên người chủ trì tại điểm cầu." in browser.page


async def test_other_sites_are_out_of_reach(site: Site, meeting: Meeting):
    browser = await site.browser("kbang")
    pleiku = site.world.sites["Pleiku"]
    assert (await browser.get(f"{HERE}/{pleiku}")).status == 404
    await browser.get(HERE)
    assert (await browser.post(f"{HERE}/{pleiku}", fields())).status == 404
    assert (await browser.post(f"{HERE}/han", {"lock": "closed"})).status == 403
    assert (await browser.post(f"{HERE}/nhac")).status == 403
    stranger = await site.browser("iapa")
    assert (await stranger.get(HERE)).status == 404
    nobody = await site.browser()
    assert (await nobody.get(HERE)).status == 303


async def test_the_host_sees_one_table_and_filters(site: Site, meeting: Meeting):
    await answer(site, meeting, await site.browser("kbang"))
    browser = await site.browser("thuky")
    await browser.get(HERE)
    for text in ("UBND huyện KBang", "Bà Rơ Châm H’Yéo", "UBND huyện Chư Sê", "0905"):
        assert text in browser.page
    await browser.get(f"{HERE}?tra-loi=pending&cap=district")
    table = browser.page.split("<tbody>")[1].split("</tbody>")[0]
    assert "UBND huyện KBang" not in table
    assert "UBND huyện Chư Sê" in table


async def test_the_secretary_sets_a_deadline_and_opens_one_site(site: Site, meeting: Meeting):
    browser = await site.browser("thuky")
    await browser.get(HERE)
    assert (await browser.post(f"{HERE}/han", {"day": "x", "time": "8"})).status == 422
    late = {"day": "31/12/2099", "time": "8:00"}
    assert (await browser.post(f"{HERE}/han", late)).status == 422
    assert (await browser.post(f"{HERE}/han", {"lock": "closed"})).status == 303
    kbang = site.world.sites["KBang"]
    device = await site.browser("kbang")
    await device.get(HERE)
    assert "Gửi trả lời" not in device.page
    assert (await device.post(f"{HERE}/{kbang}", fields())).status == 409
    assert (await browser.post(f"{HERE}/{kbang}/mo", {"open": "1"})).status == 303
    await answer(site, meeting, device, revision="0")


async def test_two_who_edit_at_once_are_told(site: Site, meeting: Meeting):
    browser = await site.browser("kbang")
    await answer(site, meeting, browser)
    response = await browser.post(f"{HERE}/{site.world.sites['KBang']}", fields())
    assert response.status == 409
    assert "Có người đã sửa trước bạn" in browser.page


async def test_one_click_reminds_those_who_have_not_answered(site: Site, meeting: Meeting):
    browser = await site.browser("thuky")
    await browser.get(HERE)
    assert (await browser.post(f"{HERE}/nhac")).status == 422
    assert "Xin gọi điện" in browser.page
    async with site.db.session() as session:
        (await session.get(SiteRow, site.world.sites["Pleiku"])).email = "pleiku@example.vn"
    assert (await browser.post(f"{HERE}/nhac")).status == 303
    mails = await site.services.mail.of_meeting(meeting.id)
    assert [(mail.to, mail.kind) for mail in mails] == [("pleiku@example.vn", "reminder")]


async def link_of(site: Site, meeting: Meeting, name: str) -> Browser:
    """A browser that opened the personal link of a site."""
    await site.services.recipients.sync(meeting.id, datetime.now(UTC))
    recipients = await site.services.recipients.of_meeting(meeting.id)
    one = next(one for one in recipients if one.site_id == site.world.sites[name])
    browser = await site.browser()
    await browser.get("/tro-giup")
    await browser.get(f"/loi-moi/{site.services.recipients.token(one)}")
    return browser


async def test_a_personal_link_answers_for_its_site_alone(site: Site, meeting: Meeting):
    browser = await link_of(site, meeting, "KBang")
    assert (await browser.get(HERE)).status == 200
    assert "Gửi trả lời" in browser.page
    assert ".xlsx" not in browser.page
    await answer(site, meeting, browser)
    found = await site.services.answers.of_site(meeting.id, site.world.sites["KBang"])
    assert (found.state, found.by) == (AnswerState.CONFIRMED, "UBND huyện KBang")
    assert (await browser.get(f"{HERE}/{site.world.sites['Pleiku']}")).status == 404
    assert (await browser.get(f"{HERE}/dai-bieu.csv")).status == 404
    other = await add_meeting(site.world, "Khác", meeting.start, short_name="khac")
    assert (await browser.get(f"/cuoc-hop/{other.short_name}/xac-nhan")).status == 404


async def test_a_site_invites_below_itself(site: Site, meeting: Meeting):
    kbang = site.world.sites["KBang"]
    async with site.db.session() as session:
        unit = await session.get(UnitRow, site.world.units["KBang"])
        commune = UnitRow(
            name="Xã Đông",
            short_name="Xã Đông",
            name_en="",
            kind="xa",
            level="commune",
            parent_id=unit.parent_id,
            rank=99,
        )
        session.add(commune)
        await session.flush()
        below = SiteRow(
            code="dong",
            name="UBND xã Đông",
            short_name="Đông",
            unit_id=commune.id,
            rank=99,
            technician_phone="",
            capacity=10,
            place="",
            active=True,
        )
        session.add(below)
    browser = await site.browser("kbang")
    await browser.get(HERE)
    assert "UBND xã Đông" in browser.page
    assert (await browser.post(f"{HERE}/{kbang}/moi")).status == 422
    stranger = {"site": str(site.world.sites["Ia Pa"])}
    assert (await browser.post(f"{HERE}/{kbang}/moi", stranger)).status == 403
    assert (await browser.post(f"{HERE}/{kbang}/moi", {"site": str(below.id)})).status == 303
    await browser.get(HERE)
    assert "UBND huyện KBang mời" in browser.page
    changed = await site.world.meetings.get(meeting.id)
    assert changed.revision == meeting.revision + 1
    assert (await browser.post(f"{HERE}/{below.id}/rut")).status == 303
    assert await site.services.answers.of_site(meeting.id, below.id) is None


async def test_the_lists_are_taken_and_it_is_noted(site: Site, meeting: Meeting):
    await answer(site, meeting, await site.browser("kbang"))
    browser = await site.browser("thuky")
    response = await browser.get(f"{HERE}/dai-bieu.csv")
    assert "Ông Đinh Văn Lực" in (await response.read()).decode("utf-8-sig")
    response = await browser.get(f"{HERE}/dai-bieu.xlsx")
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    book = openpyxl.load_workbook(io.BytesIO(await response.read()))
    assert book.sheetnames == ["Đại biểu", "Điểm cầu"]
    entries = await site.services.audit.recent()
    assert [entry.action for entry in entries] == [Action.DELEGATES_EXPORTED] * 2


def test_buttons_of_the_form():
    values = FormValues(state="confirmed", pasted="Ông A, Chủ tịch\nBà B")
    pasted = apply_action(values, "paste")
    assert [row.full_name for row in pasted.rows] == ["Ông A", "Bà B"]
    assert len(apply_action(pasted, "add-row").rows) == 3
    assert [row.full_name for row in apply_action(pasted, "remove-row:0").rows] == ["Bà B"]
    assert apply_action(values, "save") is None
    assert to_reply(FormValues())[1]["state"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (
            "Báo cáo.pdf",
            "inline; filename=\"bao cao.pdf\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o.pdf",
        ),
        ('..\\a/"b\r\nX: y', "inline; filename=\"a b x y\"; filename*=UTF-8''-a-b-X-%20y"),
        ("", "inline; filename=\"tep\"; filename*=UTF-8''tep"),
    ],
)
def test_names_of_downloads_are_safe(name, header):
    assert disposition("inline", name) == header
