"""Tax codes as they are on a day, with parts and rounding, in two statements for any number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from backstay.spi import company_of
from backstay_ledger.models import Account
from backstay_ledger.tax.models import TaxCode, TaxPart, TaxRate, TaxRounding, TaxUse
from backstay_ledger.tax.rounding import RoundingPolicy, unit_of
from backstay_ledger.tax.withholding import Thresholds


@dataclass(frozen=True, slots=True)
class PartOnDay:
    """A part of a tax.

    Arguments:
        account: the account's code; empty for a role, or for the account of the taxed line.
        waiting: the code of the account where it waits to be paid, of a cash-basis tax.
    """

    id: int
    factor: Decimal
    account: str
    role: str
    waiting: str
    box_id: int | None


@dataclass(frozen=True, slots=True)
class CodeOnDay:
    """A tax code with the rate of a day; ``rate_id`` is None before its first rate."""

    id: int
    code: str
    use: TaxUse
    included: bool
    feeds: bool
    fed: bool
    cash_basis: bool
    active: bool
    rate_id: int | None
    rate: Decimal
    parts: tuple[PartOnDay, ...]
    thresholds: Thresholds | None = None
    """From which amounts on it is withheld; None for a tax of each line by itself."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """How taxes are rounded on a day; ``unit`` in the base currency."""

    policy: RoundingPolicy
    unit: Decimal


def codes_on(session: Session, codes: Collection[str], on: date) -> Mapping[str, CodeOnDay]:
    """The company's tax codes by their codes; unknown ones are left out."""
    account, waiting, earlier = aliased(Account), aliased(Account), aliased(TaxRate)
    latest = (
        select(func.max(earlier.valid_from))
        .where(earlier.code_id == TaxCode.id, earlier.valid_from <= on)
        .correlate(TaxCode)
        .scalar_subquery()
    )
    found = session.execute(
        select(
            TaxCode,
            TaxRate.id,
            TaxRate.rate,
            TaxPart,
            account.code,
            waiting.code,
        )
        .join(TaxPart, TaxPart.code_id == TaxCode.id)
        .outerjoin(TaxRate, and_(TaxRate.code_id == TaxCode.id, TaxRate.valid_from == latest))
        .outerjoin(account, account.id == TaxPart.account_id)
        .outerjoin(waiting, waiting.id == TaxPart.waiting_account_id)
        .where(TaxCode.company_id == company_of(session).id, TaxCode.code.in_(sorted(codes)))
        .order_by(TaxCode.code, TaxPart.position)
    ).all()
    result: dict[str, CodeOnDay] = {}
    for tax, rate_id, rate, part, account_code, waiting_code in found:
        before = result.get(tax.code)
        one = PartOnDay(
            part.id, part.factor, account_code or "", part.role, waiting_code or "", part.box_id
        )
        result[tax.code] = CodeOnDay(
            tax.id,
            tax.code,
            tax.use,
            tax.included,
            tax.feeds,
            tax.fed,
            tax.cash_basis,
            tax.active,
            rate_id,
            rate if rate is not None else Decimal(0),
            (*(before.parts if before else ()), one),
            Thresholds(tax.single_threshold, tax.cumulative_threshold)
            if tax.single_threshold or tax.cumulative_threshold
            else None,
        )
    return result


def rounding_on(session: Session, on: date) -> Rounding:
    """How the company rounds taxes on a day: by line at the currency's unit, if nothing is said."""
    company = company_of(session)
    found = session.execute(
        select(TaxRounding.policy, TaxRounding.unit)
        .where(TaxRounding.company_id == company.id, TaxRounding.valid_from <= on)
        .order_by(TaxRounding.valid_from.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return Rounding(RoundingPolicy.LINE, unit_of(company.minor_units))
    return Rounding(found.policy, found.unit)
