"""The day of a reform comes while the service runs, or while it does not."""

import asyncio
from datetime import date

from sqlalchemy.exc import OperationalError

from conference.reform_days import run_reform_days


class Calendar:
    """Reforms that note when they were asked; the store fails once."""

    def __init__(self) -> None:
        self.asked: list[date] = []
        self.thrice = asyncio.Event()

    async def take_effect(self, today: date) -> list[object]:
        self.asked.append(today)
        if len(self.asked) == 1:
            raise OperationalError("", {}, Exception("locked"))
        if len(self.asked) == 3:
            self.thrice.set()
        return []


async def test_reforms_are_looked_for_at_once_and_again_and_again():
    calendar = Calendar()
    task = asyncio.create_task(run_reform_days(calendar, look_every_s=0.001))  # type: ignore[arg-type]
    async with asyncio.timeout(5):
        await calendar.thrice.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
