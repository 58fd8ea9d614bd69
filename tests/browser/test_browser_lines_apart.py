"""Bad lines that need a service or browsers of their own, see `test_browser_lines.py`."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.browser.running import running_demo
from tests.line.closed import closed_network
from tests.line.conditions import CONDITIONS, Condition
from tests.line.far_site import Bounds, FarSite, far_site
from tests.line.shape import Shape
from tests.line.site import Line, site_line
from tests.line.speech import speech_file
from tests.line.step import NARROW, WIDE, step, traced

pytestmark = [pytest.mark.browser, pytest.mark.root]

LOSSY_DOWN = Condition(Shape(delay_s=0.02), Shape(delay_s=0.02, loss=0.1), settle_s=10)


@contextlib.asynccontextmanager
async def meeting_on(
    line: Line, data: Path, settings: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> AsyncIterator[FarSite]:
    """See `far_site`."""
    environment = {"DIEMCAU_MEDIA_ADDRESSES": line.host, **settings}
    with running_demo(data, host=line.host, environment=environment) as running:
        async with (
            async_playwright() as playwright,
            far_site(playwright, running, line, **options) as meeting,
        ):
            yield meeting


async def test_a_step_down_and_up_again(tmp_path: Path) -> None:
    """The estimate follows; speech does not notice."""
    with site_line() as line:
        async with meeting_on(line, tmp_path / "data", traced(tmp_path)) as meeting:
            done = await step(meeting, tmp_path)
    before, narrow, after = done.phases
    assert max(done.estimates(narrow, 10.0)) < 1.3 * NARROW
    assert max(done.estimates(after, 5.0)) > 0.4 * WIDE
    for phase in done.phases:
        assert (phase.figures["concealed"] or 0.0) < 0.1, phase
        assert phase.figures["fps"] > 1, phase
    assert before.figures["path"] == narrow.figures["path"] == after.figures["path"] == "udp"


async def test_nothing_but_tls_on_port_443_passes(tmp_path: Path) -> None:
    """Media comes by a TURN server from the beginning."""
    with site_line() as line, closed_network(line, tmp_path) as closed:
        async with (
            async_playwright() as playwright,
            far_site(
                playwright, closed.running, line, condition=closed.firewall, home=closed.home
            ) as meeting,
        ):
            site = Bounds(fps=10, gap_s=1.0, concealed=0.05, path="relay over tls")
            await meeting.keeps(closed.firewall, site, Bounds(fps=10, gap_s=1.0, concealed=0.05))


async def test_firefox_on_a_lossy_and_on_a_narrow_line(tmp_path: Path) -> None:
    with site_line() as line:
        async with meeting_on(line, tmp_path / "data", firefox=True) as meeting:
            lossy = Bounds(fps=8, gap_s=1.0, concealed=0.15)
            await meeting.keeps(CONDITIONS["10 % loss"], lossy, Bounds(fps=8, gap_s=1.0))
            narrow = Bounds(fps=1, concealed=0.05)
            await meeting.keeps(CONDITIONS["400 kbit/s down"], narrow, Bounds(fps=8, gap_s=1.0))


async def test_in_band_fec_repairs_speech(tmp_path: Path) -> None:
    """A spoken text without redundancy (RED): half of what is lost is heard all the same."""
    with site_line() as line:
        spoken = speech_file(tmp_path)
        async with meeting_on(line, tmp_path / "data", speech=spoken) as meeting:
            bounds = Bounds(fec=0.3, concealed=0.07)
            await meeting.keeps(LOSSY_DOWN, bounds, Bounds())


CAMERA_RESTS = """
  window.diemcau.peer.connection.getSenders().flatMap((sender) => sender.getParameters().encodings)
    .every(({ rid, active }) => !rid || !active)
"""


async def test_a_way_up_too_narrow_for_the_picture_carries_the_voice(tmp_path: Path) -> None:
    narrow = CONDITIONS["64 kbit/s up"]
    with site_line() as line:
        async with meeting_on(line, tmp_path / "data") as meeting:
            line.shape(up=narrow.up, down=narrow.down)
            await meeting.site.until(CAMERA_RESTS, 60)
            heard = Bounds(concealed=0.05, path="udp")
            await meeting.keeps(narrow, Bounds(concealed=0.05), heard)
