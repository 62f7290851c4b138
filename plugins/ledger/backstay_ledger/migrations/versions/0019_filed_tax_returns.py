"""Tax returns as they were filed, and locks of tax."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0019"
down_revision = "ledger_0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE = "scope IN ('all', 'ar', 'ap', 'bank', 'general', 'stock')"
_NOW = "scope IN ('all', 'ar', 'ap', 'bank', 'general', 'stock', 'tax')"


def _in_company(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{target}.company_id", f"{target}.id"],
        name=op.f(f"fk_{table}_company_id_{column}"),
    )


def _of_company(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id"], ["core_company.id"], name=op.f(f"fk_{table}_company_id")
    )


def _scopes(allowed: str) -> None:
    for table in ("ledger_lock", "ledger_lock_exception"):
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(op.f(f"ck_{table}_scope"), type_="check")
            changed.create_check_constraint(op.f(f"ck_{table}_scope"), allowed)


def upgrade() -> None:
    """Let locks hold for tax, and make the tables."""
    _scopes(_NOW)
    op.create_table(
        "ledger_tax_filing",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("registration", sa.String(length=60), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("filed_by", sa.String(length=120), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_ledger_tax_filing_days")),
        sa.CheckConstraint("number > 0", name=op.f("ck_ledger_tax_filing_number")),
        _of_company("ledger_tax_filing"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_tax_filing")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_tax_filing_company_id_id")),
        sa.UniqueConstraint(
            "company_id", "number", name=op.f("uq_ledger_tax_filing_company_id_number")
        ),
    )
    op.create_table(
        "ledger_tax_filing_box",
        sa.Column("filing_id", ID, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('payable', 'deductible', 'information')",
            name=op.f("ck_ledger_tax_filing_box_kind"),
        ),
        _in_company("ledger_tax_filing_box", "filing_id", "ledger_tax_filing"),
        sa.PrimaryKeyConstraint("filing_id", "code", name=op.f("pk_ledger_tax_filing_box")),
    )
    op.create_table(
        "ledger_tax_filing_row",
        sa.Column("detail_id", ID, autoincrement=False, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("filing_id", ID, nullable=False),
        _in_company("ledger_tax_filing_row", "filing_id", "ledger_tax_filing"),
        _in_company("ledger_tax_filing_row", "detail_id", "ledger_tax_detail"),
        sa.PrimaryKeyConstraint("detail_id", name=op.f("pk_ledger_tax_filing_row")),
    )
    op.create_index("ix_ledger_tax_filing_row_filing_id", "ledger_tax_filing_row", ["filing_id"])


def downgrade() -> None:
    """Drop them; locks of tax go, and exceptions from them hold for nothing that posts tax."""
    op.drop_table("ledger_tax_filing_row")
    op.drop_table("ledger_tax_filing_box")
    op.drop_table("ledger_tax_filing")
    op.execute("DELETE FROM ledger_lock WHERE scope = 'tax'")
    op.execute("UPDATE ledger_lock_exception SET scope = 'stock' WHERE scope = 'tax'")
    _scopes(_BEFORE)
