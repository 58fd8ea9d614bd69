"""The schedule form, with and without scripts."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_world import Browser, Site

from web.formats import local
from web.pages.schedule import (
    AgendaRow,
    FormValues,
    apply_action,
    parse_day,
    parse_time,
    row_starts,
    to_draft,
)


def fields(at: Site, /, **change: object) -> list[tuple[str, str]]:
    """A good form as the browser sends it; `change` replaces fields, None drops them."""
    tomorrow = local(datetime.now(UTC)).date() + timedelta(days=1)
    plain: dict[str, object] = {
        "title": "Họp giao ban tuần",
        "host_unit_id": str(at.world.units["ubnd-tinh"]),
        "chair_id": str(at.world.people["chutri"].id),
        "secrecy": "none",
        "day": f"{tomorrow:%d/%m/%Y}",
        "start": "08:00",
        "end": "10h30",
        "site": [str(at.world.sites[name]) for name in ("Pleiku", "KBang")],
        "agenda_title": ["Khai mạc", "Thảo luận", ""],
        "agenda_presenter": ["Chủ trì", "", ""],
        "agenda_minutes": ["15", "60", ""],
        "action": "save",
    }
    sent = []
    for name, value in {**plain, **change}.items():
        values = value if isinstance(value, list) else [value]
        sent += [(name, str(v)) for v in values if v is not None]
    return sent


async def writer(site: Site) -> Browser:
    browser = await site.browser("thuky")
    await browser.get("/cuoc-hop/moi")
    return browser


async def test_a_good_form_becomes_a_meeting_its_sites_can_see(site: Site):
    browser = await writer(site)
    response = await browser.post("/cuoc-hop/moi", fields(site))
    assert response.status == 303, browser.page
    address = response.headers["Location"]
    meeting = await site.services.meetings.get(int(address.rsplit("/", 1)[1]))
    assert meeting is not None
    assert [site.short_name for site in meeting.sites] == ["Pleiku", "KBang"]
    assert [(item.start, item.title) for item in meeting.agenda] == [
        (time(8, 0), "Khai mạc"),
        (time(8, 15), "Thảo luận"),
    ]
    assert local(meeting.end).time() == time(10, 30)
    invited = await site.browser("kbang")
    assert (await invited.get(address)).status == 200
    assert "Họp giao ban tuần" in invited.page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", " ", "Nhập tên cuộc họp"),
        ("title", "x" * 400, "dài quá 200"),
        ("host_unit_id", "", "Chọn đơn vị chủ trì"),
        ("host_unit_id", "999999", "Chọn đơn vị chủ trì"),
        ("chair_id", "abc", "Chọn người chủ trì"),
        ("secrecy", "mat", "không mật"),
        ("day", "31/02/2027", "ngày/tháng/năm"),
        ("day", "01/01/2020", "đã qua"),
        ("start", "25:00", "dạng 08:00"),
        ("end", "07:00", "phải sau"),
        ("site", None, "Chọn ít nhất một điểm cầu"),
        ("site", "999999", "không còn trong danh mục"),
        ("agenda_minutes", ["15", "nhiều", ""], "Số phút"),
        ("agenda_title", ["", "Thảo luận", ""], "không được để trống"),
    ],
)
async def test_a_fault_is_told_at_its_field_and_everything_typed_is_kept(
    site: Site, field: str, value: object, said: str
):
    browser = await writer(site)
    response = await browser.post("/cuoc-hop/moi", fields(site, **{field: value}))
    assert response.status == 422
    assert said in browser.page
    assert 'value="10h30"' in browser.page or field == "end"
    assert 'value="Khai mạc"' in browser.page or field == "agenda_title"
    chosen = re.findall(r'name="site" value="\d+" checked', browser.page)
    assert len(chosen) == (2 if field != "site" else 0)


async def test_all_faults_are_told_at_once(site: Site):
    browser = await writer(site)
    change = {"title": "", "day": "mai", "site": None, "agenda_minutes": ["x", "60", ""]}
    assert (await browser.post("/cuoc-hop/moi", fields(site, **change))).status == 422
    assert "Còn 4 chỗ cần sửa" in browser.page


async def test_rows_and_groups_are_changed_by_plain_buttons(site: Site):
    browser = await writer(site)
    await browser.post("/cuoc-hop/moi", fields(site, action="add-row"))
    assert browser.page.count('name="agenda_title"') == 4 + 1  # the last is the template's
    await browser.post("/cuoc-hop/moi", fields(site, action="remove-row:0"))
    assert 'value="Khai mạc"' not in browser.page
    assert 'value="Thảo luận"' in browser.page
    await browser.post("/cuoc-hop/moi", fields(site, action="choose:district"))
    assert len(re.findall(r'name="site" value="\d+" checked', browser.page)) == 17
    await browser.post("/cuoc-hop/moi", fields(site, action="clear:district"))
    assert not re.findall(r'name="site" value="\d+" checked', browser.page)


async def test_only_those_who_schedule_may_send_the_form(site: Site):
    for username in ("chutri", "kythuat", "kbang"):
        browser = await site.browser(username)
        assert (await browser.post("/cuoc-hop/moi", fields(site))).status == 403


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("26/6/2026", date(2026, 6, 26)),
        (" 26-06-2026 ", date(2026, 6, 26)),
        ("26.6.2026", date(2026, 6, 26)),
        ("2026-06-26", date(2026, 6, 26)),
        ("31/2/2026", None),
        ("26/6", None),
        ("mai", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them(typed: str, meant: date | None):
    assert parse_day(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("08:00", time(8)),
        ("8h30", time(8, 30)),
        ("8g", time(8)),
        ("14", time(14)),
        ("7H05", time(7, 5)),
        ("24:00", None),
        ("8:60", None),
        ("8:5", None),
        ("sáng", None),
    ],
)
def test_times_are_read_as_people_write_them(typed: str, meant: time | None):
    assert parse_time(typed) == meant


def test_rows_begin_one_after_the_other_as_long_as_each_says_how_long():
    rows = tuple(AgendaRow(title="x", minutes=m) for m in ("10", "", "30"))
    assert row_starts(rows, time(8)) == (time(8), time(8, 10), None)
    assert row_starts(rows, None) == (None, None, None)


@given(st.text(), st.text(), st.text(), st.text(max_size=20))
def test_whatever_is_typed_either_becomes_a_draft_or_a_told_fault(
    day: str, start: str, end: str, minutes: str
):
    rows = (AgendaRow(title="x", minutes=minutes),)
    draft, errors = to_draft(FormValues(title="x", day=day, start=start, end=end, rows=rows))
    assert (draft.start is None) == bool({"day", "start"} & errors.keys())


@given(st.text())
def test_unknown_buttons_change_nothing(action: str):
    values = FormValues(rows=(AgendaRow(title="x"),), sites=frozenset({1}))
    changed = apply_action(values, action, {"district": frozenset({1, 2})})
    known = ("add-row", "remove-row", "choose", "clear")
    assert changed == values or action.partition(":")[0] in known
