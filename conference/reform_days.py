"""Carries out reforms of the directory when their day has come."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from rooms.directory.directory import today
from rooms.directory.reforms.service import Reforms

log = logging.getLogger(__name__)

LOOK_EVERY_S = 20.0  # so much later than midnight at most


async def run_reform_days(reforms: Reforms, *, look_every_s: float = LOOK_EVERY_S) -> None:
    """Until cancelled; a day that passed while the service was down is made up for at once."""
    while True:
        try:
            for done in await reforms.take_effect(today()):
                log.info("reform %d of %s has taken effect", done.id, done.effective)
        except SQLAlchemyError:
            log.exception("reforms wait for the store")
        await asyncio.sleep(look_every_s)
