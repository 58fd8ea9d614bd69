"""Reports as set up, and their sums kept up to date in the background."""

import asyncio
import logging
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from conference.config import ConfigError, ReportSettings
from rooms.reports.ledger import Ledger
from rooms.reports.reports import Reports
from rooms.reports.travel import BUILT_IN, BadTable, Rates, read_distances
from rooms.store.database import Database

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0


def reports_of(settings: ReportSettings, db: Database) -> Reports:
    """
    Raises:
        ConfigError: the table of distances cannot be read or does not know the origin.
    """
    path = Path(settings.distances) if settings.distances else BUILT_IN
    try:
        distances = read_distances(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, BadTable) as error:
        raise ConfigError(f"settings: [reports] distances: {path}: {error}") from None
    if settings.origin not in distances:
        known = ", ".join(sorted(distances))
        raise ConfigError(f"settings: [reports] origin: not in the table of distances ({known})")
    rates = Rates(
        origin=settings.origin,
        per_km=settings.vnd_per_km,
        per_day=settings.vnd_per_day,
        nearest_km=settings.nearest_km,
        speed_kmh=settings.speed_kmh,
    )
    return Reports(db, rates, distances)


async def run_reports(ledger: Ledger, *, look_every_s: float = LOOK_EVERY_S) -> None:
    """Work in what changed, until cancelled."""
    while True:
        try:
            await ledger.follow()
        except SQLAlchemyError:
            log.exception("reports wait for the store")
        await asyncio.sleep(look_every_s)
