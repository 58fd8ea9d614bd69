"""A packet dump of a real browser's line: taken on the technician's page, downloaded, replayed."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.people import BLUE, RED, in_chromium
from tests.browser.running import running_demo

pytestmark = pytest.mark.browser

DUMPS = "[...document.querySelectorAll('.hs__dumps li')].map((row) => row.innerText)"


async def test_a_dump_is_taken_downloaded_and_replayed(tmp_path: Path, chromium: Browser) -> None:
    with running_demo(tmp_path / "data", environment={"DIEMCAU_MEDIA_DUMPS": "true"}) as running:
        chair = await in_chromium(chromium, running.url, "chutri", RED, 300)
        site = await in_chromium(chromium, running.url, "kbang", BLUE, 700)
        await asyncio.gather(chair.enter(), site.enter())
        await site.click("[data-microphone]")
        await chair.sees([site])
        await chair.hears()
        address = f"{running.url}/ky-thuat/demo/{await site.seat()}"

        technician = await in_chromium(chromium, running.url, "kythuat", (128, 128, 128), 100)
        await technician.tab.goto(address)
        await technician.click("#goi-tin button[type=submit]")
        await technician.until("document.body.innerText.includes('Đang ghi, tự dừng lúc')")
        await asyncio.sleep(5)
        await technician.click("#goi-tin button[type=submit]")
        await technician.until(f"({DUMPS}).length === 1 && !({DUMPS})[0].includes('đang ghi')")
        assert await technician.tab.evaluate("document.querySelector('a[download]')") is None

        administrator = await in_chromium(chromium, running.url, "quantri", (128, 128, 128), 100)
        page: Any = administrator.tab
        await page.goto(address)
        async with page.expect_download() as download:
            await page.click("a[download]")
        file = tmp_path / "line.dcdump"
        await (await download.value).save_as(file)
        await page.goto(f"{running.url}/quan-tri/nhat-ky")
        assert (await administrator.text()).count("kythuat") == 2

    listed = _command("dumps", "--data", str(tmp_path / "data"))
    assert listed.count("site:7") == 1
    told = _command("replay", str(file))
    print(told[-1500:])
    assert "camera" in told
    assert "microphone" in told


def _command(*arguments: str) -> str:
    command = [sys.executable, "-m", "conference", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
