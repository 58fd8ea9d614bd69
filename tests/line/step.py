"""A line that gets narrow and wide again, with what the service took it for.

    python -m tests.line.step media/bwe/plots/browser_step.svg

Two real browsers, 2 Mbit/s, 400 kbit/s, 2 Mbit/s towards the site. Needs root and Chromium.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import async_playwright

from media.bwe import plot
from tests.browser.running import running_demo
from tests.line.conditions import OFFICE
from tests.line.far_site import FarSite, Figures, far_site
from tests.line.shape import Shape
from tests.line.site import site_line

TRACED = Path(__file__).with_name("traced")
WIDE, NARROW = 2_000_000.0, 400_000.0
PHASES = ((WIDE, 20.0), (NARROW, 25.0), (WIDE, 30.0))  # bit/s, seconds
MEASURED_S = 10.0  # at the end of each phase
Columns = dict[str, list[float | None]]


def traced(folder: Path) -> dict[str, str]:
    """The environment of a service whose estimators write their traces into the folder."""
    root = Path(__file__).parents[2]
    return {"LINE_TRACES": str(folder), "PYTHONPATH": os.pathsep.join([str(TRACED), str(root)])}


@dataclass(frozen=True, slots=True)
class Phase:
    rate_bps: float
    begun: float  # monotonic seconds
    ended: float
    figures: Figures  # what the site saw in the last seconds


@dataclass(frozen=True, slots=True)
class Step:
    phases: tuple[Phase, ...]
    columns: Columns  # of the estimator's trace, with `link_bps`

    def estimates(self, phase: Phase, last_s: float) -> list[float]:
        """In the last seconds of a phase."""
        pairs = zip(self.columns["at"], self.columns["estimate_bps"], strict=True)
        return [
            estimate
            for at, estimate in pairs
            if at is not None and estimate is not None and phase.ended - last_s < at < phase.ended
        ]


async def step(meeting: FarSite, traces: Path) -> Step:
    phases = []
    for rate_bps, seconds in PHASES:
        begun = time.monotonic()
        meeting.line.shape(up=OFFICE, down=Shape(rate_bps=rate_bps, delay_s=0.02))
        await asyncio.sleep(seconds - MEASURED_S)
        down, _ = await meeting.measure(MEASURED_S)
        phases.append(Phase(rate_bps, begun, time.monotonic(), down))
    columns = _newest(traces, await meeting.site.seat())
    return Step(tuple(phases), _columns(columns, phases))


def _newest(traces: Path, seat: str) -> Columns:
    """The trace of the seat's latest transport."""
    seat = seat.replace(":", "-")
    files = sorted(traces.glob(f"{seat}#*.csv"), key=lambda path: path.stat().st_mtime)
    return plot.read(files[-1].read_text().splitlines())


def _columns(columns: Columns, phases: Sequence[Phase]) -> Columns:
    """The part of the trace since the first phase, with the line's rate beside it."""
    first = phases[0].begun
    kept = [n for n, at in enumerate(columns["at"]) if at is not None and at >= first]
    cut = {name: [values[n] for n in kept] for name, values in columns.items()}
    cut["link_bps"] = [
        next(p.rate_bps for p in reversed(phases) if p.begun <= (at or first)) for at in cut["at"]
    ]
    return cut


async def _run() -> Step:
    with (
        site_line() as line,
        tempfile.TemporaryDirectory() as folder,
        running_demo(
            Path(folder) / "data",
            host=line.host,
            environment={"DIEMCAU_MEDIA_ADDRESSES": line.host, **traced(Path(folder))},
        ) as running,
    ):
        async with async_playwright() as playwright, far_site(playwright, running, line) as meeting:
            return await step(meeting, Path(folder))


def _report(done: Step, out: Path) -> None:
    out.write_text(plot.svg(done.columns, "Chromium 156 behind a real queue"), encoding="utf-8")
    for phase in done.phases:
        estimates = done.estimates(phase, MEASURED_S)
        seen = {k: phase.figures[k] for k in ("fps", "width", "longest_gap_s", "concealed")}
        print(f"{phase.rate_bps:.0f} bit/s: {min(estimates):.0f} to {max(estimates):.0f}", seen)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.line.step", description=__doc__)
    parser.add_argument("out", type=Path, help="the picture (SVG) to write")
    out = parser.parse_args().out
    _report(asyncio.run(_run()), out)


if __name__ == "__main__":
    main()
