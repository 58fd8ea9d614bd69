"""What most browser tests begin with: a running service, and browsers to visit it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.firefox import Firefox
from tests.browser.people import launch_chromium
from tests.browser.running import Running, free_port, running_demo


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for all tests of a file; tests that change settings start their own."""
    with running_demo(tmp_path_factory.mktemp("data")) as demo:
        yield demo


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await launch_chromium(playwright)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture
async def firefox() -> AsyncIterator[Firefox]:
    async with Firefox.launch(free_port()) as firefox:
        yield firefox
