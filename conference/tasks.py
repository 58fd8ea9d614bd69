"""Supervised tasks: each has a name, a kept reference, and an owner that hears of its failure."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

log = logging.getLogger(__name__)


class Supervisor:
    """Owns background tasks of one part of the program.

    A task that raises is logged with its traceback and reported to `on_failure`; leaving the
    context cancels what still runs, newest first, and awaits it.
    """

    def __init__(self, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}  # in order of starting
        self._on_failure = on_failure

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Cancel every task, newest first, and wait until all have ended.

        Tasks that a task starts while it ends are ended too.
        """
        while self._tasks:
            task = next(reversed(self._tasks))
            task.cancel()
            await asyncio.wait({task})
            self._tasks.pop(task, None)

    def snapshot(self) -> tuple[str, ...]:
        """Names of the running tasks, oldest first."""
        return tuple(task.get_name() for task in self._tasks)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("task failed name=%s", task.get_name(), exc_info=error)
            if self._on_failure is not None:
                self._on_failure(task.get_name(), error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
