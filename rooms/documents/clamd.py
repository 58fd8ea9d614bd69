"""Asks a ClamAV daemon whether a file is clean, over its socket protocol (clamd(8), INSTREAM)."""

import asyncio
import struct
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

CHUNK_BYTES = 128 * 1024
TIMEOUT_S = 60.0
MAX_ANSWER_BYTES = 4096


class Finding(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"  # the daemon does not answer, or does not take the file


class Scan(NamedTuple):
    finding: Finding
    detail: str  # the name of what was found, or what went wrong


class Clamd:
    """
    Args:
        address: "unix:/run/clamav/clamd.ctl" or "HOST:PORT".
    """

    def __init__(self, address: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s

    async def scan(self, path: Path) -> Scan:
        try:
            async with asyncio.timeout(self._timeout_s):
                return understood(await self._ask(path))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            return Scan(Finding.UNKNOWN, str(error) or type(error).__name__)

    async def _ask(self, path: Path) -> bytes:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            await self._send(path, writer)
            return await reader.read(MAX_ANSWER_BYTES)
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("unix:"):
            return await asyncio.open_unix_connection(self._address.removeprefix("unix:"))
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))

    async def _send(self, path: Path, writer: asyncio.StreamWriter) -> None:
        """Chunks with their length before them, and an empty one at the end."""
        file = await asyncio.to_thread(path.open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                writer.write(struct.pack("!I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
        finally:
            await asyncio.to_thread(file.close)


def understood(answer: bytes) -> Scan:
    """What "stream: OK", "stream: NAME FOUND" and "… ERROR" mean."""
    text = answer.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream: ")
    if text == "OK":
        return Scan(Finding.CLEAN, "")
    if text.endswith(" FOUND"):
        return Scan(Finding.INFECTED, text.removesuffix(" FOUND"))
    return Scan(Finding.UNKNOWN, text or "no answer")
