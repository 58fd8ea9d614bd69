"""Two Chromium pages, one behind a line too narrow for every frame of the smallest picture."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from test_media_browsers import CHROMIUM, FLAGS, frames_of, pace, page_of, until
from worker_process import WorkerProcess, running_worker

from media import control
from tests.line.shape import Shape
from tests.line.site import Line, site_line

pytestmark = [
    pytest.mark.browser,
    pytest.mark.root,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]
ATTEMPTS = 6  # one has to be good: a busy machine spoils some


@contextlib.asynccontextmanager
async def viewer(line: Line, worker: WorkerProcess) -> AsyncIterator[Any]:
    """A page behind the line that sees and hears one beside the worker."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        near = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        far = await playwright.chromium.launch(executable_path=line.program(CHROMIUM), args=FLAGS)
        async with (
            page_of(near, worker, "a", True, 0, 0),
            page_of(far, worker, "b", False, 1, 1) as page,
        ):
            want = control.SlotWant(mid=page.video_mids[0], peer="a", max_height=720)
            await worker.ask(control.SetSlots(peer="b", wants=(want,)))
            await worker.ask(control.SetMainVoice(room="1", peer="a"))
            yield page
        await near.close()
        await far.close()


async def test_128_kbit_carry_a_voice_and_a_picture_of_few_frames(tmp_path: Path) -> None:
    with site_line() as line:
        async with running_worker(tmp_path, line.host) as worker:
            await worker.ask(control.OpenRoom(room="1"))
            async with viewer(line, worker) as page:
                mid = page.video_mids[0]
                await until(page, lambda f: frames_of(f, mid) > 40, 30)
                narrow = Shape(rate_bps=128_000, delay_s=0.02)
                line.shape(up=Shape(delay_s=0.02), down=narrow)
                await pace(page, mid, 10)
                seen = []
                for _ in range(ATTEMPTS):
                    figures = await pace(page, mid, 5)
                    seen.append(figures)
                    if figures["fps"] >= 3.5 and figures["freezes"] == figures["asked"] == 0:
                        break
                else:
                    pytest.fail(f"never for five seconds: {seen}")
                print(f"128 kbit/s: {seen}")
                assert seen[-1]["fps"] < 10  # of 20: the line carries no more
