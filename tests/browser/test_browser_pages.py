"""Every page at phone and desk width: no sideways scroll, nothing axe-core objects to."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.browser.people import sign_in
from tests.browser.running import Running
from web.formats import ZONE

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = ((375, 812), (1440, 900))
PAGES = (
    "/",
    "/cuoc-hop",
    "/cuoc-hop?xem=ngay",
    "/cuoc-hop?xem=thang",
    "/cuoc-hop/lich-dau-tu/doi-lich?gio=14:00",
    "/lich/ngay-nghi",
    "/lich/gio-lam-viec",
    "/lich/dang-ky",
    "/cong-khai",
    "/cuoc-hop/moi",
    "/cuoc-hop/demo/sua",
    "/cuoc-hop/demo/thanh-phan",
    "/cuoc-hop/demo/lich-su",
    "/cuoc-hop/demo",
    "/cuoc-hop/demo/chay-thu",
    "/cuoc-hop/demo/kiem-tra",
    "/cuoc-hop/demo/phong?vao=1",
    "/danh-ba",
    "/danh-ba/can-bo",
    "/danh-ba/cap",
    "/ky-thuat",
    "/ky-thuat/demo/site:7",
    "/bao-cao",
    "/ca-nhan/ma-truy-cap",
    "/quan-tri/thong-bao",
    "/quan-tri/tai-khoan",
    "/quan-tri/nhat-ky",
    "/tro-giup",
)
VIOLATIONS = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`))"""


@pytest.fixture
async def page(running: Running, chromium: Browser) -> Page:
    """The administrator, who may open every page."""
    # Only the checker's own script needs to get past the policy.
    context = await chromium.new_context(bypass_csp=True, reduced_motion="reduce")
    page = await context.new_page()
    await sign_in(page, running.url, "quantri")
    return page


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci in web/")
async def test_pages_are_accessible_and_never_scroll_sideways(running: Running, page: Page) -> None:
    wrong: list[str] = []
    for path in PAGES:
        await page.goto(running.url + path)
        await page.add_script_tag(path=AXE)
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.wait_for_timeout(50)  # scripts that follow the size
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{path} at {width}: scrolls sideways")
            found = await page.evaluate(VIOLATIONS)
            wrong += [f"{path} at {width}: {violation}" for violation in found]
    assert wrong == []


async def test_a_meeting_is_dragged_to_another_day_and_moved_by_keyboard(
    running: Running, page: Page
) -> None:
    await page.set_viewport_size({"width": 1440, "height": 1800})  # the whole week in sight
    monday = datetime.now(ZONE).date() + timedelta(days=14)
    monday -= timedelta(days=monday.weekday())
    week = f"{running.url}/cuoc-hop?ngay={monday}"
    await page.goto(week)
    grip = page.locator('a[data-move][href="/cuoc-hop/lich-giao-ban-3/doi-lich"]')
    thursday = monday + timedelta(days=3)
    await grip.drag_to(page.locator(f'[data-day="{thursday}"] [data-part="chieu"]').first)
    await page.wait_for_url(f"**/doi-lich?ngay={thursday}&buoi=chieu")
    assert "Đổi sang" in await page.inner_text("main")
    await page.get_by_role("button", name="Đổi lịch").click()
    await page.wait_for_url("**da-doi=**")
    moved = page.locator(f'[data-day="{thursday}"]', has_text="13:30")
    assert "Họp giao ban Thường trực" in await moved.inner_text()

    await grip.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/lich-giao-ban-3/doi-lich")
    await page.get_by_label("Bắt đầu").fill("8h")
    await page.get_by_label("Kết thúc").fill("10h")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Đổi lịch").press("Enter")
    await page.wait_for_url("**da-doi=**")
    assert "08:00" in await page.locator(f'[data-day="{thursday}"]').inner_text()
