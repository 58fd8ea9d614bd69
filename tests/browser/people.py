"""People in browsers: sign in, take the seat, look at what arrives."""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Browser, Playwright
from playwright.async_api import Page as ChromiumPage

from rooms.seed.seed import DEMO_PASSWORD
from tests.browser.firefox import Firefox
from tests.browser.firefox import Page as FirefoxPage
from tests.line.site import Line

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 170, 40), (40, 60, 210), (200, 190, 30)
SCENE = Path(__file__).with_name("scene.js")
CONNECTED = 'window.diemcau?.peer?.state === "connected"'
# Mean colour of the middle of a slot's picture, [r, g, b]; null while nothing is decoded.
COLOUR_OF = """(async () => {
  const stream = window.diemcau.peer.stream(MID);
  if (!stream) return null;
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d");
  context.drawImage(video, video.videoWidth / 4, video.videoHeight / 2,
                    video.videoWidth / 2, video.videoHeight / 4, 0, 0, 1, 1);
  video.srcObject = null;
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
})()"""


class Tab(Protocol):
    """What Chromium's and Firefox's pages have in common."""

    async def goto(self, url: str) -> Any: ...
    async def evaluate(self, expression: str) -> Any: ...


@dataclass(slots=True)
class Person:
    """One seat's browser tab."""

    username: str
    colour: tuple[int, int, int]
    tab: Tab
    url: str
    meeting: str = "demo"

    async def until(self, what: str, timeout_s: float = 30.0) -> Any:
        """Poll a JavaScript expression until it is truthy."""
        deadline = time.monotonic() + timeout_s
        last: Any = None
        while True:
            try:
                last = await self.tab.evaluate(what)
                if last:
                    return last
            except Exception as error:  # the page may be between two documents
                last = error
            assert time.monotonic() < deadline, f"{self.username}: {what} is {last!r}"
            await asyncio.sleep(0.1)

    async def enter(self) -> None:
        await self.tab.goto(f"{self.url}/cuoc-hop/{self.meeting}/phong?vao=1")
        await self.until(CONNECTED)

    async def enter_blocked(self) -> None:
        """Take the seat where no media gets through."""
        await self.tab.goto(f"{self.url}/cuoc-hop/{self.meeting}/phong?vao=1")
        await self.until('window.diemcau?.peer?.state === "blocked"')

    async def text(self) -> str:
        """What stands on the page."""
        return str(await self.tab.evaluate("document.body.innerText"))

    async def reload(self) -> None:
        await self.enter()

    async def seat(self) -> str:
        return str(await self.tab.evaluate("window.diemcau.state().seat"))

    async def seats(self) -> dict[str, dict[str, Any]]:
        state = await self.tab.evaluate("window.diemcau.state().session.seats")
        return dict(state)

    async def click(self, selector: str) -> None:
        await self.tab.evaluate(f"document.querySelector({selector!r}).click()")

    async def slots(self) -> dict[str, dict[str, Any]]:
        """Seat -> what its camera's slot has decoded; the main picture's slot last."""
        found: dict[str, dict[str, Any]] = {}
        for slot in reversed(await self.tab.evaluate("window.diemcau.slots()")):
            if slot["seat"] and slot["source"] == "camera":
                found[slot["seat"]] = slot
        return found

    async def sees(self, others: "list[Person]", timeout_s: float = 30.0) -> None:
        """Every other person's picture arrives here, moves, and is the right one."""
        for other in others:
            await self.shows(await other.seat(), other.colour, timeout_s)

    async def shows(self, seat: str, colour: tuple[int, int, int], timeout_s: float = 30.0) -> None:
        """The seat's picture arrives here, moves, and has its colour."""
        await self._until_true(lambda: self._moves(seat), f"frames of {seat}", timeout_s)
        await self._until_true(
            lambda: self._has_colour(seat, colour), f"the picture of {seat}", timeout_s
        )

    async def _moves(self, seat: str) -> bool:
        before = (await self.slots()).get(seat)
        if before is None:
            return False
        await asyncio.sleep(0.4)
        after = (await self.slots()).get(seat)
        return after is not None and after["framesDecoded"] > before["framesDecoded"]

    async def _has_colour(self, seat: str, colour: tuple[int, int, int]) -> bool:
        slot = (await self.slots()).get(seat)
        if slot is None:
            return False
        seen = await self.tab.evaluate(COLOUR_OF.replace("MID", repr(slot["mid"])))
        return seen is not None and all(abs(a - b) < 60 for a, b in zip(seen, colour, strict=True))

    async def hears(self, timeout_s: float = 15.0) -> None:
        """Sound that is not silence arrives."""
        start = float(await self.tab.evaluate("window.diemcau.audioEnergy()"))

        async def louder() -> bool:
            return float(await self.tab.evaluate("window.diemcau.audioEnergy()")) > start + 0.001

        await self._until_true(louder, "sound", timeout_s)

    async def _until_true(
        self, check: Callable[[], Awaitable[bool]], what: str, timeout_s: float
    ) -> None:
        deadline = time.monotonic() + timeout_s
        while not await check():
            assert time.monotonic() < deadline, f"{self.username} does not get {what}"
            await asyncio.sleep(0.1)


def scene(colour: tuple[int, int, int], pitch_hz: int, busy: int = 0) -> str:
    """The script that stands in for the devices, see `scene.js`."""
    values = {"COLOUR": "rgb({},{},{})".format(*colour), "PITCH": pitch_hz, "BUSY": busy}
    return re.sub(
        r"\b(COLOUR|PITCH|BUSY)\b",
        lambda found: str(values[found[0]]),
        SCENE.read_text(encoding="utf-8"),
    )


async def launch_chromium(
    playwright: Playwright,
    *,
    trusted: str | None = None,
    inside: Line | None = None,
    home: Path | None = None,
    arguments: Sequence[str] = (),
) -> Browser:
    """
    Args:
        trusted: a plain-http address whose pages get camera and microphone all the same.
        inside: start in the namespace behind this line.
        home: whose trusted certificates count.
        arguments: more of the command line.
    """
    environment = None if home is None else {**os.environ, "HOME": str(home)}
    trust = [] if trusted is None else [f"--unsafely-treat-insecure-origin-as-secure={trusted}"]
    return await playwright.chromium.launch(
        executable_path=CHROMIUM if inside is None else inside.program(CHROMIUM),
        env=environment,
        headless=True,
        args=[*CHROMIUM_ARGUMENTS, *trust, *arguments],
    )


async def sign_in(page: ChromiumPage, url: str, username: str) -> None:
    await page.goto(f"{url}/dang-nhap")
    await page.fill(".si__form input[name=username]", username)
    await page.fill(".si__form input[name=password]", DEMO_PASSWORD)
    await page.click(".si__form button[type=submit]")
    await page.wait_for_url(f"{url}/")


async def in_chromium(
    browser: Browser,
    url: str,
    username: str,
    colour: tuple[int, int, int],
    pitch_hz: int,
    busy: int = 0,
) -> Person:
    """A person signed in with a browser context of their own, not yet in the meeting."""
    context = await browser.new_context(viewport={"width": 1600, "height": 900}, locale="vi-VN")
    await context.add_init_script(scene(colour, pitch_hz, busy))
    page: ChromiumPage = await context.new_page()
    await sign_in(page, url, username)
    return Person(username, colour, page, url)


async def in_firefox(
    firefox: Firefox,
    url: str,
    username: str,
    colour: tuple[int, int, int],
    pitch_hz: int,
    busy: int = 0,
) -> Person:
    page: FirefoxPage = await firefox.new_page()
    devices = scene(colour, pitch_hz, busy)
    await firefox.command("script.addPreloadScript", functionDeclaration=f"() => {{ {devices} }}")
    await page.goto(f"{url}/dang-nhap")
    await page.evaluate(
        f"""(() => {{
          const form = document.querySelector(".si__form");
          form.username.value = {username!r};
          form.password.value = {DEMO_PASSWORD!r};
          form.submit();
        }})()"""
    )
    person = Person(username, colour, page, url)
    await person.until('location.pathname === "/"')
    return person
