"""Search: PostgreSQL starts no further processes to read the rows that its index names."""

from __future__ import annotations

from alembic import op

revision = "core_0013"
down_revision = "core_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Starting them takes longer than reading the rows."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER FUNCTION core_search_vector(text) PARALLEL UNSAFE")


def downgrade() -> None:
    """Let it share the work again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER FUNCTION core_search_vector(text) PARALLEL SAFE")
