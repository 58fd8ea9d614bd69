"""Recordings that wait become films, whatever happened before."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import msgspec
import pytest

from conference import jobs
from conference.jobs import PLAN_FILE, VIDEO_FILE, run_jobs
from media.recording.timeline import read_plan
from rooms.meetings.meetings import Meetings
from rooms.records.recordings import RecordingInfo, Recordings, RecordingState
from rooms.session import events as e
from rooms.session.model import Role, Seat, SeatId
from rooms.store.database import Database
from rooms.store.log import EventLog
from rooms.store.tables import AccountRow, MeetingRow, UnitRow
from tests.recording.synthetic import STARTED, pictures, tone_packets, video_packets, write_journal

MEETING = 5
SITE = SeatId("site:1")
BEGAN = datetime.fromtimestamp(STARTED, UTC)


class Store:
    def __init__(self, db: Database, folder: Path) -> None:
        self.recordings = Recordings(db, folder)
        self.meetings = Meetings(db)
        self.events = EventLog(db)

    async def recorded(self, recording: str, seconds: float = 2.0) -> RecordingInfo:
        """A recording that was stopped, with journals of a picture and a voice."""
        info = await self.recordings.create(MEETING, SITE, BEGAN, recording)
        make_journals(info.directory, seconds)
        await self.recordings.stop(recording, BEGAN + timedelta(seconds=seconds))
        return info

    async def until(
        self, recording: str, *states: RecordingState, progress: float = 0.0
    ) -> RecordingInfo:
        while True:
            info = await self.recordings.get(recording)
            assert info is not None
            if info.state in states and info.progress >= progress:
                return info
            await asyncio.sleep(0.02)


def make_journals(directory: Path, seconds: float) -> None:
    video = video_packets("vp8", pictures((200, 30, 30), seconds))
    write_journal(directory, "001-00000.rtp", video, peer="site:1#a", source="camera", codec="vp8")
    voice = tone_packets(440, seconds)
    write_journal(
        directory, "001-00001.rtp", voice, peer="site:1#a", source="microphone", codec="opus"
    )


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite'}")
    await db.migrate()
    await add_meeting(db)
    yield Store(db, tmp_path / "recordings")
    await db.close()


async def add_meeting(db: Database) -> None:
    unit = UnitRow(id=1, name="UBND tỉnh", short_name="Tỉnh", name_en="", kind="", level="", rank=1)
    account = AccountRow(
        id=1,
        username="chair",
        full_name="Chủ tọa",
        position="",
        role="official",
        unit_id=1,
        language="vi",
        active=True,
        created_at=BEGAN,
    )
    meeting = MeetingRow(
        id=MEETING,
        title="Giao ban tháng 6",
        host_unit_id=1,
        chair_id=1,
        start=BEGAN,
        end=BEGAN + timedelta(hours=1),
        state="ended",
        notes="",
        created_by=1,
        created_at=BEGAN,
    )
    for row in (unit, account, meeting):
        async with db.session() as session:
            session.add(row)


async def write_log(store: Store, recording: str, seconds: float) -> None:
    seat = Seat(
        id=SITE,
        name="UBND huyện KBang",
        short_name="KBang",
        rank=1,
        role=Role.SITE,
        on_tiles=True,
        present=True,
    )
    happened = [
        (-9.0, e.MeetingOpened(meeting=MEETING, title="Giao ban", seats=(seat,))),
        (-8.0, e.SeatEntered(seat=seat)),
        (-7.0, e.MainShown(seat=SITE, pinned=False)),
        (0.0, e.RecordingStarted(recording=recording, by=SITE)),
        (seconds, e.RecordingStopped(recording=recording, by=SITE)),
        (seconds, e.MeetingEnded(by=SITE)),
    ]
    entries = [
        e.Entry(seq=seq, at=STARTED + at, actor=SITE, event=event)
        for seq, (at, event) in enumerate(happened, start=1)
    ]
    await store.events.append(MEETING, entries)


@asynccontextmanager
async def running(store: Store) -> AsyncIterator[None]:
    task = asyncio.create_task(
        run_jobs(store.recordings, store.meetings, store.events, look_every_s=0.02)
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_stopped_recording_becomes_a_film_of_what_the_log_says(store):
    await write_log(store, "5-4", 2.0)
    info = await store.recorded("5-4")
    async with running(store), asyncio.timeout(60):
        ready = await store.until("5-4", RecordingState.READY, RecordingState.FAILED)
    assert ready.error == ""
    assert ready.duration_s == 2.0
    assert ready.video == info.directory / VIDEO_FILE
    assert ready.size_bytes == ready.video.stat().st_size
    plan = read_plan((info.directory / PLAN_FILE).read_bytes())
    assert plan.title == "Giao ban tháng 6"
    assert [(s.start, s.end, s.seat, s.label) for s in plan.segments] == [(0, 2, SITE, "KBang")]
    with av.open(str(ready.video)) as container:
        image = list(container.decode(video=0))[25].to_ndarray(format="rgb24")
    assert image[40, 900, 0] > 150
    assert image[40, 900, 2] < 90


async def test_a_job_left_over_by_a_dead_service_is_started_again(store):
    await write_log(store, "5-4", 1.0)
    info = await store.recorded("5-4", 1.0)
    await store.recordings.set_progress("5-4", 0.4)
    (info.directory / f".{VIDEO_FILE}.part").write_bytes(b"half a film")
    async with running(store), asyncio.timeout(60):
        ready = await store.until("5-4", RecordingState.READY, RecordingState.FAILED)
    assert (ready.state, ready.duration_s) == (RecordingState.READY, 1.0)
    assert not (info.directory / f".{VIDEO_FILE}.part").exists()


async def test_a_recording_the_log_ended_but_nobody_stopped_is_composed(store):
    await write_log(store, "5-4", 1.0)
    info = await store.recordings.create(MEETING, SITE, BEGAN, "5-4")
    make_journals(info.directory, 1.0)
    async with running(store), asyncio.timeout(60):
        ready = await store.until("5-4", RecordingState.READY, RecordingState.FAILED)
    assert ready.ended == BEGAN + timedelta(seconds=1)
    assert ready.duration_s == 1.0


async def test_a_recording_the_log_does_not_know_keeps_its_sound(store):
    await store.recorded("lost", 1.0)
    async with running(store), asyncio.timeout(60):
        ready = await store.until("lost", RecordingState.READY, RecordingState.FAILED)
    assert (ready.state, ready.duration_s) == (RecordingState.READY, 1.0)


async def test_a_recording_that_fails_says_why_and_the_next_is_composed(store):
    bad = await store.recorded("bad", 1.0)
    (bad.directory / VIDEO_FILE).mkdir()  # the film cannot take its name
    await store.recorded("good", 1.0)
    async with running(store), asyncio.timeout(60):
        failed = await store.until("bad", RecordingState.READY, RecordingState.FAILED)
        good = await store.until("good", RecordingState.READY, RecordingState.FAILED)
    assert failed.state is RecordingState.FAILED
    assert VIDEO_FILE in failed.error
    assert good.state is RecordingState.READY


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_progress_is_stored_and_stopping_ends_the_composer(store, monkeypatch, tmp_path):
    started = tmp_path / "pid"
    script = (
        "import json, os, sys, time; "
        f"open({str(started)!r}, 'w').write(str(os.getpid())); "
        "print('a warning', flush=True); "
        "print(json.dumps({'progress': 0.5}), flush=True); time.sleep(60)"
    )
    monkeypatch.setattr(jobs, "_command", lambda directory, video: [sys.executable, "-c", script])
    await store.recorded("5-4", 1.0)
    async with running(store), asyncio.timeout(30):
        info = await store.until("5-4", RecordingState.COMPOSING, progress=0.5)
    assert info.state is RecordingState.COMPOSING
    assert not is_running(int(started.read_text()))


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("print('Traceback'); print('OddError: broke'); raise SystemExit(1)", "OddError: broke"),
        ("raise SystemExit(9)", "status 9"),
        ("""print('{"error": "no room"}'); raise SystemExit(1)""", "no room"),
    ],
)
async def test_the_composers_last_words_are_kept(store, monkeypatch, script, error):
    monkeypatch.setattr(jobs, "_command", lambda directory, video: [sys.executable, "-c", script])
    await store.recorded("5-4", 1.0)
    async with running(store), asyncio.timeout(30):
        failed = await store.until("5-4", RecordingState.FAILED)
    assert error in failed.error


async def test_another_composer_at_work_is_no_failure(store, monkeypatch):
    script = f"raise SystemExit({jobs.BUSY_EXIT})"
    monkeypatch.setattr(jobs, "_command", lambda directory, video: [sys.executable, "-c", script])
    await store.recorded("5-4", 1.0)
    async with running(store), asyncio.timeout(60):
        await store.until("5-4", RecordingState.COMPOSING)
        monkeypatch.undo()
        ready = await store.until("5-4", RecordingState.READY, RecordingState.FAILED)
    assert ready.state is RecordingState.READY


def test_the_plan_is_the_composers_own_type():
    info = RecordingInfo(
        id="r",
        meeting_id=MEETING,
        by=SITE,
        started=BEGAN,
        ended=None,
        state=RecordingState.WAITING,
        progress=0.0,
        duration_s=None,
        size_bytes=0,
        directory=Path("/nowhere"),
        video=None,
        error="",
    )
    made = jobs.plan(info, "Giao ban", None)
    assert read_plan(msgspec.json.encode(made)) == made
    assert (made.started, made.ended) == (STARTED, None)
