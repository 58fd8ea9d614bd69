"""The floor in three browsers: asked for, given, timed at every site, kept through a lost line."""

import asyncio
import re

import pytest
from playwright.async_api import Browser

from tests.browser.cut import cut
from tests.browser.people import BLUE, CONNECTED, GREEN, RED, Person, in_chromium
from tests.browser.running import Running

pytestmark = pytest.mark.browser

SESSION = "window.diemcau.state().session"
OWN = f"{SESSION}.seats[window.diemcau.state().seat]"
PLATE = "document.querySelector('[data-main-plate]').innerText"
MIDDLE = "[data-middle]"
AWAY_S = 11.5  # longer than the grace of a lost line


async def test_a_turn_is_asked_for_given_timed_kept_and_passed_on(
    running: Running, chromium: Browser
) -> None:
    chair = await in_chromium(chromium, running.url, "chutri", RED, 300)
    pleiku = await in_chromium(chromium, running.url, "pleiku", GREEN, 500)
    kbang = await in_chromium(chromium, running.url, "kbang", BLUE, 700)
    people = [chair, pleiku, kbang]
    await asyncio.gather(*(person.enter() for person in people))

    # Two ask; they wait in the order in which they asked.
    for place, site in enumerate((pleiku, kbang), start=1):
        await site.click(MIDDLE)
        await site.until(f"document.querySelector('{MIDDLE}').innerText.includes('thứ {place}')")
    first, second = await pleiku.seat(), await kbang.seat()
    await chair.until(f"{SESSION}.queue.join() === {','.join((first, second))!r}")

    # One press gives the floor: heard, on the main picture, its clock runs at the other site.
    await chair.click(MIDDLE)
    await pleiku.until(f"{OWN}.microphone")
    await kbang.until(f"{PLATE}.includes('Pleiku') && /0[34]:\\d\\d/.test({PLATE})")
    assert re.search(r"Còn\s+0[34]:\d\d", str(await kbang.tab.evaluate(PLATE)))
    await kbang.hears()

    # The next: the one before is muted again.
    await chair.click(MIDDLE)
    await kbang.until(f"{SESSION}.floor?.seat === {second!r} && {OWN}.microphone")
    await pleiku.until(f"!{OWN}.microphone")
    await pleiku.hears()

    # The lines are cut in the middle of the speech: the turn waits for its speaker.
    turn = await chair.tab.evaluate(f"{SESSION}.floor")
    with cut(running.tcp_port, running.media_port):
        await asyncio.sleep(AWAY_S)
    await _back(people)
    assert await chair.tab.evaluate(f"{SESSION}.floor") == turn
    await kbang.until(f"{OWN}.microphone")
    await pleiku.hears()

    # A chair that reloads still leads, and takes the floor back.
    await chair.reload()
    assert await chair.tab.evaluate(f"{SESSION}.floor") == turn
    await chair.until(f"document.querySelector('{MIDDLE}').innerText.includes('KBang')")
    await chair.click(MIDDLE)
    await chair.until(f"{SESSION}.floor === null")
    await kbang.until(f"!{OWN}.microphone")
    spoken = await chair.tab.evaluate(f"{SESSION}.spoken")
    assert spoken[second] > AWAY_S
    assert spoken[first] > 0


async def _back(people: list[Person]) -> None:
    open_again = f"{CONNECTED} && window.diemcau.signaling.open && {OWN}.present"
    await asyncio.gather(*(person.until(open_again) for person in people))
