"""The seed data set: the province's units and sites, and the demo's accounts and meetings."""

from datetime import datetime

from rooms.store.database import Database

DEMO_PASSWORD = "diemcau-demo"
DEMO_MEETING = "demo"
BENCH_MEETING = "bench"


async def seed_directory(db: Database) -> None:
    """Units and the 20 sites; idempotent."""
    raise NotImplementedError


async def seed_demo(db: Database, now: datetime) -> None:
    """Accounts and meetings around `now`; idempotent, a later start moves them to its day."""
    raise NotImplementedError
