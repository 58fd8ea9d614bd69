"""Checks of the sites before a meeting, kept with it: the shell over the store."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec
from sqlalchemy import select

from rooms.health import MeetingHealth
from rooms.rehearsals.checks import (
    Point,
    Results,
    SiteChecks,
    measured,
    ticked,
    with_measured,
)
from rooms.session.model import site_of
from rooms.store.database import Database
from rooms.store.tables import SiteCheckRow

MAX_NOTE_CHARS = 300
MAX_DEVICES = 99
_decode = msgspec.json.Decoder(Results).decode


class RehearsalDesk:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_meeting(self, meeting_id: int) -> dict[int, SiteChecks]:
        """By site; sites nobody checked are not there."""
        query = select(SiteCheckRow).where(SiteCheckRow.meeting_id == meeting_id)
        async with self._db.reading() as session:
            return {row.site_id: _checks(row) for row in await session.scalars(query)}

    async def measure(self, meeting_id: int, health: MeetingHealth) -> None:
        """Keep what the service knows of the sites now."""
        known = await self.of_meeting(meeting_id)
        for seat in health.seats:
            site = site_of(seat.seat)
            if site is None:
                continue
            before = known.get(site, SiteChecks(site_id=site)).results
            change = partial(with_measured, found=measured(seat, health.now), now=health.now)
            if change(before) != before:
                await self._change(meeting_id, site, change)

    async def tick(
        self, meeting_id: int, site_id: int, point: Point, passed: bool | None, now: datetime
    ) -> None:
        """What a technician says of a site; None takes it back."""
        await self._change(
            meeting_id, site_id, lambda results: ticked(results, point, passed, now.timestamp())
        )

    async def describe(self, meeting_id: int, site_id: int, devices: int | None, note: str) -> None:
        async with self._db.session() as session:
            row = await session.get(SiteCheckRow, (meeting_id, site_id))
            if row is None:
                row = SiteCheckRow(meeting_id=meeting_id, site_id=site_id, results="{}")
                session.add(row)
            row.devices = None if devices is None else max(0, min(devices, MAX_DEVICES))
            row.note = note.strip()[:MAX_NOTE_CHARS]

    async def _change(
        self, meeting_id: int, site_id: int, change: Callable[[Results], Results]
    ) -> None:
        async with self._db.session() as session:
            row = await session.get(SiteCheckRow, (meeting_id, site_id), with_for_update=True)
            if row is None:
                row = SiteCheckRow(meeting_id=meeting_id, site_id=site_id, results="{}", note="")
                session.add(row)
            row.results = msgspec.json.encode(change(_decode(row.results))).decode()


def _checks(row: SiteCheckRow) -> SiteChecks:
    return SiteChecks(
        site_id=row.site_id, results=_decode(row.results), devices=row.devices, note=row.note
    )
