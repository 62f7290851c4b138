"""Balances by account, period and currency, kept by the posting trigger and by nothing else."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, short
from backstay_ledger.models.base import LedgerBase


class AccountBalance(CompanyScoped, LedgerBase):
    """What was posted to an account in a period, by currency of the lines."""

    __tablename__ = "ledger_balance"
    __audit__ = Audit.DERIVED
    __table_args__ = (
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "period_id"], ["ledger_period.company_id", "ledger_period.id"]
        ),
    )

    company_id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, primary_key=True)
    period_id: Mapped[int] = mapped_column(Id, primary_key=True)
    currency: Mapped[str] = mapped_column(short(3), primary_key=True)
    """Empty for lines in the base currency."""
    debit: Mapped[Decimal]
    credit: Mapped[Decimal]
    """Positive, like ``debit``."""
    debit_currency: Mapped[Decimal]
    credit_currency: Mapped[Decimal]
    n: Mapped[int]
    """How many lines these are the sums of."""
