"""Starts and stops the recording of one live meeting, as its log says."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from rooms.clock import Clock
from rooms.live.media import LiveMedia
from rooms.media_port import MediaPlane, MediaRefused
from rooms.records.recordings import Recordings
from rooms.session.model import MeetingId, SeatId

log = logging.getLogger(__name__)


class Recorder:
    """Its work runs in the order of the meeting's media calls.

    Args:
        failed: called when a recording could not be started.
    """

    def __init__(
        self,
        meeting: MeetingId,
        media: LiveMedia,
        plane: MediaPlane,
        recordings: Recordings,
        clock: Clock,
        failed: Callable[[], None],
    ) -> None:
        self._meeting = meeting
        self._media = media
        self._plane = plane
        self._recordings = recordings
        self._clock = clock
        self._failed = failed

    def start(self, recording: str, by: SeatId) -> None:
        """Also after a restart of the service: the same recording goes on."""
        self._media.post(lambda: self._start(recording, by))

    def stop(self, recording: str, size_bytes: int) -> None:
        """`size_bytes`: as of the last heartbeat."""
        self._media.post(lambda: self._stop(recording, size_bytes))

    async def _start(self, recording: str, by: SeatId) -> None:
        info = await self._recordings.create(self._meeting, by, self._now(), recording)
        try:
            await self._plane.start_recording(str(self._meeting), recording, str(info.directory))
        except MediaRefused as error:
            log.warning("recording %s not started: %s", recording, error)
            await self._recordings.failed(recording, str(error))
            self._failed()

    async def _stop(self, recording: str, size_bytes: int) -> None:
        try:
            await self._plane.stop_recording(str(self._meeting), recording)
        finally:  # the journals are on disk whatever the worker says
            await self._recordings.set_size(recording, size_bytes)
            await self._recordings.stop(recording, self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)
