"""Every page at phone and desk width: no sideways scroll, nothing axe-core objects to."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from rooms.seed.seed import DEMO_PASSWORD
from tests.browser.people import launch_chromium
from tests.browser.running import Running, running_demo

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = ((375, 812), (1440, 900))
PAGES = (
    "/",
    "/cuoc-hop",
    "/cuoc-hop/moi",
    "/cuoc-hop/demo",
    "/cuoc-hop/demo/kiem-tra",
    "/cuoc-hop/demo/phong?vao=1",
    "/ky-thuat",
    "/ky-thuat/demo/site:7",
    "/tro-giup",
)
VIOLATIONS = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`))"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_demo(tmp_path_factory.mktemp("data")) as demo:
        yield demo


@pytest.fixture
async def page(running: Running) -> AsyncIterator[Page]:
    """The secretary, who may open every page but the administrator's."""
    async with async_playwright() as playwright:
        browser = await launch_chromium(playwright)
        # Only the checker's own script needs to get past the policy.
        context = await browser.new_context(bypass_csp=True)
        page = await context.new_page()
        await page.goto(f"{running.url}/dang-nhap")
        await page.fill(".si__form input[name=username]", "thuky")
        await page.fill(".si__form input[name=password]", DEMO_PASSWORD)
        await page.click(".si__form button[type=submit]")
        await page.wait_for_url(f"{running.url}/")
        yield page
        await browser.close()


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: npm ci in web/")
async def test_pages_are_accessible_and_never_scroll_sideways(running: Running, page: Page) -> None:
    wrong: list[str] = []
    for path in PAGES:
        await page.goto(running.url + path)
        await page.add_script_tag(path=AXE)
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.wait_for_timeout(500)  # states fade in 240 ms
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{path} at {width}: scrolls sideways")
            found = await page.evaluate(VIOLATIONS)
            wrong += [f"{path} at {width}: {violation}" for violation in found]
    assert wrong == []
