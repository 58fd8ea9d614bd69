"""The room at many sizes, with and without a banner: parts keep apart, nothing scrolls sideways."""

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.people import RED, in_chromium
from tests.browser.running import Running

pytestmark = pytest.mark.browser

SIZES = ((1440, 900), (1280, 720), (1920, 1080), (1366, 768), (1024, 768), (375, 812), (320, 640))
# What overlaps, sticks out or is cut.
FAULTS = """(() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const tiles = [...document.querySelectorAll("[data-tiles] .tile")];
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push("scrolls sideways");
  if (tiles.length < 2) faults.push("no tiles");
  const pager = document.querySelector("[data-pager]");
  const below = Math.max(...tiles.map((tile) => tile.getBoundingClientRect().bottom));
  const above = box("[data-pager]").top;
  if (!pager.hidden && below + 4 > above) faults.push(`tiles ${below} at the pager`);
  for (const tile of tiles) {
    const plate = tile.querySelector("[data-plate]");
    if (plate.getBoundingClientRect().bottom > tile.getBoundingClientRect().bottom + 1) {
      faults.push(`cut: ${plate.innerText}`);
    }
  }
  if (box("[data-stage]").bottom > box(".room-bar").top + 1 && innerWidth > 760) {
    faults.push("the stage is under the buttons");
  }
  return faults;
})()"""
OFF, ON = '{ profile: "normal" }', '{ profile: "normal", maxDownKbps: 256 }'


async def test_the_rooms_parts_keep_apart(running: Running, chromium: Browser) -> None:
    site = await in_chromium(chromium, running.url, "kbang", RED, 300)
    await site.enter()
    page: Any = site.tab
    wrong = []
    for banners, limits in ((0, OFF), (1, ON)):
        await page.evaluate(f'window.diemcau.signaling.request("set-limits", {limits})')
        await site.until(
            f"document.querySelectorAll('[data-banners] .banner').length === {banners}"
        )
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.wait_for_timeout(500)
            faults = await page.evaluate(FAULTS)
            wrong += [f"{width}x{height}, {banners} banners: {fault}" for fault in faults]
    assert wrong == []
