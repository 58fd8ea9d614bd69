"""The bench measures a foreign WHIP/WHEP server, and notices when media is lost or altered."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from plain_sfu import Faults, PlainSfu

from conference.__main__ import parse_arguments
from conference.bench import run_bench

Run = Callable[..., Awaitable[tuple[int, dict[str, object]]]]


@pytest.fixture
async def sfu() -> PlainSfu:
    return PlainSfu(token="secret")


@pytest.fixture
async def run(sfu: PlainSfu, tmp_path: Path) -> AsyncIterator[Run]:
    server = TestServer(sfu.app())
    await server.start_server()

    async def run(**options: str) -> tuple[int, dict[str, object]]:
        report = tmp_path / "report.json"
        given = {"url": f"http://127.0.0.1:{server.port}", "token": "secret", **options}
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        code = await run_bench(
            parse_arguments(
                ["bench", *words, "--subscribers", "3", "--seconds", "2.5", "--json", str(report)]
            )
        )
        return code, json.loads(report.read_text()) if report.exists() else {}

    yield run
    await server.close()


async def test_a_server_that_forwards_everything_passes(run: Run, sfu: PlainSfu) -> None:
    code, report = await run()
    assert (code, report["ok"]) == (0, True)
    assert report["loss"] == 0
    assert report["sample_decoded"] == report["sample_frames"]
    assert report["sample_frames"] >= 10
    # 3 subscribers of 180 video and 50 sound packets a second
    assert 0.7 < report["packets_per_second"] / 690 < 1.3
    assert 0 < report["delay_ms_p50"] <= report["delay_ms_p99"]
    assert sfu.ended == 4


async def test_lost_and_altered_packets_fail(run: Run, sfu: PlainSfu) -> None:
    sfu.faults = Faults(lose_every=50, alter_every=40)
    code, report = await run()
    assert (code, report["ok"], report["sample_right"]) == (1, False, False)
    assert 0.015 < report["loss"] < 0.025
    assert report["sample_altered"] > 0


async def test_a_wrong_token_is_one_clear_line(
    run: Run, sfu: PlainSfu, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = await run(token="wrong")
    assert code == 2
    error = capsys.readouterr().err
    assert error.startswith("bench: http://")
    assert "401" in error
    assert error.count("\n") == 1
    assert sfu.clients == {}
