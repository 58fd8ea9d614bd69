"""A store of an earlier release is brought up to date with everything in it."""

import asyncio
import sqlite3
from datetime import UTC, datetime, time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from rooms.meetings.drafts import AgendaItem
from rooms.meetings.meetings import Meetings
from rooms.meetings.records import MeetingState
from rooms.store.database import MIGRATIONS, Database

NOON = "2026-03-02 05:00:00.000000"
THREE = "2026-03-02 08:00:00.000000"

UNITS = [(1, "UBND huyện KBang", "UBND huyện KBang"), (2, "UBND tỉnh", "UBND tỉnh")]
SITES = [(1, "kbang", "UBND huyện KBang", "KBang", 1), (2, "ubndtinh", "UBND tỉnh", "Tỉnh", 2)]
MEETINGS = [(1, "cu", "Giao ban tháng 2", "ended"), (2, None, "Giao ban tháng 3", "scheduled")]


def at_revision(file: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def fill(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.executemany(
            "INSERT INTO units (id, name, short_name, name_en, kind, level, rank)"
            " VALUES (?, ?, ?, '', 'ubnd', 'agency', 1)",
            UNITS,
        )
        db.executemany(
            "INSERT INTO sites (id, code, name, short_name, unit_id, rank, technician_phone,"
            " capacity, place, active) VALUES (?, ?, ?, ?, ?, 1, '0269', 30, 'Hội trường', 1)",
            SITES,
        )
        db.execute(
            "INSERT INTO accounts (id, username, full_name, position, role, language, active,"
            " created_at) VALUES (1, 'thuky', 'Trần Thị Hạnh', '', 'secretariat', 'vi', 1, ?)",
            (NOON,),
        )
        db.executemany(
            "INSERT INTO meetings (id, short_name, title, state, host_unit_id, chair_id, start,"
            " \"end\", notes, created_by, created_at) VALUES (?, ?, ?, ?, 2, 1, ?, ?, '', 1, ?)",
            [(*meeting, NOON, THREE, NOON) for meeting in MEETINGS],
        )
        db.executemany(
            "INSERT INTO meeting_sites (meeting_id, site_id) VALUES (?, ?)",
            [(1, 1), (1, 2), (2, 2)],
        )
        db.executemany(
            "INSERT INTO agenda_items (meeting_id, position, title, start, presenter, minutes)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (1, 1, "Khai mạc", "12:00:00.000000", "Chủ trì", 10),
                (1, 2, "Kết luận", None, "", None),
                (2, 1, "Thảo luận", None, "Các điểm cầu", 60),
            ],
        )
        db.execute(
            "INSERT INTO log_entries (meeting_id, seq, at, actor, event)"
            " VALUES (1, 1, 1.5, 'system', '{}')"
        )
    db.close()


async def test_meetings_of_the_first_release_survive(tmp_path: Path):
    file = tmp_path / "old.db"
    await asyncio.to_thread(at_revision, file, "0002")
    fill(file)
    db = Database(f"sqlite+aiosqlite:///{file}")
    await db.migrate()
    held = await Meetings(db).get("cu")
    coming = await Meetings(db).get(2)
    assert held is not None
    assert coming is not None
    assert (held.state, coming.state) == (MeetingState.ENDED, MeetingState.APPROVED)
    assert [site.code for site in held.sites] == ["kbang", "ubndtinh"]
    assert [site.code for site in coming.sites] == ["ubndtinh"]
    assert [(item.position, item.title, item.start, item.minutes) for item in held.agenda] == [
        (1, "Khai mạc", time(12), 10),
        (2, "Kết luận", None, None),
    ]
    assert coming.agenda == (
        AgendaItem(id=3, position=1, title="Thảo luận", presenter="Các điểm cầu", minutes=60),
    )
    assert held.start == held.changed_at == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert (held.revision, held.kind, held.public) == (1, "meeting", False)
    await db.close()
    with sqlite3.connect(file) as plain:
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
        assert plain.execute("SELECT count(*) FROM log_entries").fetchone() == (1,)
        plain.execute("UPDATE sites SET name = 'UBND xã KBang'")
    plain.close()
    db = Database(f"sqlite+aiosqlite:///{file}")
    renamed = await Meetings(db).get("cu")
    assert renamed is not None
    assert renamed.sites[0].name == "UBND huyện KBang"
    await db.close()
