"""Open items and their allocations, and accounts that are managed by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0012"
down_revision = "ledger_0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns of accounts and make the tables."""
    op.add_column(
        "ledger_account",
        sa.Column("open_item_managed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("ledger_account", sa.Column("sub_ledger", sa.String(length=80), nullable=True))
    with op.batch_alter_table("ledger_account") as account:
        account.alter_column("open_item_managed", server_default=None)
        account.create_check_constraint(
            op.f("ck_ledger_account_sub_ledger"), "sub_ledger IS NULL OR open_item_managed"
        )
    op.create_index(
        "ix_ledger_account_open_items",
        "ledger_account",
        ["company_id"],
        sqlite_where=sa.text("open_item_managed"),
        postgresql_where=sa.text("open_item_managed"),
    )
    op.create_table(
        "ledger_open_item",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("party", sa.String(length=80), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_base", sa.BigInteger(), nullable=False),
        sa.Column("residual", sa.BigInteger(), nullable=False),
        sa.Column("residual_base", sa.BigInteger(), nullable=False),
        sa.Column("hold", sa.String(length=20), nullable=False),
        sa.Column("hold_reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "amount <> 0 AND (amount > 0) = (amount_base > 0)",
            name=op.f("ck_ledger_open_item_amount"),
        ),
        sa.CheckConstraint(
            "currency IS NOT NULL OR amount = amount_base",
            name=op.f("ck_ledger_open_item_currency"),
        ),
        sa.CheckConstraint(
            "(amount >= 0 AND residual >= 0 AND residual <= amount)"
            " OR (amount <= 0 AND residual <= 0 AND residual >= amount)",
            name=op.f("ck_ledger_open_item_residual"),
        ),
        sa.CheckConstraint(
            "(amount_base >= 0 AND residual_base >= 0 AND residual_base <= amount_base)"
            " OR (amount_base <= 0 AND residual_base <= 0 AND residual_base >= amount_base)",
            name=op.f("ck_ledger_open_item_residual_base"),
        ),
        sa.CheckConstraint(
            "residual <> 0 OR residual_base = 0", name=op.f("ck_ledger_open_item_settled")
        ),
        sa.CheckConstraint(
            "hold IN ('none', 'blocked', 'disputed')", name=op.f("ck_ledger_open_item_hold")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_open_item_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            name=op.f("fk_ledger_open_item_entry_id_line_no"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
            name=op.f("fk_ledger_open_item_company_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_open_item")),
        sa.UniqueConstraint(
            "entry_id", "line_no", name=op.f("uq_ledger_open_item_entry_id_line_no")
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_open_item_company_id_id")),
    )
    op.create_index(
        "ix_ledger_open_item_open",
        "ledger_open_item",
        ["company_id", "account_id", "party", "date", "due_date", "residual_base", "residual"],
        sqlite_where=sa.text("residual <> 0"),
        postgresql_where=sa.text("residual <> 0"),
    )
    op.create_index(
        "ix_ledger_open_item_company_id_party_date",
        "ledger_open_item",
        ["company_id", "party", "date"],
    )
    op.create_index(
        "ix_ledger_open_item_account_id_party", "ledger_open_item", ["account_id", "party"]
    )
    op.create_table(
        "ledger_allocation",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("debit_id", ID, nullable=False),
        sa.Column("credit_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("base_debit", sa.BigInteger(), nullable=False),
        sa.Column("base_credit", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("exchange_entry_id", ID, nullable=True),
        sa.Column("undoes_id", ID, nullable=True),
        sa.Column("idempotency_key", sa.String(length=120), nullable=True),
        sa.Column("key_position", sa.Integer(), nullable=True),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(undoes_id IS NULL AND amount > 0 AND base_debit >= 0 AND base_credit >= 0)"
            " OR (undoes_id IS NOT NULL AND amount < 0 AND base_debit <= 0 AND base_credit <= 0)",
            name=op.f("ck_ledger_allocation_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_allocation_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "debit_id"],
            ["ledger_open_item.company_id", "ledger_open_item.id"],
            name=op.f("fk_ledger_allocation_company_id_debit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "credit_id"],
            ["ledger_open_item.company_id", "ledger_open_item.id"],
            name=op.f("fk_ledger_allocation_company_id_credit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "undoes_id"],
            ["ledger_allocation.company_id", "ledger_allocation.id"],
            name=op.f("fk_ledger_allocation_company_id_undoes_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "exchange_entry_id"],
            ["ledger_entry.company_id", "ledger_entry.id"],
            name=op.f("fk_ledger_allocation_company_id_exchange_entry_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_allocation")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_allocation_company_id_id")),
        sa.UniqueConstraint(
            "company_id",
            "idempotency_key",
            "key_position",
            name=op.f("uq_ledger_allocation_company_id_idempotency_key_key_position"),
        ),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_ledger_allocation_undoes_id")),
        sa.UniqueConstraint(
            "exchange_entry_id", name=op.f("uq_ledger_allocation_exchange_entry_id")
        ),
    )
    for side in ("debit", "credit"):
        op.create_index(
            f"ix_ledger_allocation_{side}_id_date_amount",
            "ledger_allocation",
            [f"{side}_id", "date", "amount", f"base_{side}"],
        )
    op.create_index(
        "ix_ledger_allocation_company_id_date", "ledger_allocation", ["company_id", "date"]
    )


def downgrade() -> None:
    """Drop the tables and the columns of accounts."""
    op.drop_table("ledger_allocation")
    op.drop_table("ledger_open_item")
    op.drop_index("ix_ledger_account_open_items", "ledger_account")
    with op.batch_alter_table("ledger_account") as account:
        account.drop_constraint(op.f("ck_ledger_account_sub_ledger"), type_="check")
        account.drop_column("sub_ledger")
        account.drop_column("open_item_managed")
