"""A site on a bad line: two real browsers, one behind the line emulator.

The bounds are what a person notices, not what this machine can do at best; `python -m
tests.line.survey` prints the figures themselves.
"""

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.browser.people import CONNECTED
from tests.browser.running import Running, running_demo
from tests.line.conditions import CONDITIONS
from tests.line.far_site import FarSite, Figures, far_site
from tests.line.site import Line, site_line

pytestmark = [pytest.mark.browser, pytest.mark.root, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 6.0  # of each measurement
MEASUREMENTS = 6  # one of them has to be good: a busy machine spoils some


# The chair shows the site as a tile.
SMALL_LAYER_ALONE = """
  window.diemcau.peer.connection.getSenders().flatMap((sender) => sender.getParameters().encodings)
    .filter(({ rid, active }) => rid && active).map(({ rid }) => rid).join() === "q"
"""


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with site_line() as line:
        yield line


@pytest.fixture(scope="module")
def running(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    announced = {"DIEMCAU_MEDIA_ADDRESSES": line.host}
    data = tmp_path_factory.mktemp("data")
    with running_demo(data, host=line.host, environment=announced) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(running: Running, line: Line) -> AsyncIterator[FarSite]:
    async with async_playwright() as playwright, far_site(playwright, running, line) as both:
        yield both


@pytest_asyncio.fixture(loop_scope="module")
async def meeting(both: FarSite) -> FarSite:
    """Whatever the test before did to the line: it is good, and both see each other."""
    await both.recover()
    return both


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What both sides get, at least; shares are of 1."""

    fps: float = 0.0
    gap_s: float = SECONDS
    concealed: float = 1.0
    silent: float = 1.0
    voice_ms: float = 5000.0

    def hold(self, figures: Figures) -> bool:
        return (
            figures["state"] == "connected"
            and figures["fps"] >= self.fps
            and figures["longest_gap_s"] <= self.gap_s
            and (figures["concealed"] or 0.0) <= self.concealed
            and (figures["silent_concealed"] or 0.0) <= self.silent
            and (figures["audio_buffer_ms"] or 0.0) <= self.voice_ms
        )


async def plays(meeting: FarSite, condition: str, bounds: Bounds) -> None:
    """Both directions keep within the bounds while the line is in the condition."""
    seen: list[Figures] = []
    both = await meeting.under(CONDITIONS[condition], SECONDS)
    for _ in range(MEASUREMENTS):
        if all(bounds.hold(figures) for figures in both):
            return
        seen += both
        both = await meeting.measure(SECONDS)
    raise AssertionError(f"{condition}: {bounds}\n" + "\n".join(map(json.dumps, seen)))


async def test_ten_percent_loss_both_ways(meeting: FarSite) -> None:
    """Pictures move and never stop; what is lost of the voice is small."""
    await plays(meeting, "10 % loss", Bounds(fps=15, gap_s=1.0, concealed=0.13))


async def test_a_satellite_line(meeting: FarSite) -> None:
    """300 ms each way with 30 ms of jitter: late, but whole."""
    bounds = Bounds(fps=15, gap_s=1.0, concealed=0.05, voice_ms=800)
    await plays(meeting, "300 ms + 30 ms jitter", bounds)


async def test_thirty_percent_loss_leaves_the_voice_understandable(meeting: FarSite) -> None:
    """No more of the voice is made up than the line loses, and none of it is silence."""
    await plays(meeting, "30 % loss", Bounds(concealed=0.35, silent=0.05))


async def test_the_site_gets_another_address(meeting: FarSite) -> None:
    """A cable pulled and another plugged in: the same seat, the picture back by itself."""
    site, chair = meeting.site, meeting.chair
    seat = await site.seat()
    meeting.line.change_address()
    begun = time.monotonic()
    await site.shows(await chair.seat(), chair.colour)
    await chair.shows(seat, site.colour)
    back_s = time.monotonic() - begun
    await site.until(f"{CONNECTED} && window.diemcau.signaling.open")
    assert await site.seat() == seat
    assert back_s < 10, back_s
    await site.until(SMALL_LAYER_ALONE)
