"""The clients of a bench run: those of this process, and the crowd in a process of its own."""

import asyncio
import contextlib
import multiprocessing
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
import uvloop

from conference.bench_server import BenchFailed, Target
from conference.whip_client import WhipRefused, WhipSession
from media.load.dtls import new_certificate
from media.load.mass import MassReception
from media.load.offer import MediaPlan
from media.load.peer import Peer, PeerFailed, Ticker, address_towards
from media.load.tally import Totals
from rooms.directory.tokens import TokenRole

CROWD_TICK_S = 0.06  # the pace of transport-wide feedback; arrival times are the kernel's
CROWD_GROUPS = 6
JOINING = 8  # subscribers that connect at the same time
STOP_SECONDS = 5.0


@dataclass(slots=True)
class Clients:
    """Connected peers with their WHIP or WHEP sessions."""

    target: Target
    http: aiohttp.ClientSession
    ticker: Ticker
    peers: list[Peer] = field(default_factory=list)
    sessions: list[WhipSession] = field(default_factory=list)
    join_ms: list[float] = field(default_factory=list)

    async def add(self, kind: str, role: TokenRole, make: Callable[[], Peer]) -> Peer:
        """Connect one more client."""
        started = time.monotonic()
        peer = make()
        self.ticker.add(peer)
        session = WhipSession(self.http, self.target.endpoint(kind), self.target.token_for(role))
        self.sessions.append(session)
        self.peers.append(peer)
        await peer.connect(await session.start(peer.offer()))
        self.join_ms.append((time.monotonic() - started) * 1e3)
        return peer

    async def close(self) -> None:
        gate = asyncio.Semaphore(JOINING)

        async def stop(session: WhipSession) -> None:
            async with gate:
                await session.stop()

        await asyncio.gather(*(stop(session) for session in self.sessions))
        for peer in self.peers:
            peer.close()

    def totals(self) -> Totals:
        return sum((peer.totals() for peer in self.peers), Totals())

    def lost(self) -> int:
        return sum(peer.lost is not None for peer in self.peers)


@contextlib.asynccontextmanager
async def connected_clients(target: Target, ticker: Ticker) -> AsyncIterator[Clients]:
    ticking = asyncio.create_task(ticker.run())
    async with aiohttp.ClientSession() as http:
        clients = Clients(target, http, ticker)
        try:
            yield clients
        finally:
            await clients.close()
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking


# ---------------------------------------------------------------- the crowd


class Crowd:
    """This side of the pipe to the process with all other subscribers."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    async def ask(self, what: str) -> Any:
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
async def crowd_of(target: Target, plan: MediaPlan, count: int) -> AsyncIterator[Crowd]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(
        target=_crowd_process, args=(there, target, plan, count), daemon=True, name="crowd"
    )
    process.start()
    there.close()
    crowd = Crowd(here)
    try:
        yield crowd
        await crowd.ask("leave")
    finally:
        here.close()
        await asyncio.to_thread(process.join, STOP_SECONDS)
        if process.is_alive():
            process.kill()


def _crowd_process(pipe: Connection, target: Target, plan: MediaPlan, count: int) -> None:
    """Main function of the crowd."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_attend(pipe, target, plan, count))


async def _attend(pipe: Connection, target: Target, plan: MediaPlan, count: int) -> None:
    mass = MassReception()
    ticker = Ticker(CROWD_TICK_S, groups=CROWD_GROUPS, mass=mass)
    async with connected_clients(target, ticker) as clients:
        before, cpu, started = Totals(), 0.0, 0.0
        while True:
            try:
                what = await asyncio.to_thread(pipe.recv)
            except EOFError:
                return
            match what:
                case "join":
                    pipe.send(await _join(clients, plan, count, mass))
                case "begin":
                    before, cpu, started = clients.totals(), time.process_time(), time.monotonic()
                    pipe.send(None)
                case "end":
                    elapsed = time.monotonic() - started
                    pipe.send(
                        {
                            **asdict(clients.totals() - before),
                            "seconds": elapsed,
                            "cpu_percent": (time.process_time() - cpu) / elapsed * 100,
                            "lost": clients.lost(),
                        }
                    )
                case _:
                    break
    pipe.send(None)


async def _join(
    clients: Clients, plan: MediaPlan, count: int, mass: MassReception
) -> list[float] | BenchFailed:
    """Connect everybody, a few at a time; how long each took, in ms."""
    certificate, address = new_certificate(), address_towards(clients.target.url)
    gate = asyncio.Semaphore(JOINING)

    async def one() -> None:
        async with gate:
            await clients.add(
                "whep",
                TokenRole.VIEWER,
                lambda: Peer(certificate, plan, address=address, mass=mass),
            )

    try:
        await asyncio.gather(*(one() for _ in range(count)))
    except (WhipRefused, PeerFailed, aiohttp.ClientError) as error:
        return BenchFailed(str(error))
    return clients.join_ms
