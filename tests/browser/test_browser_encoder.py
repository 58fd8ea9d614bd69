"""An encoder that is not ours, FFmpeg's WHIP muxer, publishes into a meeting; a browser sees it."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.people import RED, in_chromium
from tests.browser.running import Running, token

pytestmark = pytest.mark.browser

ORANGE = (230, 120, 20)
ENCODER = Path(__file__).with_name("ffmpeg_encoder.py")


async def test_a_browser_sees_and_hears_ffmpeg(
    running: Running, chromium: Browser, tmp_path: Path
) -> None:
    bearer = token(running, "demo", "publisher", "Xe truyền hình")
    encoder = subprocess.Popen(  # noqa: ASYNC220 - it runs beside the test
        [sys.executable, str(ENCODER), f"{running.url}/whip/demo", bearer, str(tmp_path)]
    )
    try:
        chair = await in_chromium(chromium, running.url, "chutri", RED, 300)
        await chair.enter()
        seat = await chair.until(
            """Object.values(window.diemcau.state().session.seats)
                 .find((seat) => seat.name === "Xe truyền hình" && seat.present)?.id"""
        )
        request = f'window.diemcau.signaling.request("show-on-main", {{seat: {seat!r}}})'
        await chair.tab.evaluate(request)
        await chair.shows(seat, ORANGE)
        await chair.hears()
    finally:
        encoder.terminate()
        encoder.wait(timeout=10)
