"""`diemcau bench`: measures a WHIP/WHEP server, ours or another, under real WebRTC clients.

Two processes, so that the crowd does not disturb the measurement:

    this one   the publishers, and a few sample subscribers whose packets are timed by the kernel,
               decrypted, compared with what was sent, and decoded
    crowd      all other subscribers: ICE, DTLS and RTCP are real, received packets are counted by
               their clear headers and stay encrypted
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from conference.bench_clients import Clients, Viewers, connected_clients
from conference.bench_crowd import Crowd, crowd_of
from conference.bench_report import percentiles, shown, table, tell
from conference.bench_server import (
    BenchFailed,
    Target,
    cpu_seconds,
    full_buffer_drops,
    pids_here,
    pin,
    relief_levels,
    resident_bytes,
    target_server,
    worker_pids,
)
from conference.whip_client import WhipRefused
from media.load.clipfile import Clip
from media.load.clips import make_bench_clip
from media.load.dtls import new_certificate
from media.load.offer import MediaPlan
from media.load.peer import Peer, PeerFailed, Ticker, address_towards
from media.load.reference import plain_packet_us
from media.load.sample import Sample, judge
from rooms.directory.tokens import TokenRole

MAX_LOSS = 0.005
SAMPLES = 2  # subscribers that are timed and decoded
PUBLISH_TICK_S = 0.005
SETTLE_S = 1.5
MAX_AUDIO_SLOTS = 4


@dataclass(slots=True, kw_only=True)
class Result:
    """What was measured; also the JSON document."""

    publishers: int
    subscribers: int
    seconds: float = 0.0
    packets_per_second: float = 0.0
    megabits_per_second: float = 0.0
    loss: float = 0.0
    cpu_percent: float | None = None
    process_cpu_percent: tuple[float, ...] = ()  # of each server process
    cpu_us_per_packet: float | None = None
    plain_packet_us: float = 0.0  # write, encrypt and send one packet here, nothing else
    memory_per_subscriber_bytes: float | None = None
    delay_ms_p50: float | None = None
    delay_ms_p99: float | None = None
    join_ms_p50: float | None = None
    join_ms_p95: float | None = None
    sample_frames: int = 0
    sample_decoded: int = 0
    sample_altered: int = 0
    sample_right: bool = False
    crowd_cpu_percent: float = 0.0
    lost_transports: int = 0
    full_buffer_drops: int = 0
    relief_levels: tuple[int, ...] = ()  # of our own media workers, in the end
    ok: bool = False


async def run_bench(options: argparse.Namespace) -> int:
    """0: measured and right; 1: loss over 0.5 % or wrong media; 2: nothing measured."""
    counts = (options.publishers, options.subscribers, options.workers, options.burst)
    if min(counts) < 1 or options.seconds <= 0:
        print("bench: at least 1 publisher, 1 subscriber, 1 worker, some seconds", file=sys.stderr)
        return 2
    try:
        async with target_server(options, options.workers) as target:
            result = await _measure(options, target)
    except (BenchFailed, WhipRefused, PeerFailed, aiohttp.ClientError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    tell(_table(result), result, options.json)
    return 0 if result.ok else 1


def _table(result: Result) -> str:
    memory = result.memory_per_subscriber_bytes
    rows = [
        ("publishers -> subscribers", f"{result.publishers} -> {result.subscribers}"),
        ("forwarded", shown(result.packets_per_second, "packets/s", 0)),
        ("", shown(result.megabits_per_second, "Mbit/s")),
        ("lost", shown(result.loss * 100, "%", 3)),
        ("datagrams into full buffers", f"{result.full_buffer_drops}"),
        ("server CPU", shown(result.cpu_percent, "% of a core")),
        ("of each process", " + ".join(f"{share:.1f}" for share in result.process_cpu_percent)),
        ("server CPU per packet", shown(result.cpu_us_per_packet, "µs", 2)),
        ("a plain packet on this machine", shown(result.plain_packet_us, "µs", 2)),
        ("server CPU per plain packet", shown(_ratio(result), "", 2)),
        ("server memory per subscriber", shown(memory and memory / 1024, "KiB", 0)),
        ("added delay p50", shown(result.delay_ms_p50, "ms", 2)),
        ("added delay p99", shown(result.delay_ms_p99, "ms", 2)),
        ("join p50 / p95", f"{result.join_ms_p50 or 0:.0f} / {result.join_ms_p95 or 0:.0f} ms"),
        ("relief level of the workers", " + ".join(map(str, result.relief_levels)) or "unknown"),
        ("sample", f"{result.sample_decoded} of {result.sample_frames} frames decoded, "
                   f"{result.sample_altered} altered"),
        ("load generator CPU", shown(result.crowd_cpu_percent, "% of a core")),
        ("verdict", "right" if result.ok else "WRONG"),
    ]  # fmt: skip
    return table(rows)


def _ratio(result: Result) -> float | None:
    """Server CPU per packet in plain packets: what compares between machines."""
    if result.cpu_us_per_packet is None:
        return None
    return result.cpu_us_per_packet / result.plain_packet_us


# ---------------------------------------------------------------- measuring


async def _measure(options: argparse.Namespace, target: Target) -> Result:
    pids = pids_here(options.server_pid or await worker_pids(target.url))
    if options.pin:
        pin(pids)
    clip = await asyncio.to_thread(make_bench_clip)
    result = Result(publishers=options.publishers, subscribers=options.subscribers)
    result.plain_packet_us = await asyncio.to_thread(plain_packet_us)
    async with connected_clients(target, Ticker(PUBLISH_TICK_S)) as clients:
        await _publish(clients, options.publishers, options.burst, clip)
        await asyncio.sleep(0.5)
        memory = resident_bytes(pids)
        plan = _subscriber_plan(options)
        samples = [await _sample(clients, plan) for _ in range(min(SAMPLES, options.subscribers))]
        viewers = Viewers(target, plan, options.subscribers - len(samples))
        async with crowd_of(viewers) as crowd:
            joined = await crowd.join()
            await asyncio.sleep(SETTLE_S)
            if pids:
                grown = resident_bytes(pids) - memory
                result.memory_per_subscriber_bytes = grown / options.subscribers
            await _window(options.seconds, pids, clients, samples, crowd, result)
            result.relief_levels = tuple(await relief_levels(target.url))
        result.join_ms_p50, result.join_ms_p95 = percentiles(
            [*clients.join_ms[options.publishers :], *joined], (50, 95)
        )
        result.lost_transports += clients.lost()
    _judge(samples, clip, result)
    return result


async def _publish(clients: Clients, count: int, burst: int, clip: Clip) -> None:
    certificate, address = new_certificate(), address_towards(clients.target.url)
    plan = MediaPlan(microphone=True, camera=True)
    for _ in range(count):
        peer = await clients.add(
            "whip",
            TokenRole.PUBLISHER,
            lambda: Peer(certificate, plan, clip=clip, address=address, stamp=True, burst=burst),
        )
        if peer.publication is not None:
            peer.publication.microphone = peer.publication.speaking = True


def _subscriber_plan(options: argparse.Namespace) -> MediaPlan:
    """A picture slot for every publisher; sound slots as a browser has them."""
    return MediaPlan(
        audio_slots=min(options.publishers, MAX_AUDIO_SLOTS),
        video_slots=options.publishers,
        transport_cc=options.feedback == "transport-cc",
    )


async def _sample(clients: Clients, plan: MediaPlan) -> Sample:
    sample = Sample()
    certificate, address = new_certificate(), address_towards(clients.target.url)
    await clients.add(
        "whep",
        TokenRole.VIEWER,
        lambda: Peer(certificate, plan, address=address, on_rtp=sample.take),
    )
    return sample


async def _window(
    seconds: float,
    pids: Sequence[int],
    clients: Clients,
    samples: Sequence[Sample],
    crowd: Crowd,
    result: Result,
) -> None:
    """Measure for a while; everything is a difference between its two ends."""
    await crowd.begin()
    mine, started = clients.totals(), time.monotonic()
    cpu = [cpu_seconds([pid]) for pid in pids]
    drops = full_buffer_drops()
    for sample in samples:
        sample.recording = True
    await asyncio.sleep(seconds)
    for sample in samples:
        sample.recording = False
    elapsed = time.monotonic() - started
    used = [cpu_seconds([pid]) - then for pid, then in zip(pids, cpu, strict=True)]
    mine = clients.totals() - mine
    result.full_buffer_drops = full_buffer_drops() - drops
    theirs = await crowd.end()
    rate = mine.received / elapsed + theirs.total.received / theirs.seconds
    octets = mine.octets / elapsed + theirs.total.octets / theirs.seconds
    everything = mine + theirs.total
    result.seconds = elapsed
    result.packets_per_second = rate
    result.megabits_per_second = octets * 8 / 1e6
    result.loss = everything.loss
    result.crowd_cpu_percent = theirs.cpu_percent
    result.lost_transports = theirs.lost
    if pids and rate:
        result.process_cpu_percent = tuple(share / elapsed * 100 for share in used)
        result.cpu_percent = sum(result.process_cpu_percent)
        result.cpu_us_per_packet = sum(used) / elapsed / rate * 1e6


def _judge(samples: Sequence[Sample], clip: Clip, result: Result) -> None:
    verdict = judge(samples[0].packets, clip)
    result.sample_frames = verdict.frames
    result.sample_decoded = verdict.decoded
    result.sample_altered = verdict.altered
    result.sample_right = verdict.right
    delays = [delay for sample in samples for delay in sample.delays_ms]
    result.delay_ms_p50, result.delay_ms_p99 = percentiles(delays, (50, 99))
    result.ok = verdict.right and result.loss <= MAX_LOSS and result.lost_transports == 0
