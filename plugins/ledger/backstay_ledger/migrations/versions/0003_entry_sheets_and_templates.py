"""What is being typed in the entry editor, and templates for entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0003"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_entry_sheet",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("entry_id", ID, nullable=True),
        sa.Column("entry_version", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_entry_sheet_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry_sheet")),
        sa.UniqueConstraint(
            "company_id",
            "owner_id",
            "key",
            name=op.f("uq_ledger_entry_sheet_company_id_owner_id_key"),
        ),
    )
    op.create_index(
        "ix_ledger_entry_sheet_owner_id_entry_id",
        "ledger_entry_sheet",
        ["owner_id", "entry_id"],
    )
    op.create_table(
        "ledger_entry_template",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_entry_template_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry_template")),
        sa.UniqueConstraint(
            "company_id",
            "owner_id",
            "name",
            name=op.f("uq_ledger_entry_template_company_id_owner_id_name"),
        ),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("ledger_entry_template")
    op.drop_table("ledger_entry_sheet")
