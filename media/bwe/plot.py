"""`python -m media.bwe.plot trace.csv out.svg`: an estimator's trace as a picture.

The upper half shows rates, the lower half the queue. A column `link_bps`, where the trace has one
(simulations), is drawn as a grey step.
"""

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

WIDTH, HEIGHT = 860, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 26, 34
RATES_HEIGHT = 250
GAP = 30
SERIES = (
    ("link_bps", "line", "#999999", 2.5),
    ("arriving_bps", "arriving", "#2a9d4b", 1.0),
    ("estimate_bps", "estimate", "#c1121f", 1.8),
)
_NICE = (1, 2, 2.5, 5, 10)


def read(lines: Sequence[str]) -> dict[str, list[float | None]]:
    """Columns of a trace; empty cells and words are None."""
    columns: dict[str, list[float | None]] = {}
    for row in csv.DictReader(lines):
        for name, text in row.items():
            columns.setdefault(name, []).append(_number(text))
    return columns


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def svg(columns: dict[str, list[float | None]], title: str) -> str:
    times = [t or 0.0 for t in columns["at"]]
    start, end = times[0], max(times[-1], times[0] + 1.0)
    rates = [v for name, *_ in SERIES for v in columns.get(name, []) if v is not None]
    top_rate = _ceiling(max(rates, default=1.0))
    top_queue = _ceiling(max((v for v in columns["queue_ms"] if v is not None), default=1.0))
    lower = TOP + RATES_HEIGHT + GAP
    lower_height = HEIGHT - BOTTOM - lower

    def x(at: float) -> float:
        return LEFT + (at - start) / (end - start) * (WIDTH - LEFT - RIGHT)

    def rate_y(value: float) -> float:
        return TOP + RATES_HEIGHT * (1 - value / top_rate)

    def queue_y(value: float) -> float:
        return lower + lower_height * (1 - value / top_queue)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="16" font-weight="bold">{title}</text>',
    ]
    parts += _grid(rate_y, top_rate, lambda v: f"{v / 1e3:g} kbit/s")
    parts += _grid(queue_y, top_queue, lambda v: f"{v:g} ms")
    parts += _seconds(x, start, end)
    legend = WIDTH - RIGHT - 300
    for name, label, colour, width in SERIES:
        if name in columns:
            parts.append(_line(times, columns[name], x, rate_y, colour, width))
            parts.append(f'<text x="{legend}" y="16" fill="{colour}">{label}</text>')
            legend += 80
    parts.append(_line(times, columns["queue_ms"], x, queue_y, "#1d5fa8", 1.2))
    parts.append(f'<text x="{legend}" y="16" fill="#1d5fa8">queue</text>')
    return "\n".join([*parts, "</svg>", ""])


def _ceiling(value: float) -> float:
    """The next round number."""
    power = 10.0 ** (len(str(int(max(value, 1)))) - 1)
    return next(nice * power for nice in _NICE if nice * power >= value)


def _grid(y: Callable[[float], float], top: float, label: Callable[[float], str]) -> list[str]:
    parts = []
    for quarter in range(0, 5, 2):
        value = top * quarter / 4
        at = y(value)
        parts.append(
            f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
            f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label(value)}</text>'
        )
    return parts


def _seconds(x: Callable[[float], float], start: float, end: float) -> list[str]:
    step = _ceiling((end - start) / 8)
    parts = []
    at = start
    while at <= end:
        text = f"{at - start:g} s"
        parts.append(f'<text x="{x(at):.1f}" y="{HEIGHT - 12}" text-anchor="middle">{text}</text>')
        at += step
    return parts


def _line(
    times: Sequence[float],
    values: Sequence[float | None],
    x: Callable[[float], float],
    y: Callable[[float], float],
    colour: str,
    width: float,
) -> str:
    """With gaps where nothing is known."""
    points = []
    pen = "M"
    for at, value in zip(times, values, strict=True):
        if value is None:
            pen = "M"
        else:
            points.append(f"{pen}{x(at):.1f} {y(value):.1f}")
            pen = "L"
    shape = "".join(points)
    return f'<path d="{shape}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python -m media.bwe.plot trace.csv out.svg [title]")
    trace, out = Path(sys.argv[1]), Path(sys.argv[2])
    title = sys.argv[3] if len(sys.argv) > 3 else trace.stem
    out.write_text(svg(read(trace.read_text().splitlines()), title), encoding="utf-8")


if __name__ == "__main__":
    main()
