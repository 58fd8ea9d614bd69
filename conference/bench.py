"""`diemcau bench`: measures a WHIP/WHEP server, ours or another, under real WebRTC clients.

Two processes, so that the crowd does not disturb the measurement:

    this one   the publishers, and a few sample subscribers whose packets are timed by the kernel,
               decrypted, compared with what was sent, and decoded
    crowd      all other subscribers: ICE, DTLS and RTCP are real, received packets are counted by
               their clear headers and stay encrypted
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import numpy as np
import uvloop

from conference.whip_client import WhipRefused, WhipSession
from media.load.clipfile import Clip
from media.load.clips import make_bench_clip
from media.load.dtls import new_certificate
from media.load.peer import MediaPlan, Peer, PeerFailed, Ticker
from media.load.sample import Sample, judge
from rooms.directory.tokens import TokenRole, issue_token, load_key

MAX_LOSS = 0.005
SAMPLES = 2  # subscribers that are timed and decoded
PUBLISH_TICK_S = 0.005
PUBLISH_BURST = 2  # 2 packets in 5 ms: the pace of a browser
CROWD_TICK_S = 0.02
JOINING = 8  # subscribers that connect at the same time
SETTLE_S = 1.5
MAX_AUDIO_SLOTS = 4
START_SECONDS = 30.0
STOP_SECONDS = 5.0


class BenchFailed(Exception):
    """Nothing could be measured; the text is one line for the person at the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which server, and how to get in."""

    url: str
    meeting: str
    token: str  # "": tokens are signed with the key in `data`, one per client
    data: Path | None

    def endpoint(self, kind: str) -> str:
        return f"{self.url.rstrip('/')}/{kind}/{self.meeting}"

    def token_for(self, role: TokenRole) -> str:
        if self.token or self.data is None:
            return self.token
        now = time.time()
        return issue_token(load_key(self.data), meeting=self.meeting, role=role, now=now)


@dataclass(slots=True)
class Count:
    """Totals of a group of subscribers."""

    received: int = 0
    expected: int = 0
    octets: int = 0

    def since(self, before: "Count") -> "Count":
        return Count(
            self.received - before.received,
            self.expected - before.expected,
            self.octets - before.octets,
        )


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
    cpu_us_per_packet: float | None = None
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
    ok: bool = False


# ---------------------------------------------------------------- command line


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--publishers", type=int, default=1, metavar="P")
    parser.add_argument("--subscribers", type=int, default=50, metavar="N")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S")
    parser.add_argument("--url", default="", help="server; without it one is started")
    parser.add_argument("--meeting", default="bench", metavar="M")
    parser.add_argument("--token", default="", help="bearer token for every client")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the server's data folder: signs tokens"
    )
    parser.add_argument("--server-pid", type=int, action="append", default=[], metavar="PID")
    parser.add_argument("--pin", action="store_true", help="server on core 0, load on the others")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


async def run_bench(options: argparse.Namespace) -> int:
    """0: measured and right; 1: loss over 0.5 % or wrong media; 2: nothing measured."""
    if options.publishers < 1 or options.subscribers < SAMPLES:
        print(f"bench: at least 1 publisher and {SAMPLES} subscribers", file=sys.stderr)
        return 2
    try:
        async with _target(options) as target:
            result = await _measure(options, target)
    except (BenchFailed, WhipRefused, PeerFailed, aiohttp.ClientError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(_table(result))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(asdict(result))))
    else:
        print(msgspec.json.encode(asdict(result)).decode())
    return 0 if result.ok else 1


def _table(result: Result) -> str:
    def shown(value: float | None, unit: str, digits: int = 1) -> str:
        return "unknown" if value is None else f"{value:,.{digits}f} {unit}"

    memory = result.memory_per_subscriber_bytes
    rows = [
        ("publishers -> subscribers", f"{result.publishers} -> {result.subscribers}"),
        ("forwarded", shown(result.packets_per_second, "packets/s", 0)),
        ("", shown(result.megabits_per_second, "Mbit/s")),
        ("lost", shown(result.loss * 100, "%", 3)),
        ("server CPU", shown(result.cpu_percent, "% of a core")),
        ("server CPU per packet", shown(result.cpu_us_per_packet, "µs", 2)),
        ("server memory per subscriber", shown(memory and memory / 1024, "KiB", 0)),
        ("added delay p50", shown(result.delay_ms_p50, "ms", 2)),
        ("added delay p99", shown(result.delay_ms_p99, "ms", 2)),
        ("join p50 / p95", f"{result.join_ms_p50 or 0:.0f} / {result.join_ms_p95 or 0:.0f} ms"),
        ("sample", f"{result.sample_decoded} of {result.sample_frames} frames decoded, "
                   f"{result.sample_altered} altered"),
        ("load generator CPU", shown(result.crowd_cpu_percent, "% of a core")),
        ("verdict", "right" if result.ok else "WRONG"),
    ]  # fmt: skip
    return "\n".join(f"  {name:<30}{value}" for name, value in rows)


# ---------------------------------------------------------------- the server


@contextlib.asynccontextmanager
async def _target(options: argparse.Namespace) -> AsyncIterator[Target]:
    """The server of `--url`, or one started for this run."""
    if options.url:
        yield Target(
            url=options.url, meeting=options.meeting, token=options.token, data=options.data
        )
        return
    with tempfile.TemporaryDirectory(prefix="diemcau-bench-") as folder:
        url = f"http://127.0.0.1:{_free_port(socket.SOCK_STREAM)}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "conference", "demo", "--sites", "0", "--data", folder,
            "--listen", url.removeprefix("http://"),
            "--media-port", str(_free_port(socket.SOCK_DGRAM)),
            stdout=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            await _until_ready(url, process)
            yield Target(url=url, meeting=options.meeting, token="", data=Path(folder))
        finally:
            await _stop(process)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    end = time.monotonic() + START_SECONDS
    async with aiohttp.ClientSession() as http:
        while time.monotonic() < end and process.returncode is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise BenchFailed("the server did not start")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _worker_pids(url: str) -> list[int]:
    """The media worker of our own server, from its metrics."""
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as response:
            found = re.findall(r"^diemcau_worker_pid (\d+)", await response.text(), re.MULTILINE)
            return [int(pid) for pid in found if int(pid)]
    return []


def _pids_here(pids: Sequence[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/stat").exists()]


def _cpu_seconds(pids: Sequence[int]) -> float:
    """User and kernel time of processes with all their threads (proc(5), fields 14 and 15)."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _resident_bytes(pids: Sequence[int]) -> int:
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def _pin(pids: Sequence[int]) -> None:
    """Every thread of the server on core 0, this process on the others."""
    others = os.sched_getaffinity(0) - {0}
    if not others:
        raise BenchFailed("--pin needs two cores")
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {0})
    os.sched_setaffinity(0, others)


# ---------------------------------------------------------------- measuring


@dataclass(slots=True)
class Clients:
    """Connected peers with their WHIP or WHEP sessions."""

    target: Target
    http: aiohttp.ClientSession
    ticker: Ticker
    peers: list[Peer] = field(default_factory=list)
    sessions: list[WhipSession] = field(default_factory=list)
    join_ms: list[float] = field(default_factory=list)

    async def add(self, kind: str, role: TokenRole, make: Callable[[], Peer]) -> Peer:
        """Connect one more client."""
        started = time.monotonic()
        peer = make()
        self.ticker.add(peer)
        session = WhipSession(self.http, self.target.endpoint(kind), self.target.token_for(role))
        self.sessions.append(session)
        self.peers.append(peer)
        await peer.connect(await session.start(peer.offer()))
        self.join_ms.append((time.monotonic() - started) * 1e3)
        return peer

    async def close(self) -> None:
        gate = asyncio.Semaphore(JOINING)

        async def stop(session: WhipSession) -> None:
            async with gate:
                await session.stop()

        await asyncio.gather(*(stop(session) for session in self.sessions))
        for peer in self.peers:
            peer.close()

    def count(self) -> Count:
        total = Count()
        for peer in self.peers:
            for track in peer.tracks.values():
                total.received += track.received
                total.expected += track.expected
                total.octets += track.octets
        return total

    def lost(self) -> int:
        return sum(peer.lost is not None for peer in self.peers)


@contextlib.asynccontextmanager
async def _clients(target: Target, tick_s: float) -> AsyncIterator[Clients]:
    ticker = Ticker(tick_s)
    ticking = asyncio.create_task(ticker.run())
    async with aiohttp.ClientSession() as http:
        clients = Clients(target, http, ticker)
        try:
            yield clients
        finally:
            await clients.close()
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking


async def _measure(options: argparse.Namespace, target: Target) -> Result:
    pids = _pids_here(options.server_pid or await _worker_pids(target.url))
    if options.pin:
        _pin(pids)
    clip = await asyncio.to_thread(make_bench_clip)
    result = Result(publishers=options.publishers, subscribers=options.subscribers)
    async with _clients(target, PUBLISH_TICK_S) as clients:
        await _publish(clients, options.publishers, clip)
        await asyncio.sleep(0.5)
        memory = _resident_bytes(pids)
        plan = _subscriber_plan(options.publishers)
        samples = [await _sample(clients, plan) for _ in range(SAMPLES)]
        async with _crowd(target, plan, options.subscribers - SAMPLES) as crowd:
            joined = await crowd.ask("join")
            await asyncio.sleep(SETTLE_S)
            if pids:
                grown = _resident_bytes(pids) - memory
                result.memory_per_subscriber_bytes = grown / options.subscribers
            await _window(options.seconds, pids, clients, samples, crowd, result)
        result.join_ms_p50, result.join_ms_p95 = _percentiles(
            [*clients.join_ms[options.publishers :], *joined], (50, 95)
        )
        result.lost_transports += clients.lost()
    _judge(samples, clip, result)
    return result


async def _publish(clients: Clients, count: int, clip: Clip) -> None:
    certificate, address = new_certificate(), _own_address(clients.target.url)
    plan = MediaPlan(microphone=True, camera=True)
    for _ in range(count):
        peer = await clients.add(
            "whip",
            TokenRole.PUBLISHER,
            lambda: Peer(
                certificate, plan, clip=clip, address=address, stamp=True, burst=PUBLISH_BURST
            ),
        )
        if peer.publication is not None:
            peer.publication.microphone = peer.publication.speaking = True


def _subscriber_plan(publishers: int) -> MediaPlan:
    return MediaPlan(audio_slots=min(publishers, MAX_AUDIO_SLOTS), video_slots=publishers)


async def _sample(clients: Clients, plan: MediaPlan) -> Sample:
    sample = Sample()
    certificate, address = new_certificate(), _own_address(clients.target.url)
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
    crowd: "Crowd",
    result: Result,
) -> None:
    """Measure for a while; everything is a difference between its two ends."""
    await crowd.ask("begin")
    mine, cpu, started = clients.count(), _cpu_seconds(pids), time.monotonic()
    for sample in samples:
        sample.recording = True
    await asyncio.sleep(seconds)
    for sample in samples:
        sample.recording = False
    elapsed = time.monotonic() - started
    used = _cpu_seconds(pids) - cpu
    mine = clients.count().since(mine)
    theirs = await crowd.ask("end")
    rate = mine.received / elapsed + theirs["received"] / theirs["seconds"]
    octets = mine.octets / elapsed + theirs["octets"] / theirs["seconds"]
    expected = mine.expected + theirs["expected"]
    received = mine.received + theirs["received"]
    result.seconds = elapsed
    result.packets_per_second = rate
    result.megabits_per_second = octets * 8 / 1e6
    result.loss = 1 - received / expected if expected else 1.0
    result.crowd_cpu_percent = theirs["cpu_percent"]
    result.lost_transports = theirs["lost"]
    if pids and rate:
        result.cpu_percent = used / elapsed * 100
        result.cpu_us_per_packet = used / elapsed / rate * 1e6


def _judge(samples: Sequence[Sample], clip: Clip, result: Result) -> None:
    verdict = judge(samples[0].packets, clip)
    result.sample_frames = verdict.frames
    result.sample_decoded = verdict.decoded
    result.sample_altered = verdict.altered
    result.sample_right = verdict.right
    delays = [delay for sample in samples for delay in sample.delays_ms]
    result.delay_ms_p50, result.delay_ms_p99 = _percentiles(delays, (50, 99))
    result.ok = verdict.right and result.loss <= MAX_LOSS and result.lost_transports == 0


def _percentiles(
    values: Sequence[float], which: tuple[int, int]
) -> tuple[float, float] | tuple[None, None]:
    if not values:
        return None, None
    low, high = (float(value) for value in np.percentile(np.asarray(values), which))
    return low, high


def _own_address(url: str) -> str:
    """Our address on the way to the server."""
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname or "127.0.0.1", parts.port or 80))
        address: str = probe.getsockname()[0]
        return address


# ---------------------------------------------------------------- the crowd


class Crowd:
    """This side of the pipe to the process with all other subscribers."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def ask(self, what: str) -> Any:
        """Send one word, wait for the answer.

        Raises:
            BenchFailed: the crowd's own failure, or it is gone.
        """
        self._pipe.send(what)
        try:
            answer = await asyncio.to_thread(self._pipe.recv)
        except EOFError:
            raise BenchFailed("the load process ended") from None
        if isinstance(answer, BenchFailed):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def _crowd(target: Target, plan: MediaPlan, count: int) -> AsyncIterator[Crowd]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(
        target=_crowd_process, args=(there, target, plan, count), daemon=True, name="crowd"
    )
    process.start()
    there.close()
    crowd = Crowd(here)
    try:
        yield crowd
        await crowd.ask("leave")
    finally:
        here.close()
        await asyncio.to_thread(process.join, STOP_SECONDS)
        if process.is_alive():
            process.kill()


def _crowd_process(pipe: Connection, target: Target, plan: MediaPlan, count: int) -> None:
    """Main function of the crowd."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_attend(pipe, target, plan, count))


async def _attend(pipe: Connection, target: Target, plan: MediaPlan, count: int) -> None:
    async with _clients(target, CROWD_TICK_S) as clients:
        before, cpu, started = Count(), 0.0, 0.0
        while True:
            try:
                what = await asyncio.to_thread(pipe.recv)
            except EOFError:
                return
            match what:
                case "join":
                    pipe.send(await _join(clients, plan, count))
                case "begin":
                    before, cpu, started = clients.count(), time.process_time(), time.monotonic()
                    pipe.send(None)
                case "end":
                    elapsed = time.monotonic() - started
                    pipe.send(
                        {
                            **asdict(clients.count().since(before)),
                            "seconds": elapsed,
                            "cpu_percent": (time.process_time() - cpu) / elapsed * 100,
                            "lost": clients.lost(),
                        }
                    )
                case _:
                    break
    pipe.send(None)


async def _join(clients: Clients, plan: MediaPlan, count: int) -> list[float] | BenchFailed:
    """Connect everybody, a few at a time; how long each took, in ms."""
    certificate, address = new_certificate(), _own_address(clients.target.url)
    gate = asyncio.Semaphore(JOINING)

    async def one() -> None:
        async with gate:
            await clients.add(
                "whep",
                TokenRole.VIEWER,
                lambda: Peer(certificate, plan, address=address, polled=True),
            )

    try:
        await asyncio.gather(*(one() for _ in range(count)))
    except (WhipRefused, PeerFailed, aiohttp.ClientError) as error:
        return BenchFailed(str(error))
    return clients.join_ms
