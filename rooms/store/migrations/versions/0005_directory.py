"""The directory: versions of units, aliases, parallel trees, successions, reforms"""

import sqlalchemy as sa
from alembic import op

from rooms.directory.search import fold, given_name_key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LEVELS = (
    ("province", "Cấp tỉnh", "Các tỉnh, thành phố", "Province level", 1),
    ("district", "Cấp huyện", "Các huyện, thị xã, thành phố", "District level", 2),
    ("commune", "Cấp xã", "Các xã, phường, thị trấn", "Commune level", 3),
    ("agency", "Cơ quan, tổ chức", "Các cơ quan, tổ chức", "Agencies and bodies", 4),
)
_PARTY = "'tinh_uy', 'thanh_uy', 'thi_uy', 'huyen_uy', 'dang_uy', 'ban_dang', 'mat_tran'"
_PARTY_HEADS = "'tinh_uy', 'thanh_uy', 'thi_uy', 'huyen_uy', 'dang_uy'"


def upgrade() -> None:
    _new_tables()
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("search", sa.String(length=500), nullable=False, server_default="")
        )
        batch_op.add_column(
            sa.Column("given_key", sa.String(length=800), nullable=False, server_default="")
        )
        batch_op.create_index(batch_op.f("ix_people_given_key"), ["given_key"], unique=False)
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("tree", sa.String(length=20), nullable=False, server_default="place")
        )
        batch_op.add_column(sa.Column("superior_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_units_superior_id"), ["superior_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_units_superior_id"), "units", ["superior_id"], ["id"]
        )
    _fill_people()
    _fill_levels()
    _fill_trees()


def _fill_people() -> None:
    connection = op.get_bind()
    people = connection.execute(sa.text("SELECT id, full_name, position FROM people")).all()
    for person, name, position in people:
        connection.execute(
            sa.text("UPDATE people SET search = :search, given_key = :key WHERE id = :id"),
            {"search": fold(f"{name} {position}"), "key": given_name_key(name), "id": person},
        )


def _fill_levels() -> None:
    table = sa.table(
        "unit_levels",
        *(sa.column(name) for name in ("code", "name", "plural", "name_en", "rank")),
    )
    known = set(op.get_bind().scalars(sa.text("SELECT code FROM unit_levels")))
    names = ("code", "name", "plural", "name_en", "rank")
    new = [dict(zip(names, level, strict=True)) for level in _LEVELS if level[0] not in known]
    op.bulk_insert(table, new)


def _fill_trees() -> None:
    """By their kinds; a body of a place is below the body of the place above."""
    op.execute("UPDATE units SET tree = 'government' WHERE level = 'agency'")
    op.execute(f"UPDATE units SET tree = 'party' WHERE kind IN ({_PARTY})")
    op.execute(
        "UPDATE units SET tree = 'party' WHERE kind = 'van_phong' AND parent_id IN"
        " (SELECT p.id FROM units p WHERE p.kind = 'tinh_uy')"
    )
    for kinds, above in (("'ubnd'", "'ubnd'"), (_PARTY_HEADS, _PARTY_HEADS)):
        op.execute(
            "UPDATE units SET superior_id = (SELECT MIN(s.id) FROM units s"
            " JOIN units place ON place.parent_id = s.parent_id"
            f" WHERE place.id = units.parent_id AND s.kind IN ({above}) AND place.tree = 'place')"
            f" WHERE kind IN ({kinds})"
        )


def _new_tables() -> None:
    op.create_table(
        "unit_aliases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("alias", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_aliases_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_aliases")),
        sa.UniqueConstraint("unit_id", "alias", name=op.f("uq_unit_aliases_unit_id_alias")),
    )
    op.create_table(
        "reforms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("act", sa.String(length=200), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("succession", sa.Text(), nullable=False),
        sa.Column("new_units", sa.Text(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["accounts.id"], name=op.f("fk_reforms_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reforms")),
    )
    op.create_table(
        "reform_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reform_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["reform_id"],
            ["reforms.id"],
            name=op.f("fk_reform_moves_reform_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_reform_moves_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reform_moves")),
        sa.UniqueConstraint(
            "reform_id",
            "subject",
            "subject_id",
            name=op.f("uq_reform_moves_reform_id_subject_subject_id"),
        ),
    )
    op.create_table(
        "unit_successions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("old_id", sa.Integer(), nullable=False),
        sa.Column("new_id", sa.Integer(), nullable=True),
        sa.Column("share", sa.String(length=20), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("act", sa.String(length=200), nullable=False),
        sa.Column("reform_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["new_id"], ["units.id"], name=op.f("fk_unit_successions_new_id")),
        sa.ForeignKeyConstraint(["old_id"], ["units.id"], name=op.f("fk_unit_successions_old_id")),
        sa.ForeignKeyConstraint(
            ["reform_id"], ["reforms.id"], name=op.f("fk_unit_successions_reform_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_successions")),
        sa.UniqueConstraint(
            "old_id",
            "new_id",
            "effective",
            name=op.f("uq_unit_successions_old_id_new_id_effective"),
        ),
    )
    with op.batch_alter_table("unit_successions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_successions_new_id"), ["new_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_unit_successions_reform_id"), ["reform_id"], unique=False
        )
    op.create_table(
        "unit_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("tree", sa.String(length=20), nullable=False),
        sa.Column("superior_id", sa.Integer(), nullable=True),
        sa.Column("reform_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["units.id"], name=op.f("fk_unit_versions_parent_id")
        ),
        sa.ForeignKeyConstraint(
            ["reform_id"], ["reforms.id"], name=op.f("fk_unit_versions_reform_id")
        ),
        sa.ForeignKeyConstraint(
            ["superior_id"], ["units.id"], name=op.f("fk_unit_versions_superior_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_unit_versions_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_versions")),
    )
    with op.batch_alter_table("unit_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_versions_reform_id"), ["reform_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_versions_unit_id"), ["unit_id"], unique=False)
