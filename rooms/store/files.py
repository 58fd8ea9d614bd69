"""Files kept by the hash of their content: the same content is kept once, and never changes."""

import asyncio
import hashlib
import os
import re
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """A folder of files named by their SHA-256, in subfolders of its first two digits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes) -> str:
        """Keep the content; its hash."""
        return await asyncio.to_thread(self._put, content)

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
