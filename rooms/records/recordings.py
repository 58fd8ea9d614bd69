"""Recordings of meetings: what runs, what waits to be composed, what can be watched."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from rooms.session.model import SeatId
from rooms.store.database import Database


class RecordingState(StrEnum):
    RECORDING = "recording"
    WAITING = "waiting"  # stopped; journals wait for the job
    COMPOSING = "composing"
    READY = "ready"
    FAILED = "failed"


class RecordingInfo(msgspec.Struct, frozen=True, kw_only=True):
    id: str  # 16 hex digits
    meeting_id: int
    by: SeatId
    started: datetime  # UTC
    ended: datetime | None
    state: RecordingState
    progress: float  # 0…1 of composing
    duration_s: float | None
    size_bytes: int
    directory: Path  # journals and manifest
    video: Path | None  # the MP4, when ready
    error: str  # English, for the technician


class Recordings:
    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder

    async def create(self, meeting_id: int, by: SeatId, now: datetime) -> RecordingInfo:
        """A new recording in state RECORDING; its directory exists."""
        raise NotImplementedError

    async def stop(self, recording_id: str, now: datetime) -> None:
        """RECORDING → WAITING; anything else stays as it is."""
        raise NotImplementedError

    async def of_meeting(self, meeting_id: int) -> list[RecordingInfo]:
        raise NotImplementedError

    async def get(self, recording_id: str) -> RecordingInfo | None:
        raise NotImplementedError

    async def set_size(self, recording_id: str, size_bytes: int) -> None:
        raise NotImplementedError

    async def set_progress(self, recording_id: str, progress: float) -> None:
        """→ COMPOSING with this progress, 0…1."""
        raise NotImplementedError

    async def ready(
        self, recording_id: str, video: Path, duration_s: float, size_bytes: int
    ) -> None:
        raise NotImplementedError

    async def failed(self, recording_id: str, error: str) -> None:
        raise NotImplementedError

    async def waiting(self) -> list[RecordingInfo]:
        """What the job should compose, oldest first: WAITING, and COMPOSING left by a dead job."""
        raise NotImplementedError
