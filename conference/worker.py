"""One media worker process and the control connection to it.

The service listens on a unix socket, starts `python -m media.worker` and speaks `media/control.py`
with it. When the process dies, whoever placed peers there is told through `on_down`, and it is
started again at once.
"""

import asyncio
import contextlib
import itertools
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conference.tasks import Supervisor
from media import control

log = logging.getLogger(__name__)

START_SECONDS = 10.0  # until `Ready`
REPLY_SECONDS = 10.0
STOP_SECONDS = 1.0  # from Shutdown to SIGKILL
RESTART_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0)  # waits between quick deaths
STEADY_SECONDS = 10.0  # a life this long makes the next death a first one


class WorkerGone(Exception):
    """The worker cannot be reached now."""


class WorkerFailed(Exception):
    """The worker refused a request; `code` as in `control.Failed`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Worker:
    """Keeps one worker process alive.

    Args:
        addresses: IP addresses it announces and binds, or ANNOUNCED=BOUND.
        port: UDP port on each of them; 0 takes a free one.
        on_report: called for every `control.Report`.
        on_down: called when the process died: everything in it is gone.
        name: for logs.
        options: further arguments of the process.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        port: int,
        on_report: Callable[[control.AnyReport], None],
        on_down: Callable[[], None],
        name: str = "0",
        options: Sequence[str] = (),
    ) -> None:
        self.addresses = tuple(addresses)
        self.port = port
        self._options = tuple(options)
        self.pid: int | None = None
        self.restarts = 0
        self._on_report = on_report
        self._on_down = on_down
        self._name = name
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[control.AnyReply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._up = asyncio.Event()
        self._ready: asyncio.Future[control.Ready] | None = None
        self._stopping = False
        self._folder = tempfile.TemporaryDirectory(prefix="diemcau-")
        self._socket = Path(self._folder.name) / "worker.sock"
        self._server: asyncio.Server | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    async def start(self, supervisor: Supervisor) -> None:
        """Start the process and wait until it listens.

        Raises:
            WorkerGone: it did not come up, for example because the port is in use.
        """
        self._server = await asyncio.start_unix_server(self._connected, path=str(self._socket))
        await self._spawn()
        self._up.set()
        supervisor.start(self._keep_alive(), name=f"media-worker-{self._name}")

    async def stop(self) -> None:
        """Shutdown, then SIGKILL for a worker that does not go."""
        self._stopping = True
        self._up.clear()
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(WorkerGone, WorkerFailed, TimeoutError):
                await asyncio.wait_for(self._request(control.Shutdown()), STOP_SECONDS)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._writer is not None:
            self._writer.close()
        if self._server is not None:
            self._server.close()
        self._folder.cleanup()

    async def request(self, request: control.AnyRequest) -> control.AnyReply:
        """Send a request and await its reply, waiting out a restart.

        Raises:
            WorkerGone: no worker within `REPLY_SECONDS`, or it died meanwhile.
            WorkerFailed: it answered `Failed`.
        """
        try:
            await asyncio.wait_for(self._up.wait(), REPLY_SECONDS)
        except TimeoutError:
            raise WorkerGone("media worker is not up") from None
        return await self._request(request)

    async def _request(self, request: control.AnyRequest) -> control.AnyReply:
        if self._writer is None:
            raise WorkerGone("media worker is not connected")
        number = next(self._ids)
        future: asyncio.Future[control.AnyReply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            control.write_envelope(self._writer, control.Envelope(id=number, body=request))
            reply = await asyncio.wait_for(future, REPLY_SECONDS)
        except TimeoutError:
            raise WorkerGone(f"no reply to {type(request).__name__}") from None
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, control.Failed):
            raise WorkerFailed(reply.code, reply.detail)
        return reply

    async def _spawn(self) -> None:
        self._ready = asyncio.get_running_loop().create_future()
        arguments = [sys.executable, "-m", "media.worker", "--control", str(self._socket)]
        for address in self.addresses:
            arguments += ["--address", address]
        arguments += ["--port", str(self.port), *self._options]
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        self._process = process
        exited = asyncio.ensure_future(process.wait())
        waited: set[asyncio.Future[Any]] = {exited, self._ready}
        try:
            await asyncio.wait(waited, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the service ends while a worker starts
            process.kill()
            await process.wait()
            raise
        if not self._ready.done():
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            code = await exited
            raise WorkerGone(f"media worker did not start (exit code {code})")
        exited.cancel()
        self.port = self._ready.result().port
        self.pid = process.pid
        log.info("media worker %s listens pid=%d port=%d", self._name, process.pid, self.port)

    async def _keep_alive(self) -> None:
        """Start the process again whenever it ends."""
        quick_deaths = 0
        while True:
            assert self._process is not None
            born = time.monotonic()
            code = await self._process.wait()
            if self._stopping:
                return
            self._lost()
            log.error("media worker %s died exit_code=%s", self._name, code)
            quick_deaths = 0 if time.monotonic() - born > STEADY_SECONDS else quick_deaths + 1
            await asyncio.sleep(RESTART_SECONDS[min(quick_deaths, len(RESTART_SECONDS) - 1)])
            if self._stopping:
                return
            try:
                await self._spawn()
            except WorkerGone:
                if self._stopping:
                    return
                log.exception("media worker %s could not be started again", self._name)
                continue
            self.restarts += 1
            self._up.set()

    def _lost(self) -> None:
        self._up.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(WorkerGone("media worker died"))
        try:
            self._on_down()
        except Exception:
            log.exception("handling the death of media worker %s failed", self._name)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while True:
                self._dispatch(await control.read_envelope(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except ValueError:
            log.exception("media worker sent a malformed frame")
        finally:
            writer.close()

    def _dispatch(self, envelope: control.Envelope) -> None:
        body = envelope.body
        if isinstance(body, control.Ready):
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(body)
        elif isinstance(body, control.Report):
            try:
                self._on_report(body)
            except Exception:
                log.exception("handling a media report failed type=%s", type(body).__name__)
        elif isinstance(body, control.Reply):
            future = self._waiting.get(envelope.id)
            if future is not None and not future.done():
                future.set_result(body)
