"""Holidays, swap days and office hours are set by the secretariat."""

from datetime import date

from web_world import Site


async def test_a_swap_day_is_entered_changed_and_taken_back(site: Site):
    browser = await site.browser("thuky")
    await browser.get("/lich/ngay-nghi?nam=2026")
    for text in ("Ngày Văn hóa Việt Nam", "Làm bù", "24/11/2026", "22/08/2026"):
        assert text in browser.page
    fields = {"day": "8/5/2027", "kind": "swap", "name": "Làm bù cho 30/4"}
    response = await browser.post("/lich/ngay-nghi", fields)
    await browser.get(response.headers["Location"])
    assert "Làm bù cho 30/4" in browser.page
    assert "Đã lưu ngày 08/05/2027" in browser.page
    assert (await site.services.dates.calendar([2027])).is_working(date(2027, 5, 8))

    await browser.get("/lich/ngay-nghi?nam=2027&sua=2027-05-08")
    assert 'value="08/05/2027"' in browser.page
    await browser.post("/lich/ngay-nghi", {"day": "08/05/2027", "action": "reset"})
    assert not (await site.services.dates.calendar([2027])).is_working(date(2027, 5, 8))
    entries = await site.services.audit.recent()
    assert [entry.action for entry in entries] == ["calendar-day-set"] * 2


async def test_wrong_days_and_years(site: Site):
    browser = await site.browser("quantri")
    wrong = [
        ({"day": "hôm nào", "kind": "holiday", "name": "x"}, "Ngày họp ghi theo dạng"),
        ({"day": "25/11/2026", "kind": "swap", "name": "x"}, "phải là Thứ Bảy hoặc Chủ nhật"),
        ({"day": "25/11/2026", "kind": "party", "name": "x"}, "Chọn loại ngày"),
        ({"day": "25/11/2026", "kind": "holiday", "name": ""}, "Nhập tên ngày"),
    ]
    await browser.get("/lich/ngay-nghi")
    for fields, text in wrong:
        response = await browser.post("/lich/ngay-nghi", fields)
        assert (response.status, text in browser.page) == (422, True), text
    for year in ("x", "1", "9999", "²019"):
        assert (await browser.get(f"/lich/ngay-nghi?nam={year}")).status == 200


async def test_office_hours_of_a_unit(site: Site):
    browser = await site.browser("thuky")
    await browser.get("/lich/gio-lam-viec")
    assert "Nơi chưa đặt giờ" in browser.page
    fields = {
        "unit_id": str(site.world.units["KBang"]),
        "valid_from": "1/5/2026",
        "valid_to": "",
        "morning_start": "7h",
        "morning_end": "11:30",
        "afternoon_start": "13:00",
        "afternoon_end": "16:30",
        "note": "Giờ mùa hè",
    }
    assert (await browser.post("/lich/gio-lam-viec", fields)).status == 303
    await browser.get("/lich/gio-lam-viec")
    for text in ("UBND huyện KBang", "07:00-11:30", "Giờ mùa hè", "đang áp dụng"):
        assert text in browser.page
    wrong = [
        ({}, "đã có giờ làm việc bắt đầu từ ngày này"),
        ({"morning_start": "12:00"}, "Giờ kết thúc phải sau giờ bắt đầu"),
        ({"afternoon_end": "chiều"}, "Giờ ghi theo dạng"),
        ({"valid_to": "32/1/2026"}, "Ngày họp ghi theo dạng"),
        ({"unit_id": "999999"}, "Chọn đơn vị"),
    ]
    for change, text in wrong:
        response = await browser.post("/lich/gio-lam-viec", {**fields, **change})
        assert (response.status, text in browser.page) == (422, True), text
    [hours] = await site.services.dates.office_hours()
    assert (await browser.post(f"/lich/gio-lam-viec/{hours.id}/xoa")).status == 303
    assert (await browser.post(f"/lich/gio-lam-viec/{hours.id}/xoa")).status == 404
    assert await site.services.dates.office_hours() == []


async def test_nobody_else_sets_them(site: Site):
    for who in ("kythuat", "kbang"):
        browser = await site.browser(who)
        for path in ("/lich/ngay-nghi", "/lich/gio-lam-viec"):
            assert (await browser.get(path)).status == 403
            assert (await browser.post(path)).status == 403
        await browser.get("/cuoc-hop")
        assert "/lich/ngay-nghi" not in browser.page
