"""The letter of a meeting on its page, the number books, and what the holder of a link sees."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import FormData
from docx import Document
from sqlalchemy import update
from web_world import Browser, Site, add_meeting

from rooms.directory.search import fold
from rooms.invitations.records import RecipientState
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.store.database import Database
from rooms.store.tables import PersonRow, SiteRow

PDF = b"%PDF-1.7\nmot trang\n%%EOF\n"
SERIES = {
    "form": "state",
    "symbol": "GM-UBND",
    "first_number": "1",
    "superior": "",
    "issuer": "ỦY BAN NHÂN DÂN TỈNH GIA LAI",
    "inviter": "Ủy ban nhân dân tỉnh Gia Lai",
    "place": "Gia Lai",
    "signature": "TL. CHỦ TỊCH\nCHÁNH VĂN PHÒNG",
    "signer": "Nguyễn Văn Bảy",
    "recipients": "Như trên\nLưu: VT",
}


def database(site: Site) -> Database:
    return site.services.recipients._db


@pytest.fixture
async def meeting(site: Site) -> Meeting:
    async with database(site).session() as session:
        await session.execute(
            update(SiteRow)
            .where(SiteRow.id.in_([site.world.sites["KBang"], site.world.sites["Pleiku"]]))
            .values(email="diemcau@example.vn")
        )
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=6)
    return await add_meeting(site.world, "Hội nghị giao ban trực tuyến", start)


@pytest.fixture
async def clerk(site: Site, meeting: Meeting) -> Browser:
    """A secretary whose unit has a series of numbers."""
    browser = await site.browser("thuky")
    await browser.get("/giay-moi/so")
    made = await browser.post(
        "/giay-moi/so", {**SERIES, "unit": str(site.world.units["ubnd-tinh"])}
    )
    assert made.status == 303, browser.page
    return browser


async def link_of(site: Site, meeting: Meeting, name: str) -> str:
    """The path of a site's personal link."""
    await site.services.recipients.sync(meeting.id, datetime.now(UTC))
    found = await site.services.recipients.of_meeting(meeting.id)
    one = next(r for r in found if r.site_id == site.world.sites[name])
    return f"/loi-moi/{site.services.recipients.token(one)}"


async def sent(site: Site, clerk: Browser, meeting: Meeting) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await clerk.get(here)
    assert (await clerk.post(f"{here}/so", {})).status == 303
    letters, now = site.services.invitations.letters, datetime.now(UTC)
    await letters.put_signed(meeting.id, PDF, "ky.pdf", site.world.people["thuky"], now)
    assert (await clerk.post(f"{here}/gui", {})).status == 303


async def test_from_the_meeting_to_the_mails(site: Site, clerk: Browser, meeting: Meeting) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    response = await clerk.get(here)
    assert response.status == 200, clerk.page
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in clerk.page
    assert "Số tiếp theo của sổ:" in clerk.page
    assert clerk.page.count("btn--primary") == 1
    await clerk.post(f"{here}/so", {})
    await clerk.get(f"{here}?xong=so")
    assert "Số: 01/GM-UBND" in clerk.page
    assert "Gửi đến 2 nơi nhận" in clerk.page
    assert clerk.page.count("btn--primary") == 1
    await clerk.post(f"{here}/gui", {})
    await clerk.get(here)
    assert "Đang chờ gửi" in clerk.page
    mails = await site.services.mail.of_meeting(meeting.id)
    assert {mail.to for mail in mails} == {"diemcau@example.vn"}
    assert len(mails) == 2
    found = await site.services.meetings.get(meeting.id)
    assert found is not None
    assert found.state is MeetingState.INVITED


async def test_the_text_of_the_letter_is_changed(
    site: Site, clerk: Browser, meeting: Meeting
) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await clerk.get(here)
    fields = {
        "revision": "0",
        "series": "1",
        "issue_date": "20/06/2018",
        "abstract": "Dự họp <b>giao ban</b>",
        "requirements": "Có mặt đúng giờ",
        "contact": "Bà Hạnh, 0905 100 311",
        "signature": "CHỦ TỊCH",
        "signer": "Võ Ngọc Thành",
        "recipients": "Như trên",
    }
    assert (await clerk.post(here, fields)).status == 303, clerk.page
    await clerk.get(here)
    assert "Dự họp &lt;b&gt;giao ban&lt;/b&gt;" in clerk.page
    assert "Gia Lai, ngày 20 tháng 6 năm 2018" in clerk.page
    again = await clerk.post(here, {**fields, "revision": "1", "signer": "Người khác"})
    assert again.status == 409
    wrong = await clerk.post(here, {**fields, "revision": "2", "issue_date": "hôm nay"})
    assert wrong.status == 422
    assert "Người khác" not in clerk.page


async def test_numbers_are_typed_and_kept_in_the_book(
    site: Site, clerk: Browser, meeting: Meeting
) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await clerk.get(here)
    assert (await clerk.post(f"{here}/so", {"number": "abc"})).status == 422
    await clerk.post(f"{here}/so", {"number": "123", "issue_date": "20/06/2018"})
    await clerk.post(f"{here}/so", {"again": "1", "issue_date": "21/06/2018"})
    book = await clerk.get("/giay-moi/so/1?nam=2018")
    assert book.status == 200
    assert re.findall(r"(\d+)/GM-UBND</span>", clerk.page) == ["124", "123"]
    assert "Đã thay" in clerk.page


async def test_files_of_the_letter(site: Site, clerk: Browser, meeting: Meeting) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await clerk.get(here)
    await clerk.post(f"{here}/so", {})
    pdf = await clerk.client.get(f"{here}.pdf")
    assert (pdf.content_type, (await pdf.read())[:5]) == ("application/pdf", b"%PDF-")
    docx = await clerk.client.get(f"{here}.docx")
    assert Document(io.BytesIO(await docx.read())).tables
    for content, status in ((b"<html>", 422), (PDF + b" " * 600_000 + b"%%EOF", 303)):
        form = FormData()
        form.add_field("csrf", clerk.token)
        form.add_field("file", content, filename="ký.pdf", content_type="application/pdf")
        sent = await clerk.client.post(f"{here}/da-ky", data=form, allow_redirects=False)
        assert sent.status == status
    assert (await (await clerk.client.get(f"{here}.pdf")).read()).startswith(PDF)
    fresh = await (await clerk.client.get(f"{here}.pdf?ban=moi")).read()
    assert not fresh.startswith(PDF)


async def test_others_read_the_letter_once_it_is_out(
    site: Site, clerk: Browser, meeting: Meeting
) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    kbang = await site.browser("kbang")
    await kbang.get(here)
    assert "chưa phát hành" in kbang.page
    assert (await kbang.client.get(f"{here}.pdf")).status == 404
    assert (await kbang.post(f"{here}/so", {})).status == 403
    await sent(site, clerk, meeting)
    await kbang.get(here)
    assert "Số: 01/GM-UBND" in kbang.page
    assert "diemcau@example.vn" not in kbang.page
    assert (await kbang.client.get(f"{here}.pdf")).status == 200
    assert (await kbang.client.get(f"{here}.docx")).status == 403
    iapa = await site.browser("iapa")
    assert (await iapa.get(here)).status == 403


async def test_a_link_opens_the_meeting_for_its_holder(
    site: Site, clerk: Browser, meeting: Meeting
) -> None:
    await sent(site, clerk, meeting)
    guest = await site.browser()
    link = await link_of(site, meeting, "KBang")
    went = await guest.get(link)
    assert went.status == 303
    target = went.headers["Location"]
    assert "loi-moi" in target
    assert link.rsplit("/", 1)[1] not in target
    assert (await guest.get(target)).status == 200, guest.page
    assert "UBND huyện KBang" in guest.page
    assert "Giấy mời số 01/GM-UBND" in guest.page
    assert guest.page.count("btn--primary") == 1
    standings = await site.services.invitations.standings(meeting.id)
    states = {s.recipient.site_id: s.state for s in standings}
    assert states[site.world.sites["KBang"]] is RecipientState.OPENED
    assert (await guest.get(f"/cuoc-hop/{meeting.id}/giay-moi.pdf")).status == 200
    assert (await guest.get(f"/cuoc-hop/{meeting.id}/xac-nhan")).status == 200
    assert (await guest.get(f"/cuoc-hop/{meeting.id}/kiem-tra")).status == 200
    room = await guest.get(f"/cuoc-hop/{meeting.id}/phong")
    assert room.status == 200
    assert f'"site:{site.world.sites["KBang"]}"' in guest.page.replace("&#34;", '"')
    for other in (f"/cuoc-hop/{meeting.id}", f"/cuoc-hop/{meeting.id}/giay-moi", "/"):
        assert (await guest.get(other)).status == 303


async def test_a_link_opens_no_other_meeting(site: Site, clerk: Browser, meeting: Meeting) -> None:
    other = await add_meeting(site.world, "Họp khác", meeting.start + timedelta(days=1))
    guest = await site.browser()
    await guest.get(await link_of(site, meeting, "KBang"))
    assert (await guest.get(f"/cuoc-hop/{other.id}/phong")).status == 403
    assert (await guest.get(f"/cuoc-hop/{other.id}/loi-moi")).status == 404


async def test_a_revoked_link_is_closed_at_once(
    site: Site, clerk: Browser, meeting: Meeting
) -> None:
    await sent(site, clerk, meeting)
    guest = await site.browser()
    link = await link_of(site, meeting, "KBang")
    await guest.get(link)
    found = await site.services.recipients.of_meeting(meeting.id)
    one = next(r.id for r in found if r.site_id == site.world.sites["KBang"])
    page = f"/cuoc-hop/{meeting.id}/giay-moi/nguoi-nhan/{one}"
    await clerk.get(page)
    assert link in clerk.page
    assert 'class="qr"' in clerk.page
    await clerk.post(page, {"do": "revoke"})
    assert (await guest.get(f"/cuoc-hop/{meeting.id}/phong")).status == 403
    assert (await guest.get(link)).status == 404
    assert "Đường liên kết đã đóng" in guest.page
    await clerk.post(page, {"do": "renew"})
    await clerk.get(page)
    assert link not in clerk.page
    assert (await guest.get(await link_of(site, meeting, "KBang"))).status == 303


@pytest.fixture
async def person(site: Site) -> PersonRow:
    row = PersonRow(
        honorific="Bà",
        full_name="Nay H’Lan",
        position="Phó Giám đốc Sở",
        unit_id=site.world.units["so-tttt"],
        rank=1,
        email="nayhlan@example.vn",
        phone="",
        active=True,
        search=fold("Nay H’Lan Phó Giám đốc Sở"),
        given_key="",
    )
    async with database(site).session() as session:
        session.add(row)
    return row


async def test_a_person_is_added_and_answers_by_link(
    site: Site, clerk: Browser, meeting: Meeting, person: PersonRow
) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await clerk.get(f"{here}?tim=hlan")
    assert "Nay H’Lan" in clerk.page
    await clerk.post(f"{here}/nguoi-nhan", {"person": str(person.id)})
    await sent(site, clerk, meeting)
    recipients = await site.services.recipients.of_meeting(meeting.id)
    one = recipients[-1]
    guest = await site.browser()
    await guest.get(f"/loi-moi/{site.services.recipients.token(one)}")
    page = f"/cuoc-hop/{meeting.id}/loi-moi"
    await guest.get(page)
    assert (await guest.post(page, {"answer": "no", "reason": " "})).status == 422
    assert (await guest.post(page, {"answer": "no", "reason": "Đi công tác"})).status == 303
    await guest.get(page)
    assert "Đã báo vắng" in guest.page
    assert (await guest.post(page, {"answer": "yes"})).status == 303
    await clerk.get(here)
    assert "Đã xác nhận" in clerk.page
    room = await guest.get(f"/cuoc-hop/{meeting.id}/phong")
    assert room.status == 200
    assert f"guest:{one.id}" in guest.page


async def test_a_link_gives_nobody_the_chair(
    site: Site, clerk: Browser, meeting: Meeting, person: PersonRow
) -> None:
    async with database(site).session() as session:
        await session.execute(update(PersonRow).values(account_id=site.world.people["chutri"].id))
    one = await site.services.recipients.add_person(meeting.id, person.id, datetime.now(UTC))
    recipient = await site.services.recipients.get(one)
    assert recipient is not None
    guest = await site.browser()
    await guest.get(f"/loi-moi/{site.services.recipients.token(recipient)}")
    await guest.get(f"/cuoc-hop/{meeting.id}/loi-moi")
    assert "xin đăng nhập" in guest.page
    assert (await guest.get(f"/cuoc-hop/{meeting.id}/phong")).status == 403


async def test_a_change_is_shown_and_mailed_by_a_button(
    site: Site, clerk: Browser, meeting: Meeting
) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await sent(site, clerk, meeting)
    now = datetime.now(UTC)
    current = await site.services.meetings.get(meeting.id)
    assert current is not None
    shift = timedelta(days=1)
    await site.services.meetings.move(
        meeting.id,
        meeting.start + shift,
        meeting.end + shift,
        site.world.people["thuky"],
        now,
        revision=current.revision,
    )
    await clerk.get(here)
    assert "Cuộc họp đã đổi sau khi gửi giấy mời" in clerk.page
    assert clerk.page.count("btn--primary") == 1
    await clerk.post(f"{here}/thay-doi", {})
    await clerk.get(here)
    assert "Cuộc họp đã đổi" not in clerk.page
    kinds = [mail.kind for mail in await site.services.mail.of_meeting(meeting.id)]
    assert kinds == ["change", "change", "invitation", "invitation"]


async def test_reminders_are_set(site: Site, clerk: Browser, meeting: Meeting) -> None:
    here = f"/cuoc-hop/{meeting.id}/giay-moi"
    await sent(site, clerk, meeting)
    fields = [("hours", "72"), ("audience", "pending"), ("hours", ""), ("audience", "all")]
    assert (await clerk.post(f"{here}/lich-nhac", fields)).status == 303
    found = await site.services.invitations.letters.reminders(meeting.id)
    assert [(r.hours_before, r.audience) for r in found] == [(72, "pending")]
    assert (
        await clerk.post(f"{here}/lich-nhac", [("hours", "0"), ("audience", "all")])
    ).status == 422
    assert (await clerk.post(f"{here}/nhac", {})).status == 303


async def test_series_are_checked(site: Site, clerk: Browser) -> None:
    wrong = await clerk.post("/giay-moi/so", {**SERIES, "symbol": "gm", "unit": "x"})
    assert wrong.status == 422
    await clerk.get("/giay-moi/so/1/sua")
    assert "GM-UBND" in clerk.page
    changed = {**SERIES, "unit": str(site.world.units["ubnd-tinh"]), "signer": "Người mới"}
    assert (await clerk.post("/giay-moi/so/1/sua", changed)).status == 303
    kbang = await site.browser("kbang")
    assert (await kbang.get("/giay-moi/so")).status == 403


async def test_the_mail_page_queues_a_test(site: Site, clerk: Browser, meeting: Meeting) -> None:
    await sent(site, clerk, meeting)
    admin = await site.browser("quantri")
    await admin.get("/quan-tri/thu")
    assert "diemcau@example.vn" in admin.page
    assert (await admin.post("/quan-tri/thu", {"address": "khong phai"})).status == 422
    assert (await admin.post("/quan-tri/thu", {"address": "thu@example.vn"})).status == 303
    assert (await site.services.mail.latest(1))[0].to == "thu@example.vn"
    assert (await clerk.get("/quan-tri/thu")).status == 403


async def test_letters_over_the_api(site: Site, clerk: Browser, meeting: Meeting) -> None:
    here = f"/api/v1/meetings/{meeting.id}"
    token = {"X-CSRF-Token": clerk.token}
    shown = await clerk.client.get(f"{here}/letter")
    assert shown.status == 200, await shown.text()
    letter = await shown.json()
    assert (letter["number"], letter["revision"]) == (None, 0)
    body = {"seriesId": letter["seriesId"], "abstract": "Dự họp giao ban"}
    stale = await clerk.client.put(f"{here}/letter", json=body, headers=token)
    assert stale.status == 428
    match = {**token, "If-Match": shown.headers["ETag"]}
    written = await clerk.client.put(f"{here}/letter", json=body, headers=match)
    assert written.status == 200, await written.text()
    lost = await clerk.client.put(f"{here}/letter", json=body, headers=match)
    assert lost.status == 412
    number = await clerk.client.post(f"{here}/letter/number", json={"number": 7}, headers=token)
    assert (await number.json())["text"] == "07/GM-UBND"
    signed = await clerk.client.put(
        f"{here}/letter/signed",
        data=PDF,
        headers={**token, "Content-Type": "application/octet-stream"},
    )
    assert signed.status == 200, await signed.text()
    queued = await clerk.client.post(f"{here}/invitations", json={}, headers=token)
    assert await queued.json() == {"queued": 2}
    listed = await (await clerk.client.get(f"{here}/recipients")).json()
    assert {one["state"] for one in listed["items"]} == {"queued", "no-address"}
    mails = await (await clerk.client.get(f"{here}/mails?limit=1")).json()
    assert mails["items"][0]["kind"] == "invitation"
    assert mails["next"]
    again = {"reminders": [{"hoursBefore": 5, "audience": "all"}]}
    reminders = await clerk.client.put(f"{here}/reminders", json=again, headers=token)
    assert [r["hoursBefore"] for r in (await reminders.json())["items"]] == [5]
    kbang = await site.browser("kbang")
    assert (await kbang.client.get(f"{here}/letter")).status == 200
    assert (await kbang.client.get(f"{here}/recipients")).status == 403
