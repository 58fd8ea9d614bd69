"""Recordings of meetings: what runs, what waits to be composed, what can be watched."""

import asyncio
import secrets
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Select, select, update

from rooms.session.model import SeatId
from rooms.store.database import Database
from rooms.store.tables import RecordingRow


class RecordingState(StrEnum):
    RECORDING = "recording"
    WAITING = "waiting"  # stopped; journals wait for the job
    COMPOSING = "composing"
    READY = "ready"
    FAILED = "failed"


class RecordingInfo(msgspec.Struct, frozen=True, kw_only=True):
    id: str
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
    """
    Args:
        folder: each recording gets a directory of its own in it.
    """

    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder

    async def create(
        self, meeting_id: int, by: SeatId, now: datetime, recording_id: str | None = None
    ) -> RecordingInfo:
        """A recording in state RECORDING; its directory exists.

        With an id that is known already, that recording: a service that starts again goes on with
        what it was recording.
        """
        recording_id = recording_id or secrets.token_hex(8)
        directory = self._folder / recording_id
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
        known = await self.get(recording_id)
        if known is not None:
            return known
        row = RecordingRow(
            id=recording_id,
            meeting_id=meeting_id,
            by=by,
            started=now,
            state=RecordingState.RECORDING.value,
            progress=0.0,
            size_bytes=0,
            directory=str(directory),
            error="",
        )
        async with self._db.session() as session:
            session.add(row)
        return _info(row)

    async def stop(self, recording_id: str, now: datetime) -> None:
        """RECORDING → WAITING; anything else stays as it is."""
        await self._update(
            recording_id,
            only=(RecordingState.RECORDING,),
            state=RecordingState.WAITING.value,
            ended=now,
        )

    async def of_meeting(self, meeting_id: int) -> list[RecordingInfo]:
        """By start."""
        return await self._all(select(RecordingRow).where(RecordingRow.meeting_id == meeting_id))

    async def of_meetings(self, meetings: Collection[int]) -> list[RecordingInfo]:
        """By start."""
        return await self._all(select(RecordingRow).where(RecordingRow.meeting_id.in_(meetings)))

    async def get(self, recording_id: str) -> RecordingInfo | None:
        async with self._db.reading() as session:
            row = await session.get(RecordingRow, recording_id)
        return _info(row) if row is not None else None

    async def set_size(self, recording_id: str, size_bytes: int) -> None:
        await self._update(recording_id, size_bytes=size_bytes)

    async def set_progress(self, recording_id: str, progress: float) -> None:
        """→ COMPOSING with this progress, 0…1."""
        await self._update(
            recording_id, state=RecordingState.COMPOSING.value, progress=progress, error=""
        )

    async def ready(
        self, recording_id: str, video: Path, duration_s: float, size_bytes: int
    ) -> None:
        """→ READY: `video` can be watched."""
        await self._update(
            recording_id,
            state=RecordingState.READY.value,
            progress=1.0,
            video=str(video),
            duration_s=duration_s,
            size_bytes=size_bytes,
            error="",
        )

    async def failed(self, recording_id: str, error: str) -> None:
        await self._update(recording_id, state=RecordingState.FAILED.value, error=error[:1000])

    async def running(self) -> list[RecordingInfo]:
        """By start: RECORDING, also those a service that died left so."""
        running = RecordingRow.state == RecordingState.RECORDING.value
        return await self._all(select(RecordingRow).where(running))

    async def waiting(self) -> list[RecordingInfo]:
        """What the job should compose, oldest first: WAITING, and COMPOSING left by a dead job."""
        states = (RecordingState.WAITING.value, RecordingState.COMPOSING.value)
        return await self._all(select(RecordingRow).where(RecordingRow.state.in_(states)))

    async def _all(self, query: "Select[RecordingRow]") -> list[RecordingInfo]:
        ordered = query.order_by(RecordingRow.started, RecordingRow.id)
        async with self._db.reading() as session:
            return [_info(row) for row in await session.scalars(ordered)]

    async def _update(
        self, recording_id: str, *, only: tuple[RecordingState, ...] = (), **values: Any
    ) -> None:
        change = update(RecordingRow).where(RecordingRow.id == recording_id).values(**values)
        if only:
            change = change.where(RecordingRow.state.in_([state.value for state in only]))
        async with self._db.session() as session:
            await session.execute(change)


def _info(row: RecordingRow) -> RecordingInfo:
    return RecordingInfo(
        id=row.id,
        meeting_id=row.meeting_id,
        by=SeatId(row.by),
        started=row.started,
        ended=row.ended,
        state=RecordingState(row.state),
        progress=row.progress,
        duration_s=row.duration_s,
        size_bytes=row.size_bytes,
        directory=Path(row.directory),
        video=Path(row.video) if row.video is not None else None,
        error=row.error,
    )
