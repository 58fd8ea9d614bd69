"""WHIP and WHEP clients of a bench run."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp

from conference.bench_server import BenchFailed, Target
from conference.whip_client import WhipRefused, WhipSession
from media.load.dtls import new_certificate
from media.load.mass import MassReception
from media.load.offer import MediaPlan
from media.load.peer import Peer, PeerFailed, Ticker, address_towards
from media.load.tally import Totals
from rooms.directory.tokens import TokenRole

CROWD_TICK_S = 0.06  # the pace of transport-wide feedback; arrival times are the kernel's
CROWD_GROUPS = 12
JOINING = 8  # subscribers that connect at the same time
CONNECT_S = 10.0
CROWD_CONNECT_S = 30.0  # the last of a thousand come when the server is busy with the others


@dataclass(slots=True)
class Clients:
    """Connected peers with their WHIP or WHEP sessions."""

    target: Target
    http: aiohttp.ClientSession
    ticker: Ticker
    peers: list[Peer] = field(default_factory=list)
    sessions: list[WhipSession] = field(default_factory=list)
    join_ms: list[float] = field(default_factory=list)

    async def add(
        self, kind: str, role: TokenRole, make: Callable[[], Peer], timeout_s: float = CONNECT_S
    ) -> Peer:
        """Connect one more client."""
        started = time.monotonic()
        peer = make()
        self.ticker.add(peer)
        session = WhipSession(self.http, self.target.endpoint(kind), self.target.token_for(role))
        self.sessions.append(session)
        self.peers.append(peer)
        await peer.connect(await session.start(peer.offer()), timeout_s)
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


@dataclass(frozen=True, slots=True)
class Viewers:
    """So many WHEP subscribers, as a crowd."""

    target: Target
    plan: MediaPlan
    count: int

    @contextlib.asynccontextmanager
    async def gather(self) -> AsyncIterator["ViewerGroup"]:
        mass = MassReception()
        ticker = Ticker(CROWD_TICK_S, groups=CROWD_GROUPS, mass=mass)
        async with connected_clients(self.target, ticker) as clients:
            yield ViewerGroup(self, clients, mass)


@dataclass(frozen=True, slots=True)
class ViewerGroup:
    viewers: Viewers
    clients: Clients
    mass: MassReception

    async def join(self) -> list[float]:
        """Connect everybody, a few at a time; how long each took, in ms.

        Raises:
            BenchFailed: one could not.
        """
        certificate, address = new_certificate(), address_towards(self.viewers.target.url)
        gate = asyncio.Semaphore(JOINING)

        def peer() -> Peer:
            return Peer(certificate, self.viewers.plan, address=address, mass=self.mass)

        async def one() -> None:
            async with gate:
                await self.clients.add("whep", TokenRole.VIEWER, peer, CROWD_CONNECT_S)

        try:
            await asyncio.gather(*(one() for _ in range(self.viewers.count)))
        except (WhipRefused, PeerFailed, aiohttp.ClientError) as error:
            raise BenchFailed(str(error)) from None
        return self.clients.join_ms

    def totals(self) -> list[Totals]:
        return [peer.totals() for peer in self.clients.peers]

    def lost(self) -> int:
        return self.clients.lost()
