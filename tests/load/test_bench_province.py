"""The province in small: every site sees its tiles and hears the voices, over the real service."""

import json
from pathlib import Path

from conference.__main__ import parse_arguments
from conference.bench_province import STAGE, parts_of, run_province
from conference.bench_sites import TILES
from rooms.session.model import SeatId

SEATS = [SeatId(f"site:{number}") for number in range(30)]


def test_spread_tiles_watch_every_camera_and_same_tiles_the_first_ones() -> None:
    spread = parts_of(SEATS, "spread")
    watched = [tile for part in spread for tile in part.tiles]
    assert all(len(part.tiles) == TILES for part in spread)
    assert set(watched) == set(SEATS[1:]), "the main picture is nobody's tile"
    same = parts_of(SEATS, "same")
    assert {part.tiles for part in same[TILES + 1 :]} == {tuple(SEATS[1 : TILES + 1])}
    for part in (*spread, *same):
        assert part.seat not in part.tiles
    assert [part.wait_s for part in spread[: STAGE + 2]] == [0.0] * (STAGE + 1) + [0.1]


async def test_a_small_province_gets_its_pictures_and_voices(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["bench", "--scenario", "province", "--sites", "14", "--workers", "2"]
    await run_province(parse_arguments([*words, "--seconds", "3", "--json", str(report)]))
    found = json.loads(report.read_text())
    assert found["sample_right"]
    assert found["lost_transports"] == 0
    assert found["loss"] < 0.01
    # 180 large, 8 x 30 small, 2 or 3 x 50 voices a second
    assert 450 < found["packets_per_site"] < 900
    assert found["memory_per_site_bytes"] < 4e6
