"""Ceilings of a line, chosen on the pages, seen at both ends of the line."""

import json
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.people import BLUE, GREEN, RED, Person, in_chromium
from tests.browser.running import Running

pytestmark = pytest.mark.browser

# Bits per second over three seconds, RTP with its headers: [of one's pictures, towards us].
RATES = """(async () => {
  const bytes = async () => {
    const reports = [...(await window.diemcau.peer.connection.getStats()).values()];
    const sum = (type, way) => reports
      .filter((report) => report.type === type && report.kind === "video")
      .reduce((all, r) => all + r[`bytes${way}`] + r[`headerBytes${way}`], 0);
    return [sum("outbound-rtp", "Sent"), sum("inbound-rtp", "Received")];
  };
  const before = await bytes();
  await new Promise((done) => setTimeout(done, 3000));
  return (await bytes()).map((now, at) => ((now - before[at]) * 8) / 3);
})()"""
LAYERS = """window.diemcau.peer.connection.getTransceivers()[1].sender.getParameters().encodings
  .filter(({ active }) => active).map(({ rid, maxBitrate }) => [rid, maxBitrate / 1000])"""
OWN = "window.diemcau.state().session.seats[window.diemcau.state().seat]"
PAUSED = "window.diemcau.state().paused.map(({ why }) => why)"


async def until_rates(person: Person, what: Any, tries: int = 12) -> list[float]:
    seen = []
    for _ in range(tries):
        seen.append(await person.tab.evaluate(RATES))
        if what(*seen[-1]):
            return list(seen[-1])
    raise AssertionError(seen)


async def choose(person: Person, name: str, value: str) -> None:
    """In the dialog of the menu, as the person does it."""
    page: Any = person.tab
    await page.click("[data-more]")
    await page.click("[data-do-line]")
    await page.select_option(f"[data-line-{name}]", value)
    await page.click("[data-line-close]")


async def test_ceilings_from_both_pages_hold_at_once(running: Running, chromium: Browser) -> None:
    chair, site, other = [
        await in_chromium(chromium, running.url, *person, busy=400)
        for person in (("chutri", RED, 300), ("pleiku", GREEN, 500), ("ankhe", BLUE, 700))
    ]
    for person in (chair, site, other):
        await person.enter()
    await site.sees([chair, other])
    pin = json.dumps({"seat": await site.seat()})
    await chair.tab.evaluate(f'window.diemcau.signaling.request("show-on-main", {pin})')
    await until_rates(site, lambda up, down: up > 600_000 and down > 200_000)

    # The person gives the own pictures less: the smallest layer whole, the next with the rest.
    await choose(site, "up", "512")
    await site.until(f"({LAYERS}).join() === 'q,120,h,342'", 60)  # once somebody's line takes it
    up, _ = await until_rates(site, lambda up, down: 0 < up < 512_000)
    print(f"512 kbit/s up: {up / 1000:.0f} kbit/s of pictures")
    assert "gửi tối đa 512 kbit/s" in await site.text()
    await other.shows(await site.seat(), GREEN)

    # The technician caps what comes; the person is told by whom, and what is paused.
    technician = await in_chromium(chromium, running.url, "kythuat", (128, 128, 128), 100)
    page: Any = technician.tab
    await page.goto(f"{running.url}/ky-thuat/demo/{await site.seat()}")
    await page.select_option("select[name=nhan]", "256")
    await site.until(f"{OWN}.limits.maxDownKbps === 256 && {OWN}.limits.maxUpKbps === 512")
    await site.until("document.body.innerText.includes('Do kỹ thuật đặt.')")
    _, down = await until_rates(site, lambda up, down: down < 256_000)
    print(f"256 kbit/s down: {down / 1000:.0f} kbit/s of pictures")
    await technician.until(
        "document.querySelector('[data-f=limitedBy]').innerText.includes('do kỹ thuật đặt')"
    )

    # With less than any picture takes, all pause, and both pages say why.
    low = json.dumps({"profile": "normal", "maxDownKbps": 16, "maxUpKbps": None})
    await site.tab.evaluate(f'window.diemcau.signaling.request("set-limits", {low})')
    await site.until(f"({PAUSED}).join() === 'limit,limit'")
    await site.until(
        "document.querySelector('[data-tiles]').innerText.includes('Giới hạn băng thông')"
    )
    await technician.until("document.querySelectorAll('[data-paused] li').length === 2")

    # All of it back with one press.
    await site.click("[data-banners] [data-action]")
    await site.until(f"{OWN}.limits.maxDownKbps === null && ({PAUSED}).length === 0")
    await site.sees([chair, other])
    await until_rates(site, lambda up, down: up > 600_000)
