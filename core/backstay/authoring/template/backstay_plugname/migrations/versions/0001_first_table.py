"""First table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "plugname_0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "plugname_task",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("begun_on", sa.Date(), nullable=False),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["core_company.id"],
            name=op.f("fk_plugname_task_company_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plugname_task")),
    )
    op.create_index(
        op.f("ix_plugname_task_company_id_title_id"),
        "plugname_task",
        ["company_id", "title", "id"],
        unique=False,
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("plugname_task")
