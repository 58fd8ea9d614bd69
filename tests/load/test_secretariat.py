"""The store of ten years, in small: it fits the tables, and every page has an address."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from rooms.meetings.meetings import Meetings
from rooms.reports.ledger import Ledger
from rooms.store.database import Database
from tests.load.secretariat import Timing, paths
from tests.load.ten_years import make_store


async def test_the_store_is_made_and_its_pages_are_known(tmp_path: Path):
    now = datetime.now(UTC)
    store = await make_store(tmp_path / "small.sqlite", 120, 40, 60, now)
    db = Database(f"sqlite+aiosqlite:///{store.file}")
    large = await Meetings(db).get(store.large)
    assert large is not None
    assert large.start > now
    assert await Ledger(db).follow() > 60, "months"
    await db.close()
    with closing(sqlite3.connect(store.file)) as connection:
        assert connection.execute("SELECT count(*) FROM meetings").fetchone() == (120,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    asked, skipped = paths(store, now)
    assert f"/cuoc-hop/{store.large}" in asked
    assert not [path for path in asked if "{" in path]
    assert "/cuoc-hop" not in skipped


def test_percentiles_of_a_page():
    timing = Timing("/", 200, ms=[float(number) for number in range(1, 101)])
    assert (timing.median, timing.p95) == (50.5, 96.0)
