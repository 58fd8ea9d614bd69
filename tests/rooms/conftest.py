import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import argon2
import pytest
from rooms_live_world import World

from rooms.directory.accounts import Account, AccountRole, Accounts
from rooms.directory.directory import Directory
from rooms.meetings.drafts import draft_sites
from rooms.meetings.meetings import Meeting, MeetingDraft, Meetings
from rooms.seed.seed import seed_directory
from rooms.store.database import Database

NOW = datetime(2018, 6, 26, 1, 0, tzinfo=UTC)  # 08:00 in Gia Lai


@pytest.fixture
def now() -> datetime:
    return NOW


class Template(NamedTuple):
    """A seeded store to copy, and what is in it."""

    file: Path
    people: dict[str, Account]
    sites: dict[str, int]  # ids by code


def cheap(db: Database) -> Accounts:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Accounts(db, hasher=hasher)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    file = tmp_path_factory.mktemp("template") / "rooms.db"
    return asyncio.run(build(file))


async def build(file: Path) -> Template:
    db = Database(f"sqlite+aiosqlite:///{file}")
    await db.migrate()
    await seed_directory(db)
    directory = Directory(db)
    sites = {site.code: site.id for site in await directory.sites()}
    units = {unit.short_name: unit.id for unit in await directory.units()}
    wanted = {
        "chutri": (AccountRole.OFFICIAL, "UBND tỉnh", "ubndtinh"),
        "vptu": (AccountRole.OFFICIAL, "Văn phòng Tỉnh ủy", None),
        "daibieu": (AccountRole.OFFICIAL, "UBND huyện KBang", None),
        "thuky": (AccountRole.SECRETARIAT, "Văn phòng UBND tỉnh", None),
        "kythuat": (AccountRole.TECHNICIAN, "Sở Thông tin và Truyền thông", None),
        "quantri": (AccountRole.ADMINISTRATOR, "Sở Thông tin và Truyền thông", None),
        "ubndtinh": (AccountRole.SITE_DEVICE, "UBND tỉnh", "ubndtinh"),
        "kbang": (AccountRole.SITE_DEVICE, "UBND huyện KBang", "kbang"),
        "chuse": (AccountRole.SITE_DEVICE, "UBND huyện Chư Sê", "chuse"),
    }
    people = {
        username: await cheap(db).create(
            username=username,
            full_name=f"Tên {username}",
            position="Chức vụ",
            role=role,
            password="mot-mat-khau",
            unit_id=units[unit],
            site_id=sites[site] if site else None,
        )
        for username, (role, unit, site) in wanted.items()
    }
    await db.close()
    return Template(file, people, sites)


@pytest.fixture
async def db(tmp_path: Path, template: Template) -> AsyncIterator[Database]:
    """A store with the seed data and `people`."""
    shutil.copy(template.file, tmp_path / "rooms.db")
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/rooms.db")
    yield db
    await db.close()


@pytest.fixture
async def empty_db(tmp_path: Path) -> AsyncIterator[Database]:
    """A store with its tables and nothing in them."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    await db.migrate()
    yield db
    await db.close()


@pytest.fixture
def accounts(db: Database) -> Accounts:
    return cheap(db)


@pytest.fixture
def people(template: Template) -> dict[str, Account]:
    """One account of each kind; their usernames are the keys."""
    return template.people


@pytest.fixture
def draft(template: Template) -> MeetingDraft:
    people, sites = template.people, template.sites
    return MeetingDraft(
        title="Giao ban",
        start=NOW + timedelta(hours=1),
        end=NOW + timedelta(hours=3),
        host_unit_id=people["thuky"].unit_id,
        chair_id=people["chutri"].id,
        sites=draft_sites(sites[code] for code in ("kbang", "ubndtinh", "pleiku")),
    )


@pytest.fixture
async def meeting(db: Database, people: dict[str, Account], draft: MeetingDraft) -> Meeting:
    return await Meetings(db).schedule(draft, people["thuky"], NOW)


@pytest.fixture
def meeting_id(meeting: Meeting) -> int:
    return meeting.id


@pytest.fixture
async def world(db, tmp_path, meeting, people) -> AsyncIterator[World]:
    world = World(db, tmp_path / "recordings", meeting, people)
    yield world
    await world.live.close()
