"""The figures of the media plane, one row after the other, each with its target and command.

    python -m tests.load.table --quick     everything in small: whether the commands work
    python -m tests.load.table --full      the figures; wants a machine with nothing else to do

A row that needs what is not installed says so and is skipped.
"""

import argparse
import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.load.compare import compare

ROW_SECONDS = 600.0
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    figure: str
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure; `full` and `quick` are arguments of `diemcau bench`."""

    name: str
    title: str
    target: str
    full: str
    quick: str
    judge: Callable[[Report], Found]


def _ms(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _cost(report: Report) -> Found:
    us, plain = report["cpu_us_per_packet"], report["plain_packet_us"]
    figure = (
        f"{us:.2f} µs ({us / plain:.2f} plain packets of {plain:.2f} µs here),"
        f" lost {report['loss'] * 100:.3f} %, delay p99 {_ms(report['delay_ms_p99'])} ms"
    )
    return Found(figure, us <= 4.0 and report["ok"])


def _crowd(report: Report) -> Found:
    memory = report["memory_per_subscriber_bytes"]
    figure = (
        f"{report['subscribers']} subscribers: lost {report['loss'] * 100:.3f} %"
        f" ({report['full_buffer_drops']} into full buffers),"
        f" CPU {report['cpu_percent']:.0f} %, {report['cpu_us_per_packet']:.2f} µs,"
        f" delay p50/p99 {_ms(report['delay_ms_p50'])}/{_ms(report['delay_ms_p99'])} ms,"
        f" {memory / 1024:.0f} KiB each, join p95 {report['join_ms_p95']:.0f} ms,"
        f" load generator {report['crowd_cpu_percent']:.0f} %{_relief(report)}"
    )
    return Found(figure, report["ok"] and memory <= 2**20)


def _relief(report: Report) -> str:
    """What the workers left out to be in time."""
    levels = report["relief_levels"]
    return f", relief level {'+'.join(map(str, levels))}" if any(levels) else ""


def _delay(report: Report) -> Found:
    low, high = report["delay_ms_p50"], report["delay_ms_p99"]
    if low is None:
        return Found("no packet had a stamp", False)
    figure = f"p50/p99 {low:.2f}/{high:.2f} ms at {report['cpu_percent']:.0f} % of the core"
    return Found(figure, low < 1.0 and high < 5.0)


def _province(report: Report) -> Found:
    workers = "+".join(f"{share:.0f}" for share in report["worker_cpu_percent"])
    figure = (
        f"{report['sites']} sites, {report['packets_per_second']:,.0f} packets/s:"
        f" lost {report['loss'] * 100:.3f} % ({report['full_buffer_drops']} into full buffers),"
        f" delay p50/p99 {_ms(report['delay_ms_p50'])}/{_ms(report['delay_ms_p99'])} ms,"
        f" workers {workers} %, service {report['service_cpu_percent']:.0f} %,"
        f" load generator {report['load_cpu_percent']:.0f} %,"
        f" {report['cpu_us_per_packet']:.2f} µs/packet,"
        f" {report['memory_per_site_bytes'] / 1024:.0f} KiB a site,"
        f" starved sites {report['starved_sites']}{_relief(report)}"
    )
    return Found(figure, report["ok"])


def _join(report: Report) -> Found:
    low, high = report["join_ms_p50"], report["join_ms_p95"]
    figure = f"p50/p95 {low:.0f}/{high:.0f} ms of {report['sites']} sites that join a meeting"
    return Found(figure, high < 1000)


ROWS = (
    Row(
        name="cost",
        title="CPU per forwarded packet, 1 -> 200",
        target="≤ 4 µs",
        full="--subscribers 200 --seconds 30 --pin",
        quick="--subscribers 20 --seconds 3 --pin",
        judge=_cost,
    ),
    Row(
        name="cost-4",
        title="CPU per forwarded packet, 4 -> 40",
        target="≤ 4 µs",
        full="--publishers 4 --subscribers 40 --seconds 30 --pin",
        quick="--publishers 4 --subscribers 8 --seconds 3 --pin",
        judge=_cost,
    ),
    Row(
        name="subscribers",
        title="subscribers of one speaker on one core; memory",
        target="≥ 1,200, loss < 0.5 %, ≤ 1 MiB each",
        full="--subscribers 1200 --seconds 30 --pin",
        quick="--subscribers 40 --seconds 3 --pin",
        judge=_crowd,
    ),
    Row(
        name="delay",
        title="added forwarding delay at half load",
        target="p50 < 1 ms, p99 < 5 ms",
        full="--subscribers 300 --seconds 30 --pin",
        quick="--subscribers 20 --seconds 3 --pin",
        judge=_delay,
    ),
    Row(
        name="province",
        title="one meeting of 250 sites, everyone sees other tiles",
        target="2 cores, loss < 0.1 %, delay p99 < 20 ms",
        full="--scenario province --sites 250 --workers 2 --seconds 30",
        quick="--scenario province --sites 14 --workers 2 --seconds 3",
        judge=_province,
    ),
    Row(
        name="province-same",
        title="one meeting of 250 sites, all see the same tiles",
        target="2 cores, loss < 0.1 %, delay p99 < 20 ms",
        full="--scenario province --sites 250 --tiles same --workers 2 --seconds 30",
        quick="--scenario province --sites 14 --tiles same --workers 2 --seconds 3",
        judge=_province,
    ),
    Row(
        name="join",
        title="join: socket open -> first picture, up to 60 sites inside",
        target="p95 < 1 s",
        full="--scenario province --sites 60 --seconds 5",
        quick="--scenario province --sites 14 --seconds 3",
        judge=_join,
    ),
)
RELAY_FULL = "--subscribers 300 --seconds 20"
RELAY_QUICK = "--subscribers 12 --seconds 3"
ONE, TWO = "--workers 1", "--workers 2 --spread"


def bench(words: str) -> Report | str:
    """The report of `diemcau bench WORDS`, or the line that says why there is none."""
    with tempfile.TemporaryDirectory(prefix="diemcau-table-") as folder:
        file = Path(folder) / "report.json"
        run = _run("conference", "bench", *shlex.split(words), "--json", str(file))
        if isinstance(run, str):
            return run
        if not file.exists():
            return (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
        report: Report = json.loads(file.read_text())
        return report


def _run(module: str, *words: str) -> subprocess.CompletedProcess[str] | str:
    command = [sys.executable, "-m", module, *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ROW_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done within {ROW_SECONDS:.0f} s"


def show(title: str, target: str, found: Found | str, command: str) -> None:
    if isinstance(found, str):
        mark, figure = "-", f"nothing measured: {found}"
    else:
        mark, figure = ("+" if found.reached else "!"), found.figure
    print(
        f"{mark} {title}\n    to reach  {target}\n    figure    {figure}\n    command   {command}"
    )
    sys.stdout.flush()


def _bench_row(row: Row, full: bool) -> None:
    words = row.full if full else row.quick
    report = bench(words)
    found = row.judge(report) if isinstance(report, dict) else report
    show(row.title, row.target, found, f"diemcau bench {words}")


def _relay_row(full: bool) -> None:
    """Both workers' CPU per copy against one worker's: what the relay adds, and what two carry."""
    words = RELAY_FULL if full else RELAY_QUICK
    one, two = bench(f"{words} {ONE}"), bench(f"{words} {TWO}")
    found: Found | str
    if isinstance(one, str) or isinstance(two, str):
        found = one if isinstance(one, str) else str(two)
    else:
        alone, both = one["cpu_us_per_packet"], two["cpu_us_per_packet"]
        shares = "+".join(f"{share:.0f}" for share in two["process_cpu_percent"])
        figure = (
            f"one worker {alone:.2f} µs, two {both:.2f} µs a copy ({shares} % of a core):"
            f" two cores carry {2 * alone / both:.2f} times one,"
            f" lost {two['loss'] * 100:.3f} %, delay p99 {_ms(two['delay_ms_p99'])} ms"
        )
        found = Found(figure, both <= 1.2 * alone and two["ok"])
    title = "one meeting over two workers against one"
    show(title, "≤ 1.2 times the CPU a copy", found, f"diemcau bench {words} [{ONE} | {TWO}]")


def _join_row(full: bool) -> None:
    words = ("--sites", "250", "--seconds", "30") if full else ("--sites", "10", "--seconds", "3")
    run = _run("tests.load.province_join", *words)
    found: Found | str
    if isinstance(run, str):
        found = run
    elif run.returncode > 1:
        found = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
    else:
        lines = run.stdout.strip().splitlines()
        found = Found("\n              ".join(lines), run.returncode == 0)
    show(
        "250 sites join within 30 s, two browsers inside",
        "no frame lost for those inside",
        found,
        f"python -m tests.load.province_join {' '.join(words)}",
    )


def _janus_row(full: bool) -> None:
    subscribers, seconds = (200, 20.0) if full else (8, 3.0)
    print("= against Janus")
    asyncio.run(compare(subscribers, seconds))


OTHERS: dict[str, Callable[[bool], None]] = {
    "relay": _relay_row,
    "join-250": _join_row,
    "janus": _janus_row,
}


def main() -> int:
    names = [*(row.name for row in ROWS), *OTHERS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true")
    size.add_argument("--full", action="store_true")
    parser.add_argument("--row", action="append", choices=names, help="only this one; repeatable")
    options = parser.parse_args()
    wanted = options.row or names
    for row in ROWS:
        if row.name in wanted:
            _bench_row(row, options.full)
    for name, show_row in OTHERS.items():
        if name in wanted:
            show_row(options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
