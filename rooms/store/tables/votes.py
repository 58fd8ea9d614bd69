"""What secret votes come to. Nothing here leads from a voter to a choice, see `rooms/VOTING.md`."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from rooms.store.tables.base import Base


class BallotBoxRow(Base):
    """Ballots for one option of one secret vote: a sum, from the opening on."""

    __tablename__ = "ballot_boxes"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), primary_key=True)
    vote: Mapped[int] = mapped_column(primary_key=True)
    option: Mapped[int] = mapped_column(primary_key=True)
    ballots: Mapped[int]


class RehearsalBallotRow(Base):
    """As `BallotBoxRow`, for the secret votes of one test run."""

    __tablename__ = "rehearsal_ballots"

    meeting_id: Mapped[int] = mapped_column(
        ForeignKey("meetings.id", ondelete="CASCADE"), primary_key=True
    )
    run: Mapped[int] = mapped_column(primary_key=True)
    vote: Mapped[int] = mapped_column(primary_key=True)
    option: Mapped[int] = mapped_column(primary_key=True)
    ballots: Mapped[int]


class BallotReceiptRow(Base):
    """That a paper was put into the box; not by whom, not what stood on it."""

    __tablename__ = "ballot_receipts"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"), primary_key=True)
    vote: Mapped[int] = mapped_column(primary_key=True)
    receipt: Mapped[str] = mapped_column(String(40), primary_key=True)
