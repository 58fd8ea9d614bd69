"""The forwarding cost of this server beside others, one after the other on the same machine.

`python -m tests.load.compare --subscribers 200` loads this server, Debian's Janus tuned to one
event loop, and Janus as packaged, with the same bench, and prints what a forwarded packet costs and
the ratios. What is not installed is skipped with a line that says so.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.load.janus import PACKAGED, TUNED, JanusFailed, running_janus

RUN_SECONDS = 300.0  # beside the measured ones: starting, joining, leaving


@dataclass(frozen=True, slots=True)
class Figures:
    """What the bench found, or why nothing was."""

    name: str
    report: dict[str, Any] | None = None
    reason: str = ""

    @property
    def us(self) -> float | None:
        cost: float | None = None if self.report is None else self.report["cpu_us_per_packet"]
        return cost


Server = Callable[[], AbstractAsyncContextManager[list[str]]]


@contextlib.asynccontextmanager
async def ours() -> AsyncIterator[list[str]]:
    """The bench starts it by itself."""
    yield []


def janus(tuning: dict[str, str]) -> Server:
    @contextlib.asynccontextmanager
    async def server() -> AsyncIterator[list[str]]:
        async with running_janus(tuning) as running:
            yield ["--url", running.url, "--server-pid", str(running.pid)]

    return server


SERVERS: dict[str, Server] = {
    "ours": ours,
    "janus, one event loop": janus(TUNED),
    "janus as packaged": janus(PACKAGED),
}


async def bench(arguments: Sequence[str], seconds: float) -> dict[str, Any] | str:
    """The report of one run of `diemcau bench`, or why there is none."""
    with tempfile.TemporaryDirectory(prefix="diemcau-compare-") as folder:
        report = Path(folder) / "report.json"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "conference", "bench", *arguments,
            "--seconds", str(seconds), "--json", str(report),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            _, error = await asyncio.wait_for(process.communicate(), seconds + RUN_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            return f"not done within {seconds + RUN_SECONDS:.0f} s"
        if report.exists():
            found: dict[str, Any] = json.loads(report.read_text())
            return found
        lines = error.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {process.returncode}"


async def measure(name: str, subscribers: int, seconds: float) -> Figures:
    pinned = ["--pin"] if len(os.sched_getaffinity(0)) > 1 else []
    try:
        async with SERVERS[name]() as where:
            found = await bench([*where, "--subscribers", str(subscribers), *pinned], seconds)
    except JanusFailed as error:
        return Figures(name, reason=str(error))
    return Figures(name, reason=found) if isinstance(found, str) else Figures(name, found)


def line(figures: Figures, reference: Figures) -> str:
    report = figures.report
    if report is None or figures.us is None:
        return f"{figures.name:<24} skipped: {figures.reason}"
    ratio = f"{figures.us / reference.us:5.2f} x" if reference.us else ""
    return (
        f"{figures.name:<24} {figures.us:6.2f} µs/packet  {ratio:>8}"
        f"  CPU {report['cpu_percent']:5.1f} %  lost {report['loss'] * 100:6.3f} %"
        f"  delay p99 {report['delay_ms_p99'] or 0:6.1f} ms"
        f"  {report['memory_per_subscriber_bytes'] / 1024:5.0f} KiB/subscriber"
    )


async def compare(subscribers: int, seconds: float) -> list[Figures]:
    print(f"1 publisher -> {subscribers} subscribers, {seconds:g} s each", flush=True)
    found: list[Figures] = []
    for name in SERVERS:
        found.append(await measure(name, subscribers, seconds))
        print(line(found[-1], found[0]), flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    found = asyncio.run(compare(options.subscribers, options.seconds))
    return 0 if found[0].us is not None else 1


if __name__ == "__main__":
    sys.exit(main())
