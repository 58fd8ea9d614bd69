"""Ballot boxes of secret votes"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ballot_boxes",
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("vote", sa.Integer(), nullable=False),
        sa.Column("option", sa.Integer(), nullable=False),
        sa.Column("ballots", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_ballot_boxes_meeting_id")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "vote", "option", name=op.f("pk_ballot_boxes")),
    )
    op.create_table(
        "ballot_receipts",
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("vote", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_ballot_receipts_meeting_id")
        ),
        sa.PrimaryKeyConstraint("meeting_id", "vote", "receipt", name=op.f("pk_ballot_receipts")),
    )
