"""The ballot boxes of secret votes: sums and receipts, never a voter beside a choice."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.store.database import Database
from rooms.store.tables import BallotBoxRow, BallotReceiptRow, RehearsalBallotRow


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What one seat puts into the box: ballots for each option, and its receipt."""

    vote: int
    counts: tuple[int, ...]
    receipt: str


async def put(session: AsyncSession, meeting_id: int, papers: Sequence[Paper]) -> None:
    """Add papers to their boxes, in the transaction that logs who voted."""
    for paper in papers:
        for option, ballots in enumerate(paper.counts):
            key = {"meeting_id": meeting_id, "vote": paper.vote, "option": option}
            await _add(session, BallotBoxRow, key, ballots)
        session.add(BallotReceiptRow(meeting_id=meeting_id, vote=paper.vote, receipt=paper.receipt))


async def put_in_rehearsal(
    session: AsyncSession, meeting_id: int, run: int, papers: Sequence[Paper]
) -> None:
    """As `put`, for a test run: its receipts are not kept."""
    for paper in papers:
        for option, ballots in enumerate(paper.counts):
            key = {"meeting_id": meeting_id, "run": run, "vote": paper.vote, "option": option}
            await _add(session, RehearsalBallotRow, key, ballots)


async def _add(
    session: AsyncSession,
    box: type[BallotBoxRow | RehearsalBallotRow],
    key: dict[str, int],
    more: int,
) -> None:
    """All options are written each time: which row was changed last says nothing."""
    if await session.get(box, key) is None:
        session.add(box(**key, ballots=more))
        return
    await session.execute(
        update(box)
        .filter_by(**key)
        .values(ballots=box.ballots + more)
        .execution_options(synchronize_session=False)
    )


class Box(Protocol):
    """Where the count of a secret vote is read."""

    async def tally(self, meeting_id: int, vote: int, options: int) -> tuple[int, ...]: ...


class Ballots:
    """Read access to the boxes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def tally(self, meeting_id: int, vote: int, options: int) -> tuple[int, ...]:
        """Ballots for each option."""
        query = select(BallotBoxRow.option, BallotBoxRow.ballots).where(
            BallotBoxRow.meeting_id == meeting_id, BallotBoxRow.vote == vote
        )
        async with self._db.reading() as session:
            found = {row.option: row.ballots for row in await session.execute(query)}
        return tuple(found.get(option, 0) for option in range(options))

    async def receipts(self, meeting_id: int, vote: int) -> list[str]:
        """The receipts of all papers in a box, in the order of their digits."""
        query = (
            select(BallotReceiptRow.receipt)
            .where(BallotReceiptRow.meeting_id == meeting_id, BallotReceiptRow.vote == vote)
            .order_by(BallotReceiptRow.receipt)
        )
        async with self._db.reading() as session:
            return list(await session.scalars(query))


class RehearsalBallots:
    """Read access to the boxes of one test run."""

    def __init__(self, db: Database, run: int) -> None:
        self._db = db
        self._run = run

    async def tally(self, meeting_id: int, vote: int, options: int) -> tuple[int, ...]:
        """As `Ballots.tally`."""
        query = select(RehearsalBallotRow.option, RehearsalBallotRow.ballots).filter_by(
            meeting_id=meeting_id, run=self._run, vote=vote
        )
        async with self._db.reading() as session:
            found = {row.option: row.ballots for row in await session.execute(query)}
        return tuple(found.get(option, 0) for option in range(options))
