"""Taxes that are withheld above limits: what earlier bills of the party add to this one's base.

What was billed and withheld before is read from the tax rows of posted entries with the party's
open items. Nothing is locked meanwhile: the trigger of posting sums again (tax.guards), so of two
bills at once that both thought to be below the limit the second is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backstay.spi import Money, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Entry, EntryState, FiscalYear, OpenItem
from backstay_ledger.tax.computation import Tax, parts_of
from backstay_ledger.tax.models import TaxDetail
from backstay_ledger.tax.rounding import apportion, rounded
from backstay_ledger.tax.withholding import Billed, Thresholds, withholding_base

if TYPE_CHECKING:
    from datetime import date

    from backstay.contracts.ledger import Posting
    from backstay_ledger.tax.lookup import CodeOnDay


@dataclass(frozen=True, slots=True)
class WithheldLine:
    """What is withheld on a line: its part of the base, of the tax, and of the tax's parts."""

    base: Decimal
    amount: Decimal
    parts: tuple[Decimal, ...]


def in_its_currency(amount: Decimal, net: Decimal, net_abroad: Decimal) -> Decimal:
    """What is withheld in the currency of the bill, at the bill's own rate and decimals."""
    unit = Decimal(1).scaleb(min(int(net_abroad.as_tuple().exponent), 0))
    return rounded(Fraction(amount) * Fraction(net_abroad) / Fraction(net), unit)


def party_problem(posting: Posting, codes: Mapping[str, CodeOnDay]) -> str:
    """Why taxes above limits can't be computed for an entry; empty where they can."""
    limited = [name for name, code in codes.items() if code.thresholds is not None]
    if not limited or len(parties_of(posting)) == 1:
        return ""
    return _(
        "Tax %(code)s is withheld above a limit for each party: name one party, on the line of"
        " the account that is managed by open items.",
        code=limited[0],
    )


def parties_of(posting: Posting) -> set[str]:
    """The parties that the lines of an entry name."""
    return {line.party.strip() for line in posting.lines} - {""}


def withheld_lines(
    session: Session,
    posting: Posting,
    code: CodeOnDay,
    tax: Tax,
    nets: Sequence[Decimal],
    unit: Decimal,
) -> list[WithheldLine]:
    """What is withheld on the lines of an entry that carry a code.

    Arguments:
        nets: the lines' net amounts, base currency, debit positive.
        unit: what taxes are rounded to.
    """
    bill = sum(nets, Decimal(0))
    (party,) = parties_of(posting)
    before = billed_before(session, code.id, party, posting.date)
    base = withholding_base(bill, before, code.thresholds or Thresholds())
    amount = rounded(Fraction(base) * Fraction(code.rate) / 100, unit)

    def shared(whole: Decimal) -> list[Decimal]:
        exact = [Fraction(whole) * Fraction(net) / Fraction(bill) for net in nets]
        return apportion(whole, exact, unit)

    if not bill:
        return [
            WithheldLine(Decimal(0), Decimal(0), parts_of(tax, Decimal(0), unit)) for _n in nets
        ]
    return [
        WithheldLine(one, share, parts_of(tax, share, unit))
        for one, share in zip(shared(base), shared(amount), strict=True)
    ]


def billed_before(session: Session, code_id: int, party: str, day: date) -> Billed:
    """What a party billed with a code in the fiscal year of a day, and what of it was taxed."""
    company_id = company_of(session).id
    year = (
        select(FiscalYear.id)
        .where(
            FiscalYear.company_id == company_id,
            FiscalYear.starts_on <= day,
            FiscalYear.ends_on >= day,
        )
        .scalar_subquery()
    )
    of_party = select(OpenItem.entry_id).where(
        OpenItem.company_id == company_id, OpenItem.party == party
    )
    total, taxed = session.execute(
        select(
            func.coalesce(func.sum(TaxDetail.net, type_=Money()), 0, type_=Money()),
            func.coalesce(func.sum(TaxDetail.base, type_=Money()), 0, type_=Money()),
        )
        .join(Entry, Entry.id == TaxDetail.entry_id)
        .where(
            TaxDetail.company_id == company_id,
            TaxDetail.code_id == code_id,
            TaxDetail.entry_id.in_(of_party),
            Entry.state == EntryState.POSTED,
            Entry.fiscal_year_id == year,
        )
    ).one()
    return Billed(total, taxed)
