"""A document in the room: all follow who presents it, one looks ahead alone and comes back."""

import os
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from playwright.async_api import Browser

from tests.browser.people import BLUE, RED, in_chromium
from tests.browser.running import Running

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("DIEMCAU_SHOTS")  # a folder; screenshots are for looking at, not compared
PAGES = 5


async def shot(page: Any, name: str) -> None:
    if SHOTS:
        await page.wait_for_timeout(1200)
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def slides() -> bytes:
    pdf = FPDF(orientation="landscape", format=(190, 338))
    for number in range(1, PAGES + 1):
        pdf.add_page()
        pdf.set_font("helvetica", size=48)
        pdf.cell(0, 60, f"Trang so {number}", align="C")
        pdf.set_font("helvetica", size=18)
        for line in range(1, 7):
            pdf.ln(14)
            pdf.cell(0, 40 if line == 1 else 14, f"{line}. Ket qua thuc hien sau thang dau nam")
    return bytes(pdf.output())


async def upload(page: Any, url: str, file: Path) -> None:
    await page.goto(f"{url}/cuoc-hop/demo/tai-lieu")
    for closed in await page.locator("details:not([open]) > summary").all():
        await closed.click()
    await page.set_input_files("main input[type=file]", str(file))
    await page.locator("form:has(input[type=file]) button[type=submit]").first.click()
    await page.wait_for_url("**xong=them")


def shows(number: int) -> str:
    return f"[data-document-image][data-page='{number}']"


async def test_all_follow_the_presenter_and_look_ahead_alone(
    running: Running, chromium: Browser, tmp_path: Path
) -> None:
    led_by = await in_chromium(chromium, running.url, "thuky", RED, 300)
    hall_of = await in_chromium(chromium, running.url, "ankhe", BLUE, 500)
    led: Any = led_by.tab
    hall: Any = hall_of.tab
    file = tmp_path / "Bao cao 6 thang.pdf"
    file.write_bytes(slides())
    await upload(led, running.url, file)
    await led_by.enter()
    await hall_of.enter()

    await led.click("[data-documents-button]")
    await shot(led, "tai-lieu-danh-sach")
    await (
        led.locator("[data-documents-list] li", has_text="Bao cao 6")
        .locator("[data-present]")
        .click()
    )
    await hall.wait_for_selector(shows(1))
    await led.click("[data-document-next]")
    await hall.wait_for_selector(shows(2))
    assert await hall.locator("[data-document-close]").is_hidden()
    await shot(hall, "tai-lieu-theo")

    await hall.keyboard.press("PageDown")
    await hall.keyboard.press("PageDown")
    await hall.wait_for_selector(shows(4))
    await hall.click("[data-document-text-button]")
    await hall.wait_for_selector("[data-document-text]:has-text('Trang so 4')")
    await shot(hall, "tai-lieu-xem-truoc")
    await led.click("[data-document-next]")
    await led.wait_for_selector(shows(3))
    assert await hall.locator(shows(4)).is_visible(), "alone"
    await hall.click("[data-document-follow]")
    await hall.wait_for_selector(shows(3))
    await shot(led, "tai-lieu-thu-ky")
    if SHOTS:
        await hall.set_viewport_size({"width": 375, "height": 812})
        await shot(hall, "tai-lieu-375")

    await led.click("[data-document-close]")
    await hall.wait_for_selector("[data-document]", state="hidden")
