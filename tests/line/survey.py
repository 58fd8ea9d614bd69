"""What two browsers see of each other on every line of `conditions.py`; a table and a JSON file.

    python -m tests.line.survey --out survey.json
    python -m tests.line.survey --firefox "10 % loss"
    python -m tests.line.survey --closed  # nothing passes but TLS on port 443: TURN
    python -m tests.line.survey --speech "10 % loss"  # a spoken text, without RED: in-band FEC

Needs root and Chromium. Not a test: it judges nothing. Takes half a minute a condition.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import async_playwright

from tests.browser.running import running_demo
from tests.line.closed import closed_network
from tests.line.conditions import CONDITIONS, Condition
from tests.line.far_site import FarSite, Figures, far_site
from tests.line.site import site_line
from tests.line.speech import speech_file

COLUMNS = (
    ("to", "who", 6), ("path", "path", 16), ("fps", "fps", 6), ("width", "px", 5),
    ("freezes", "frz", 4), ("longest_gap_s", "gap s", 6), ("concealed", "hidden %", 9),
    ("fec_packets", "fec", 5), ("audio_buffer_ms", "voice ms", 9),
    ("video_buffer_ms", "video ms", 9), ("rtt_ms", "rtt", 6), ("down_kbps", "kbit/s", 8),
    ("up_target_kbps", "target", 8), ("queued", "queue drops", 12), ("plis", "pli", 4),
)  # fmt: skip


async def survey(
    names: Sequence[str], seconds: float, *, firefox: bool, speech: bool
) -> list[Figures]:
    """Measure the conditions one after the other; a good line between them."""
    rows: list[Figures] = []
    with (
        site_line() as line,
        tempfile.TemporaryDirectory() as data,
        running_demo(
            Path(data), host=line.host, environment={"DIEMCAU_MEDIA_ADDRESSES": line.host}
        ) as running,
    ):
        spoken = speech_file(Path(data)) if speech else None
        async with (
            async_playwright() as playwright,
            far_site(playwright, running, line, firefox=firefox, speech=spoken) as meeting,
        ):
            for name in names:
                rows += await _measured(meeting, name, CONDITIONS[name], seconds)
                await _recover(meeting, name)
    return rows


async def survey_closed(seconds: float) -> list[Figures]:
    with (
        site_line() as line,
        tempfile.TemporaryDirectory() as folder,
        closed_network(line, Path(folder)) as closed,
    ):
        async with (
            async_playwright() as playwright,
            far_site(
                playwright, closed.running, line, condition=closed.firewall, home=closed.home
            ) as meeting,
        ):
            return await _measured(meeting, "all but TCP 443", closed.firewall, seconds)


async def _measured(
    meeting: FarSite, name: str, condition: Condition, seconds: float
) -> list[Figures]:
    """Two rows, printed at once."""
    meeting.line.shape(up=condition.up, down=condition.down)
    await asyncio.sleep(condition.settle_s)
    before = meeting.line.counts()
    down, up = await meeting.measure(seconds)
    after = meeting.line.counts()
    rows = []
    for way, to, figures in (("down", "site", down), ("up", "chair", up)):
        line = {key: after[way][key] - before[way].get(key, 0) for key in after[way]}
        rows.append({"condition": name, "to": to, **figures, "queued": line.get("queue", 0)})
        print(_line(rows[-1]), flush=True)
    return rows


async def _recover(meeting: FarSite, name: str) -> None:
    try:
        await meeting.recover()
    except AssertionError as error:
        print(f"{name}: after it, on a good line: {error}", flush=True)


def _line(row: Figures) -> str:
    cells = [f"{row['condition']:<24}"]
    for key, _, width in COLUMNS:
        value = row[key]
        if key == "concealed" and value is not None:
            value *= 100
        text = "-" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)
        cells.append(f"{text:>{width}}")
    return "".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.line.survey", description=__doc__)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--seconds", type=float, default=15.0, help="measured per condition")
    parser.add_argument("--firefox", action="store_true", help="the site uses Firefox")
    parser.add_argument("--closed", action="store_true", help="TLS on port 443 alone passes")
    parser.add_argument("--speech", action="store_true", help="the chair speaks, without RED")
    parser.add_argument("conditions", nargs="*", metavar="CONDITION", help="default: all")
    arguments = parser.parse_args()
    unknown = set(arguments.conditions) - set(CONDITIONS)
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(CONDITIONS)}")
    print(f"{'line':<24}" + "".join(f"{title:>{width}}" for _, title, width in COLUMNS))
    names = arguments.conditions or list(CONDITIONS)
    rows = asyncio.run(
        survey_closed(arguments.seconds)
        if arguments.closed
        else survey(names, arguments.seconds, firefox=arguments.firefox, speech=arguments.speech)
    )
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
