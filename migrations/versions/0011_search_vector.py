"""Search: PostgreSQL is told what making the words of a row costs, so that it asks the index."""

from __future__ import annotations

from alembic import op

revision = "core_0011"
down_revision = "core_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index what a function makes of a row's text."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_core_search_words")
    op.execute(
        "CREATE OR REPLACE FUNCTION core_search_vector(words text) RETURNS tsvector"
        " LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$"
        " BEGIN RETURN array_to_tsvector(string_to_array(btrim(words), ' ')); END $$"
    )
    op.execute(
        "CREATE INDEX ix_core_search_words ON core_search USING gin (core_search_vector(text))"
    )


def downgrade() -> None:
    """Index the expression itself."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_core_search_words")
    op.execute(
        "CREATE INDEX ix_core_search_words ON core_search"
        " USING gin (array_to_tsvector(string_to_array(btrim(text), ' ')))"
    )
    op.execute("DROP FUNCTION core_search_vector(text)")
