"""A conference of the whole province, scheduled by keyboard alone; the keys are counted."""

import re

import pytest
from playwright.async_api import Browser, Page

from tests.browser.people import sign_in
from tests.browser.running import Running

pytestmark = pytest.mark.browser

TITLE = "Hội nghị trực tuyến toàn tỉnh"
MOST_KEYS = 40  # besides the letters of the title


class Keys:
    """A keyboard that counts; typing a text is counted by its letters, apart."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.pressed = 0
        self.typed = 0

    async def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            await self._page.keyboard.press(key)
        self.pressed += times

    async def type(self, text: str) -> None:
        await self._page.keyboard.type(text)
        self.typed += len(text)

    async def tab_to(self, selector: str, key: str = "Tab", at_most: int = 25) -> None:
        reached = f"document.activeElement.matches({selector!r})"
        while not await self._page.evaluate(reached):
            assert at_most > 0, f"{selector} is not reached by {key}"
            await self.press(key)
            at_most -= 1


async def test_the_whole_province_is_invited_by_keyboard_alone(
    running: Running, chromium: Browser
) -> None:
    page = await chromium.new_page()
    await sign_in(page, running.url, "thuky")
    await page.goto(running.url)
    keys = Keys(page)
    await keys.tab_to(".skip")
    await keys.press("Enter")  # past the menu
    await keys.tab_to("a[href='/cuoc-hop/moi']")
    await keys.press("Enter")
    await page.wait_for_url("**/cuoc-hop/moi")
    await keys.tab_to(".skip")
    await keys.press("Enter")
    await keys.tab_to("[name=title]")
    await keys.type(TITLE)
    await keys.tab_to("[name=chair_id]")
    await keys.press("ArrowDown")
    await keys.tab_to("[name=start]")
    await keys.type("17:30")
    await keys.tab_to("[name=end]")
    await keys.type("18:30")
    await keys.tab_to("[data-toggle=all]")
    async with page.expect_response(f"{running.url}/cuoc-hop/moi") as checked:
        await keys.press("Enter")  # asks for clashes, too
    assert (await checked.value).status == 200
    status = await page.locator("[data-total]").text_content() or ""
    assert status.endswith("20 điểm cầu")
    await keys.tab_to("[name=end]", "Shift+Tab")
    await keys.press("Enter")  # in any field: register
    await page.wait_for_url(re.compile(r"/cuoc-hop/\d+$"))
    assert await page.locator("h1").text_content() == TITLE
    assert await page.locator("#diem-cau tbody tr").count() == 20
    print(f"{keys.pressed} keys beside {keys.typed} letters")
    assert keys.pressed <= MOST_KEYS
