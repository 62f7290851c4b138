"""The index of the search over records; it is filled when the plugins have been migrated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "core_search",
        sa.Column("id", ID, nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_search")),
        sa.UniqueConstraint(
            "entity",
            "company_id",
            "record_id",
            name=op.f("uq_core_search_entity_company_id_record_id"),
        ),
    )
    op.create_table(
        "core_search_definition",
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("definition", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("entity", name=op.f("pk_core_search_definition")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE core_search_words USING fts5(text, content='core_search',"
            " content_rowid='id', detail='none', columnsize=0,"
            " tokenize=\"ascii tokenchars '_.'\")"
        )
    else:
        op.execute(
            "CREATE INDEX ix_core_search_words ON core_search"
            " USING gin (array_to_tsvector(string_to_array(btrim(text), ' ')))"
        )


def downgrade() -> None:
    """Remove the tables."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("core_search_words")
    op.drop_table("core_search_definition")
    op.drop_table("core_search")
