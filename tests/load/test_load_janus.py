"""Another server under the same bench: Debian's Janus, where it is installed."""

import json
from pathlib import Path

import pytest

from conference.__main__ import parse_arguments
from conference.bench import run_bench
from media.load.offer import Credentials as Ice
from media.load.offer import MediaPlan, new_ssrc, read_answer, write_offer
from tests.load.compare import Figures, line
from tests.load.janus import TUNED, answer_for_client, answer_for_janus, installed, running_janus


def offer_of(plan: MediaPlan) -> str:
    prints = [("sha-256", "AA")]
    return write_offer(plan.sections(), Ice(), prints, ("127.0.0.1", new_ssrc() % 60000))


def test_each_side_gets_the_answer_it_expects() -> None:
    client = offer_of(MediaPlan(audio_slots=1, video_slots=1))
    offered = (
        offer_of(MediaPlan(microphone=True, camera=True))
        .replace("a=extmap:3 ", "a=extmap:7 ")
        .replace("a=mid:1", "a=mid:v")
    )
    answer = answer_for_janus(offered, client)
    assert "a=group:BUNDLE 0 v" in answer
    assert answer.count("a=setup:active") == 2
    assert answer.count("a=recvonly") == 2
    assert "a=extmap:7 http://www.ietf.org/id/draft-holmer" in answer
    assert "a=extmap:3 " not in answer
    for_client = read_answer(answer_for_client(offered))
    assert for_client.passive
    assert [section.mid for section in for_client.sections] == ["0", "v"]


def test_what_was_not_measured_is_told_with_its_reason() -> None:
    report = {
        "cpu_us_per_packet": 4.0,
        "cpu_percent": 20.0,
        "loss": 0.0,
        "delay_ms_p99": 3.0,
        "memory_per_subscriber_bytes": 2048.0,
    }
    one = Figures("ours", report)
    other = Figures("other", {**report, "cpu_us_per_packet": 8.0})
    assert "2.00 x" in line(other, one)
    assert line(Figures("third", reason="not installed"), one).endswith("skipped: not installed")


@pytest.mark.skipif(not installed(), reason="janus is not installed: apt-get install janus")
async def test_the_bench_loads_janus(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    async with running_janus(TUNED) as janus:
        words = ["bench", "--url", janus.url, "--server-pid", str(janus.pid)]
        words += ["--subscribers", "3", "--seconds", "2.5", "--json", str(report)]
        await run_bench(parse_arguments(words))
    found = json.loads(report.read_text())
    assert found["sample_right"]
    assert found["cpu_us_per_packet"] > 0
