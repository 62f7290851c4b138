"""Exchange entries, rates, currencies of a company, accounts for differences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0005"
down_revision = "ledger_0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ACCOUNTS = (
    "realised_gain_id",
    "realised_loss_id",
    "unrealised_gain_id",
    "unrealised_loss_id",
    "cash_rounding_id",
)


def upgrade() -> None:
    """Allow exchanges, and make the tables."""
    _allow(
        "'normal', 'opening', 'exchange'",
        "(amount_currency = 0 OR (amount > 0) = (amount_currency > 0))",
    )
    op.create_table(
        "ledger_fx_rate",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("quote", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("rate > 0", name=op.f("ck_ledger_fx_rate_rate")),
        sa.CheckConstraint(
            "base <> quote AND base = upper(base) AND quote = upper(quote)"
            " AND length(base) = 3 AND length(quote) = 3",
            name=op.f("ck_ledger_fx_rate_currencies"),
        ),
        sa.CheckConstraint("kind IN ('spot', 'average')", name=op.f("ck_ledger_fx_rate_kind")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_fx_rate_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_fx_rate")),
        sa.UniqueConstraint(
            "company_id",
            "date",
            "base",
            "quote",
            "kind",
            name=op.f("uq_ledger_fx_rate_company_id_date_base_quote_kind"),
        ),
    )
    op.create_index(
        "ix_ledger_fx_rate_company_id_quote_date",
        "ledger_fx_rate",
        ["company_id", "quote", "date"],
    )
    op.create_table(
        "ledger_currency",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("minor_units", sa.Integer(), nullable=False),
        sa.Column("cash_unit", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "code = upper(code) AND length(code) = 3", name=op.f("ck_ledger_currency_code")
        ),
        sa.CheckConstraint(
            "minor_units BETWEEN 0 AND 4", name=op.f("ck_ledger_currency_minor_units")
        ),
        sa.CheckConstraint(
            "cash_unit IS NULL OR cash_unit > 0", name=op.f("ck_ledger_currency_cash_unit")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_currency_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_currency")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_ledger_currency_company_id_code")),
    )
    op.create_table(
        "ledger_exchange_settings",
        sa.Column("id", ID, nullable=False),
        sa.Column("company_id", ID, nullable=False),
        *(sa.Column(name, ID, nullable=True) for name in ACCOUNTS),
        sa.Column("rate_days", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "rate_days BETWEEN 0 AND 366", name=op.f("ck_ledger_exchange_settings_rate_days")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["core_company.id"], name=op.f("fk_ledger_exchange_settings_company_id")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["company_id", name],
                ["ledger_account.company_id", "ledger_account.id"],
                name=op.f(f"fk_ledger_exchange_settings_company_id_{name}"),
            )
            for name in ACCOUNTS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_exchange_settings")),
        sa.UniqueConstraint("company_id", name=op.f("uq_ledger_exchange_settings_company_id")),
    )


def downgrade() -> None:
    """Drop the tables, and forbid exchanges again, which fails while there are some."""
    op.drop_table("ledger_exchange_settings")
    op.drop_table("ledger_currency")
    op.drop_table("ledger_fx_rate")
    _allow("'normal', 'opening'", "(amount > 0) = (amount_currency > 0) AND amount_currency <> 0")


def _allow(kinds: str, signs: str) -> None:
    with op.batch_alter_table("ledger_entry") as entry:
        entry.drop_constraint(op.f("ck_ledger_entry_kind"), type_="check")
        entry.create_check_constraint(
            op.f("ck_ledger_entry_kind"),
            "(kind = 'reversal' AND reverses_id IS NOT NULL)"
            f" OR (kind IN ({kinds}) AND reverses_id IS NULL)",
        )
    with op.batch_alter_table("ledger_line") as line:
        line.drop_constraint(op.f("ck_ledger_line_currency"), type_="check")
        line.create_check_constraint(
            op.f("ck_ledger_line_currency"),
            "(currency IS NULL AND amount_currency IS NULL AND minor_units_currency IS NULL)"
            " OR (currency IS NOT NULL AND amount_currency IS NOT NULL"
            f" AND minor_units_currency IS NOT NULL AND {signs})",
        )
