"""Invitation letters: series of numbers, letters, reminders; links that can be revoked"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letter_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("form", sa.String(length=20), nullable=False),
        sa.Column("symbol", sa.String(length=60), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("superior", sa.String(length=200), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("inviter", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("signer", sa.String(length=200), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_letter_series_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_series")),
        sa.UniqueConstraint("unit_id", "kind", name=op.f("uq_letter_series_unit_id_kind")),
    )
    op.create_table(
        "letter_numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.Column("abstract", sa.String(length=300), nullable=False),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["given_by"], ["accounts.id"], name=op.f("fk_letter_numbers_given_by")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meetings.id"],
            name=op.f("fk_letter_numbers_meeting_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["letter_series.id"], name=op.f("fk_letter_numbers_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_numbers")),
        sa.UniqueConstraint(
            "series_id", "year", "number", name=op.f("uq_letter_numbers_series_id_year_number")
        ),
    )
    with op.batch_alter_table("letter_numbers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_letter_numbers_meeting_id"), ["meeting_id"], unique=False
        )

    op.create_table(
        "letter_reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("hours_before", sa.Integer(), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meetings.id"],
            name=op.f("fk_letter_reminders_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_reminders")),
        sa.UniqueConstraint(
            "meeting_id",
            "hours_before",
            "audience",
            name=op.f("uq_letter_reminders_meeting_id_hours_before_audience"),
        ),
    )
    with op.batch_alter_table("letter_reminders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_reminders_done_at"), ["done_at"], unique=False)

    op.create_table(
        "letters",
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=True),
        sa.Column("abstract", sa.String(length=300), nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=300), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("signer", sa.String(length=200), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("signed_hash", sa.String(length=64), nullable=False),
        sa.Column("signed_name", sa.String(length=200), nullable=False),
        sa.Column("signed_size", sa.Integer(), nullable=False),
        sa.Column("signed_digitally", sa.Boolean(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Integer(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_off", sa.Boolean(), nullable=False),
        sa.Column("base_url", sa.String(length=300), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name=op.f("fk_letters_meeting_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["number_id"], ["letter_numbers.id"], name=op.f("fk_letters_number_id")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["letter_series.id"], name=op.f("fk_letters_series_id")
        ),
        sa.ForeignKeyConstraint(["signed_by"], ["accounts.id"], name=op.f("fk_letters_signed_by")),
        sa.PrimaryKeyConstraint("meeting_id", name=op.f("pk_letters")),
    )
    with op.batch_alter_table("recipients", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("link_version", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("told_revision", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
