"""Packet dumps of a site's line: taken by the technician, read by who mends the service.

A file is `<folder>/<meeting>/<seat>/<name>.dcdump`. Files hold neither pictures nor voices nor
names (`media/dump.py`); the folder tells whose line it was. When all files together would outgrow
their room, the oldest go.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rooms.clock import Clock
from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.media_port import MediaRefused
from rooms.records.audit import Action, Audit
from rooms.session.model import PeerId, SeatId

log = logging.getLogger(__name__)

SUFFIX = ".dcdump"
NAME = re.compile(r"\d{1,12}-[0-9a-f]{8}")  # when it began, UTC epoch seconds
LONGEST_S = 600
LATE_S = 1.0  # the worker looks a few times a second whether a dump's time is over
MAX_FILE_BYTES = 200_000_000  # a worker writes no more into one
_SEAT = re.compile(r"[a-z]+:[0-9A-Za-z]+")


class DumpPlane(Protocol):
    """What dumps ask of the media plane. Both raise `MediaRefused`."""

    async def start_dump(self, peer: PeerId, directory: str, seconds: float) -> str: ...
    async def stop_dump(self, peer: PeerId) -> Any: ...


class Dump(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    meeting: int
    seat: SeatId
    started: float  # UTC epoch seconds
    size_bytes: int
    until: float | None  # ends then by itself; None: it has ended


class _Running(msgspec.Struct, frozen=True, kw_only=True):
    peer: PeerId
    name: str
    until: float


class Dumps:
    """
    Args:
        peer_of: the transport a seat of a meeting has now.
        allowed: the setting; without it no dump is taken.
        max_bytes: what all files together may take.
    """

    def __init__(
        self,
        folder: Path,
        plane: DumpPlane,
        peer_of: Callable[[int, SeatId], PeerId | None],
        audit: Audit,
        clock: Clock,
        *,
        allowed: bool,
        max_bytes: int,
    ) -> None:
        self.allowed = allowed
        self._folder = folder
        self._plane = plane
        self._peer_of = peer_of
        self._audit = audit
        self._clock = clock
        self._max_bytes = max_bytes
        self._running: dict[tuple[int, SeatId], _Running] = {}

    async def start(self, meeting_id: int, seat: SeatId, seconds: float, account: Account) -> Dump:
        """Take a dump of the seat's line from now on. One that runs already goes on.

        Raises:
            RequestRefused: "dumps-off", "not-present" (no media), "busy" (too many run).
        """
        if not self.allowed:
            raise RequestRefused("dumps-off")
        peer = self._peer_of(meeting_id, seat)
        if peer is None or _SEAT.fullmatch(seat) is None:
            raise RequestRefused("not-present")
        running = self._current(meeting_id, seat)
        if running is None:
            running = await self._take(meeting_id, seat, peer, min(seconds, LONGEST_S), account)
        path = self._folder_of(meeting_id, seat) / f"{running.name}{SUFFIX}"
        dump = await asyncio.to_thread(described, path)
        return msgspec.structs.replace(dump, until=running.until)

    async def _take(
        self, meeting_id: int, seat: SeatId, peer: PeerId, seconds: float, account: Account
    ) -> _Running:
        written = {dump.name for key in list(self._running) if (dump := self._current(*key))}
        await asyncio.to_thread(self._make_room, written)
        directory = str(self._folder_of(meeting_id, seat))
        try:
            path = await self._plane.start_dump(peer, directory, seconds)
        except MediaRefused as error:
            log.warning("no dump of a line in meeting %s: %s", meeting_id, error)
            raise RequestRefused("busy") from None
        until = self._clock.now() + seconds
        running = _Running(peer=peer, name=Path(path).stem, until=until)
        self._running[meeting_id, seat] = running
        await self._note(account, Action.DUMP_STARTED, meeting_id, f"{seat} {running.name}")
        return running

    def _folder_of(self, meeting_id: int, seat: SeatId) -> Path:
        return self._folder / str(meeting_id) / seat.replace(":", "-")

    async def stop(self, meeting_id: int, seat: SeatId, account: Account) -> None:
        """One that does not run is no fault."""
        running = self._current(meeting_id, seat)
        if running is None:
            return
        del self._running[meeting_id, seat]
        try:
            await self._plane.stop_dump(running.peer)
        except MediaRefused as error:  # its worker is gone, and the dump has ended with it
            log.info("dump %s: %s", running.name, error)
        await self._note(account, Action.DUMP_STOPPED, meeting_id, f"{seat} {running.name}")

    async def of(self, meeting_id: int, seat: SeatId | None = None) -> list[Dump]:
        """The dumps of a meeting, or of one seat in it; the newest first."""
        found = await asyncio.to_thread(
            lambda: [described(path) for path in files(self._folder, str(meeting_id))]
        )
        chosen = [self._marked(dump) for dump in found if seat in (None, dump.seat)]
        return sorted(chosen, key=lambda dump: (dump.started, dump.name), reverse=True)

    async def fetch(self, name: str, account: Account) -> Path:
        """The file, for somebody who takes it away.

        Raises:
            RequestRefused: "not-found".
        """
        if NAME.fullmatch(name) is None:
            raise RequestRefused("not-found")
        paths = await asyncio.to_thread(lambda: list(files(self._folder, name=name)))
        if not paths:
            raise RequestRefused("not-found")
        dump = described(paths[0])
        subject = f"{dump.seat} {name}"
        await self._note(account, Action.DUMP_DOWNLOADED, dump.meeting, subject)
        return paths[0]

    async def _note(self, account: Account, action: Action, meeting_id: int, subject: str) -> None:
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        await self._audit.note(account, action, now, meeting_id=meeting_id, subject=subject)

    def _current(self, meeting_id: int, seat: SeatId) -> _Running | None:
        """A dump ends with its time or with its transport."""
        running = self._running.get((meeting_id, seat))
        if running is None:
            return None
        now = self._clock.now()
        if now < running.until + LATE_S and self._peer_of(meeting_id, seat) == running.peer:
            return running
        del self._running[meeting_id, seat]
        return None

    def _marked(self, dump: Dump) -> Dump:
        """With its end, when it runs."""
        running = self._current(dump.meeting, dump.seat)
        if running is None or running.name != dump.name:
            return dump
        return msgspec.structs.replace(dump, until=running.until)

    def _make_room(self, written: Collection[str]) -> None:
        """Delete the oldest until another full file has room; those being written stay."""
        oldest = sorted(map(described, files(self._folder)), key=lambda dump: dump.started)
        ended = [dump for dump in oldest if dump.name not in written]
        taken = sum(dump.size_bytes for dump in ended) + MAX_FILE_BYTES * (1 + len(written))
        for dump in ended:
            if taken <= self._max_bytes:
                return
            taken -= dump.size_bytes
            for path in files(self._folder, str(dump.meeting), dump.name):
                path.unlink(missing_ok=True)


def files(folder: Path, meeting: str = "*", name: str = "*") -> Iterator[Path]:
    """The dumps in a folder, in no order."""
    for path in folder.glob(f"{meeting}/*/{name}{SUFFIX}"):
        if NAME.fullmatch(path.stem) and path.parent.parent.name.isdigit():
            yield path


def described(path: Path) -> Dump:
    """What a dump's place tells."""
    return Dump(
        name=path.stem,
        meeting=int(path.parent.parent.name),
        seat=SeatId(path.parent.name.replace("-", ":", 1)),
        started=float(path.stem.partition("-")[0]),
        size_bytes=_size(path),
        until=None,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it went meanwhile
        return 0
