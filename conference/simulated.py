"""Simulated sites: `python -m conference.simulated`, one process that plays several sites.

They join like any other client, send moving pictures and speech-like sound, speak in turns, raise
a hand now and then, keep quiet while a person speaks, obey the chair, answer the roll call, vote,
and come back when the service was restarted.
"""

import argparse
import asyncio
import contextlib
import logging
import multiprocessing
import os
import random
import signal
import stat
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path

import aiohttp
import uvloop

from conference import logs
from conference.config import ConfigError, load
from conference.site_client import Floor, SimulatedSite, Surroundings
from conference.tasks import Supervisor
from media.load.clipfile import Clip
from media.load.clips import ClipWish, ensure_clip, kept_clip
from media.load.dtls import new_certificate
from media.load.peer import Ticker, address_towards
from rooms.directory.accounts import Accounts
from rooms.directory.tokens import TokenRole, issue_token, load_key
from rooms.meetings.meetings import InvitedSite, Meetings
from rooms.session.model import SeatId
from rooms.store.database import Database

log = logging.getLogger(__name__)

DEMO_SITE_ACCOUNT = (
    "kbang"  # a person may sign in as this site, and as the chair: their seats stay free
)
CLIP_FOLDER = "clips"
CLIP_PROCESSES = 2
LEAVE_SECONDS = 0.5
TURN_SECONDS = (12.0, 20.0)
PAUSE_SECONDS = (0.8, 2.5)
HAND_SECONDS = (15.0, 40.0)
BETWEEN_HANDS_SECONDS = (20.0, 60.0)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM, SIGINT, or the end of standard input when that is a pipe."""
    parser = argparse.ArgumentParser(prog="python -m conference.simulated", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the service")
    parser.add_argument("--meeting", default="demo", help="id or short name")
    parser.add_argument("--count", type=int, default=6, help="how many sites")
    parser.add_argument("--data", type=Path, required=True, help="data folder of the service")
    parser.add_argument("--clips", type=int, default=0, help="how many clips; 0: one for each site")
    parser.add_argument("--quiet", action="store_true", help="they neither speak nor raise a hand")
    parser.add_argument("--log-level", default="warning")
    options = parser.parse_args(arguments)
    logs.set_up(options.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(simulate(options))
    except (ConfigError, OSError) as error:
        print(f"simulated sites: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


async def simulate(options: argparse.Namespace) -> int:
    """Play invited sites of a meeting until told to stop."""
    stop = _stop_event()
    url, meeting, data = options.url, options.meeting, options.data
    chosen = await _choose_sites(data, meeting, options.count)
    key = load_key(data)
    ticker = Ticker()
    async with aiohttp.ClientSession() as http, Supervisor() as tasks:
        around = Surroundings(
            http=http,
            url=url,
            address=address_towards(url),
            meeting=meeting,
            certificate=new_certificate(),
            ticker=ticker,
            floor=Floor(simulated={_seat(site) for site in chosen}),
            rng=random.Random(),
        )
        sites: list[SimulatedSite] = []

        def token_of(site: InvitedSite) -> str:
            return issue_token(
                key, meeting=meeting, role=TokenRole.SITE, now=time.time(), seat=_seat(site)
            )

        async def play(number: int, site: InvitedSite) -> None:
            """Wait for the clip, then attend."""
            shown = chosen[number % options.clips] if options.clips else site
            place = number % (options.clips or len(chosen))
            wish = ClipWish(name=shown.short_name, caption=shown.name, place=place)
            clip = await clips.get(wish)
            if clip is None:
                return
            client = SimulatedSite(around, _seat(site), lambda: token_of(site), clip)
            sites.append(client)
            await client.run()

        clips = _Clips(data / CLIP_FOLDER)
        tasks.start(ticker.run(), name="ticker")
        for number, site in enumerate(chosen):
            tasks.start(play(number, site), name=f"site {site.site_id}")
        if not options.quiet:
            tasks.start(_converse(sites, around.floor, around.rng), name="conversation")
            tasks.start(_raise_hands(sites, around.rng), name="hands")
        try:
            await stop.wait()
        finally:
            clips.close()
            with contextlib.suppress(TimeoutError):
                leaving = asyncio.gather(*(site.leave() for site in sites))
                await asyncio.wait_for(leaving, LEAVE_SECONDS)
    return 0


def _seat(site: InvitedSite) -> SeatId:
    return SeatId(f"site:{site.site_id}")


async def _choose_sites(data: Path, meeting: str, count: int) -> list[InvitedSite]:
    """The first invited sites; those where a person may sign in, only when there are no others.

    Raises:
        ConfigError: no such meeting.
    """
    settings = load(None, {**os.environ, "DIEMCAU_DATA_FOLDER": str(data)})
    db = Database(settings.database_url)
    try:
        found = await Meetings(db).get(meeting)
        account = await Accounts(db).by_username(DEMO_SITE_ACCOUNT)
    finally:
        await db.close()
    if found is None:
        raise ConfigError(f"no meeting {meeting!r}")
    kept = {found.chair_site_id, account.site_id if account is not None else None}
    sites = sorted(found.sites, key=lambda site: (site.site_id in kept, site.rank))
    return sites[:count]


def _stop_event() -> asyncio.Event:
    """Set by SIGTERM, SIGINT, and when the parent that holds our standard input is gone."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):

        def readable() -> None:
            if not os.read(0, 4096):
                loop.remove_reader(0)
                stop.set()

        loop.add_reader(0, readable)
    return stop


class _Clips:
    """Clips of the folder; missing ones are made by helper processes that end when all are made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool: ProcessPoolExecutor | None = None
        self._making = 0
        self._closed = False
        self._locks: defaultdict[ClipWish, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, wish: ClipWish) -> Clip | None:
        """The clip; None when `close` came first."""
        async with self._locks[wish]:
            clip = kept_clip(self._folder, wish)
            return clip if clip is not None else await self._make(wish)

    async def _make(self, wish: ClipWish) -> Clip | None:
        loop = asyncio.get_running_loop()
        pool = self._pool = self._pool or ProcessPoolExecutor(
            CLIP_PROCESSES, mp_context=multiprocessing.get_context("spawn"), initializer=_be_nice
        )
        self._making += 1
        try:
            await loop.run_in_executor(pool, _keep_clip, self._folder, wish)
            return kept_clip(self._folder, wish)
        except BrokenExecutor:
            if self._closed:
                return None
            raise
        finally:
            self._making -= 1
            if not self._making:
                pool.shutdown(wait=False)
                self._pool = None

    def close(self) -> None:
        """End the helpers at once; what they were making is made next time."""
        self._closed = True
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()


def _keep_clip(folder: Path, wish: ClipWish) -> None:
    """The clip goes by the disk: a helper that ends while it hands over much data leaves half a
    message, for whose rest the pool would wait for ever."""
    ensure_clip(folder, wish)


def _be_nice() -> None:
    """Helpers step back for the service; Ctrl-C is for the parent to handle. They end with it."""
    os.nice(3)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


async def _converse(sites: Sequence[SimulatedSite], floor: Floor, rng: random.Random) -> None:
    """One site speaks at a time, and nobody while a person does."""
    last: SimulatedSite | None = None
    while True:
        ready = [site for site in sites if site.ready]
        if floor.taken(time.monotonic()) or not ready:
            await asyncio.sleep(0.5)
            continue
        last = rng.choice([site for site in ready if site is not last] or ready)
        await last.speak(rng.uniform(*TURN_SECONDS))
        await asyncio.sleep(rng.uniform(*PAUSE_SECONDS))


async def _raise_hands(sites: Sequence[SimulatedSite], rng: random.Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(*BETWEEN_HANDS_SECONDS))
        quiet = [site for site in sites if site.ready and not site.microphone]
        if quiet:
            await rng.choice(quiet).raise_hand(rng.uniform(*HAND_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
