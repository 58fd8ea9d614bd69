"""A province joins while two browsers are in the meeting: what they lose, how long joining takes.

`python -m tests.load.province_join --sites 250 --seconds 30` starts a service, seats two Chromium
that see and hear each other, lets simulated sites join over the public protocol (signalling and
media), and prints what the browsers' getStats() say of the time of joining. It ends with 0 when
nothing was lost, 1 when something was, 2 when nothing could be measured.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any

from playwright.async_api import async_playwright

from conference.bench_crowd import crowd_of
from conference.bench_report import percentiles
from conference.bench_server import BenchFailed, Target, cpu_seconds, target_server, worker_pids
from conference.bench_sites import PROVINCE, TILES, Part, Sites, pin_main, seed_province
from rooms.session.model import SeatId
from tests.browser.people import Person, in_chromium, launch_chromium

GUESTS = ("ankhe", "ayunpa")  # accounts and sites of the demo
COLOURS = ((200, 30, 30), (30, 170, 40))
BEFORE_S, AFTER_S = 3.0, 2.0
# Figures of every received track, by its id.
RECEIVED = """(async () => {
  const found = {};
  for (const entry of (await window.diemcau.peer.connection.getStats()).values()) {
    if (entry.type === "inbound-rtp") found[entry.mid] = { ...entry };
  }
  return found;
})()"""
PICTURE = ("framesDecoded", "framesDropped", "freezeCount", "totalFreezesDuration", "packetsLost")
SOUND = ("packetsLost", "concealedSamples", "silentConcealedSamples", "totalSamplesReceived")


@dataclass(frozen=True, slots=True)
class Loss:
    """What happened at one browser between two looks."""

    person: str
    picture: dict[str, float]  # of the other browser
    sound: dict[str, float]
    packets_lost: int  # of all pictures and voices
    freezes: int  # of all pictures

    @property
    def nothing(self) -> bool:
        """Every packet came, and the other browser's picture never stood still."""
        return self.packets_lost == 0 and self.picture["freezeCount"] == 0

    @property
    def concealed(self) -> float:
        """Share of audible sound that was invented."""
        invented = self.sound["concealedSamples"] - self.sound["silentConcealedSamples"]
        return invented / max(1.0, self.sound["totalSamplesReceived"])


@dataclass(frozen=True, slots=True)
class Report:
    sites: int
    seconds: float
    losses: list[Loss]
    join_ms: list[float]
    cpu_percent: float  # of service and workers, while they joined

    def text(self) -> str:
        low, high = percentiles(self.join_ms, (50, 95))
        lines = [
            f"{self.sites} sites joined in {self.seconds:.1f} s,"
            f" first picture p50 / p95 {low or 0:.0f} / {high or 0:.0f} ms,"
            f" server CPU {self.cpu_percent:.0f} % of a core"
        ]
        for loss in self.losses:
            picture, sound = loss.picture, loss.sound
            lines.append(
                f"  {loss.person:<8} framesDecoded +{picture['framesDecoded']:.0f}"
                f" framesDropped +{picture['framesDropped']:.0f}"
                f" freezeCount +{picture['freezeCount']:.0f}"
                f" ({picture['totalFreezesDuration']:.2f} s)"
                f" packetsLost +{picture['packetsLost']:.0f} | voice"
                f" packetsLost +{sound['packetsLost']:.0f}"
                f" concealedSamples +{sound['concealedSamples']:.0f}"
                f" ({loss.concealed * 100:.2f} % audible)"
                f" | all tracks packetsLost +{loss.packets_lost} freezeCount +{loss.freezes}"
            )
        return "\n".join(lines)


async def received(person: Person) -> dict[str, dict[str, Any]]:
    return dict(await person.tab.evaluate(RECEIVED))


def between(person: str, before: dict[str, Any], after: dict[str, Any]) -> Loss:
    """The other browser's picture and voice are what played most before anybody else came."""
    pictures = {mid for mid, entry in before.items() if entry["kind"] == "video"}
    voices = set(before) - pictures
    picture = max(pictures, key=lambda mid: before[mid].get("framesDecoded", 0))
    voice = max(voices, key=lambda mid: before[mid].get("totalAudioEnergy", 0))

    def grown(mid: str, names: tuple[str, ...]) -> dict[str, float]:
        then = before.get(mid, {})
        return {name: after[mid].get(name, 0) - then.get(name, 0) for name in names}

    return Loss(
        person,
        grown(picture, PICTURE),
        grown(voice, SOUND),
        round(sum(grown(mid, ("packetsLost",))["packetsLost"] for mid in after)),
        round(sum(grown(mid, ("freezeCount",))["freezeCount"] for mid in after)),
    )


@contextlib.asynccontextmanager
async def pair(target: Target) -> AsyncIterator[list[Person]]:
    """Two browsers in the meeting, who see and hear each other."""
    async with async_playwright() as playwright:
        browser = await launch_chromium(playwright)
        try:
            people = []
            for number, (name, colour) in enumerate(zip(GUESTS, COLOURS, strict=True)):
                person = await in_chromium(browser, target.url, name, colour, 300 + 400 * number)
                person.meeting = PROVINCE
                people.append(person)
            for person in people:
                await person.enter()
            for person in people:
                await person.click("[data-microphone]")
            for one, other in (people, reversed(people)):
                await one.sees([other])
                await one.hears()
            yield people
        finally:
            await browser.close()


def parts(seats: list[SeatId], seconds: float, pictures: bool) -> tuple[Part, ...]:
    """Every site shows the next ones; they come evenly."""
    step = seconds / len(seats)
    found = []
    for number, seat in enumerate(seats):
        others = [*seats[number + 1 :], *seats[:number]]
        shown = tuple(others[:TILES])
        found.append(Part(seat, shown, first=not pictures, wait_s=number * step))
    return tuple(found)


async def join(sites: int, seconds: float, workers: int = 2, *, pictures: bool = True) -> Report:
    """
    Args:
        pictures: a site has joined when it gets a picture; else when its transport is up.

    Raises:
        BenchFailed: the service did not start, or a site got no media.
    """
    options = argparse.Namespace(url="", meeting=PROVINCE, token="", data=None)
    async with target_server(options, workers) as target:
        assert target.data is not None
        assert target.pid is not None
        seats = await seed_province(target.data, sites, GUESTS)
        pids = [target.pid, *await worker_pids(target.url)]
        guests = Sites(target, parts(seats, seconds, pictures))
        async with pair(target) as people, crowd_of(guests) as crowd:
            await pin_main(target, SeatId(await people[0].seat()))
            await crowd.begin()  # its sites are ready to join
            await asyncio.sleep(BEFORE_S)
            before = [await received(person) for person in people]
            used, started = cpu_seconds(pids), time.monotonic()
            join_ms = await crowd.join()
            elapsed = time.monotonic() - started
            used = cpu_seconds(pids) - used
            await asyncio.sleep(AFTER_S)
            losses = [
                between(person.username, then, await received(person))
                for person, then in zip(people, before, strict=True)
            ]
        return Report(sites, elapsed, losses, join_ms, used / elapsed * 100)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=250)
    parser.add_argument("--seconds", type=float, default=30.0, help="from the first to the last")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        report = asyncio.run(join(options.sites, options.seconds, options.workers))
    except BenchFailed as error:
        print(f"province_join: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(report)) if options.json else report.text())
    return 0 if all(loss.nothing for loss in report.losses) else 1


if __name__ == "__main__":
    sys.exit(main())
