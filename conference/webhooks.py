"""Sends what `rooms/webhooks` has queued: a few at a time, with short patience."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from sqlalchemy.exc import SQLAlchemyError

from rooms.webhooks.addresses import may_reach, url_fault
from rooms.webhooks.deliveries import Deliveries, Outcome, Parcel
from rooms.webhooks.events import headers

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
_AT_ONCE = 8
_BATCH = 64
_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
_MAX_ANSWER_BYTES = 64 * 1024  # what is read of an answer, so that the connection can be used again
_TIDY_EVERY = timedelta(hours=1)


class GuardedResolver(AbstractResolver):
    """Refuses names that lead to this machine itself; checked at each connection, since a name
    may change what it points to after it was looked at."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)  # type: ignore[arg-type]
        reachable = [one for one in found if may_reach(one["host"])]
        if not reachable:
            raise OSError(f"{host} is this machine")
        return reachable

    async def close(self) -> None:
        await self._resolver.close()


async def run_webhooks(
    deliveries: Deliveries, allowed_hosts: Sequence[str], *, look_every_s: float = LOOK_EVERY_S
) -> None:
    """Follow the schedule and deliver, until cancelled."""
    allowed = frozenset(allowed_hosts)
    resolver = None if allowed else GuardedResolver()
    connector = aiohttp.TCPConnector(resolver=resolver, limit=_AT_ONCE, use_dns_cache=False)
    tidy_at = datetime.now(UTC)
    async with aiohttp.ClientSession(
        connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        while True:
            try:
                await deliveries.follow(datetime.now(UTC))
                await deliver(deliveries, session, allowed)
                if datetime.now(UTC) >= tidy_at:
                    tidy_at = datetime.now(UTC) + _TIDY_EVERY
                    await deliveries.forget_old(datetime.now(UTC))
            except SQLAlchemyError:
                log.exception("webhooks wait for the store")
            await asyncio.sleep(look_every_s)


async def deliver(
    deliveries: Deliveries, session: aiohttp.ClientSession, allowed: frozenset[str]
) -> None:
    """Try everything that is due once; one endpoint gets its events in order."""
    parcels = await deliveries.due(datetime.now(UTC), _BATCH)
    by_endpoint: dict[int, list[Parcel]] = {}
    for parcel in parcels:
        by_endpoint.setdefault(parcel.webhook_id, []).append(parcel)

    async def one_after_another(queue: list[Parcel]) -> None:
        for parcel in queue:
            outcome = await attempt(parcel, session, allowed)
            await deliveries.settle(parcel, outcome, datetime.now(UTC))

    await asyncio.gather(*(one_after_another(queue) for queue in by_endpoint.values()))


async def attempt(
    parcel: Parcel, session: aiohttp.ClientSession, allowed: frozenset[str]
) -> Outcome:
    """One POST. Redirects are not followed: they could lead anywhere."""
    if url_fault(parcel.url, allowed):  # the settings may have changed since it was entered
        return Outcome(status=None, error="address not allowed", duration_ms=0)
    sent = headers(parcel.secret, parcel.event, parcel.event_id, parcel.body, datetime.now(UTC))
    began = time.monotonic()
    status, error = None, ""
    try:
        async with session.post(
            parcel.url, data=parcel.body, headers=sent, allow_redirects=False
        ) as response:
            status = response.status
            await response.content.read(_MAX_ANSWER_BYTES)
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        error = f"{type(fault).__name__}: {fault}"
    except TimeoutError:
        error = "no answer in time"
    return Outcome(status=status, error=error, duration_ms=int((time.monotonic() - began) * 1000))
