"""What waits for a live meeting's owner task."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from rooms.errors import RequestRefused
from rooms.session.commands import Command
from rooms.session.policy import Actor

MAX_REQUESTS = 1000  # more are refused with "busy"
MAX_BATCH = 256  # decided together, in one transaction


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Request:
    """Something for the owner task.

    `still` raises RequestRefused when the request no longer counts; `then` runs when its events
    are in the log, before the answer.
    """

    actor: Actor
    command: Command
    answer: asyncio.Future[None] | None = None  # None: nobody waits
    still: Callable[[], None] = _nothing
    then: Callable[[], None] = _nothing

    def settle(self, refusal: Exception | None) -> None:
        """Answer, once."""
        if self.answer is None or self.answer.done():
            return
        if refusal is None:
            self.answer.set_result(None)
        else:
            self.answer.set_exception(refusal)


class Inbox:
    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._wake = asyncio.Event()
        self._closed: str | None = None

    def put(self, request: Request) -> None:
        """Add a request.

        Raises:
            RequestRefused: "busy" when full, or the code the inbox was closed with.
        """
        if self._closed is not None:
            raise RequestRefused(self._closed)
        if len(self._requests) >= MAX_REQUESTS:
            raise RequestRefused("busy")
        self._requests.append(request)
        self._wake.set()

    def close(self, code: str) -> None:
        """Refuse what waits and what comes."""
        self._closed = code
        while self._requests:
            self._requests.popleft().settle(RequestRefused(code))
        self._wake.set()

    async def batch(self) -> list[Request]:
        """The next request and those that wait with it; empty once closed."""
        while not self._requests and self._closed is None:
            self._wake.clear()
            await self._wake.wait()
        count = min(len(self._requests), MAX_BATCH)
        return [self._requests.popleft() for _ in range(count)]
