"""Tasks of a connection that end with it: lanes of requests, and waiting with a bound."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from signaling.messages import Request

log = logging.getLogger(__name__)


class RequestLane:
    """Carries out requests one after another. Its task lives while there is something to do."""

    def __init__(self, run: Callable[[Request], Awaitable[None]], limit: int, name: str) -> None:
        self._run = run
        self._limit = limit
        self._name = name
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, request: Request) -> bool:
        """False: too many requests wait already."""
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(request)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name=self._name)
        return True

    async def _work(self) -> None:
        while self._waiting:
            await self._run(self._waiting.popleft())

    async def close(self, seconds: float) -> None:
        """Forget what waits; the running request may take `seconds` to finish."""
        self._waiting.clear()
        if self._task is not None:
            await finish(self._task, seconds)


async def finish(task: asyncio.Task[None], seconds: float) -> None:
    """Wait for `task`; cancel it when it takes longer."""
    await asyncio.wait({task}, timeout=seconds)
    await cancel(task)


async def cancel(task: asyncio.Task[None]) -> None:
    """End `task`. A bug in it is reported once, here."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)
