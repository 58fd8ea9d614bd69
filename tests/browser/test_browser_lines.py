"""A site on a bad line: two real browsers, one behind the line emulator.

The bounds are what a person notices, not what this machine can do at best; `python -m
tests.line.survey` prints the figures themselves.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from rooms.live.meeting import GRACE_SECONDS
from tests.browser.people import CONNECTED
from tests.browser.running import Running, running_demo
from tests.line.conditions import CONDITIONS, Condition
from tests.line.far_site import Bounds, FarSite, far_site
from tests.line.shape import Rule, Shape
from tests.line.site import Line, site_line

pytestmark = [pytest.mark.browser, pytest.mark.root, pytest.mark.asyncio(loop_scope="module")]

SEEN = Bounds(fps=10, gap_s=1.0, concealed=0.05)  # of a site whose way to us is good
NOTHING = Condition.both(Shape(blocked=(Rule(),)))


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


async def plays(
    meeting: FarSite, condition: str, site: Bounds, chair: Bounds | None = None
) -> None:
    """Both keep within their bounds while the line is in the condition."""
    await meeting.keeps(CONDITIONS[condition], site, site if chair is None else chair)


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


async def test_256_kbit_carry_speech_and_a_small_picture(meeting: FarSite) -> None:
    """Speech never breaks, the picture moves; and TCP would be no better."""
    site = Bounds(fps=3, gap_s=2.5, concealed=0.03, path="udp")
    await plays(meeting, "256 kbit/s down", site, SEEN)


async def test_64_kbit_carry_speech(meeting: FarSite) -> None:
    site = Bounds(concealed=0.05, silent=0.02, path="udp")
    await plays(meeting, "64 kbit/s down", site, SEEN)


async def test_a_speaker_whose_line_was_away_speaks_on(meeting: FarSite) -> None:
    """Longer than the grace: the seat has left, the person has not."""
    meeting.line.shape(up=NOTHING.up, down=NOTHING.down)
    await asyncio.sleep(3 + GRACE_SECONDS)
    seat = await meeting.site.seat()
    await meeting.chair.until(f"!window.diemcau.state().session.seats[{seat!r}].present")
    meeting.line.shape(CONDITIONS["good"].up)
    await meeting.chair.until(f"window.diemcau.state().session.seats[{seat!r}].microphone")
    await meeting.site.until(f"{CONNECTED} && window.diemcau.signaling.open")
    await meeting.chair.hears()


async def test_udp_that_dies_during_the_meeting_is_left_for_tcp(meeting: FarSite) -> None:
    site = Bounds(fps=10, gap_s=1.0, concealed=0.05, path="tcp")
    await plays(meeting, "UDP blocked", site, SEEN)


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
