"""A meeting is recorded, its media worker killed meanwhile, and the film still made and played."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.async_api import Browser

from tests.browser.people import BLUE, CONNECTED, RED, in_chromium
from tests.browser.running import Running

pytestmark = pytest.mark.browser

RECORDING = "window.diemcau.state().session.recording !== null"
COMPOSE_SECONDS = 120.0


async def test_a_recording_survives_the_worker_and_plays(
    running: Running, chromium: Browser
) -> None:
    chair = await in_chromium(chromium, running.url, "chutri", RED, 300)
    site = await in_chromium(chromium, running.url, "ankhe", BLUE, 700)
    secretary = await in_chromium(chromium, running.url, "thuky", (128, 128, 128), 100)
    await asyncio.gather(chair.enter(), site.enter(), secretary.enter())
    await chair.click("[data-microphone]")
    await site.sees([chair])
    await secretary.sees([chair])

    await secretary.click("[data-panel-record]")
    await asyncio.gather(*(person.until(RECORDING) for person in (chair, site, secretary)))
    started = time.time()
    await asyncio.sleep(5)
    seat = json.dumps({"seat": await site.seat()})
    await secretary.tab.evaluate(f'window.diemcau.signaling.request("show-on-main", {seat})')
    await asyncio.sleep(4)

    os.kill(running.worker_pid(), signal.SIGKILL)
    killed = time.time()
    await asyncio.gather(
        *(person.until(f"!({CONNECTED})", 10) for person in (chair, site, secretary))
    )
    await asyncio.gather(*(person.until(CONNECTED, 20) for person in (chair, site, secretary)))
    await secretary.sees([site])
    assert await secretary.tab.evaluate(RECORDING)
    back = time.time()
    await asyncio.sleep(4)

    await secretary.click("[data-panel-end]")
    await secretary.click("[data-end-yes]")
    ended = time.time()
    await chair.until('!document.querySelector("[data-final]").hidden')

    film = await _film(secretary, running)
    plays = """(async () => {
      const video = document.querySelector("video");
      if (!video) return false;
      video.muted = true;
      await video.play();
      return video.currentTime > 0.5 && video.videoWidth === 1280;
    })()"""
    await secretary.until(plays, 30)

    length, colours, loudness = _measure(film, [2.0, killed - started - 1.5, back - started + 2.5])
    assert length == pytest.approx(ended - started, abs=2.5)
    assert _near(colours[0], RED), colours
    assert _near(colours[1], BLUE), colours
    assert _near(colours[2], BLUE), colours
    assert loudness > 200  # of 32,767, root mean square


async def _film(secretary: Any, running: Running) -> Path:
    """Wait on the meeting's page until the job has made the film, as the secretary would."""
    await secretary.tab.goto(f"{running.url}/cuoc-hop/demo")
    await secretary.until('document.querySelector("video") !== null', COMPOSE_SECONDS)
    (film,) = (running.data / "recordings").rglob("*.mp4")
    return film


def _measure(film: Path, times: list[float]) -> tuple[float, list[tuple[int, ...]], float]:
    """Seconds, the colour in the middle of the picture at some times, and loudness."""
    with av.open(str(film)) as container:
        assert container.duration is not None
        length = container.duration / av.time_base
        picture = container.streams.video[0]
        frames = {}
        for frame in container.decode(picture):
            for at in times:
                if at not in frames and frame.time is not None and frame.time >= at:
                    frames[at] = frame.to_ndarray(format="rgb24")
    colours = [
        tuple(int(v) for v in frames[at][250:450, 500:800].mean(axis=(0, 1))) for at in times
    ]
    with av.open(str(film)) as container:
        samples = [frame.to_ndarray() for frame in container.decode(audio=0)]
    sound = np.concatenate([block.reshape(-1) for block in samples]).astype(np.float64)
    scale = 32767 if samples[0].dtype.kind == "f" else 1
    return length, colours, float(np.sqrt((sound**2).mean()) * scale)


def _near(seen: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 60 for a, b in zip(seen, wanted, strict=True))
