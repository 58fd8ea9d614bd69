"""A store with ten years of the province's meetings in it, for measuring: `make_store`.

Everything is invented and the same at every run. Rows are written by the plain driver, a few
hundred thousand a second; the tables are those the migrations make.
"""

import contextlib
import itertools
import json
import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rooms.directory.accounts import AccountRole, Accounts
from rooms.meetings.drafts import MeetingDraft, draft_sites
from rooms.meetings.revisions import encode
from rooms.seed.seed import seed_directory
from rooms.store.database import Database

YEARS = 10
WORDS = (
    "Hội nghị trực tuyến triển khai nhiệm vụ",
    "Họp giao ban công tác",
    "Họp trực tuyến về phòng, chống thiên tai",
    "Hội nghị sơ kết thực hiện nghị quyết",
    "Họp nghe báo cáo tiến độ giải ngân vốn đầu tư công",
    "Hội nghị phổ biến văn bản về cải cách hành chính",
)
SURNAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Rơ Châm", "Siu", "Ksor", "Đinh", "Kpă", "Võ")
MIDDLES = ("Văn", "Thị", "Minh", "Quang", "H'", "Y", "Đức", "Thanh")
GIVEN = ("An", "Bình", "Chung", "Dũng", "Hạnh", "Hơ", "Lan", "Minh", "Oanh", "Phúc", "Sơn", "Yến")


@dataclass(frozen=True, slots=True)
class Store:
    file: Path
    administrator: int  # account
    secretary: int
    large: int  # a meeting to come with every site
    usual: int  # a meeting to come
    past: int  # one long over, with every site


async def make_store(file: Path, meetings: int, sites: int, people: int, now: datetime) -> Store:
    """Make the store, or find it when the file is there."""
    if not file.exists():  # noqa: ASYNC240
        await _make(file, meetings, sites, people, now)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return _described(connection, file, now)


async def _make(file: Path, meetings: int, sites: int, people: int, now: datetime) -> None:
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    db = Database(f"sqlite+aiosqlite:///{partial}")
    await db.migrate()
    await seed_directory(db)
    accounts = Accounts(db)
    for name, role in (
        ("quantri", AccountRole.ADMINISTRATOR),
        ("thuky", AccountRole.SECRETARIAT),
        ("kythuat", AccountRole.TECHNICIAN),
    ):
        await accounts.create(username=name, full_name=f"Tên {name}", role=role, password=None)
    await db.close()
    with contextlib.closing(sqlite3.connect(partial)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file
        connection.execute("PRAGMA synchronous = OFF")
        _Filler(connection, random.Random(7), now).fill(meetings, sites, people)
        connection.execute("ANALYZE")
        connection.commit()
    partial.rename(file)


def _described(connection: sqlite3.Connection, file: Path, now: datetime) -> Store:
    def one(query: str, *values: object) -> int:
        found = connection.execute(query, values).fetchone()
        return int(found[0])

    counted = (
        "SELECT m.id FROM meetings m JOIN meeting_sites s ON s.meeting_id = m.id WHERE {} "
        "GROUP BY m.id ORDER BY count(*) {}, m.id LIMIT 1"
    )
    account = "SELECT id FROM accounts WHERE username = ?"
    return Store(
        file=file,
        administrator=one(account, "quantri"),
        secretary=one(account, "thuky"),
        large=one(counted.format("m.start > ?", "DESC"), stamp(now)),
        usual=one(counted.format("m.start > ?", "ASC"), stamp(now)),
        past=one(counted.format("m.state = 'ended'", "DESC")),
    )


def stamp(at: datetime) -> str:
    """A time as SQLAlchemy keeps it in SQLite."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _draft(row: dict[str, object], start: datetime, end: datetime, sites: Sequence[int]) -> str:
    draft = MeetingDraft(
        title=str(row["title"]),
        start=start,
        end=end,
        host_unit_id=int(str(row["host_unit_id"])),
        chair_id=int(str(row["chair_id"])),
        sites=draft_sites(sites),
    )
    return encode(draft)


class _Filler:
    def __init__(
        self, connection: sqlite3.Connection, chance: random.Random, now: datetime
    ) -> None:
        self._connection = connection
        self._chance = chance
        self._now = now
        self._numbers: dict[str, Iterator[int]] = {}

    def fill(self, meetings: int, sites: int, people: int) -> None:
        self._sites(sites)
        self._people(people)
        self._officials()
        self._meetings(meetings)

    def _column(self, query: str) -> list[int]:
        return [row[0] for row in self._connection.execute(query)]

    def _next(self, table: str) -> int:
        if table not in self._numbers:
            (last,) = self._connection.execute(f"SELECT max(id) FROM {table}").fetchone()
            self._numbers[table] = itertools.count((last or 0) + 1)
        return next(self._numbers[table])

    def _put(self, table: str, rows: Iterable[dict[str, object]]) -> None:
        rows = list(rows)
        if not rows:
            return
        names = ", ".join(f'"{name}"' for name in rows[0])
        marks = ", ".join("?" for _ in rows[0])
        self._connection.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", (tuple(row.values()) for row in rows)
        )

    def _sites(self, wanted: int) -> None:
        have = len(self._column("SELECT id FROM sites"))
        communes = self._connection.execute(
            "SELECT id, short_name FROM units WHERE level = 'commune' ORDER BY rank"
        ).fetchall()
        agencies = self._connection.execute(
            "SELECT id, short_name FROM units WHERE level = 'agency' ORDER BY rank"
        ).fetchall()
        homes = [*communes, *agencies][: max(0, wanted - have)]
        self._put(
            "sites",
            (
                {
                    "id": self._next("sites"),
                    "code": f"x{number}",
                    "name": f"UBND {name}",
                    "short_name": name,
                    "unit_id": unit,
                    "rank": 100 + number,
                    "technician_phone": f"0905 {number:06d}",
                    "capacity": 20,
                    "place": "Phòng họp",
                    "active": 1,
                    "email": f"x{number}@example.vn",
                    "contact_name": "",
                    "contact_phone": "",
                    "microphone": "direct",
                    "device": "",
                }
                for number, (unit, name) in enumerate(homes)
            ),
        )

    def _name(self) -> str:
        parts = (SURNAMES, MIDDLES, GIVEN)
        return " ".join(self._chance.choice(part) for part in parts)

    def _people(self, wanted: int) -> None:
        units = self._column("SELECT id FROM units ORDER BY id")
        self._put(
            "people",
            (
                {
                    "id": self._next("people"),
                    "honorific": "Ông",
                    "full_name": self._name(),
                    "position": "Chuyên viên",
                    "unit_id": units[number % len(units)],
                    "rank": number // len(units),
                    "email": f"p{number}@example.vn",
                    "phone": f"0912 {number:06d}",
                    "active": 1,
                }
                for number in range(wanted)
            ),
        )

    def _officials(self) -> None:
        units = self._column("SELECT id FROM units WHERE level = 'agency' ORDER BY rank")
        sites = self._column("SELECT id FROM sites ORDER BY rank")
        made = [("official", unit, None) for unit in units[:60]]
        made += [("site-device", None, site) for site in sites]
        self._put(
            "accounts",
            (
                {
                    "id": self._next("accounts"),
                    "username": f"t{number}",
                    "full_name": self._name(),
                    "position": "Phó Giám đốc",
                    "role": role,
                    "unit_id": unit,
                    "site_id": site,
                    "language": "vi",
                    "active": 1,
                    "password_hash": None,
                    "created_at": stamp(self._now),
                }
                for number, (role, unit, site) in enumerate(made)
            ),
        )

    def _meetings(self, wanted: int) -> None:
        chairs = self._column("SELECT id FROM accounts WHERE role = 'official' ORDER BY id")
        hosts = self._column("SELECT id FROM units WHERE level = 'agency' ORDER BY rank LIMIT 40")
        sites = self._column("SELECT id FROM sites ORDER BY rank, id")
        first = self._now.date() - timedelta(days=365 * YEARS)
        days = list(_days(first, self._now.date() + timedelta(days=60)))
        rows = []
        for number in range(wanted):
            rows.append(self._meeting(days[number * len(days) // wanted], chairs, hosts))
            if len(rows) == 1000:
                self._write(rows, sites)
                rows = []
        self._write(rows, sites)

    def _meeting(
        self, day: date, chairs: Sequence[int], hosts: Sequence[int]
    ) -> tuple[dict[str, object], datetime, datetime]:
        chance = self._chance
        hour = chance.choice((7, 8, 9, 13, 14, 15))
        start = datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC) - timedelta(hours=7)
        end = start + timedelta(minutes=chance.choice((60, 90, 120, 180)))
        drawn = chance.random()
        over = "cancelled" if drawn < 0.03 else "postponed" if drawn < 0.05 else "ended"
        made = start - timedelta(days=7)
        row: dict[str, object] = {
            "id": self._next("meetings"),
            "short_name": None,
            "title": f"{chance.choice(WORDS)} {day.month}/{day.year}",
            "host_unit_id": chance.choice(hosts),
            "chair_id": chance.choice(chairs),
            "start": stamp(start),
            "end": stamp(end),
            "state": over if end < self._now else chance.choice(("approved", "invited")),
            "notes": "",
            "created_by": 2,
            "created_at": stamp(made),
            "kind": chance.choice(("conference", "briefing", "meeting")),
            "venue": "",
            "public": int(chance.random() < 0.2),
            "revision": 3,
            "changed_at": stamp(made),
        }
        return row, start, end

    def _write(
        self, meetings: Sequence[tuple[dict[str, object], datetime, datetime]], sites: Sequence[int]
    ) -> None:
        invited = {int(str(row["id"])): self._invited(sites) for row, _, _ in meetings}
        self._put("meetings", (row for row, _, _ in meetings))
        self._put("agenda_items", self._agenda(meetings))
        self._put("meeting_revisions", self._revisions(meetings, invited))
        pairs = [(row, site) for row, _, _ in meetings for site in invited[int(str(row["id"]))]]
        self._put("meeting_sites", (self._site(row, site) for row, site in pairs))
        self._put("site_answers", (self._answer(row, site) for row, site in pairs))
        self._put("answer_history", (self._history(row, site) for row, site in pairs))
        self._put("recipients", (self._recipient(row, site) for row, site in pairs))

    def _invited(self, sites: Sequence[int]) -> list[int]:
        drawn = self._chance.random()
        if drawn < 0.05:
            return list(sites)
        if drawn < 0.3:
            return list(sites[:20])
        return sorted(self._chance.sample(sites[:20], self._chance.randint(4, 12)))

    def _agenda(
        self, meetings: Sequence[tuple[dict[str, object], datetime, datetime]]
    ) -> Iterator[dict[str, object]]:
        for row, _, _ in meetings:
            for position, title in enumerate(("Khai mạc", "Báo cáo", "Thảo luận", "Kết luận"), 1):
                yield {
                    "id": self._next("agenda_items"),
                    "meeting_id": row["id"],
                    "position": position,
                    "title": title,
                    "start": None,
                    "presenter": "Chủ trì",
                    "minutes": 20,
                }

    def _revisions(
        self,
        meetings: Sequence[tuple[dict[str, object], datetime, datetime]],
        invited: dict[int, list[int]],
    ) -> Iterator[dict[str, object]]:
        for row, start, end in meetings:
            content = _draft(row, start, end, invited[int(str(row["id"]))])
            for revision, action in enumerate(("created", "changed", "invited"), 1):
                yield {
                    "id": self._next("meeting_revisions"),
                    "meeting_id": row["id"],
                    "revision": revision,
                    "at": row["created_at"],
                    "by": 2,
                    "action": action,
                    "note": "",
                    "content": content,
                }

    def _site(self, row: dict[str, object], site: int) -> dict[str, object]:
        return {
            "meeting_id": row["id"],
            "site_id": site,
            "name": "",
            "short_name": "",
            "unit_name": "",
            "composition": "Lãnh đạo UBND",
            "delegates": self._chance.randint(3, 20),
        }

    def _answer(self, row: dict[str, object], site: int) -> dict[str, object]:
        drawn = self._chance.random()
        state = "confirmed" if drawn < 0.85 else "declined" if drawn < 0.93 else "pending"
        return {
            "meeting_id": row["id"],
            "site_id": site,
            "state": state,
            "reason": "Bận họp khác" if state == "declined" else "",
            "presiding_name": "Nguyễn Văn An",
            "presiding_position": "Chủ tịch",
            "head_count": self._chance.randint(3, 20) if state == "confirmed" else 0,
            "note": "",
            "answered_at": None if state == "pending" else row["created_at"],
            "by": "Máy của điểm cầu",
            "reopened": 0,
            "revision": 1,
        }

    def _history(self, row: dict[str, object], site: int) -> dict[str, object]:
        return {
            "id": self._next("answer_history"),
            "meeting_id": row["id"],
            "site_id": site,
            "at": row["created_at"],
            "by": "Máy của điểm cầu",
            "action": "confirmed",
            "detail": json.dumps({}),
        }

    def _recipient(self, row: dict[str, object], site: int) -> dict[str, object]:
        number = self._next("recipients")
        return {
            "id": number,
            "meeting_id": row["id"],
            "site_id": site,
            "name": "Điểm cầu",
            "email": f"x{site}@example.vn",
            "link_hash": f"{number:064x}",
            "link_version": 0,
            "sent_at": row["created_at"],
            "reason": "",
        }


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day < last:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)
