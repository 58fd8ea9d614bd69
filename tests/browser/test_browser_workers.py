"""One meeting on two media workers, one of which dies: its site is back, nobody else notices."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.people import BLUE, CONNECTED, GREEN, RED, Person, in_chromium
from tests.browser.running import running_demo

pytestmark = pytest.mark.browser

SETTINGS = {
    "DIEMCAU_MEDIA_ADDRESSES": "127.0.0.1",
    "DIEMCAU_MEDIA_WORKERS": "2",
    "DIEMCAU_MEDIA_SPREAD_PERCENT": "0",  # the next site goes to the idler worker
}
LOOSELY_S = 10.0  # a busy machine is no failure; the figures are printed
# The port of the worker this page is connected to.
PORT = """(async () => {
  const reports = [...(await window.diemcau.peer.connection.getStats()).values()];
  const transport = reports.find((report) => report.type === "transport");
  const pair = reports.find((report) => report.id === transport?.selectedCandidatePairId);
  return reports.find((report) => report.id === pair?.remoteCandidateId)?.port ?? 0;
})()"""
# From now on: the longest time without a new picture of SEAT, without sound, and whether the
# connection stayed the same.
WATCH = """(() => {
  const { peer, slots, audioEnergy } = window.diemcau;
  const connection = peer.connection;
  const watch = { pictures: 0, sound: 0, same: true };
  const last = { frames: -1, energy: -1, framesAt: performance.now(), energyAt: performance.now() };
  const look = async () => {
    const frames = (await slots()).filter(({ seat }) => seat === SEAT)
      .reduce((sum, slot) => Math.max(sum, slot.framesDecoded), 0);
    const energy = await audioEnergy();
    const now = performance.now();
    watch.pictures = Math.max(watch.pictures, now - last.framesAt);
    watch.sound = Math.max(watch.sound, now - last.energyAt);
    if (frames !== last.frames) Object.assign(last, { frames, framesAt: now });
    if (energy !== last.energy) Object.assign(last, { energy, energyAt: now });
    watch.same &&= peer.connection === connection && connection.connectionState === "connected";
    setTimeout(look, 50);
  };
  window.watch = watch;
  void look();
})()"""


async def test_a_dead_worker_costs_the_others_nothing(tmp_path: Path, chromium: Browser) -> None:
    with running_demo(tmp_path / "data", environment=SETTINGS) as running:
        people = [
            await in_chromium(chromium, running.url, *person)
            for person in (("chutri", RED, 300), ("pleiku", GREEN, 500), ("ankhe", BLUE, 700))
        ]
        for person in people:
            await person.enter()
        for person in people:
            await person.sees([other for other in people if other is not person])
        ports = [int(await person.tab.evaluate(PORT)) for person in people]
        alone = people[next(at for at, port in enumerate(ports) if ports.count(port) == 1)]
        together = [person for person in people if person is not alone]
        await together[0].click("[data-microphone]")
        await together[1].hears()
        await alone.hears()
        seats = {person.username: await person.seat() for person in people}

        for person, other in zip(together, reversed(together), strict=True):
            await person.tab.evaluate(WATCH.replace("SEAT", repr(seats[other.username])))
        await asyncio.sleep(2)
        worker = ports[people.index(alone)] - running.media_port
        await alone.tab.evaluate("void (window.dead = window.diemcau.peer.connection)")
        begun = time.monotonic()
        os.kill(running.worker_pid(worker), signal.SIGKILL)
        back_s = await until_back(alone, begun)
        await alone.sees(together, 60)
        for person in together:
            await person.sees([alone], 60)
        seen_s = time.monotonic() - begun

        print(f"back after {back_s:.2f} s, everybody sees everybody again after {seen_s:.2f} s")
        assert back_s < LOOSELY_S
        assert await alone.seat() == seats[alone.username]
        for person in together:
            watch = await person.tab.evaluate("window.watch")
            print(f"{person.username}: {watch}")
            assert watch["same"], "the connection was not touched"
            assert watch["pictures"] < 1000 * LOOSELY_S
        listener = await together[1].tab.evaluate("window.watch")
        assert listener["sound"] < 1000 * LOOSELY_S


async def until_back(person: Person, begun: float) -> float:
    """Seconds from `begun` until a new connection stands and shows a picture."""
    await person.until(f"window.diemcau.peer.connection !== window.dead && {CONNECTED}", 30)
    await person.until("window.diemcau.slots().then((all) => all.some((s) => s.framesDecoded > 0))")
    return time.monotonic() - begun
