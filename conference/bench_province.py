"""`diemcau bench --scenario province`: one meeting of all sites of a province.

A speaker with 1.6 Mbit/s whom all see large, eight small tiles and three voices at every site, over
the public protocol. Three parties share the machine, and each is charged by itself:

    server     the media workers, and the service beside them
    stage      this process: the speaker, other voices, sites whose packets are timed and decoded
    crowd      all other sites
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import aiohttp

from conference.bench_crowd import Crowd, Window, crowd_of
from conference.bench_report import percentiles, shown, table, tell
from conference.bench_server import (
    BenchFailed,
    Target,
    cpu_seconds,
    full_buffer_drops,
    relief_levels,
    resident_bytes,
    target_server,
    worker_pids,
)
from conference.bench_sites import (
    TILES,
    BenchSite,
    Part,
    SiteGroup,
    Sites,
    pin_main,
    seed_province,
    site_token,
    surroundings,
)
from media.load.clipfile import Clip
from media.load.clips import make_meeting_clip
from media.load.mass import MassReception
from media.load.peer import Ticker
from media.load.sample import Sample, judge
from media.load.tally import Totals
from rooms.session.model import SeatId

MAX_LOSS = 0.001
MAX_DELAY_MS = 20.0
STARVED = 0.8  # of the packets the middle site gets
VOICES = 3
SAMPLES = 2
STAGE = VOICES + SAMPLES
JOINS_PER_S = 10.0
SETTLE_S = 15.0  # lines are found wide enough
STAGE_TICK_S = 0.005
STAGE_BURST = 2


@dataclass(slots=True, kw_only=True)
class Result:
    """What was measured; also the JSON document."""

    sites: int
    tiles: str
    workers: int
    seconds: float = 0.0
    packets_per_second: float = 0.0
    packets_per_site: float = 0.0  # a second, the middle site
    starved_sites: int = 0
    pictureless_sites: int = 0  # got none in time when they joined
    relief_levels: tuple[int, ...] = ()  # of the workers, in the end
    loss: float = 1.0
    delay_ms_p50: float | None = None
    delay_ms_p99: float | None = None
    worker_cpu_percent: tuple[float, ...] = ()
    service_cpu_percent: float = 0.0
    cpu_us_per_packet: float = 0.0  # of the workers
    load_cpu_percent: float = 0.0  # stage and crowd
    memory_per_site_bytes: float = 0.0  # of the workers
    service_memory_per_site_bytes: float = 0.0
    join_ms_p50: float | None = None  # to the first picture
    join_ms_p95: float | None = None
    lost_transports: int = 0
    full_buffer_drops: int = 0
    sample_frames: int = 0
    sample_decoded: int = 0
    sample_right: bool = False
    ok: bool = False


async def run_province(options: argparse.Namespace) -> int:
    """0: as it should be; 1: too much loss or delay, or wrong media; 2: nothing measured."""
    if options.url or options.sites < STAGE + TILES or options.workers < 1:
        print(
            f"bench: the province needs a server of its own and {STAGE + TILES} sites or more",
            file=sys.stderr,
        )
        return 2
    try:
        async with target_server(options, options.workers) as target:
            result = await _measure(options, target)
    except (BenchFailed, aiohttp.ClientError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    tell(_table(result), result, options.json)
    return 0 if result.ok else 1


def parts_of(
    seats: Sequence[SeatId], tiles: str, joins_per_s: float = JOINS_PER_S
) -> tuple[Part, ...]:
    """Who shows whom.

    Args:
        tiles: "same": all show the first sites, as the first page of a browser does; "spread":
            everybody another eight, so that every camera is sent.
    """
    parts = []
    for number, seat in enumerate(seats):
        others = [*seats[number + 1 :], *seats[:number]] if tiles == "spread" else seats
        shown_ = [other for other in others if other not in (seat, seats[0])][:TILES]
        wait_s = max(0, number - STAGE) / joins_per_s
        parts.append(
            Part(
                seat,
                tuple(shown_),
                speaks=number < VOICES,
                first=number < STAGE,
                wait_s=wait_s,
            )
        )
    return tuple(parts)


@contextlib.asynccontextmanager
async def stage_of(
    target: Target, parts: Sequence[Part], samples: Sequence[Sample], clip: Clip
) -> AsyncIterator[SiteGroup]:
    """Sites of this process, the last ones sampled."""
    mass = MassReception()
    first_sample = len(parts) - len(samples)
    async with surroundings(target, Ticker(STAGE_TICK_S, mass=mass)) as around:
        sites = []
        for number, part in enumerate(parts):
            sample = samples[number - first_sample] if number >= first_sample else None
            sites.append(
                BenchSite(
                    around,
                    part,
                    site_token(target, part.seat),
                    clip,
                    mass=mass if sample is None else None,
                    burst=STAGE_BURST,
                    on_rtp=sample.take if sample is not None else None,
                )
            )
        group = SiteGroup(sites)
        try:
            yield group
        finally:
            await group.leave()


async def _measure(options: argparse.Namespace, target: Target) -> Result:
    assert target.data is not None
    assert target.pid is not None
    seats = await seed_province(target.data, options.sites)
    parts = parts_of(seats, options.tiles)
    clip = await asyncio.to_thread(make_meeting_clip)
    server = _Server(await worker_pids(target.url), target.pid)
    result = Result(sites=len(parts), tiles=options.tiles, workers=len(server.workers))
    samples = [Sample() for _ in range(SAMPLES)]
    async with (
        stage_of(target, parts[:STAGE], samples, clip) as stage,
        crowd_of(Sites(target, parts[STAGE:])) as crowd,
    ):
        before = server.memory()
        await stage.join()
        await pin_main(target, seats[0])
        joined = await crowd.join()
        result.pictureless_sites = len(parts) - STAGE - len(joined)
        result.join_ms_p50, result.join_ms_p95 = percentiles(joined, (50, 95))
        await asyncio.sleep(SETTLE_S)
        workers, service = server.memory()
        result.memory_per_site_bytes = (workers - before[0]) / len(parts)
        result.service_memory_per_site_bytes = (service - before[1]) / len(parts)
        await _window(options.seconds, server, stage, samples, crowd, result)
        result.relief_levels = tuple(await relief_levels(target.url))
    _judge(samples, clip, result)
    return result


@dataclass(frozen=True, slots=True)
class _Server:
    workers: Sequence[int]
    service: int

    def memory(self) -> tuple[int, int]:
        return resident_bytes(self.workers), resident_bytes([self.service])

    def cpu(self) -> list[float]:
        """Of each worker, then of the service."""
        return [cpu_seconds([pid]) for pid in (*self.workers, self.service)]


async def _window(
    seconds: float,
    server: _Server,
    stage: SiteGroup,
    samples: Sequence[Sample],
    crowd: Crowd,
    result: Result,
) -> None:
    """Measure for a while; everything is a difference between its two ends."""
    await crowd.begin()
    here = stage.totals()
    drops = full_buffer_drops()
    cpu, own, started = server.cpu(), time.process_time(), time.monotonic()
    for sample in samples:
        sample.recording = True
    await asyncio.sleep(seconds)
    for sample in samples:
        sample.recording = False
    elapsed = time.monotonic() - started
    used = [now - then for now, then in zip(server.cpu(), cpu, strict=True)]
    own = time.process_time() - own
    result.full_buffer_drops = full_buffer_drops() - drops
    mine = [now - then for now, then in zip(stage.totals(), here, strict=True)]
    theirs = await crowd.end()
    *workers, service = (share / elapsed * 100 for share in used)
    result.seconds = elapsed
    result.worker_cpu_percent = tuple(workers)
    result.service_cpu_percent = service
    result.load_cpu_percent = own / elapsed * 100 + theirs.cpu_percent
    result.lost_transports = stage.lost() + theirs.lost
    _count(mine, theirs, elapsed, result)
    result.cpu_us_per_packet = sum(workers) / 100 / result.packets_per_second * 1e6


def _count(mine: Sequence[Totals], theirs: Window, elapsed: float, result: Result) -> None:
    result.loss = sum(mine, theirs.total).loss
    rates = [one.received / elapsed for one in mine]
    rates += [one.received / theirs.seconds for one in theirs.clients]
    result.packets_per_second = sum(rates)
    result.packets_per_site = statistics.median(rates)
    _speaker, *audience = rates  # who speaks does not see itself large
    result.starved_sites = sum(rate < STARVED * result.packets_per_site for rate in audience)


def _judge(samples: Sequence[Sample], clip: Clip, result: Result) -> None:
    verdict = judge(samples[0].packets, clip)
    result.sample_frames, result.sample_decoded = verdict.frames, verdict.decoded
    result.sample_right = verdict.right
    delays = [delay for sample in samples for delay in sample.delays_ms]
    result.delay_ms_p50, result.delay_ms_p99 = percentiles(delays, (50, 99))
    result.ok = (
        verdict.right
        and result.loss <= MAX_LOSS
        and result.delay_ms_p99 is not None
        and result.delay_ms_p99 < MAX_DELAY_MS
        and result.starved_sites == 0
        and result.pictureless_sites == 0
        and result.lost_transports == 0
    )


def _table(result: Result) -> str:
    workers = " + ".join(f"{share:.0f}" for share in result.worker_cpu_percent)
    rows = [
        ("sites, tiles", f"{result.sites}, {result.tiles}"),
        ("forwarded", shown(result.packets_per_second, "packets/s", 0)),
        ("a site", shown(result.packets_per_site, "packets/s", 0)),
        ("sites that get less", f"{result.starved_sites}"),
        ("sites without picture at first", f"{result.pictureless_sites}"),
        ("relief level of the workers", " + ".join(map(str, result.relief_levels))),
        ("lost", shown(result.loss * 100, "%", 3)),
        ("datagrams into full buffers", f"{result.full_buffer_drops}"),
        ("added delay p50", shown(result.delay_ms_p50, "ms", 2)),
        ("added delay p99", shown(result.delay_ms_p99, "ms", 2)),
        ("media workers CPU", f"{workers} % of a core"),
        ("media workers CPU per packet", shown(result.cpu_us_per_packet, "µs", 2)),
        ("service CPU", shown(result.service_cpu_percent, "% of a core", 0)),
        ("load generator CPU", shown(result.load_cpu_percent, "% of a core", 0)),
        ("media workers memory per site", shown(result.memory_per_site_bytes / 1024, "KiB", 0)),
        ("service memory per site", shown(result.service_memory_per_site_bytes / 1024, "KiB", 0)),
        ("join p50 / p95", f"{result.join_ms_p50 or 0:.0f} / {result.join_ms_p95 or 0:.0f} ms"),
        ("sample", f"{result.sample_decoded} of {result.sample_frames} frames decoded"),
        ("verdict", "right" if result.ok else "WRONG"),
    ]
    return table(rows)
