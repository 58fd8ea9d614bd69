"""A meeting of two: the chair beside the service, a site behind an emulated line; real browsers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Playwright

from tests.browser.firefox import Firefox
from tests.browser.people import CONNECTED, Person, in_chromium, in_firefox, launch_chromium
from tests.browser.running import Running, free_port
from tests.line.conditions import CONDITIONS, Condition
from tests.line.site import Line

METER = Path(__file__).with_name("meter.js")
SECONDS = 6.0  # of each measurement that is judged
MEASUREMENTS = 6  # one of them has to be good: a busy machine spoils some
CHAIR_COLOUR, SITE_COLOUR = (200, 30, 30), (30, 170, 40)
CHAIR_BUSY, SITE_BUSY = 120, 30  # see scene.js; the chair's picture is shown large
MICROPHONE = "[data-microphone]"
IN = f"{CONNECTED} && window.diemcau.signaling.open"
# As when the network changes.
BACK_TO_UDP = """window.meter.path().then((path) => {
  if (path !== "udp") window.diemcau.peer.connect();
})"""
WITHOUT_RED = """(() => {
  const all = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
  const plain = ({ mimeType }) => !mimeType.endsWith("/red");
  RTCRtpReceiver.getCapabilities = (kind) => ({ codecs: all(kind).codecs.filter(plain) });
})()"""
SPEAKS = "window.diemcau.state().session.seats[window.diemcau.state().seat].microphone"
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What somebody gets, at least; shares are of 1."""

    fps: float = 0.0
    gap_s: float = SECONDS
    concealed: float = 1.0
    silent: float = 1.0
    voice_ms: float = 5000.0
    fec: float = 0.0  # packets with in-band FEC, of all voice packets
    path: str | None = None

    def hold(self, figures: Figures) -> bool:
        return (
            figures["state"] == "connected"
            and figures["fps"] >= self.fps
            and figures["longest_gap_s"] <= self.gap_s
            and (figures["concealed"] or 0.0) <= self.concealed
            and (figures["silent_concealed"] or 0.0) <= self.silent
            and (figures["audio_buffer_ms"] or 0.0) <= self.voice_ms
            and figures["fec_packets"] >= self.fec * figures["voice_packets"]
            and self.path in (None, figures["path"])
        )


@dataclass(slots=True)
class FarSite:
    """Both are in the meeting, both speak, both show themselves."""

    line: Line
    chair: Person
    site: Person

    async def under(self, condition: Condition, seconds: float) -> tuple[Figures, Figures]:
        """Put the line into a condition and measure.

        Returns:
            What the site received, and what the chair received of the site, see `meter.js`.
        """
        self.line.shape(up=condition.up, down=condition.down)
        await asyncio.sleep(condition.settle_s)
        return await self.measure(seconds)

    async def keeps(self, condition: Condition, site: Bounds, chair: Bounds) -> None:
        """Both keep within their bounds while the line is in the condition.

        Raises:
            AssertionError: they never did at once.
        """
        seen: list[Figures] = []
        down, up = await self.under(condition, SECONDS)
        for _ in range(MEASUREMENTS):
            if site.hold(down) and chair.hold(up):
                return
            seen += (down, up)
            down, up = await self.measure(SECONDS)
        raise AssertionError(f"{site}, {chair}:\n" + "\n".join(map(json.dumps, seen)))

    async def measure(self, seconds: float) -> tuple[Figures, Figures]:
        chair, site = await self.chair.seat(), await self.site.seat()
        await asyncio.gather(_begin(self.site, chair), _begin(self.chair, site))
        await asyncio.sleep(seconds)
        down, up = await asyncio.gather(_end(self.site), _end(self.chair))
        return down, up

    async def chair_on_main(self) -> None:
        """Whoever speaks louder: the site sees the chair large, the chair the site as a tile."""
        seat = json.dumps({"seat": await self.chair.seat()})
        await self.chair.tab.evaluate(f"window.diemcau.signaling.request('show-on-main', {seat})")

    async def recover(self) -> None:
        """A good line again: both are in, seen and heard, the site over UDP."""
        good = CONDITIONS["good"]
        self.line.shape(up=good.up, down=good.down)
        for person in (self.site, self.chair):
            await person.until(IN)
            await _speak(person)
        await self.site.tab.evaluate(BACK_TO_UDP)
        await self.see_each_other()

    async def see_each_other(self, timeout_s: float = 30.0) -> None:
        await asyncio.gather(
            self.site.sees([self.chair], timeout_s), self.chair.sees([self.site], timeout_s)
        )


async def _begin(person: Person, seat: str) -> None:
    await person.tab.evaluate(f"window.meter.begin({seat!r})")


async def _end(person: Person) -> Figures:
    return dict(await person.tab.evaluate("window.meter.end()"))


@contextlib.asynccontextmanager
async def far_site(
    playwright: Playwright,
    running: Running,
    line: Line,
    *,
    condition: Condition = CONDITIONS["good"],
    home: Path | None = None,
    firefox: bool = False,
    speech: Path | None = None,
) -> AsyncIterator[FarSite]:
    """Start both browsers and enter.

    Args:
        condition: of the line from the beginning.
        home: the site's home folder, see `launch_chromium`.
        firefox: the site uses Firefox.
        speech: a sound file the chair speaks again and again, sent without redundancy (RED).
    """
    line.shape(up=condition.up, down=condition.down)
    async with contextlib.AsyncExitStack() as stack:
        chair = await _near(stack, playwright, running, speech)
        if firefox:
            site = await _far_firefox(stack, running, line)
        else:
            site = await _far_chromium(stack, playwright, running, line, home)
        people = chair, site
        await asyncio.gather(*(_enter(person) for person in people))
        meeting = FarSite(line, *people)
        await meeting.chair_on_main()
        await meeting.see_each_other()
        await asyncio.gather(*(person.hears() for person in people))
        yield meeting


async def _near(
    stack: contextlib.AsyncExitStack, playwright: Playwright, running: Running, speech: Path | None
) -> Person:
    spoken = [] if speech is None else [f"--use-file-for-fake-audio-capture={speech}"]
    near = await launch_chromium(playwright, trusted=running.url, arguments=spoken)
    stack.push_async_callback(near.close)
    pitch_hz = 300 if speech is None else 0
    chair = await in_chromium(near, running.url, "chutri", CHAIR_COLOUR, pitch_hz, CHAIR_BUSY)
    if speech is not None:
        await near.contexts[0].add_init_script(WITHOUT_RED)
    return chair


async def _far_chromium(
    stack: contextlib.AsyncExitStack,
    playwright: Playwright,
    running: Running,
    line: Line,
    home: Path | None,
) -> Person:
    far = await launch_chromium(playwright, trusted=running.url, inside=line, home=home)
    stack.push_async_callback(far.close)
    return await in_chromium(far, running.url, "pleiku", SITE_COLOUR, 500, SITE_BUSY)


async def _far_firefox(stack: contextlib.AsyncExitStack, running: Running, line: Line) -> Person:
    far = await stack.enter_async_context(
        Firefox.launch(free_port(), trusted=line.host, inside=line)
    )
    # Without a sound device its AudioContext stands still: its own fake microphone hums.
    return await in_firefox(far, running.url, "pleiku", SITE_COLOUR, 0, SITE_BUSY)


async def _enter(person: Person) -> None:
    await person.enter()
    meter = METER.read_text(encoding="utf-8")
    await person.tab.evaluate(f"(() => {{ {meter} }})()")
    await _speak(person)


async def _speak(person: Person) -> None:
    """Turn the microphone on; who was away too long comes back muted."""
    if not await person.tab.evaluate(SPEAKS):
        await person.click(MICROPHONE)
        await person.until(SPEAKS)
