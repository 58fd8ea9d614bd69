"""Pages of documents: uploads piece by piece, what each visitor finds, files with ranges."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import FormData
from fpdf import FPDF
from test_web_answers import link_of
from web_world import Browser, Deaf, Site, add_meeting

from conference.conversion import convert, office_program
from rooms.documents.documents import Documents
from rooms.documents.kinds import Kind
from rooms.documents.records import Preview, Reader
from rooms.documents.showing import DocumentShelf
from rooms.errors import RequestRefused
from rooms.live.shelf import Paged
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.meetings.seating import knocking_seat
from rooms.records.audit import Action
from rooms.session import commands

HERE = "/cuoc-hop/giao-ban/tai-lieu"
PDF = b"%PDF-1.7 " + bytes(range(256)) * 20
SECRETARY = Reader(key="account:0", name="Thư ký", invited=True, edits=True)


@pytest.fixture
async def meeting(site: Site) -> Meeting:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return await add_meeting(site.world, "Giao ban", tomorrow, short_name="giao-ban")


async def send(browser: Browser, path: str = HERE, *files: tuple[str, bytes], **fields: str):
    await browser.get(HERE)
    form = FormData(quote_fields=False, default_to_multipart=True)  # as browsers do
    form.add_field("csrf", fields.pop("csrf", browser.token))
    for name, value in {"visibility": "all", "secrecy": "none", **fields}.items():
        form.add_field(name, value)
    for name, content in files:
        form.add_field("file", content, filename=name)
    response = await browser.client.post(path, data=form, allow_redirects=False)
    await browser._read(response)
    return response


async def uploaded(at: Site, meeting: Meeting, /, *files: tuple[str, bytes], **fields: str) -> int:
    browser = await at.browser("thuky")
    response = await send(browser, HERE, *(files or (("Báo cáo.pdf", PDF),)), **fields)
    assert response.status == 303, browser.page
    return (await at.services.documents.of_meeting(meeting, SECRETARY))[-1].id


async def test_a_secretary_uploads_and_everybody_invited_reads(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting)
    browser = await site.browser("kbang")
    await browser.get(HERE)
    assert "Báo cáo" in browser.page
    assert "Chưa xem" in browser.page
    assert "Tải tài liệu lên" not in browser.page
    await browser.get(f"{HERE}/{document}")
    assert f'src="{HERE}/{document}/1/tep?xem=1"' in browser.page
    await browser.get(HERE)
    assert "Đã xem" in browser.page
    secretary = await site.browser("thuky")
    await secretary.get(f"{HERE}/{document}")
    receipts = secretary.page.split('id="da-xem"')[1]
    assert "UBND huyện KBang" in receipts


async def test_the_file_comes_with_ranges_and_safe_headers(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting, ("..\\Báo cáo.exe", PDF))
    browser = await site.browser("kbang")
    path = f"{HERE}/{document}/1/tep"
    response = await browser.client.get(path)
    assert await response.read() == PDF
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    name = response.headers["Content-Disposition"]
    assert name.startswith("attachment; filename=")
    assert ".exe.pdf" in name
    assert "\\" not in name
    part = await browser.client.get(path, headers={"Range": "bytes=5-8"})
    assert (part.status, await part.read()) == (206, PDF[5:9])
    head = await browser.client.head(path)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(PDF)))
    inline = await browser.client.get(f"{path}?xem=1")
    assert inline.headers["Content-Disposition"].startswith("inline")
    again = await browser.client.get(path, headers={"If-None-Match": inline.headers["ETag"]})
    assert again.status == 304


async def test_nothing_leaks_to_those_not_invited(site: Site, meeting: Meeting):
    pleiku = site.world.sites["Pleiku"]
    everybody = await uploaded(site, meeting)
    chair = await uploaded(site, meeting, title="Riêng", visibility="chair")
    chosen = await uploaded(site, meeting, title="Pleiku", visibility="sites", site=str(pleiku))
    stranger, nobody = await site.browser("iapa"), await site.browser()
    kbang, leads = await site.browser("kbang"), await site.browser("chutri")
    for path in ("", f"/{everybody}", f"/{everybody}/1/tep", f"/{everybody}/1/xem"):
        assert (await stranger.get(HERE + path)).status == 404
        assert (await nobody.get(HERE + path)).status == 303
    for document in (chair, chosen):
        for path in ("", "/1/tep", "/1/tep?xem=1"):
            assert (await kbang.get(f"{HERE}/{document}{path}")).status == 404
            assert (await leads.get(f"{HERE}/{document}{path}")).status == 200
        response = await kbang.post(f"{HERE}/{document}/gop-y", {"text": "x"})
        assert response.status == 404
    await kbang.get(HERE)
    assert "Riêng" not in kbang.page
    for wrong in (f"{HERE}/{everybody}/9/tep", f"{HERE}/999/1/tep", f"{HERE}/..%2f..%2fetc/1/tep"):
        assert (await kbang.get(wrong)).status == 404


async def test_a_personal_link_reads_and_comments(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting)
    chair = await uploaded(site, meeting, title="Riêng", visibility="chair")
    browser = await link_of(site, meeting, "KBang")
    assert (await browser.get(f"{HERE}/{document}")).status == 200
    assert (await browser.get(f"{HERE}/{chair}/1/tep")).status == 404
    assert (await browser.post(f"{HERE}/{document}/gop-y", {"text": "Đồng ý."})).status == 303
    assert (await send(browser, HERE, ("a.pdf", PDF))).status == 403
    secretary = await site.browser("thuky")
    await secretary.get(f"{HERE}/{document}")
    assert "Đồng ý." in secretary.page
    await secretary.get("/cuoc-hop/giao-ban")
    assert f'href="{HERE}/{document}"' in secretary.page


async def test_only_the_secretary_changes_documents(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting)
    for name in ("kbang", "chutri", "kythuat"):
        browser = await site.browser(name)
        assert (await send(browser, HERE, ("a.pdf", PDF))).status == 403
        assert (await send(browser, f"{HERE}/{document}/ban", ("a.pdf", PDF))).status == 403
        for path in ("", "/len", "/xoa"):
            assert (await browser.post(f"{HERE}/{document}{path}")).status == 403


async def test_a_form_of_another_page_is_refused_before_its_file(site: Site, meeting: Meeting):
    browser = await site.browser("thuky")
    assert (await send(browser, HERE, ("a.pdf", PDF), csrf="0" * 64)).status == 403
    form = FormData()
    form.add_field("file", PDF, filename="a.pdf")
    form.add_field("csrf", browser.token)
    assert (await browser.client.post(HERE, data=form)).status == 403
    headers = {"Origin": "https://xau.example"}
    form = FormData({"csrf": browser.token})
    form.add_field("file", PDF, filename="a.pdf")
    assert (await browser.client.post(HERE, data=form, headers=headers)).status == 403
    assert (await browser.post(HERE)).status == 400  # no multipart form
    broken = {"Content-Type": "multipart/form-data"}
    assert (await browser.client.post(HERE, data=b"x", headers=broken)).status == 400
    assert await site.services.documents.of_meeting(meeting, SECRETARY) == []


@pytest.mark.parametrize(
    ("files", "fields", "text"),
    [
        ((), {}, "Chọn tệp để tải lên."),
        ((("", b""),), {}, "Chọn tệp để tải lên."),
        ((("a.pdf", b"MZ\x90"),), {}, "không thuộc loại được nhận"),
        ((("a.pdf", PDF + b"x" * 700_000),), {}, "Tệp lớn quá mức cho phép."),
        ((("a.pdf", PDF),), {"secrecy": "mat"}, "chỉ nhận tài liệu không mật"),
        ((("a.pdf", PDF),), {"visibility": "sites"}, "Chọn ít nhất một điểm cầu được xem."),
    ],
)
async def test_uploads_that_are_refused(site: Site, meeting: Meeting, files, fields, text):
    browser = await site.browser("thuky")
    response = await send(browser, HERE, *files, **fields)
    assert response.status == 422
    assert text in browser.page
    assert await site.services.documents.of_meeting(meeting, SECRETARY) == []
    folder = site.services.documents.files.path("0" * 64).parents[1]
    assert not list(folder.glob("*.partial"))


async def test_several_files_versions_order_and_removal(site: Site, meeting: Meeting):
    item = str(meeting.agenda[2].id)
    larger = PDF + b"x" * 600_000  # than what other forms may send
    await uploaded(site, meeting, ("A.pdf", larger), ("B.txt", "Nội dung".encode()), title="bỏ qua")
    last = await uploaded(site, meeting, ("C.pdf", PDF), item=item)
    browser = await site.browser("thuky")
    await browser.get(HERE)
    titles = [browser.page.index(text) for text in (">A<", ">B<", ">C<")]
    assert titles == sorted(titles)
    assert "3. Trình bày báo cáo" in browser.page
    note = {"note": "sửa mục 2"}
    response = await send(browser, f"{HERE}/{last}/ban", ("C2.pdf", PDF + b"2"), **note)
    assert response.status == 303
    await browser.get(f"{HERE}/{last}?ban=1")
    assert "Bạn đang xem bản cũ." in browser.page
    assert "sửa mục 2" in browser.page
    assert (await browser.post(f"{HERE}/{last}/len")).status == 303
    found = await site.services.documents.of_meeting(meeting, SECRETARY)
    assert [one.title for one in found] == ["A", "C", "B"]
    fields = {"title": "Dự thảo", "visibility": "chair", "open_comments": "1"}
    assert (await browser.post(f"{HERE}/{last}", fields)).status == 303
    assert (await browser.post(f"{HERE}/{last}", {"visibility": "moi"})).status == 400
    assert (await browser.post(f"{HERE}/{last}/xoa")).status == 303
    assert (await browser.get(f"{HERE}/{last}")).status == 404
    assert [one.action for one in await site.services.audit.recent()] == [Action.DOCUMENT_REMOVED]


async def test_delegates_comment_before_the_meeting(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting)
    browser = await site.browser("kbang")
    await browser.get(f"{HERE}/{document}")
    assert (await browser.post(f"{HERE}/{document}/gop-y", {"text": " "})).status == 422
    sent = {"text": "Bổ sung <số liệu>."}
    assert (await browser.post(f"{HERE}/{document}/gop-y", sent)).status == 303
    await browser.get(f"{HERE}/{document}")
    assert "Bổ sung &lt;số liệu&gt;." in browser.page
    leads, secretary = await site.browser("chutri"), await site.browser("thuky")
    await leads.get(f"{HERE}/{document}")
    assert "Bổ sung" not in leads.page
    await secretary.get(f"{HERE}/{document}")
    assert "Bổ sung" in secretary.page
    await site.world.meetings.set_state(meeting.id, MeetingState.LIVE)
    assert (await browser.post(f"{HERE}/{document}/gop-y", sent)).status == 409


async def test_an_office_file_is_offered_until_its_picture_is_there(site, meeting, tmp_path):
    document = await uploaded(site, meeting, ("Kế hoạch.rtf", b"{\\rtf1 xin chao}"))
    browser = await site.browser("kbang")
    await browser.get(f"{HERE}/{document}")
    assert "chưa cài LibreOffice" in browser.page
    assert (await browser.get(f"{HERE}/{document}/1/xem")).status == 404
    documents = Documents(site.db, tmp_path / "documents", converts=True)
    secretary = await site.browser("thuky")
    await secretary.get(HERE)
    object.__setattr__(site.services, "documents", documents)
    other = await uploaded(site, meeting, ("Kế hoạch.rtf", b"{\\rtf1 xin chao}"))
    await browser.get(f"{HERE}/{other}")
    assert "Đang chuyển sang PDF" in browser.page
    program = tmp_path / "soffice"
    program.write_text('#!/bin/sh\nmkdir -p pdf; printf "%%PDF-1.7 made" > pdf/tai-lieu.pdf\n')
    program.chmod(0o700)
    for version, path, kind in await documents.waiting():
        await convert(documents, version, path, kind, str(program), 10)
    response = await browser.client.get(f"{HERE}/{other}/1/xem")
    assert await response.read() == b"%PDF-1.7 made"
    await browser.get(f"{HERE}/{other}")
    assert f"{HERE}/{other}/1/xem" in browser.page


async def test_a_conversion_that_hangs_is_given_up(site, meeting, tmp_path):
    documents = Documents(site.db, tmp_path / "documents", converts=True)
    object.__setattr__(site.services, "documents", documents)
    await uploaded(site, meeting, ("Kế hoạch.rtf", b"{\\rtf1 xin chao}"))
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\nsleep 60 & wait\n")
    program.chmod(0o700)
    ((version, path, kind),) = await documents.waiting()
    assert kind is Kind.RTF
    await convert(documents, version, path, kind, str(program), 0.2)
    (found,) = await documents.of_meeting(meeting, SECRETARY)
    assert found.current.preview is Preview.FAILED


def test_the_program_that_converts():
    assert office_program("off") is None
    assert office_program("/nowhere/soffice") is None


# ---------------------------------------------------------------- pages, for the room


def a_pdf() -> bytes:
    pdf = FPDF()
    for number in (1, 2):
        pdf.add_page()
        pdf.set_font("helvetica", size=20)
        pdf.cell(0, 10, f"Trang {number}")
    return bytes(pdf.output())


async def test_pages_come_as_pictures_that_are_kept_for_good(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting, ("a.pdf", a_pdf()))
    browser = await site.browser("kbang")
    page = f"{HERE}/{document}/1/trang/2"
    response = await browser.client.get(page + "?rong=300")
    assert (await response.read())[8:12] == b"WEBP"
    assert response.headers["Content-Type"] == "image/webp"
    assert "immutable" in response.headers["Cache-Control"]
    known = {"If-None-Match": response.headers["ETag"]}
    assert (await browser.client.get(page + "?rong=300", headers=known)).status == 304
    assert await (await browser.client.get(page + "/chu")).text() == "Trang 2"
    assert (await browser.client.get(f"{HERE}/{document}/1/trang/3")).status == 404


async def test_pages_have_the_rights_of_their_document(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting, ("a.pdf", a_pdf()), visibility="chair")
    page = f"{HERE}/{document}/1/trang/1"
    kbang = await site.browser("kbang")
    for path in (page, page + "/chu"):
        assert (await kbang.client.get(path)).status == 404
    assert await (await kbang.client.get(f"{HERE}/danh-sach")).json() == []
    secretary = await site.browser("thuky")
    assert (await secretary.client.get(page)).status == 200
    (listed,) = await (await secretary.client.get(f"{HERE}/danh-sach")).json()
    assert listed["state"] == "restricted"
    shelf = DocumentShelf(site.db, site.services.documents.pages)
    with pytest.raises(RequestRefused, match="document-restricted"):
        await shelf.shown(meeting.id, document, None)


async def test_the_room_is_told_what_can_be_shown(site: Site, meeting: Meeting):
    document = await uploaded(site, meeting, ("Báo cáo.pdf", a_pdf()))
    await uploaded(site, meeting, ("ghi chú.txt", "Xin chào".encode()))
    browser = await site.browser("kbang")
    listed = await (await browser.client.get(f"{HERE}/danh-sach")).json()
    assert [(one["title"], one["state"]) for one in listed] == [
        ("Báo cáo", "ready"),
        ("ghi chú", "none"),
    ]
    shelf = DocumentShelf(site.db, site.services.documents.pages)
    assert await shelf.shown(meeting.id, document, None) == Paged(
        version=1, title="Báo cáo", pages=2
    )
    with pytest.raises(RequestRefused, match="unknown-document"):
        await shelf.shown(meeting.id, document, 7)
    with pytest.raises(RequestRefused, match="document-unreadable"):
        await shelf.shown(meeting.id, listed[1]["id"], None)


async def test_a_guest_who_was_admitted_sees_what_is_shown_and_nothing_else(site: Site):
    meeting = await add_meeting(
        site.world,
        "Giao ban",
        datetime.now(UTC),
        short_name="giao-ban",
        state=MeetingState.LIVE,
    )
    shown = await uploaded(site, meeting, ("a.pdf", a_pdf()))
    other = await uploaded(site, meeting, ("b.pdf", a_pdf()))
    live, guest = site.services.live, await site.browser("iapa")
    page = f"{HERE}/{shown}/1/trang/1"
    assert (await guest.client.get(page)).status == 404
    chair = site.world.meetings.seat_for(meeting, site.world.people["chutri"])
    led = await live.enter(meeting, chair, "c1", Deaf())
    seat = knocking_seat(meeting, site.world.people["iapa"])
    with pytest.raises(RequestRefused, match="waiting"):
        await live.enter(meeting, seat, "c2", Deaf())
    await led.submit(commands.Admit(seat=seat.id))
    await live.enter(meeting, seat, "c2", Deaf())
    assert (await guest.client.get(page)).status == 404
    await led.submit(commands.OpenDocument(document=shown))
    assert live.session(meeting.id).document.pages == 2
    assert (await guest.client.get(page)).status == 200
    assert (await guest.client.get(f"{HERE}/{other}/1/trang/1")).status == 404
    assert (await guest.client.get(f"{HERE}/{shown}/1/tep")).status == 404
