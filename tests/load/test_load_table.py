"""The table of figures: its commands exist, and what the bench reports can be judged."""

import shlex
from dataclasses import asdict, replace
from typing import Any

import pytest

from conference import bench, bench_province
from conference.__main__ import parse_arguments
from tests.load.table import ROWS, Found, Row, show

VIEWERS = bench.Result(
    publishers=1,
    subscribers=1200,
    cpu_percent=90.0,
    cpu_us_per_packet=3.2,
    plain_packet_us=2.7,
    memory_per_subscriber_bytes=2e5,
    delay_ms_p50=0.8,
    delay_ms_p99=4.0,
    join_ms_p50=20.0,
    join_ms_p95=50.0,
    ok=True,
)
PROVINCE = bench_province.Result(
    sites=250,
    tiles="spread",
    workers=2,
    worker_cpu_percent=(50.0, 50.0),
    delay_ms_p50=1.0,
    delay_ms_p99=9.0,
    join_ms_p50=200.0,
    join_ms_p95=500.0,
    ok=True,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_a_command_and_judges_its_report(row: Row) -> None:
    for words in (row.full, row.quick):
        options = parse_arguments(["bench", *shlex.split(words)])
    province = options.scenario == "province"
    report: dict[str, Any] = asdict(PROVINCE if province else VIEWERS)
    assert row.judge(report).reached
    nothing = (
        replace(PROVINCE, ok=False, join_ms_p95=3000.0)
        if province
        else replace(VIEWERS, ok=False, delay_ms_p50=None, delay_ms_p99=None)
    )
    assert not row.judge(asdict(nothing)).reached


def test_a_row_says_what_was_found_or_why_nothing_was(capsys: pytest.CaptureFixture[str]) -> None:
    show("title", "≤ 4", Found("3.2", True), "diemcau bench")
    show("title", "≤ 4", Found("5.0", False), "diemcau bench")
    show("title", "≤ 4", "no server", "diemcau bench")
    lines = capsys.readouterr().out.splitlines()
    assert [line[0] for line in lines[::4]] == ["+", "!", "-"]
    assert lines[-2].endswith("nothing measured: no server")
