"""The ballot boxes of secret votes: sums and receipts, never a voter beside a choice."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.store.database import Database
from rooms.store.tables import BallotBoxRow, BallotReceiptRow


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What one seat puts into the box: ballots for each option, and its receipt."""

    vote: int
    counts: tuple[int, ...]
    receipt: str


async def put(session: AsyncSession, meeting_id: int, papers: Sequence[Paper]) -> None:
    """Add papers to their boxes, in the transaction that logs who voted."""
    for paper in papers:
        for option, ballots in enumerate(paper.counts):
            await _add(session, meeting_id, paper.vote, option, ballots)
        session.add(BallotReceiptRow(meeting_id=meeting_id, vote=paper.vote, receipt=paper.receipt))


async def _add(session: AsyncSession, meeting_id: int, vote: int, option: int, more: int) -> None:
    """All options are written each time: which row was changed last says nothing."""
    box = await session.get(BallotBoxRow, (meeting_id, vote, option))
    if box is None:
        session.add(BallotBoxRow(meeting_id=meeting_id, vote=vote, option=option, ballots=more))
        return
    await session.execute(
        update(BallotBoxRow)
        .where(
            BallotBoxRow.meeting_id == meeting_id,
            BallotBoxRow.vote == vote,
            BallotBoxRow.option == option,
        )
        .values(ballots=BallotBoxRow.ballots + more)
        .execution_options(synchronize_session=False)
    )


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
