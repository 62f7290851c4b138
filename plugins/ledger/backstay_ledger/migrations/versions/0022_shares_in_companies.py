"""Shares in the companies of a group, from a day to a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0022"
down_revision = "ledger_0021"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and the key of groups that it refers to."""
    op.create_index(
        "ix_ledger_company_group_company_id_id",
        "ledger_company_group",
        ["company_id", "id"],
        unique=True,
    )
    op.create_table(
        "ledger_group_share",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("member", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column("investment", sa.String(length=400), nullable=False),
        sa.Column("dividends", sa.String(length=400), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "share > 0 AND share <= 10000000000", name=op.f("ck_ledger_group_share_share")
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_ledger_group_share_valid")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_group_share_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "group_id"],
            ["ledger_company_group.company_id", "ledger_company_group.id"],
            name=op.f("fk_ledger_group_share_company_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_group_share")),
        sa.UniqueConstraint(
            "group_id",
            "member",
            "valid_from",
            name=op.f("uq_ledger_group_share_group_id_member_valid_from"),
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("ledger_group_share")
    op.drop_index("ix_ledger_company_group_company_id_id", table_name="ledger_company_group")
