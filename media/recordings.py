"""Running recordings: each joins a room's packets to a journal writer."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from media.control import RecordingHealth
from media.forward.room import Room
from media.recording.journal import Recorder


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    room: Room
    name: str  # of the room
    recorder: Recorder


class Recordings:
    """All running recordings of a worker, by recording id."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def start(self, room: Room, name: str, recording: str, directory: str) -> None:
        """Record every allowed packet of the room; a recording that runs already goes on.

        Raises:
            RecordingError: the folder cannot be written.
        """
        if recording in self._running:
            return
        now = time.monotonic()
        recorder = await asyncio.to_thread(Recorder, directory, recording, time.time(), now)
        if recording in self._running:
            await asyncio.to_thread(recorder.close)
            return
        self._running[recording] = _Running(room, name, recorder)
        room.add_tap(recorder, time.monotonic())

    async def stop(self, recording: str) -> None:
        """Detach and flush; unknown ids are ignored."""
        running = self._running.pop(recording, None)
        if running is not None:
            running.room.remove_tap(running.recorder)
            await asyncio.to_thread(running.recorder.close)

    async def stop_room(self, name: str) -> None:
        for recording in [r for r, running in self._running.items() if running.name == name]:
            await self.stop(recording)

    async def close(self) -> None:
        await asyncio.gather(*(self.stop(recording) for recording in list(self._running)))

    def health(self, now: float) -> Iterator[RecordingHealth]:
        for recording, running in self._running.items():
            yield RecordingHealth(
                room=running.name,
                recording=recording,
                size_bytes=running.recorder.size_bytes,
                growing=running.recorder.growing(now),
            )

    def snapshot(self) -> dict[str, object]:
        return {r: running.recorder.snapshot() for r, running in self._running.items()}
