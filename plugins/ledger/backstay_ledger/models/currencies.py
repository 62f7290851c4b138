"""Rates by day, the currencies that a company deals in, and its accounts for differences."""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase

RATE_DECIMALS: Final = 10
LARGEST_RATE: Final = Decimal(10) ** 8
CODE: Final = "[A-Z]{3}"


class RateType(TypeDecorator[Decimal]):
    """A rate as an integer of ten-thousand-millionths: exact to ten decimals on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> int | None:
        """Refuse what ten decimals can't hold instead of rounding it."""
        if value is None:
            return None
        scaled = Decimal(value).scaleb(RATE_DECIMALS)
        if scaled != int(scaled):
            message = f"{value} has more than {RATE_DECIMALS} decimals"
            raise ValueError(message)
        return int(scaled)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        """Back to a Decimal."""
        return None if value is None else Decimal(int(value)).scaleb(-RATE_DECIMALS)


class RateKind(enum.Enum):
    """What a rate is for."""

    SPOT = "spot"
    """Of the day: entries and revaluation take it."""
    AVERAGE = "average"
    """Of the month that ends that day, for income and expenses of a consolidation."""


class ExchangeRate(Identified, CompanyScoped, Versioned, LedgerBase):
    """What one unit of a currency costs in another on a day."""

    __tablename__ = "ledger_fx_rate"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "date", "base", "quote", "kind"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint(
            "base <> quote AND base = upper(base) AND quote = upper(quote)"
            " AND length(base) = 3 AND length(quote) = 3",
            name="currencies",
        ),
        CheckConstraint("kind IN ('spot', 'average')", name="kind"),
        Index("ix_ledger_fx_rate_company_id_quote_date", "company_id", "quote", "date"),
    )

    date: Mapped[date]
    base: Mapped[str] = mapped_column(short(3))
    """One unit of it …"""
    quote: Mapped[str] = mapped_column(short(3))
    """… costs ``rate`` units of this."""
    kind: Mapped[RateKind] = mapped_column(default=RateKind.SPOT)
    rate: Mapped[Decimal] = mapped_column(RateType)
    source: Mapped[str] = mapped_column(short(100), default="")
    """Who says so: a bank, a file, the person who typed it."""

    def audit_label(self) -> str:
        """The pair and the day."""
        return f"{self.base}/{self.quote} {self.date.isoformat()}"


class CompanyCurrency(Identified, CompanyScoped, Versioned, LedgerBase):
    """A currency as a company uses it.

    Its decimals are ISO 4217's when it was first used. They are kept here, so that another edition
    of the standard changes nothing by itself; lines carry the decimals that they were made with.
    """

    __tablename__ = "ledger_currency"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        CheckConstraint("code = upper(code) AND length(code) = 3", name="code"),
        CheckConstraint("minor_units BETWEEN 0 AND 4", name="minor_units"),
        CheckConstraint("cash_unit IS NULL OR cash_unit > 0", name="cash_unit"),
    )

    code: Mapped[str] = mapped_column(short(3))
    minor_units: Mapped[int]
    cash_unit: Mapped[Decimal | None]
    """The smallest coin: cash amounts are multiples of it; None where there is no rounding."""

    def audit_label(self) -> str:
        """Its code."""
        return self.code


class ExchangeSettings(Identified, CompanyScoped, Versioned, LedgerBase):
    """A company's accounts for exchange differences and rounded cash, and how old rates may be."""

    __tablename__ = "ledger_exchange_settings"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id"),
        *(
            ForeignKeyConstraint(
                ["company_id", column], ["ledger_account.company_id", "ledger_account.id"]
            )
            for column in (
                "realised_gain_id",
                "realised_loss_id",
                "unrealised_gain_id",
                "unrealised_loss_id",
                "cash_rounding_id",
            )
        ),
        CheckConstraint("rate_days BETWEEN 0 AND 366", name="rate_days"),
    )

    realised_gain_id: Mapped[int | None] = mapped_column(Id)
    realised_loss_id: Mapped[int | None] = mapped_column(Id)
    unrealised_gain_id: Mapped[int | None] = mapped_column(Id)
    unrealised_loss_id: Mapped[int | None] = mapped_column(Id)
    cash_rounding_id: Mapped[int | None] = mapped_column(Id)
    rate_days: Mapped[int] = mapped_column(default=7)
    """So many days back the last rate before a day is looked for."""

    def audit_label(self) -> str:
        """There is one of them in a company."""
        return "exchange settings"
