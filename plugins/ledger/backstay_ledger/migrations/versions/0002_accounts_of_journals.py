"""Accounts that plain-text journals bring: codes with levels, and a class to be set later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the code and allow the class that is to be set."""
    with op.batch_alter_table("ledger_account") as account:
        account.alter_column(
            "code", existing_type=sa.String(length=20), type_=sa.String(length=200)
        )
        account.drop_constraint(op.f("ck_ledger_account_account_class"), type_="check")
        account.create_check_constraint(
            op.f("ck_ledger_account_account_class"),
            "account_class IN ('asset', 'liability', 'equity', 'income', 'expense', 'unset')",
        )


def downgrade() -> None:
    """Narrow both again, which fails while a code is longer or a class unset."""
    with op.batch_alter_table("ledger_account") as account:
        account.drop_constraint(op.f("ck_ledger_account_account_class"), type_="check")
        account.create_check_constraint(
            op.f("ck_ledger_account_account_class"),
            "account_class IN ('asset', 'liability', 'equity', 'income', 'expense')",
        )
        account.alter_column(
            "code", existing_type=sa.String(length=200), type_=sa.String(length=20)
        )
