"""What is measured of the sites is kept while a test run goes on."""

import asyncio
import contextlib

from conference.rehearsals import run_rehearsals
from rooms.health import HealthBoard, MeetingHealth
from rooms.session.model import MeetingId, Session


class Notes:
    def __init__(self) -> None:
        self.measured: list[tuple[int, str]] = []
        self.twice = asyncio.Event()

    async def measure(self, meeting: int, health: MeetingHealth) -> None:
        self.measured.append((meeting, health.title))
        if len(self.measured) == 2:
            self.twice.set()


async def test_test_runs_are_measured_and_meetings_are_not() -> None:
    health, notes = HealthBoard(), Notes()
    health.changed(Session(meeting=MeetingId(1), title="Giao ban"))
    health.changed(Session(meeting=MeetingId(2), title="Chạy thử", rehearsal=True))
    job = asyncio.create_task(run_rehearsals(health, notes, every_s=0.001))  # type: ignore[arg-type]
    await asyncio.wait_for(notes.twice.wait(), 5)
    job.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await job
    assert set(notes.measured) == {(2, "Chạy thử")}
