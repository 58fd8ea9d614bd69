"""The desk: roll call, a secret vote, words, the door, as secretary, site and stranger see them."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.people import BLUE, GREEN, RED, in_chromium
from tests.browser.running import Running

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("DIEMCAU_SHOTS")  # a folder; screenshots are for looking at, not compared


async def shot(page: Any, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


async def open_desk(page: Any, tab: str) -> None:
    if await page.get_attribute("[data-desk-button]", "aria-expanded") != "true":
        await page.click("[data-desk-button]")
    await page.click(f"[data-tab={tab}]")


async def test_a_conference_is_led_from_the_desk(running: Running, chromium: Browser) -> None:
    secretary, site = [
        await in_chromium(chromium, running.url, *person, busy=400)
        for person in (("thuky", RED, 300), ("ankhe", GREEN, 500))
    ]
    for person in (secretary, site):
        await person.enter()
    led: Any = secretary.tab
    hall: Any = site.tab

    await open_desk(led, "roll")
    await led.click("[data-roll-toggle]")
    await hall.click("[data-banners] button:has-text('Điểm danh')")
    await hall.fill("[data-roll-heads]", "32")
    await hall.click("[data-roll-own] button[type=submit]")
    await led.wait_for_selector("[data-roll-sum]:has-text('32 đại biểu')")
    await shot(led, "desk-roll")
    row = led.locator("[data-roll-rows] li", has_text="An Khê").first
    await row.locator("[data-here]").click()
    await led.wait_for_selector(".roll--present:has-text('Có mặt, 32 đại biểu')")
    await led.click("[data-roll-toggle]")

    await open_desk(led, "votes")
    await led.fill("[data-vote-question]", "Thông qua nghị quyết?")
    await led.check("[data-vote-secret]")
    await led.click("[data-open-vote] button[type=submit]")
    await hall.click("[data-banners] button:has-text('Bỏ phiếu')")
    await shot(hall, "desk-cast")
    await hall.check("[data-choices] input[value='0']")
    await hall.click("[data-cast] button[type=submit]")
    await hall.click("[data-confirm-yes]")
    await hall.wait_for_selector("[data-own]:has-text('Mã biên nhận')")
    await led.click("[data-close-vote]")
    await led.wait_for_selector("[data-votes] [data-word]:has-text('đã kiểm phiếu')")
    assert await hall.locator("[data-options]").is_hidden()
    await led.click("[data-publish]")
    await hall.wait_for_selector("[data-options] li:has-text('Tán thành') b:has-text('1')")
    await shot(led, "desk-votes")

    await open_desk(hall, "words")
    await hall.select_option("[data-say-to]", "secretary")
    await hall.fill("[data-say-text]", "Xin đổi thứ tự phát biểu")
    await hall.click("[data-say-form] button[type=submit]")
    await open_desk(led, "words")
    await led.wait_for_selector("[data-messages] li:has-text('Xin đổi thứ tự phát biểu')")
    await led.fill("[data-announce-text]", "Giải lao lúc 09 giờ 30")
    await led.click("[data-announce-form] button[type=submit]")
    await hall.wait_for_selector("[data-banners]:has-text('Giải lao lúc 09 giờ 30')")
    await shot(hall, "desk-words")
    await led.click("[data-announce-clear]")

    await open_desk(led, "scene")
    await led.click("[data-scene=grid]")
    await hall.wait_for_selector("[data-stage][data-mode=grid]")
    await led.click("[data-scene=main]")
    await hall.wait_for_selector("[data-stage][data-mode=main]")
    await shot(led, "desk-scene")


async def test_a_stranger_knocks_and_is_admitted(running: Running, chromium: Browser) -> None:
    secretary, stranger = [
        await in_chromium(chromium, running.url, *person, busy=400)
        for person in (("thuky", RED, 300), ("nongnghiep", BLUE, 500))
    ]
    await secretary.enter()
    led: Any = secretary.tab
    door: Any = stranger.tab
    await door.goto(f"{running.url}/cuoc-hop/demo/phong?vao=1")
    await door.wait_for_selector("[data-lost]:has-text('Đang chờ chủ trì cho vào')")
    await shot(door, "desk-waiting")
    await led.wait_for_selector("[data-desk-button]:has-text('người chờ vào')")
    await open_desk(led, "door")
    await shot(led, "desk-door")
    await led.click("[data-knocking] [data-yes]")
    own = "window.diemcau?.state()?.session?.seats[window.diemcau.state().seat]"
    await stranger.until(f"{own}?.present")
