"""Ids of revisions are never given twice, so that followers with a cursor miss none"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return  # sequences never go back
    with op.batch_alter_table(
        "meeting_revisions", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ):
        pass
