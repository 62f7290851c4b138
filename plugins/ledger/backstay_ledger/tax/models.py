"""Tax codes with dated rates, the parts a tax is posted in, boxes, and what entries say of tax.

A code says how a tax is computed and where its parts go. What an entry says is kept with the
entry, figures and all: a code that is changed later changes no return of the past.
"""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backstay.spi import Audit, CompanyScoped, Id, Identified, Versioned, short
from backstay_ledger.models.base import LedgerBase
from backstay_ledger.tax.rounding import RoundingPolicy


class TaxUse(enum.Enum):
    """Whose document the tax is on; decides which side counts as positive in a return."""

    SALE = "sale"
    PURCHASE = "purchase"

    @property
    def side(self) -> int:
        """The sign of an ordinary net line: sales are credits, purchases debits."""
        return -1 if self is TaxUse.SALE else 1


class BoxKind(enum.Enum):
    """What a box of a return means for the amount to be paid."""

    PAYABLE = "payable"
    DEDUCTIBLE = "deductible"
    INFORMATION = "information"


class TaxBox(Identified, CompanyScoped, Versioned, LedgerBase):
    """A box of the tax return."""

    __tablename__ = "ledger_tax_box"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("kind IN ('payable', 'deductible', 'information')", name="kind"),
    )

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(100))
    kind: Mapped[BoxKind]

    @property
    def label(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}"


class TaxCode(Identified, CompanyScoped, Versioned, LedgerBase):
    """A kind of tax: how it is computed on a line."""

    __tablename__ = "ledger_tax_code"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("use IN ('sale', 'purchase')", name="use"),
        CheckConstraint(
            "(single_threshold IS NULL OR single_threshold > 0)"
            " AND (cumulative_threshold IS NULL OR cumulative_threshold > 0)",
            name="thresholds",
        ),
    )

    code: Mapped[str] = mapped_column(short(20))
    name: Mapped[str] = mapped_column(short(100))
    use: Mapped[TaxUse]
    included: Mapped[bool] = mapped_column(default=False)
    """Amounts are typed with the tax in them, unless a line says otherwise."""
    feeds: Mapped[bool] = mapped_column(default=False)
    """It is part of the base of the taxes that come after it on the same line."""
    fed: Mapped[bool] = mapped_column(default=True)
    """The taxes before it that feed are part of its base."""
    cash_basis: Mapped[bool] = mapped_column(default=False)
    """It is due when the document is paid; until then it waits on an account of its own."""
    single_threshold: Mapped[Decimal | None]
    """A bill of this much or more is taxed whatever came before; base currency."""
    cumulative_threshold: Mapped[Decimal | None]
    """Once the bills of a party in a fiscal year reach this, all of them are taxed."""
    active: Mapped[bool] = mapped_column(default=True)

    @property
    def label(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}"


class TaxRate(Identified, CompanyScoped, LedgerBase):
    """The rate of a code from a day on, until its next rate begins."""

    __tablename__ = "ledger_tax_rate"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "code_id", "valid_from"),
        ForeignKeyConstraint(
            ["company_id", "code_id"], ["ledger_tax_code.company_id", "ledger_tax_code.id"]
        ),
        CheckConstraint("rate BETWEEN -10000000 AND 10000000", name="rate"),
    )

    code_id: Mapped[int] = mapped_column(Id)
    valid_from: Mapped[date]
    rate: Mapped[Decimal]
    """Percent; negative for a withholding tax."""

    @property
    def label(self) -> str:
        """The rate and its first day."""
        return f"{self.rate.normalize():f} % ({self.valid_from.isoformat()})"


class TaxPart(Identified, CompanyScoped, LedgerBase):
    """A share of a tax: on which account it is posted, in which box it counts.

    Without an account and a role it goes onto the account of the line that is taxed: the part of
    an input tax that can not be deducted.
    """

    __tablename__ = "ledger_tax_part"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "code_id", "position"),
        ForeignKeyConstraint(
            ["company_id", "code_id"], ["ledger_tax_code.company_id", "ledger_tax_code.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "account_id"], ["ledger_account.company_id", "ledger_account.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "waiting_account_id"],
            ["ledger_account.company_id", "ledger_account.id"],
        ),
        ForeignKeyConstraint(
            ["company_id", "box_id"], ["ledger_tax_box.company_id", "ledger_tax_box.id"]
        ),
        CheckConstraint("factor BETWEEN -10000 AND 10000 AND factor <> 0", name="factor"),
        CheckConstraint("account_id IS NULL OR role = ''", name="account"),
    )

    code_id: Mapped[int] = mapped_column(Id)
    position: Mapped[int]
    factor: Mapped[Decimal]
    account_id: Mapped[int | None] = mapped_column(Id)
    role: Mapped[str] = mapped_column(short(60), default="")
    """The role whose rules name the account, in place of ``account_id``."""
    waiting_account_id: Mapped[int | None] = mapped_column(Id)
    """Where the part waits until a document of a cash-basis code is paid."""
    box_id: Mapped[int | None] = mapped_column(Id)

    def audit_label(self) -> str:
        """Its place in the code."""
        return f"{self.code_id}/{self.position}"


class TaxRounding(Identified, CompanyScoped, Versioned, LedgerBase):
    """How a company rounds taxes from a day on."""

    __tablename__ = "ledger_tax_rounding"
    __audit__ = Audit.FULL
    __table_args__ = (
        UniqueConstraint("company_id", "valid_from"),
        CheckConstraint("policy IN ('line', 'group', 'document')", name="policy"),
        CheckConstraint("unit > 0", name="unit"),
    )

    valid_from: Mapped[date]
    policy: Mapped[RoundingPolicy]
    unit: Mapped[Decimal]
    """What taxes are rounded to, such as 0.01 or 0.05 of the base currency."""

    def audit_label(self) -> str:
        """Its first day."""
        return self.valid_from.isoformat()


class TaxDetail(Identified, CompanyScoped, LedgerBase):
    """One part of one tax of one line of an entry, with all that explains the figure."""

    __tablename__ = "ledger_tax_detail"
    __audit__ = Audit.BY_PARENT
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        # A draft's lines are deleted and written anew; its details go with them by themselves.
        ForeignKeyConstraint(
            ["entry_id", "base_line_no"],
            ["ledger_line.entry_id", "ledger_line.line_no"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["company_id", "entry_id"], ["ledger_entry.company_id", "ledger_entry.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "code_id"], ["ledger_tax_code.company_id", "ledger_tax_code.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "rate_id"], ["ledger_tax_rate.company_id", "ledger_tax_rate.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "part_id"], ["ledger_tax_part.company_id", "ledger_tax_part.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "box_id"], ["ledger_tax_box.company_id", "ledger_tax_box.id"]
        ),
        ForeignKeyConstraint(
            ["company_id", "releases_id"],
            ["ledger_tax_detail.company_id", "ledger_tax_detail.id"],
        ),
        CheckConstraint("base_sign IN (-1, 1) AND tax_sign IN (-1, 1)", name="signs"),
        CheckConstraint("line_no <> base_line_no OR releases_id IS NOT NULL", name="line_no"),
        CheckConstraint("NOT (waiting AND releases_id IS NOT NULL)", name="releases"),
        Index("ix_ledger_tax_detail_entry_id", "entry_id", "base_line_no"),
        Index("ix_ledger_tax_detail_box_id", "box_id"),
        Index("ix_ledger_tax_detail_rate_id", "rate_id"),
        Index("ix_ledger_tax_detail_part_id", "part_id"),
        Index("ix_ledger_tax_detail_releases_id", "releases_id"),
    )

    entry_id: Mapped[int] = mapped_column(Id)
    base_line_no: Mapped[int]
    """The line that is taxed; of a release, the line itself."""
    line_no: Mapped[int | None]
    """The line that carries the amount; NULL where the amounts of such a line sum to zero."""
    code_id: Mapped[int] = mapped_column(Id)
    rate_id: Mapped[int] = mapped_column(Id)
    part_id: Mapped[int] = mapped_column(Id)
    box_id: Mapped[int | None] = mapped_column(Id)
    rate: Mapped[Decimal]
    """Percent, as it was on the day."""
    policy: Mapped[RoundingPolicy]
    net: Mapped[Decimal]
    """The amount of the line that is taxed; base currency, debit positive, as all amounts here."""
    base: Mapped[Decimal]
    """What the tax was computed on: ``net`` and the taxes that feed."""
    amount: Mapped[Decimal]
    """What of the line ``line_no`` is this part of this tax of this line."""
    computed: Mapped[Decimal]
    """What it would be by itself; differs where the document's own tax was typed."""
    base_sign: Mapped[int]
    tax_sign: Mapped[int]
    """What base and amount are multiplied with to be shown in a return."""
    waiting: Mapped[bool] = mapped_column(default=False)
    """Not due yet: the document is unpaid (cash basis). It is in no return by itself."""
    releases_id: Mapped[int | None] = mapped_column(Id)
    """The waiting detail of which this is what was paid."""

    def audit_label(self) -> str:
        """Its place in the entry."""
        return f"{self.entry_id}/{self.base_line_no}"
