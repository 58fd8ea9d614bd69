"""Running packet dumps: each follows one transport and writes its file beside the packet path."""

import asyncio
import logging
import secrets
import time
from pathlib import Path
from typing import BinaryIO

from media.dump import SUFFIX, DumpWriter
from media.negotiated import NegotiatedMedia
from media.transport.transport import Transport

log = logging.getLogger(__name__)

MAX_DUMPS = 4
MAX_DUMP_S = 600.0


class NotAllowed(Exception):
    """No dump is taken now."""


class _Running:
    def __init__(
        self, transport: Transport, path: Path, file: BinaryIO, now: float, seconds: float
    ) -> None:
        self.transport = transport
        self.path = path
        self.file = file
        self.ends = now + min(seconds, MAX_DUMP_S)
        self.writer = DumpWriter(_known_media(transport), now)
        self.writing: asyncio.Task[None] | None = None


class Dumps:
    """All running dumps of a worker, by peer id."""

    def __init__(self, *, allowed: bool = False) -> None:
        self.allowed = allowed
        self._running: dict[str, _Running] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}

    @property
    def running(self) -> bool:
        return bool(self._running)

    def said(self, peer_id: str, packet: bytes, now: float) -> None:
        """RTCP that leaves for a peer, in clear."""
        running = self._running.get(peer_id)
        if running is not None and running.transport.dump is not None:
            running.transport.dump.rtcp_out(packet, now)

    async def start(self, transport: Transport, directory: str, seconds: float = MAX_DUMP_S) -> str:
        """Dump what the transport receives from now on; the path of the file.

        A dump that runs already goes on. It ends by itself after `seconds`, at most `MAX_DUMP_S`.

        Raises:
            OSError: the folder cannot be written.
            NotAllowed: dumps are off, or `MAX_DUMPS` are running.
        """
        running = self._running.get(transport.peer.id)
        if not self.allowed:
            raise NotAllowed("dumps are switched off")
        if running is None:
            if len(self._running) >= MAX_DUMPS:
                raise NotAllowed(f"{MAX_DUMPS} dumps are running")
            path = Path(directory) / f"{int(time.time())}-{secrets.token_hex(4)}{SUFFIX}"
            file = await asyncio.to_thread(_create, path)
            running = _Running(transport, path, file, time.monotonic(), seconds)
            self._running[transport.peer.id] = running
            transport.dump = running.writer
        return str(running.path)

    async def end(self, peer_id: str) -> None:
        """The transport is gone."""
        await self.stop(peer_id)

    async def _end(self, peer_id: str) -> None:
        """Its time is over."""
        try:
            await self.stop(peer_id)
        except OSError as error:
            log.error("the end of a dump is not written: %s", error.strerror)
        finally:
            self._ending.pop(peer_id, None)

    async def stop(self, peer_id: str) -> dict[str, object] | None:
        """Write what is left; None: no dump of this peer runs."""
        running = self._running.pop(peer_id, None)
        if running is None:
            return None
        running.transport.dump = None
        if running.writing is not None:
            await running.writing
        await asyncio.to_thread(_finish, running)
        writer = running.writer
        return {
            "path": str(running.path),
            "packets": writer.packets,
            "dropped": writer.dropped,
            "size_bytes": writer.size_bytes,
        }

    async def close(self) -> None:
        await asyncio.gather(*self._ending.values())
        await asyncio.gather(*(self.stop(peer_id) for peer_id in list(self._running)))

    def flush(self, now: float) -> None:
        """Call a few times a second: hands what was collected to the disk."""
        for peer_id, running in self._running.items():
            if now > running.ends and peer_id not in self._ending:
                self._ending[peer_id] = asyncio.ensure_future(self._end(peer_id))
                continue
            if running.writing is None or running.writing.done():
                running.writing = asyncio.ensure_future(
                    asyncio.to_thread(_append, running.file, running.writer.take())
                )


def _known_media(transport: Transport) -> NegotiatedMedia:
    ingress = transport.peer.ingress
    return transport.peer.negotiated if ingress is None else ingress.known_media()


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("xb", buffering=0)


def _append(file: BinaryIO, data: bytes) -> None:
    file.write(data)


def _finish(running: _Running) -> None:
    with running.file as file:
        file.write(running.writer.take())
