"""Dimensions, their values and sets, and one column of lines for a set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0014"
down_revision = "ledger_0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables before the column that refers to them."""
    op.create_table(
        "ledger_dimension",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        _of_company("ledger_dimension"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_dimension")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_ledger_dimension_company_id_code")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_dimension_company_id_id")),
    )
    op.create_table(
        "ledger_dimension_value",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("dimension_id", ID, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "valid_from IS NULL OR valid_to IS NULL OR valid_from <= valid_to",
            name=op.f("ck_ledger_dimension_value_valid"),
        ),
        _of_company("ledger_dimension_value"),
        _of("ledger_dimension_value", "dimension_id", "ledger_dimension"),
        _of("ledger_dimension_value", "parent_id", "ledger_dimension_value"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_dimension_value")),
        sa.UniqueConstraint(
            "company_id",
            "dimension_id",
            "code",
            name=op.f("uq_ledger_dimension_value_company_id_dimension_id_code"),
        ),
        sa.UniqueConstraint(
            "company_id", "id", name=op.f("uq_ledger_dimension_value_company_id_id")
        ),
    )
    op.create_index(
        "ix_ledger_dimension_value_company_id_parent_id",
        "ledger_dimension_value",
        ["company_id", "parent_id"],
    )
    op.create_table(
        "ledger_dimset",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        _of_company("ledger_dimset"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_dimset")),
        sa.UniqueConstraint(
            "company_id", "digest", name=op.f("uq_ledger_dimset_company_id_digest")
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_ledger_dimset_company_id_id")),
    )
    op.create_table(
        "ledger_dimset_value",
        sa.Column("dimset_id", ID, nullable=False),
        sa.Column("dimension_id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("value_id", ID, nullable=False),
        _of("ledger_dimset_value", "dimset_id", "ledger_dimset"),
        _of("ledger_dimset_value", "value_id", "ledger_dimension_value"),
        sa.PrimaryKeyConstraint("dimset_id", "dimension_id", name=op.f("pk_ledger_dimset_value")),
    )
    op.create_index(
        "ix_ledger_dimset_value_value_id_dimset_id",
        "ledger_dimset_value",
        ["value_id", "dimset_id"],
    )
    op.create_table(
        "ledger_required_dimension",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("dimension_id", ID, nullable=False),
        _of_company("ledger_required_dimension"),
        _of("ledger_required_dimension", "account_id", "ledger_account"),
        _of("ledger_required_dimension", "dimension_id", "ledger_dimension"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_required_dimension")),
        sa.UniqueConstraint(
            "account_id",
            "dimension_id",
            name=op.f("uq_ledger_required_dimension_account_id_dimension_id"),
        ),
    )
    op.create_table(
        "ledger_dimension_balance",
        sa.Column("company_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("period_id", ID, nullable=False),
        sa.Column("dimset_id", ID, nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        _of("ledger_dimension_balance", "account_id", "ledger_account"),
        _of("ledger_dimension_balance", "period_id", "ledger_period"),
        _of("ledger_dimension_balance", "dimset_id", "ledger_dimset"),
        sa.PrimaryKeyConstraint(
            "company_id",
            "account_id",
            "period_id",
            "dimset_id",
            name=op.f("pk_ledger_dimension_balance"),
        ),
    )
    op.create_index(
        "ix_ledger_dimension_balance_dimset_id_period_id",
        "ledger_dimension_balance",
        ["dimset_id", "period_id"],
    )
    with op.batch_alter_table("ledger_line") as line:
        line.add_column(sa.Column("dimset_id", ID, nullable=True))
        line.create_foreign_key(
            op.f("fk_ledger_line_company_id_dimset_id"),
            "ledger_dimset",
            ["company_id", "dimset_id"],
            ["company_id", "id"],
        )


def downgrade() -> None:
    """Take the column before the tables that it refers to."""
    with op.batch_alter_table("ledger_line") as line:
        line.drop_constraint(op.f("fk_ledger_line_company_id_dimset_id"), type_="foreignkey")
        line.drop_column("dimset_id")
    for table in (
        "ledger_dimension_balance",
        "ledger_required_dimension",
        "ledger_dimset_value",
        "ledger_dimset",
        "ledger_dimension_value",
        "ledger_dimension",
    ):
        op.drop_table(table)


def _of_company(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id"], ["core_company.id"], name=op.f(f"fk_{table}_company_id")
    )


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        [f"{other}.company_id", f"{other}.id"],
        name=op.f(f"fk_{table}_company_id_{column}"),
    )
