"""The schedule form, with and without scripts."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_world import Browser, Site

from rooms.meetings.drafts import DraftSite, Duty, MeetingDraft, MeetingKind
from rooms.meetings.meetings import Meeting, MeetingState
from web.formats import local
from web.pages.schedule_form import (
    AgendaRow,
    Common,
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
    await browser.post("/cuoc-hop/moi", fields(site, action="choose:level:district"))
    assert len(re.findall(r'name="site" value="\d+" checked', browser.page)) == 17
    await browser.post("/cuoc-hop/moi", fields(site, action="clear:level:district"))
    assert not re.findall(r'name="site" value="\d+" checked', browser.page)


async def test_technicians_do_not_schedule(site: Site):
    browser = await site.browser("kythuat")
    assert (await browser.get("/cuoc-hop/moi")).status == 403
    assert (await browser.post("/cuoc-hop/moi", fields(site))).status == 403


async def test_a_site_registers_for_its_branch_and_the_office_approves(site: Site):
    browser = await site.browser("kbang")
    await browser.get("/cuoc-hop/moi")
    assert "Gửi phê duyệt" in browser.page
    assert 'value="save"' not in browser.page
    assert "UBND huyện Chư Sê" not in browser.page
    assert (await browser.post("/cuoc-hop/moi", fields(site))).status == 403  # as approved
    foreign = fields(site, action="submit")
    assert (await browser.post("/cuoc-hop/moi", foreign)).status == 422
    assert "cấp dưới" in browser.page
    own = fields(site, action="submit", host_unit_id=None, site=str(site.world.sites["KBang"]))
    hosts = re.findall(r'<option value="(\d+)"[^>]*>Ủy ban nhân dân huyện KBang<', browser.page)
    response = await browser.post("/cuoc-hop/moi", [*own, ("host_unit_id", hosts[0])])
    assert response.status == 303, browser.page
    meeting = await site.services.meetings.get(response.headers["Location"].rsplit("/", 1)[1])
    assert meeting is not None
    assert meeting.state is MeetingState.PENDING


async def saved(site: Site, browser: Browser, response: object) -> Meeting:
    assert response.status == 303, browser.page
    meeting = await site.services.meetings.get(response.headers["Location"].rsplit("/", 1)[1])
    assert meeting is not None
    return meeting


async def test_everything_of_the_form_arrives_and_comes_back_to_be_changed(site: Site):
    world = site.world
    ids = {name: str(world.people[name].id) for name in ("thuky", "kythuat", "quantri")}
    browser = await writer(site)
    sent = fields(
        site,
        kind="briefing",
        deputy_id=ids["quantri"],
        secretary=ids["thuky"],
        technician=ids["kythuat"],
        main_site_id=str(world.sites["KBang"]),
        venue="Hội trường 2-9",
        notes="Có mặt trước 15 phút.",
        public="1",
        **{"composition:district": "Lãnh đạo UBND", "delegates:district": "12"},
    )
    meeting = await saved(site, browser, await browser.post("/cuoc-hop/moi", sent))
    assert (meeting.kind, meeting.deputy_id) == (MeetingKind.BRIEFING, int(ids["quantri"]))
    assert [m.account_id for m in meeting.on_duty(Duty.TECHNICIAN)] == [int(ids["kythuat"])]
    assert (meeting.main_site_id, meeting.venue) == (world.sites["KBang"], "Hội trường 2-9")
    assert (meeting.public, meeting.notes) == (True, "Có mặt trước 15 phút.")
    assert [(s.composition, s.delegates) for s in meeting.sites] == [("Lãnh đạo UBND", 12)] * 2
    await browser.get(f"/cuoc-hop/{meeting.id}/sua")
    page = browser.page
    for shown in ("Lãnh đạo UBND</textarea>", 'value="Hội trường 2-9"', 'value="Thảo luận"'):
        assert shown in page
    edited = [pair for pair in sent if pair[0] not in ("title", "agenda_title")]
    edited += [
        ("title", "Tên mới"),
        ("revision", "1"),
        *(("agenda_id", str(item.id)) for item in reversed(meeting.agenda)),
        *(("agenda_title", item.title) for item in reversed(meeting.agenda)),
        ("reason", "theo yêu cầu của chủ trì"),
    ]
    changed = await saved(site, browser, await browser.post(f"/cuoc-hop/{meeting.id}/sua", edited))
    assert (changed.title, changed.revision) == ("Tên mới", 2)
    assert [item.id for item in changed.agenda] == [item.id for item in reversed(meeting.agenda)]
    again = await browser.post(f"/cuoc-hop/{meeting.id}/sua", [*edited, ("notes", "x")])
    assert again.status == 409
    assert "đã sửa trước bạn" in browser.page
    await browser.get(f"/cuoc-hop/{meeting.id}/lich-su")
    for shown in ("<ins>Tên mới</ins>", "<del>Họp giao ban tuần</del>", "theo yêu cầu"):
        assert shown in browser.page


async def test_a_clash_is_shown_with_free_times_and_kept_only_with_a_reason(site: Site):
    browser = await writer(site)
    await saved(site, browser, await browser.post("/cuoc-hop/moi", fields(site)))
    second = fields(site, title="Họp khác", site=str(site.world.sites["KBang"]))
    assert (await browser.post("/cuoc-hop/moi", second)).status == 409
    for shown in ("UBND huyện KBang", "đã có cuộc họp khác", "Thời gian khác còn trống"):
        assert shown in browser.page
    button = re.search(r'value="(time:[^"]+)"', browser.page)
    assert button is not None
    assert (await browser.post("/cuoc-hop/moi", [*second, ("accept", "1")])).status == 422
    assert "Ghi rõ vì sao" in browser.page
    moved = [pair for pair in second if pair[0] != "action"]
    await browser.post("/cuoc-hop/moi", [*moved, ("action", button[1])])
    assert "Không trùng lịch." in browser.page
    reason = "cuộc họp của Tỉnh ủy được ưu tiên"
    kept = [*second, ("accept", "1"), ("reason", reason)]
    meeting = await saved(site, browser, await browser.post("/cuoc-hop/moi", kept))
    (first,) = await site.services.revisions.of_meeting(meeting.id)
    assert first.note == reason


async def test_scripts_ask_for_the_clashes_alone(site: Site):
    browser = await writer(site)
    await saved(site, browser, await browser.post("/cuoc-hop/moi", fields(site)))
    response = await browser.post("/cuoc-hop/moi", fields(site, action="outlook"))
    part = await response.text()
    assert response.status == 200
    assert part.lstrip().startswith('<div id="trung-lich"')
    assert "đã có cuộc họp khác" in part
    response = await browser.post("/cuoc-hop/moi", fields(site, action="outlook", day=""))
    assert "đã có cuộc họp khác" not in await response.text()


async def test_a_series_is_made_and_changed_from_here_on(site: Site):
    browser = await writer(site)
    tomorrow = local(datetime.now(UTC)).date() + timedelta(days=1)
    until, skipped = tomorrow + timedelta(days=21), tomorrow + timedelta(days=7)
    sent = fields(site, repeat="weekly", until=f"{until:%d/%m/%Y}", left_out=f"{skipped:%d/%m/%Y}")
    check = [pair for pair in sent if pair[0] != "action"]
    await browser.post("/cuoc-hop/moi", [*check, ("action", "check")])
    assert "3 cuộc họp trong chuỗi" in browser.page
    first = await saved(site, browser, await browser.post("/cuoc-hop/moi", sent))
    series = await site.services.series.get(first.series_id)
    assert series is not None
    assert len(series.meetings) == 3
    second = series.meetings[1]
    await browser.get(f"/cuoc-hop/{second.id}/sua")
    assert "thuộc một chuỗi" in browser.page
    day = f"{local(second.start):%d/%m/%Y}"
    edited = fields(site, title="Tên mới", day=day, scope="following", revision="1")
    await saved(site, browser, await browser.post(f"/cuoc-hop/{second.id}/sua", edited))
    titles = [(await site.services.meetings.get(m.id)).title for m in series.meetings]
    assert titles == ["Họp giao ban tuần", "Tên mới", "Tên mới"]


async def test_a_new_form_begins_from_an_earlier_meeting(site: Site):
    browser = await writer(site)
    meeting = await saved(site, browser, await browser.post("/cuoc-hop/moi", fields(site)))
    await browser.get("/cuoc-hop/moi")
    assert f'<option value="{meeting.id}">' in browser.page
    await browser.get(f"/cuoc-hop/moi?tu={meeting.id}")
    assert 'value="Họp giao ban tuần"' in browser.page
    assert 'name="agenda_id" value=""' in browser.page
    assert 'name="agenda_id" value="1"' not in browser.page
    for unknown in ("999999", "mau-7", "mau-x", ""):
        status = (await browser.get(f"/cuoc-hop/moi?tu={unknown}")).status
        assert status == (404 if unknown == "999999" else 200)


def test_what_is_said_of_one_site_stays_when_the_common_text_changes():
    before = MeetingDraft(
        title="x",
        start=None,
        end=None,
        host_unit_id=1,
        chair_id=1,
        sites=(
            DraftSite(site_id=1, composition="Chung", delegates=5),
            DraftSite(site_id=2, composition="Riêng", delegates=5),
        ),
    )
    common = {"district": Common(composition="Mới", delegates="7", was=("Chung", "5"))}
    values = FormValues(title="x", sites=frozenset({1, 2, 3}), common=common)
    levels = dict.fromkeys((1, 2, 3), "district")
    draft, _ = to_draft(values, levels, before)
    assert [(s.site_id, s.composition, s.delegates) for s in draft.sites] == [
        (1, "Mới", 7),
        (2, "Riêng", 7),
        (3, "Mới", 7),
    ]


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        ("drop:1,2", "sites", frozenset({3})),
        ("staff:technician:7:8", "technicians", frozenset({8})),
        ("staff:technician:9:8", "technicians", frozenset({7})),
        ("staff:x", "technicians", frozenset({7})),
        ("time:2026-03-04T09:30", "end", "12:00"),
        ("time:2026-03-04T23:00", "end", "23:59"),
        ("time:gestern", "end", "10:30"),
        ("up-row:1", "rows", (AgendaRow(title="b"), AgendaRow(title="a"))),
        ("up-row:0", "rows", (AgendaRow(title="a"), AgendaRow(title="b"))),
        ("up-row:9", "rows", (AgendaRow(title="a"), AgendaRow(title="b"))),
    ],
)
def test_buttons_that_change_the_form(action: str, field: str, value: object):
    values = FormValues(
        sites=frozenset({1, 2, 3}),
        technicians=frozenset({7}),
        start="08:00",
        end="10:30",
        rows=(AgendaRow(title="a"), AgendaRow(title="b")),
    )
    assert getattr(apply_action(values, action, {}), field) == value


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
    known = ("add-row", "remove-row", "up-row", "choose", "clear", "drop", "time", "staff")
    assert changed == values or action.partition(":")[0] in known
