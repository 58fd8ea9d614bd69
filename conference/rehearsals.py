"""While a test run goes on, what is measured of its sites is kept."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from rooms.health import HealthBoard
from rooms.rehearsals.desk import RehearsalDesk

log = logging.getLogger(__name__)

MEASURE_EVERY_S = 5.0


async def run_rehearsals(
    health: HealthBoard, desk: RehearsalDesk, *, every_s: float = MEASURE_EVERY_S
) -> None:
    """Until cancelled."""
    while True:
        for meeting in health.rehearsals():
            found = health.snapshot(meeting, history=False)
            if found is None:
                continue
            try:
                await desk.measure(meeting, found)
            except SQLAlchemyError:
                log.exception("meeting %s: checks not kept", meeting)
        await asyncio.sleep(every_s)
