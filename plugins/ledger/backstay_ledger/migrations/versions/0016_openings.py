"""Openings of books with their clearing accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0016"
down_revision = "ledger_0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _account(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        ["ledger_account.company_id", "ledger_account.id"],
        name=op.f(f"fk_{table}_company_id_{column}"),
    )


def _of_company(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id"], ["core_company.id"], name=op.f(f"fk_{table}_company_id")
    )


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ledger_opening",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("balances_account_id", ID, nullable=False),
        sa.Column("items_account_id", ID, nullable=False),
        sa.Column("begun_by", sa.String(length=120), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_by", sa.String(length=120), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "balances_account_id <> items_account_id", name=op.f("ck_ledger_opening_accounts")
        ),
        sa.CheckConstraint(
            "(finished_by IS NULL) = (finished_at IS NULL)",
            name=op.f("ck_ledger_opening_finished"),
        ),
        _of_company("ledger_opening"),
        _account("ledger_opening", "balances_account_id"),
        _account("ledger_opening", "items_account_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_opening")),
        sa.UniqueConstraint("company_id", name=op.f("uq_ledger_opening_company_id")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_opening_company_id_id")),
    )
    op.create_table(
        "ledger_opening_line",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("line_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "part IN ('balances', 'items')", name=op.f("ck_ledger_opening_line_part")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            name=op.f("fk_ledger_opening_line_entry_id_line_no"),
            ondelete="CASCADE",
        ),
        _account("ledger_opening_line", "account_id"),
        sa.PrimaryKeyConstraint("entry_id", "line_no", name=op.f("pk_ledger_opening_line")),
    )
    op.create_index(
        "ix_ledger_opening_line_company_id_part", "ledger_opening_line", ["company_id", "part"]
    )
    op.create_index("ix_ledger_opening_line_account_id", "ledger_opening_line", ["account_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("ledger_opening_line")
    op.drop_table("ledger_opening")
