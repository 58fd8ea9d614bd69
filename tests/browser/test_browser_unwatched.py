"""Nothing unwatched is sent, in Chromium and Firefox: layers, hidden tabs, muted microphones."""

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.firefox import Firefox
from tests.browser.people import GREEN, RED, Person, in_chromium, in_firefox
from tests.browser.running import Running

pytestmark = pytest.mark.browser

# Packets sent so far by source: of the microphone, and of each camera layer.
SENT = """(async () => {
  const sent = { microphone: 0 };
  for (const entry of (await window.diemcau.peer.connection.getStats()).values()) {
    if (entry.type !== "outbound-rtp") continue;
    const name = entry.kind === "audio" ? "microphone" : (entry.rid ?? "screen");
    sent[name] = (sent[name] ?? 0) + entry.packetsSent;
  }
  return sent;
})()"""
ACTIVE = """window.diemcau.peer.connection.getTransceivers()[1].sender.getParameters().encodings
  .filter((encoding) => encoding.active).map((encoding) => encoding.rid).join()"""
HIDE = """(() => {
  Object.defineProperty(document, "visibilityState", { get: () => HOW, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  return performance.now();
})()"""
# Milliseconds until the other's picture moves again.
BACK = """(async () => {
  const frames = async () => (await window.diemcau.slots())
    .filter((slot) => slot.seat !== null).reduce((sum, slot) => sum + slot.framesDecoded, 0);
  const before = (await window.diemcau.slots()).reduce((sum, slot) => sum + slot.framesDecoded, 0);
  const started = performance.now();
  HIDE;
  while ((await frames()) <= before) await new Promise((done) => setTimeout(done, 10));
  return performance.now() - started;
})()"""


@pytest.fixture
async def pair(running: Running, chromium: Browser, firefox: Firefox) -> list[Person]:
    return [
        await in_chromium(chromium, running.url, "chutri", RED, 300),
        await in_firefox(firefox, running.url, "ayunpa", GREEN, 900),
    ]


async def sent(person: Person) -> dict[str, Any]:
    return dict(await person.tab.evaluate(SENT))


async def test_unwatched_pictures_and_muted_microphones_send_nothing(pair: list[Person]) -> None:
    chair, site = pair
    for person in pair:
        await person.enter()
    await chair.sees([site])
    await site.sees([chair])

    # The chair is large at the site; at the chair's, the site is a tile: layers nobody needs end.
    for person in pair:
        await person.until(f"({ACTIVE}).length < 3")

    # Both tabs hidden: no camera sends a packet, and no microphone ever did.
    for person in pair:
        await person.tab.evaluate(HIDE.replace("HOW", '"hidden"'))
    for person in pair:
        await person.until(f"({ACTIVE}) === ''")
    before = [await sent(person) for person in pair]
    await chair.until("new Promise((done) => setTimeout(() => done(true), 1500))")
    assert [await sent(person) for person in pair] == before
    assert [figures["microphone"] for figures in before] == [0, 0]

    # A look brings the picture back.
    for person in pair:
        back_ms = await person.tab.evaluate(BACK.replace("HIDE", HIDE.replace("HOW", '"visible"')))
        print(f"{person.username}: picture back after {back_ms:.0f} ms")
    await chair.sees([site])
    await site.sees([chair])

    # Unmuted, heard, muted again: silence is no packet at all.
    await chair.click("[data-microphone]")
    await site.hears()
    await chair.click("[data-microphone]")
    seat = "window.diemcau.state().session.seats[window.diemcau.state().seat]"
    await chair.until(f"!{seat}.microphone")
    await chair.until("new Promise((done) => setTimeout(() => done(true), 300))")
    quiet = (await sent(chair))["microphone"]
    assert quiet > 0
    await chair.until("new Promise((done) => setTimeout(() => done(true), 1000))")
    assert (await sent(chair))["microphone"] == quiet
