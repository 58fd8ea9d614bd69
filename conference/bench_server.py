"""The server a bench run measures: where it is, its processes, and how one is started."""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import aiohttp

from rooms.directory.tokens import TokenRole, issue_token, load_key

START_SECONDS = 60.0
STOP_SECONDS = 5.0
PORT_TRIES = 50
QUOTED_LINES = 20


class BenchFailed(Exception):
    """Nothing could be measured; the text is one line for the person at the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which server, and how to get in."""

    url: str
    meeting: str
    token: str  # "": tokens are signed with the key in `data`, one per client
    data: Path | None
    pid: int | None = None  # of the service, when it is ours

    def endpoint(self, kind: str) -> str:
        return f"{self.url.rstrip('/')}/{kind}/{self.meeting}"

    def token_for(self, role: TokenRole) -> str:
        if self.token or self.data is None:
            return self.token
        now = time.time()
        return issue_token(load_key(self.data), meeting=self.meeting, role=role, now=now)


@contextlib.asynccontextmanager
async def target_server(options: argparse.Namespace, workers: int = 1) -> AsyncIterator[Target]:
    """The server of `--url`, or one started for this run with so many media workers."""
    if options.url:
        yield Target(
            url=options.url, meeting=options.meeting, token=options.token, data=options.data
        )
        return
    with (
        tempfile.TemporaryDirectory(prefix="diemcau-bench-") as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8") as said,
    ):
        url = f"http://127.0.0.1:{_free_port()}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "conference", "demo", "--sites", "0", "--data", folder,
            "--listen", url.removeprefix("http://"),
            "--media-port", str(free_media_ports(workers)),
            stdout=asyncio.subprocess.DEVNULL, stderr=said, start_new_session=True,
            env=os.environ | _settings(workers, getattr(options, "spread", False)),
        )  # fmt: skip
        try:
            await _until_ready(url, process)
            yield Target(
                url=url,
                meeting=options.meeting,
                token="",
                data=Path(folder),
                pid=process.pid,
            )
        finally:
            await _stop(process)
            _quote(said)


def _quote(said: TextIO) -> None:
    """The last the server said, before what the bench has to say: that stands at the end."""
    said.seek(0)
    lines = said.read().splitlines()
    if len(lines) > QUOTED_LINES:
        print(f"server: {len(lines) - QUOTED_LINES} lines before these", file=sys.stderr)
    for line in lines[-QUOTED_LINES:]:
        print(f"server: {line}", file=sys.stderr)


def _settings(workers: int, spread: bool) -> dict[str, str]:
    settings = {"WORKERS": str(workers), "ADDRESSES": "127.0.0.1"}
    if spread:
        settings["SPREAD_PERCENT"] = "0"
    return {f"DIEMCAU_MEDIA_{name}": value for name, value in settings.items()}


def free_media_ports(count: int) -> int:
    """The first of `count` ports in a row that are free now, for UDP and for TCP.

    Raises:
        BenchFailed: none found.
    """
    for _ in range(PORT_TRIES):
        first = _free_port()
        if all(_is_free(port) for port in range(first, min(first + count, 65536))):
            return first
    raise BenchFailed(f"no {count} free ports in a row")


def _is_free(port: int) -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
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


async def worker_pids(url: str) -> list[int]:
    """The media workers of our own server, from its metrics."""
    return [pid for pid in await _gauges(url, "diemcau_worker_pid") if pid]


async def relief_levels(url: str) -> list[int]:
    """How much each media worker of our own server leaves out now."""
    return await _gauges(url, "diemcau_worker_relief_level")


async def _gauges(url: str, name: str) -> list[int]:
    """Whole numbers, by worker; of another server none."""
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as response:
            found = re.findall(rf"^{name}\{{[^}}]*\}} (\d+)", await response.text(), re.MULTILINE)
            return [int(value) for value in found]
    return []


def pids_here(pids: Sequence[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/stat").exists()]


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and kernel time of processes with all their threads (proc(5), fields 14 and 15)."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(pids: Sequence[int]) -> int:
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE")


def full_buffer_drops() -> int:
    """UDP datagrams this machine's sockets had no room for: of the server, or of the load."""
    names, values = (
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if "Udp:" in line
    )
    return int(values[names.index("RcvbufErrors")])


def pin(pids: Sequence[int]) -> None:
    """Every thread of the server on core 0, this process on the others."""
    others = os.sched_getaffinity(0) - {0}
    if not others:
        raise BenchFailed("--pin needs two cores")
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {0})
    os.sched_setaffinity(0, others)
