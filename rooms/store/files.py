"""Files kept by the hash of their content: the same content is kept once, and never changes."""

import asyncio
import hashlib
import os
import re
import secrets
import time
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

_HASH = re.compile(r"[0-9a-f]{64}")


class Incoming:
    """A file on its way into the store: written piece by piece, then kept or dropped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO = path.open("xb")

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    async def write(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        await asyncio.to_thread(self._write, piece)

    def _write(self, piece: bytes) -> None:
        self._hash.update(piece)
        self._file.write(piece)

    async def finish(self) -> None:
        """Everything was written and is on the disk."""
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    async def drop(self) -> None:
        """Remove it, unless the store has taken it over."""
        await asyncio.to_thread(self._drop)

    def _drop(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


class FileStore:
    """A folder of files named by their SHA-256, in subfolders of its first two digits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes) -> str:
        """Keep the content; its hash."""
        return await asyncio.to_thread(self._put, content)

    async def begin(self) -> Incoming:
        """A new file to write to."""
        return await asyncio.to_thread(self._begin)

    def _begin(self) -> Incoming:
        self._folder.mkdir(parents=True, exist_ok=True)
        return Incoming(self._folder / f"{secrets.token_hex(16)}.partial")

    async def keep(self, incoming: Incoming) -> str:
        """Take a finished file over; its hash. It appears whole or not at all."""
        await asyncio.to_thread(self._keep, incoming)
        return incoming.digest

    def _keep(self, incoming: Incoming) -> None:
        path = self.path(incoming.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.path.replace(path)

    async def sweep(self, needed: Collection[str], older_than_s: float) -> int:
        """Remove files nobody needs, and what was left half written; how many there were.

        Args:
            older_than_s: younger ones stay: their rows may not be written yet.
        """
        return await asyncio.to_thread(self._sweep, set(needed), time.time() - older_than_s)

    def _sweep(self, needed: set[str], before: float) -> int:
        gone = 0
        for path in [*self._folder.glob("??/*"), *self._folder.glob("*.partial")]:
            if path.name not in needed and path.is_file() and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    async def get(self, digest: str) -> bytes | None:
        path = self.path(digest)
        return await asyncio.to_thread(path.read_bytes) if path.exists() else None

    def path(self, digest: str) -> Path:
        """Where the content of a hash is, if it is there.

        Raises:
            ValueError: not a SHA-256 in hexadecimal.
        """
        if not _HASH.fullmatch(digest):
            raise ValueError("not a hash")
        return self._folder / digest[:2] / digest

    def _put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{digest}.{os.getpid()}.partial")
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        return digest
