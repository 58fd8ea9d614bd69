"""A line too narrow for pictures: the person is told whose are paused, the technician why."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.people import in_chromium
from tests.browser.running import running_demo
from tests.line.conditions import CONDITIONS
from tests.line.far_site import FarSite, far_site
from tests.line.site import site_line

pytestmark = [pytest.mark.browser, pytest.mark.root]

LINE = "document.querySelector('[data-now-paused]')"
TOLD = f"!{LINE}.hidden && {LINE}.innerText"
CHIP = "document.querySelector('[data-line]').innerText"


@pytest.fixture
async def meeting(tmp_path: Path) -> AsyncIterator[FarSite]:
    with site_line() as line:
        announced = {"DIEMCAU_MEDIA_ADDRESSES": line.host}
        with running_demo(tmp_path / "data", host=line.host, environment=announced) as running:
            async with (
                async_playwright() as playwright,
                far_site(playwright, running, line) as meeting,
            ):
                yield meeting


async def test_pictures_that_pause_say_why(meeting: FarSite, chromium: Browser) -> None:
    site, seat, line = meeting.site, await meeting.site.seat(), meeting.line
    technician = await in_chromium(chromium, site.url, "kythuat", (128, 128, 128), 100)
    await technician.tab.goto(f"{site.url}/ky-thuat")
    row = f"document.querySelector('tr[data-seat={json.dumps(seat)}]').innerText"

    narrow = CONDITIONS["64 kbit/s down"]
    line.shape(up=narrow.up, down=narrow.down)
    await site.tab.set_viewport_size({"width": 1440, "height": 900})  # type: ignore[attr-defined]
    told = await site.until(TOLD, 60)
    assert "Đường truyền yếu: đã tạm dừng hình của UBND tỉnh." in told
    await site.until(f"{CHIP}.includes('Tín hiệu yếu')", 30)
    await technician.until(f"{row}.includes('Đường truyền yếu: tạm dừng 1 hình')", 30)
    await technician.until(f"{row}.includes('Tín hiệu yếu')", 30)
    picture = "document.querySelector('[data-main-video]').classList.contains('is-live')"
    assert await site.tab.evaluate(picture) is False, "no standing picture"

    good = CONDITIONS["good"]
    line.shape(up=good.up, down=good.down)
    await site.until(f"{LINE}.hidden", 60)
    await meeting.see_each_other()
