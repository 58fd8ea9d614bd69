"""A crowd: many clients in a process of their own, so that they do not disturb the measurement."""

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import uvloop

from conference.bench_server import BenchFailed
from media.load.tally import Totals

STOP_SECONDS = 5.0
NICE = 5  # the server comes first: real clients do not take its CPU


class Group(Protocol):
    """Clients of one process."""

    async def join(self) -> list[float]:
        """Connect everybody; how long each took, in ms. Raises BenchFailed."""

    def totals(self) -> list[Totals]:
        """What each received until now."""

    def lost(self) -> int:
        """How many transports are gone."""


class Guests(Protocol):
    """Who comes; travels to the crowd's process."""

    def gather(self) -> AbstractAsyncContextManager[Group]:
        """The group, not joined yet; at the end it leaves."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a crowd received between "begin" and "end"."""

    clients: list[Totals]
    seconds: float
    cpu_percent: float
    lost: int

    @property
    def total(self) -> Totals:
        return sum(self.clients, Totals())


class Crowd:
    """This side of the pipe to the process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def join(self) -> list[float]:
        """How long each took, in ms. Raises BenchFailed."""
        joined: list[float] = await self._ask("join")
        return joined

    async def begin(self) -> None:
        await self._ask("begin")

    async def end(self) -> Window:
        window: Window = await self._ask("end")
        return window

    async def leave(self) -> None:
        await self._ask("leave")

    async def _ask(self, what: str) -> Any:
        """Send one word, wait for the answer.

        Raises:
            BenchFailed: the crowd's own failure, or it is gone.
        """
        self._pipe.send(what)
        try:
            answer = await asyncio.to_thread(self._pipe.recv)
        except EOFError:
            raise BenchFailed("the load process ended") from None
        if isinstance(answer, BenchFailed):
            raise answer
        return answer


@contextlib.asynccontextmanager
async def crowd_of(guests: Guests) -> AsyncIterator[Crowd]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_main, args=(there, guests), daemon=True, name="crowd")
    process.start()
    there.close()
    crowd = Crowd(here)
    try:
        yield crowd
        await crowd.leave()
    finally:
        here.close()
        await asyncio.to_thread(process.join, STOP_SECONDS)
        if process.is_alive():
            process.kill()


def _main(pipe: Connection, guests: Guests) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_way()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket or two for each client
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_attend(pipe, guests))


def _give_way() -> None:
    """Lower priority than the server's. Systems that share the CPU among sessions first look at
    niceness within one alone, so that this process gets a session of its own, and that its weight
    (sched(7), autogroup)."""
    os.nice(NICE)
    with contextlib.suppress(OSError):
        os.setsid()
        Path("/proc/self/autogroup").write_text(f"{NICE}")


async def _attend(pipe: Connection, guests: Guests) -> None:
    async with guests.gather() as group:
        end: Callable[[], Window] | None = None
        while True:
            try:
                what = await asyncio.to_thread(pipe.recv)
            except EOFError:
                return
            match what:
                case "join":
                    pipe.send(await _joined(group))
                case "begin":
                    end = _window(group)
                    pipe.send(None)
                case "end" if end is not None:
                    pipe.send(end())
                case _:
                    break
    pipe.send(None)


async def _joined(group: Group) -> list[float] | BenchFailed:
    try:
        return await group.join()
    except BenchFailed as error:
        return error


def _window(group: Group) -> Callable[[], Window]:
    """Begins now, ends when called."""
    before, cpu, started = group.totals(), time.process_time(), time.monotonic()

    def end() -> Window:
        elapsed = time.monotonic() - started
        return Window(
            clients=[now - then for now, then in zip(group.totals(), before, strict=True)],
            seconds=elapsed,
            cpu_percent=(time.process_time() - cpu) / elapsed * 100,
            lost=group.lost(),
        )

    return end
