"""One index of lines by account that holds their amounts; reports read nothing else of them."""

from __future__ import annotations

from alembic import op

revision = "ledger_0004"
down_revision = "ledger_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index before its two predecessors go."""
    op.create_index(
        "ix_ledger_line_account_id_date_amount",
        "ledger_line",
        ["account_id", "date", "entry_id", "line_no", "amount", "company_id"],
    )
    op.drop_index("ix_ledger_line_company_id_date_account_id", table_name="ledger_line")
    op.drop_index(
        "ix_ledger_line_company_id_account_id_date_entry_id_line_no", table_name="ledger_line"
    )


def downgrade() -> None:
    """Make its two predecessors before the index goes."""
    op.create_index(
        "ix_ledger_line_company_id_account_id_date_entry_id_line_no",
        "ledger_line",
        ["company_id", "account_id", "date", "entry_id", "line_no"],
        postgresql_include=["amount", "amount_currency"],
    )
    op.create_index(
        "ix_ledger_line_company_id_date_account_id",
        "ledger_line",
        ["company_id", "date", "account_id"],
        postgresql_include=["amount"],
    )
    op.drop_index("ix_ledger_line_account_id_date_amount", table_name="ledger_line")
