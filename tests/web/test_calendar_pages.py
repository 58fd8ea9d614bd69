"""The pages of the calendar, visited as a browser does."""

from datetime import UTC, datetime, timedelta

import pytest
from web_world import Site, add_meeting

from web.formats import local

NEXT = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=7)
DAY = local(NEXT).date()
VIEWS = ("ngay", "tuan", "thang")


@pytest.fixture
async def meeting(site: Site):
    return await add_meeting(site.world, "Hội nghị giao ban", NEXT)


def address(view: str, **query: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"/cuoc-hop?xem={view}&ngay={DAY}{more}"


@pytest.mark.parametrize("view", VIEWS)
async def test_every_view_shows_a_meeting_and_how_to_move_it(site: Site, meeting, view):
    browser = await site.browser("thuky")
    assert (await browser.get(address(view))).status == 200
    assert f'href="/cuoc-hop/{meeting.id}">Hội nghị giao ban</a>' in browser.page
    assert f'href="/cuoc-hop/{meeting.id}/doi-lich"' in browser.page
    assert "âm lịch" in browser.page


async def test_a_site_sees_its_own_first_and_opens_no_other(site: Site, meeting):
    browser = await site.browser("iapa")  # not invited
    await browser.get(address("tuan"))
    assert "Hội nghị giao ban" not in browser.page
    await browser.get(address("tuan", cua="tinh"))
    assert "Hội nghị giao ban" in browser.page
    assert f'href="/cuoc-hop/{meeting.id}' not in browser.page
    invited = await site.browser("kbang")
    for scope in ("toi", "don-vi", "tinh"):
        await invited.get(address("tuan", cua=scope))
        assert f'href="/cuoc-hop/{meeting.id}"' in invited.page
        assert "doi-lich" not in invited.page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"tim": "giao BAN"}, True),
        ({"tim": "100%"}, False),
        ({"trang-thai": "approved"}, True),
        ({"trang-thai": "cancelled"}, False),
        ({"loai": "meeting"}, True),
        ({"loai": "council"}, False),
    ],
)
async def test_filters(site: Site, meeting, query, found):
    browser = await site.browser("thuky")
    await browser.get(address("tuan", **query))
    assert ("Hội nghị giao ban" in browser.page) is found
    assert ("Không có cuộc họp nào khớp" in browser.page) is not found
    assert "Bỏ lọc" in browser.page


async def test_lunar_dates_are_a_choice(site: Site):
    browser = await site.browser("thuky")
    await browser.get("/cuoc-hop")
    assert "wk__lunar" in browser.page
    response = await browser.post("/lich/am-lich", {"hien": "0", "next": "/cuoc-hop"})
    assert response.headers["Location"] == "/cuoc-hop"
    await browser.get("/cuoc-hop")
    assert "wk__lunar" not in browser.page


@pytest.mark.parametrize("view", VIEWS)
async def test_an_empty_calendar_in_english(site: Site, view):
    browser = await site.browser("quantri")
    await browser.get(address(view, lang="en"))
    assert "Print" in browser.page
    assert "Lọc" not in browser.page


async def test_a_free_half_day_begins_a_new_meeting(site: Site):
    browser = await site.browser("thuky")
    await browser.get(address("tuan"))
    path = f"/cuoc-hop/moi?ngay={DAY}&gio=14:00"
    if (await site.services.dates.calendar([DAY.year])).is_working(DAY):
        assert path.replace("&", "&amp;") in browser.page
    await browser.get(path)
    for text in (f'value="{DAY:%d/%m/%Y}"', 'value="14:00"', 'value="16:00"'):
        assert text in browser.page
    assert (await browser.get("/cuoc-hop/moi?ngay=x&gio=23:00")).status == 200
