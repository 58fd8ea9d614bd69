"""`PYTHONPATH=. python tests/media/bwe_plots.py`: the pictures of media/BWE.md, from simulated
lines."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from bwe_world import Line  # noqa: E402

from media.bwe import plot  # noqa: E402

SECONDS = 60.0
STEP = {20.0: 0.4e6, 40.0: 2e6}
RANDOM_LOSS = {20.0: 1.5e6, 40.0: 3e6}


def draw(name: str, title: str, line: Line, changes: dict[float, float]) -> None:
    start = line.down.rate_bps
    line.run(SECONDS, changes)
    columns = plot.read(line.lines)
    link: list[float | None] = []
    for at in columns["at"]:
        passed = [t for t in changes if t <= (at or 0.0)]
        link.append(changes[max(passed)] if passed else start)
    columns["link_bps"] = link
    out = ROOT / "media" / "bwe" / "plots" / f"{name}.svg"
    out.write_text(plot.svg(columns, title), encoding="utf-8")


if __name__ == "__main__":
    draw("step", "2 Mbit/s, 400 kbit/s, 2 Mbit/s", Line(rate_bps=2e6), STEP)
    lossy = Line(rate_bps=3e6, wanted_bps=4e6, loss=0.1)
    draw("loss", "10 % random loss; 3, 1.5, 3 Mbit/s", lossy, RANDOM_LOSS)
