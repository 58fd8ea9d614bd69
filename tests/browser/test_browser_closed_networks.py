"""Networks that block UDP: both browsers come through by TCP, by themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import async_playwright

from tests.browser.cut import filtered, port_rules
from tests.browser.firefox import Firefox
from tests.browser.people import Person, in_chromium, in_firefox, launch_chromium
from tests.browser.running import Running, free_port, running_demo

pytestmark = pytest.mark.browser

RED, YELLOW = (200, 30, 30), (200, 190, 30)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_demo(tmp_path_factory.mktemp("data")) as demo:
        yield demo


@pytest.fixture
async def people(running: Running) -> AsyncIterator[list[Person]]:
    async with async_playwright() as playwright, Firefox.launch(free_port()) as firefox:
        browser = await launch_chromium(playwright)
        try:
            yield [
                await in_chromium(browser, running.url, "chutri", RED, 300),
                await in_firefox(firefox, running.url, "ayunpa", YELLOW, 900),
            ]
        finally:
            await browser.close()


async def test_media_comes_through_tcp_when_udp_is_blocked(
    running: Running, people: list[Person]
) -> None:
    chair, firefox = people
    with filtered(*port_rules("udp", running.media_port)):
        await asyncio.gather(*(person.enter() for person in people))
        await chair.sees([firefox])
        await firefox.sees([chair])
