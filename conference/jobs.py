"""Background jobs: recordings that wait are made into films, one after another."""

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from media.recording.timeline import Chapter, Plan, Segment
from rooms.meetings.meetings import Meetings
from rooms.records.program import Program, program
from rooms.records.recordings import RecordingInfo, Recordings
from rooms.store.log import EventLog

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
SAVE_PROGRESS_S = 1.0
NICENESS = 10  # live meetings come first
PLAN_FILE = "plan.json"
VIDEO_FILE = "recording.mp4"
BUSY_EXIT = 3  # of the composer: another process makes the same film
_FONTS = (("--font", "dc-sans.woff2"), ("--title-font", "dc-serif-bold.woff2"))
_MAX_LINE_BYTES = 64 * 1024


class Progress(msgspec.Struct, frozen=True):
    """One line of the composer, see `media/recording/compose.py`."""

    progress: float | None = None
    duration_s: float = 0.0
    size_bytes: int = 0
    error: str = ""


class ComposerFailed(Exception):
    """The composer gave up; the text is English, for the technician."""


class ComposerBusy(Exception):
    """A composer left by a service that was killed still runs; it ends by itself."""


async def run_jobs(
    recordings: Recordings,
    meetings: Meetings,
    events: EventLog,
    *,
    look_every_s: float = LOOK_EVERY_S,
) -> None:
    """Compose every recording that waits, until cancelled; the composer then ends too.

    Each recording becomes ready or failed. What a stopped or killed service left half done is
    started again: the composer is idempotent and its film appears whole or not at all.
    """
    settled = False
    while True:
        try:
            if not settled:
                await _settle(recordings, events)
                settled = True
            for info in await recordings.waiting():
                await _compose(info, recordings, meetings, events)
        except SQLAlchemyError:
            log.exception("jobs wait for the store")
        await asyncio.sleep(look_every_s)


async def _settle(recordings: Recordings, events: EventLog) -> None:
    """At start: a service that died between the log's entry and the recording's state left a
    recording running that the log says has stopped."""
    for info in await recordings.running():
        shown = program(await events.entries(info.meeting_id), info.id)
        if shown is not None and shown.ended is not None:
            await recordings.stop(info.id, datetime.fromtimestamp(shown.ended, UTC))


async def _compose(
    info: RecordingInfo, recordings: Recordings, meetings: Meetings, events: EventLog
) -> None:
    log.info("composing recording=%s meeting=%s", info.id, info.meeting_id)
    await recordings.set_progress(info.id, 0.0)
    video = info.directory / VIDEO_FILE
    try:
        await _write_plan(info, meetings, events)
        done = await _run_composer(info, video, recordings)
    except ComposerBusy:
        log.info("recording=%s is still being composed by another process", info.id)
        return
    except (ComposerFailed, OSError, ValueError) as error:
        log.error("recording=%s not composed: %s", info.id, error)
        await recordings.failed(info.id, str(error))
        return
    await recordings.ready(info.id, video, done.duration_s, done.size_bytes)
    log.info("composed recording=%s duration_s=%.1f", info.id, done.duration_s)


async def _write_plan(info: RecordingInfo, meetings: Meetings, events: EventLog) -> None:
    meeting = await meetings.get(info.meeting_id)
    entries = await events.entries(info.meeting_id)
    shown = await asyncio.to_thread(program, entries, info.id)
    title = meeting.title if meeting is not None else ""
    data = msgspec.json.encode(plan(info, title, shown))
    await asyncio.to_thread((info.directory / PLAN_FILE).write_bytes, data)


def plan(info: RecordingInfo, title: str, shown: Program | None) -> Plan:
    """What the composer is to make. Without a program (a log that does not know the recording)
    the voices alone, under the card."""
    ended = None if info.ended is None else info.ended.timestamp()
    if shown is None:
        started = info.started.timestamp()
        return Plan(recording=info.id, started=started, ended=ended, title=title)
    segments = tuple(
        Segment(
            start=showing.start,
            end=showing.end,
            seat=showing.seat,
            peers=(showing.seat,),
            source=showing.source.value,
            label=showing.label,
        )
        for showing in shown.showings
    )
    return Plan(
        recording=info.id,
        started=shown.started,
        ended=ended if shown.ended is None else shown.ended,
        title=title or shown.title,
        segments=segments,
        chapters=tuple(Chapter(start=c.start, title=c.title) for c in shown.chapters),
    )


async def _run_composer(info: RecordingInfo, video: Path, recordings: Recordings) -> Progress:
    """Run the composer to its end, its progress stored about once a second.

    Raises:
        ComposerFailed: with its own words, or how it ended.
        ComposerBusy: another one makes the same film.
    """
    process = await asyncio.create_subprocess_exec(
        *_command(info.directory, video),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=_MAX_LINE_BYTES,
    )
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        last, said = await _follow(process, info.id, recordings)
        code = await process.wait()
    finally:
        await _end(process)
    if code == BUSY_EXIT:
        raise ComposerBusy
    if code != 0 or last.progress != 1.0:
        raise ComposerFailed(last.error or said or f"composer ended with status {code}")
    return last


async def _follow(
    process: asyncio.subprocess.Process, recording: str, recordings: Recordings
) -> tuple[Progress, str]:
    """Store progress until the composer says no more; its last report, and last other line."""
    assert process.stdout is not None
    loop = asyncio.get_running_loop()
    last, said, due = Progress(), "", loop.time()
    async for line in process.stdout:
        try:
            last = msgspec.json.decode(line, type=Progress)
        except msgspec.DecodeError:
            said = line.decode(errors="replace").strip() or said
            continue
        if last.progress is not None and last.progress < 1.0 and loop.time() >= due:
            due = loop.time() + SAVE_PROGRESS_S
            await recordings.set_progress(recording, last.progress)
    return last, said


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the composer if it still runs: its film is not there yet, nothing is lost."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def _command(directory: Path, video: Path) -> list[str]:
    fonts = Path(str(files("web"))) / "static" / "fonts"
    command = [sys.executable, "-m", "media.recording.compose"]
    command += ["--directory", str(directory), "--plan", str(directory / PLAN_FILE)]
    command += ["--output", str(video)]
    for option, name in _FONTS:
        if (fonts / name).exists():
            command += [option, str(fonts / name)]
    return command
