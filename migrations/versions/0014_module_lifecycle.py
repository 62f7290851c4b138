"""Modules: which role templates were made, what a module asks for, how it was checked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0014"
down_revision = "core_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; whatever was enabled so far has made its roles."""
    op.create_table(
        "core_role_template",
        sa.Column("plugin", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("plugin", "code", name=op.f("pk_core_role_template")),
    )
    op.execute(
        "INSERT INTO core_role_template (plugin, code)"
        " SELECT 'core', '*' FROM core_installation UNION SELECT name, '*' FROM core_plugin"
    )
    op.create_table(
        "core_plugin_declared",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("jobs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_plugin_declared")),
    )
    op.create_table(
        "core_plugin_check",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_plugin_check")),
    )
    op.add_column(
        "core_lease", sa.Column("note", sa.String(length=120), nullable=False, server_default="")
    )
    op.add_column(
        "core_lease", sa.Column("taken_at", sa.BigInteger(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("core_lease", "taken_at")
    op.drop_column("core_lease", "note")
    op.drop_table("core_plugin_check")
    op.drop_table("core_plugin_declared")
    op.drop_table("core_role_template")
