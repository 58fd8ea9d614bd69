"""A real media worker process, with the service's end of its control connection."""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from media import control

HOST = "127.0.0.1"
R = TypeVar("R")


class WorkerProcess:
    """What the service would hold for one worker."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.process = process
        self.writer = writer
        self.reports: list[Any] = []
        self._reader = reader
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def ask(self, request: Any) -> Any:
        number = next(self._numbers)
        self._replies[number] = asyncio.get_running_loop().create_future()
        control.write_envelope(self.writer, control.Envelope(id=number, body=request))
        async with asyncio.timeout(10):
            return await self._replies[number]

    async def report(
        self, kind: type[R], which: Callable[[R], bool] = lambda report: True, timeout: float = 10
    ) -> R:
        """The first report of a kind, seen already or still to come."""
        async with asyncio.timeout(timeout):
            while True:
                for report in self.reports:
                    if isinstance(report, kind) and which(report):
                        return report
                self._changed.clear()
                await self._changed.wait()

    @property
    def port(self) -> int:
        return next(r.port for r in self.reports if isinstance(r, control.Ready))

    async def counters(self) -> dict[str, int]:
        done = await self.ask(control.Snapshot())
        return dict(done.value["counters"])

    async def exited(self) -> int:
        async with asyncio.timeout(10):
            return await self.process.wait()

    async def close(self) -> None:
        self._task.cancel()
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
        try:
            await self.exited()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                envelope = await control.read_envelope(self._reader)
                if envelope.id:
                    self._replies.pop(envelope.id).set_result(envelope.body)
                else:
                    self.reports.append(envelope.body)
                    self._changed.set()


@contextlib.asynccontextmanager
async def running_worker(
    folder: Path, *addresses: str, dumps: bool = False
) -> AsyncIterator[WorkerProcess]:
    """A worker on any free port of `addresses` (default: loopback), ready to take requests."""
    accepted: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    accepted = asyncio.get_running_loop().create_future()
    server = await asyncio.start_unix_server(
        lambda reader, writer: accepted.set_result((reader, writer)), folder / "control.sock"
    )
    flags = [flag for address in addresses or (HOST,) for flag in ("--address", address)]
    flags += ["--dumps"] * dumps
    command = ["-m", "media.worker", "--control", str(folder / "control.sock"), *flags]
    process = await asyncio.create_subprocess_exec(sys.executable, *command)
    async with server:
        async with asyncio.timeout(10):
            worker = WorkerProcess(process, *await accepted)
        try:
            await worker.report(control.Ready)
            yield worker
        finally:
            await worker.close()
