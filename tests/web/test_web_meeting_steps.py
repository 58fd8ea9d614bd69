"""The course of a meeting on its page: buttons, reasons, composition, templates."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from web_world import Deaf, Site, add_meeting

from rooms.meetings.meetings import Meeting, MeetingState
from web.pages.steps import COURSE, course

S = MeetingState


async def a_meeting(site: Site, state: MeetingState = S.APPROVED) -> Meeting:
    start = datetime.now(UTC) + timedelta(days=5)
    return await add_meeting(site.world, "Giao ban tuần", start, state=state)


async def step(site: Site, username: str, meeting: Meeting, state: S, **fields: str) -> int:
    browser = await site.browser(username)
    await browser.get(f"/cuoc-hop/{meeting.id}")
    sent = [("state", state.value), *fields.items()]
    return (await browser.post(f"/cuoc-hop/{meeting.id}/trang-thai", sent)).status


async def state_of(site: Site, meeting: Meeting) -> MeetingState:
    found = await site.services.meetings.get(meeting.id)
    assert found is not None
    return found.state


async def test_a_meeting_goes_its_whole_course_by_its_buttons(site: Site):
    meeting = await a_meeting(site, S.DRAFT)
    browser = await site.browser("thuky")
    for label, state in [
        ("Gửi phê duyệt", S.PENDING),
        ("Phê duyệt", S.APPROVED),
        ("Đánh dấu đã phát hành giấy mời", S.INVITED),
        ("Bắt đầu chạy thử", S.REHEARSAL),
        ("Kết thúc chạy thử", S.INVITED),
        ("Bắt đầu chạy thử", S.REHEARSAL),
        ("Bắt đầu họp", S.LIVE),
        ("Kết thúc cuộc họp", S.ENDED),
        ("Lưu trữ", S.ARCHIVED),
    ]:
        await browser.get(f"/cuoc-hop/{meeting.id}")
        assert f"{label}</button>" in browser.page
        assert f'name="state" value="{state.value}"' in browser.page
        response = await browser.post(
            f"/cuoc-hop/{meeting.id}/trang-thai", [("state", state.value)]
        )
        assert response.status == 303
        assert await state_of(site, meeting) is state
    await browser.get(f"/cuoc-hop/{meeting.id}/lich-su")
    assert "Đã lưu trữ" in browser.page
    await browser.get(f"/cuoc-hop/{meeting.id}")
    assert 'name="state"' not in browser.page


async def test_who_postpones_or_cancels_says_why_and_everybody_reads_it(site: Site):
    meeting = await a_meeting(site)
    browser = await site.browser("chutri")
    await browser.get(f"/cuoc-hop/{meeting.id}")
    address = f"/cuoc-hop/{meeting.id}/trang-thai"
    response = await browser.post(address, [("state", "postponed"), ("note", " ")])
    assert response.status == 303
    await browser.get(response.headers["Location"])
    assert "Ghi rõ lý do." in browser.page
    await browser.post(address, [("state", "postponed"), ("note", "vì bão số 5")])
    assert await state_of(site, meeting) is S.POSTPONED
    guest = await site.browser("kbang")
    await guest.get(f"/cuoc-hop/{meeting.id}")
    assert "vì bão số 5" in guest.page
    assert "Tạm hoãn" in guest.page
    assert (await guest.get(f"/cuoc-hop/{meeting.id}/phong")).status == 409


@pytest.mark.parametrize(
    ("username", "state", "status"),
    [
        ("kbang", S.CANCELLED, 403),
        ("kythuat", S.POSTPONED, 403),
        ("kythuat", S.REHEARSAL, 303),
        ("thuky", S.ARCHIVED, 409),
        ("thuky", S.DRAFT, 409),
    ],
)
async def test_steps_that_are_not_theirs_are_refused(
    site: Site, username: str, state: S, status: int
):
    meeting = await a_meeting(site)
    assert await step(site, username, meeting, state, note="vì bão") == status


async def test_the_room_follows_the_page(site: Site):
    meeting = await a_meeting(site, S.REHEARSAL)
    live, meetings = site.services.live, site.services.meetings
    seat = meetings.seat_for(meeting, site.world.people["kbang"])
    assert seat is not None
    await live.enter(meeting, seat, "a", Deaf())
    assert live.session(meeting.id) is not None
    assert await step(site, "thuky", meeting, S.LIVE) == 303
    assert live.session(meeting.id) is None  # the test run is over
    begun = await meetings.get(meeting.id)
    assert begun is not None
    await live.enter(begun, seat, "b", Deaf())
    assert await step(site, "thuky", meeting, S.ENDED) == 303
    for _ in range(100):
        if await state_of(site, meeting) is S.ENDED:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the room did not end")


async def test_an_unknown_state_is_refused(site: Site):
    meeting = await a_meeting(site)
    browser = await site.browser("thuky")
    response = await browser.post(f"/cuoc-hop/{meeting.id}/trang-thai", [("state", "x")])
    assert response.status == 409


async def test_drafts_can_be_thrown_away(site: Site):
    meeting = await a_meeting(site, S.DRAFT)
    guest = await site.browser("kbang")
    assert (await guest.get(f"/cuoc-hop/{meeting.id}")).status == 403
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}")
    assert "Xóa dự thảo" in browser.page
    assert (await browser.post(f"/cuoc-hop/{meeting.id}/xoa")).status == 303
    assert (await browser.get(f"/cuoc-hop/{meeting.id}")).status == 404


async def test_the_composition_of_each_site(site: Site):
    meeting = await a_meeting(site)
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}/thanh-phan")
    first = meeting.sites[0]
    sent = [
        ("revision", str(meeting.revision)),
        (f"composition:{first.site_id}", "Lãnh đạo các sở, ban, ngành"),
        (f"delegates:{first.site_id}", "42"),
    ]
    address = f"/cuoc-hop/{meeting.id}/thanh-phan"
    assert (await browser.post(address, sent)).status == 303
    await browser.get(f"/cuoc-hop/{meeting.id}")
    for shown in ("Lãnh đạo các sở, ban, ngành", "42 đại biểu"):
        assert shown in browser.page
    assert (await browser.post(address, sent)).status == 409
    wrong = [*sent[:2], (f"delegates:{first.site_id}", "nhiều")]
    assert (await browser.post(address, wrong)).status == 422
    assert 'value="nhiều"' in browser.page
    guest = await site.browser("kbang")
    assert (await guest.get(address)).status == 403


async def test_a_meeting_becomes_a_template(site: Site):
    meeting = await a_meeting(site)
    browser = await site.browser("thuky")
    await browser.get(f"/cuoc-hop/{meeting.id}")
    address = f"/cuoc-hop/{meeting.id}/luu-mau"
    assert (
        (await browser.post(address, [("name", "Giao ban")]))
        .headers["Location"]
        .endswith("mau=xong#mau")
    )
    assert "trung" in (await browser.post(address, [("name", "Giao ban")])).headers["Location"]
    await browser.get("/cuoc-hop/moi")
    assert ">Giao ban</option>" in browser.page
    (template,) = await site.services.templates.all()
    await browser.get(f"/cuoc-hop/moi?tu=mau-{template.id}")
    assert 'value="Giao ban tuần"' in browser.page


async def test_who_approves_finds_what_waits_on_the_first_page(site: Site):
    meeting = await a_meeting(site, S.PENDING)
    for username, finds in (
        ("thuky", True),
        ("chutri", True),
        ("kythuat", False),
        ("kbang", False),
    ):
        browser = await site.browser(username)
        await browser.get("/")
        assert (f'href="/cuoc-hop/{meeting.id}"' in browser.page) is finds, username
    assert await step(site, "chutri", meeting, S.APPROVED) == 303


def test_the_course_shows_where_a_meeting_stands():
    marks = course(S.INVITED)
    assert len(marks) == len(COURSE)
    assert [mark.current for mark in marks].index(True) == 3
    assert course(S.CANCELLED) == ()
