"""Four browsers in one meeting: three of Chromium, one Firefox, through the real service."""

import asyncio
import json

import pytest
from playwright.async_api import Browser

from tests.browser.cut import cut
from tests.browser.firefox import Firefox
from tests.browser.people import (
    BLUE,
    CONNECTED,
    GREEN,
    RED,
    YELLOW,
    Person,
    in_chromium,
    in_firefox,
)
from tests.browser.running import Running

pytestmark = pytest.mark.browser

MICROPHONE = "[data-microphone]"


@pytest.fixture
async def people(running: Running, chromium: Browser, firefox: Firefox) -> list[Person]:
    """The chair and three sites; the last one uses Firefox."""
    return [
        await in_chromium(chromium, running.url, "chutri", RED, 300),
        await in_chromium(chromium, running.url, "pleiku", GREEN, 500),
        await in_chromium(chromium, running.url, "ankhe", BLUE, 700),
        await in_firefox(firefox, running.url, "ayunpa", YELLOW, 900),
    ]


async def everyone_sees_everyone(people: list[Person]) -> None:
    await asyncio.gather(
        *(one.sees([other for other in people if other is not one]) for one in people)
    )


async def test_four_browsers_see_hear_and_come_back(running: Running, people: list[Person]) -> None:
    chair, pleiku, ankhe, firefox = people
    await asyncio.gather(*(person.enter() for person in people))
    await everyone_sees_everyone(people)

    # Sound: everyone enters muted; two speak, and everybody else hears.
    for speaker in (chair, ankhe):
        await speaker.click(MICROPHONE)
        await speaker.until(
            "window.diemcau.state().session.seats[window.diemcau.state().seat].microphone"
        )
    await asyncio.gather(*(person.hears() for person in people))

    # The chair mutes a site; it stays muted after a reload.
    seat = await ankhe.seat()
    await chair.tab.evaluate(
        f'window.diemcau.signaling.request("mute-seat", {json.dumps({"seat": seat})})'
    )
    muted = f"!window.diemcau.state().session.seats[{seat!r}].microphone"
    await asyncio.gather(*(person.until(muted) for person in people))
    await ankhe.reload()
    assert await ankhe.tab.evaluate(muted)

    # Reload: everyone is back in the same seat.
    for person in (chair, firefox):
        before = await person.seat()
        await person.reload()
        assert await person.seat() == before
    await everyone_sees_everyone(people)

    # Five seconds without a network: back by themselves, nobody touched anything.
    with cut(running.tcp_port, running.media_port):
        await asyncio.sleep(5)
    await everyone_is_back(people, muted)

    # The whole service dies and starts again: the same seats, still muted.
    seats = set(await pleiku.seats())
    await asyncio.to_thread(running.restart_killed)
    await everyone_is_back(people, muted)
    assert set(await chair.seats()) == seats


async def everyone_is_back(people: list[Person], muted: str) -> None:
    await asyncio.gather(
        *(person.until(f"{CONNECTED} && window.diemcau.signaling.open") for person in people)
    )
    await everyone_sees_everyone(people)
    for person in people:
        assert await person.tab.evaluate(muted)
