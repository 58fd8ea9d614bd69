"""A conference of the whole province for a test: the service, 17 simulated sites, four browsers."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from conference.config import load
from rooms.directory.accounts import Accounts
from rooms.directory.directory import Directory
from rooms.meetings.drafts import AgendaItem, MeetingDraft, draft_sites
from rooms.meetings.meetings import Meetings
from rooms.store.database import Database
from tests.browser.people import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    Person,
    in_chromium,
    launch_chromium,
)
from tests.browser.running import Running, plain_environment, running_demo
from tests.line.site import Line, site_line

MEETING = "hoi-nghi-tinh"
AGENDA = ("Báo cáo tình hình", "Thảo luận", "Kết luận")
SIMULATED = 17  # all sites but the chair's and that of `SITE`
SITE, STRANGER = "kbang", "nongnghiep"
PHONE = {"width": 375, "height": 812}


@dataclass(slots=True)
class Conference:
    """`phone` knocks: nobody invited it."""

    running: Running
    line: Line  # of the site
    chair: Person
    secretary: Person
    site: Person
    phone: Person
    record: dict[str, Any] = field(default_factory=dict)  # what the minutes have to say

    @property
    def people(self) -> tuple[Person, ...]:
        return (self.chair, self.secretary, self.site, self.phone)

    async def all_see(self, what: str, timeout_s: float = 30.0) -> None:
        await asyncio.gather(*(person.until(what, timeout_s) for person in self.people))


@contextlib.asynccontextmanager
async def conference(data: Path) -> AsyncIterator[Conference]:
    """Everybody is signed in; the simulated sites are on their way; nobody else is inside yet."""
    with site_line() as line:
        settings = {"DIEMCAU_MEDIA_ADDRESSES": line.host}
        with running_demo(data, host=line.host, environment=settings) as running:
            await _schedule(data)
            with _simulated_sites(running):
                async with async_playwright() as playwright:
                    here = await launch_chromium(playwright, trusted=running.url)
                    there = await launch_chromium(playwright, trusted=running.url, inside=line)
                    people = [
                        await in_chromium(browser, running.url, *person, busy=400)
                        for browser, *person in (
                            (here, "chutri", RED, 300),
                            (here, "thuky", GREEN, 500),
                            (there, SITE, BLUE, 700),
                            (here, STRANGER, YELLOW, 900),
                        )
                    ]
                    for person in people:
                        person.meeting = MEETING
                    await people[3].tab.set_viewport_size(PHONE)
                    yield Conference(running, line, *people)
                    for browser in (here, there):
                        await browser.close()


async def _schedule(data: Path) -> None:
    """A meeting of the provincial sites and all districts that has just begun."""
    db = Database(load(None, {"DIEMCAU_DATA_FOLDER": str(data)}).database_url)
    try:
        chair = await Accounts(db).by_username("chutri")
        secretary = await Accounts(db).by_username("thuky")
        assert chair is not None
        assert secretary is not None
        sites = [site for site in await Directory(db).sites() if site.code != "stttt"]
        now = datetime.now(UTC)
        draft = MeetingDraft(
            title="Hội nghị trực tuyến toàn tỉnh",
            start=now - timedelta(minutes=1),
            end=now + timedelta(hours=2),
            host_unit_id=chair.unit_id,
            chair_id=chair.id,
            sites=draft_sites(site.id for site in sites),
            main_site_id=next(site.id for site in sites if site.code == "ubndtinh"),
            agenda=tuple(
                AgendaItem(position=at, title=title, minutes=20)
                for at, title in enumerate(AGENDA, start=1)
            ),
            short_name=MEETING,
        )
        await Meetings(db).schedule(draft, secretary, now)
    finally:
        await db.close()


@contextlib.contextmanager
def _simulated_sites(running: Running) -> Iterator[None]:
    """A process of their own: they outlive the service, and come back to it."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "conference.simulated", "--url", running.url,
            "--quiet", "--clips", "2",
            "--meeting", MEETING, "--count", str(SIMULATED), "--data", str(running.data),
        ],
        stdin=subprocess.PIPE, env=plain_environment(),
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)
