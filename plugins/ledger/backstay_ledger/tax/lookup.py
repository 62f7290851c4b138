"""Tax codes as they are on a day, with parts and rounding, in two statements for many days."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from backstay.contracts.ledger import Posting
from backstay.spi import company_of
from backstay_ledger.models import Account
from backstay_ledger.tax.models import TaxCode, TaxPart, TaxRate, TaxRounding, TaxUse
from backstay_ledger.tax.rounding import RoundingPolicy, unit_of
from backstay_ledger.tax.withholding import Thresholds

AND: Final = "+"
"""Between the codes of a line with more than one tax, in the order in which they are computed."""


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


class TaxTables:
    """The tax codes and roundings of many postings, each read once whatever their days are."""

    def __init__(self, session: Session, codes: Collection[str], until: date) -> None:
        """Prepare to read some codes.

        Arguments:
            until: the latest day that will be asked for.
        """
        self._session = session
        self._codes = sorted(codes)
        self._until = until
        self._read: dict[str, _Stored] | None = None
        self._roundings: list[tuple[date, Rounding]] | None = None

    @classmethod
    def of(cls, session: Session, postings: Sequence[Posting]) -> TaxTables:
        """What some postings, at least one, name."""
        lines = [line for posting in postings for line in posting.lines if line.tax_code]
        names = {code for line in lines for code in line.tax_code.split(AND)}
        return cls(session, names, max(posting.date for posting in postings))

    def codes_on(self, names: Collection[str], on: date) -> Mapping[str, CodeOnDay]:
        """Some of the codes as they are on a day; unknown ones are left out."""
        if self._read is None:
            self._read = self._read_codes()
        return {name: self._read[name].on(on) for name in names if name in self._read}

    def rounding_on(self, on: date) -> Rounding:
        """How taxes are rounded on a day: by line at the currency's unit, if nothing is said."""
        if self._roundings is None:
            self._roundings = self._read_roundings()
        unit = unit_of(company_of(self._session).minor_units)
        usual = Rounding(RoundingPolicy.LINE, unit)
        return next((one for first, one in self._roundings if first <= on), usual)

    def _read_codes(self) -> dict[str, _Stored]:
        account, waiting = aliased(Account), aliased(Account)
        found = self._session.execute(
            select(TaxCode, TaxRate.id, TaxRate.valid_from, TaxRate.rate, TaxPart)
            .add_columns(account.code, waiting.code)
            .join(TaxPart, TaxPart.code_id == TaxCode.id)
            .outerjoin(
                TaxRate, and_(TaxRate.code_id == TaxCode.id, TaxRate.valid_from <= self._until)
            )
            .outerjoin(account, account.id == TaxPart.account_id)
            .outerjoin(waiting, waiting.id == TaxPart.waiting_account_id)
            .where(
                TaxCode.company_id == company_of(self._session).id,
                TaxCode.code.in_(self._codes),
            )
            .order_by(TaxCode.code, TaxPart.position)
        )
        read: dict[str, _Stored] = {}
        for tax, rate_id, valid_from, rate, part, account_code, waiting_code in found:
            stored = read.setdefault(tax.code, _Stored(tax, {}, {}))
            stored.parts[part.id] = PartOnDay(
                part.id, part.factor, account_code or "", part.role, waiting_code or "", part.box_id
            )
            if rate_id is not None:
                stored.rates[valid_from] = (rate_id, rate)
        return read

    def _read_roundings(self) -> list[tuple[date, Rounding]]:
        found = self._session.execute(
            select(TaxRounding.valid_from, TaxRounding.policy, TaxRounding.unit)
            .where(
                TaxRounding.company_id == company_of(self._session).id,
                TaxRounding.valid_from <= self._until,
            )
            .order_by(TaxRounding.valid_from.desc())
        )
        return [(row.valid_from, Rounding(row.policy, row.unit)) for row in found]


@dataclass(frozen=True, slots=True)
class _Stored:
    """A tax code with its parts by id, in their order, and its rates by their first days."""

    tax: TaxCode
    parts: dict[int, PartOnDay]
    rates: dict[date, tuple[int, Decimal]]

    def on(self, day: date) -> CodeOnDay:
        """The code with the latest rate that is in force on a day."""
        first = max((one for one in self.rates if one <= day), default=None)
        rate_id, rate = (None, Decimal(0)) if first is None else self.rates[first]
        tax = self.tax
        return CodeOnDay(
            tax.id,
            tax.code,
            tax.use,
            tax.included,
            tax.feeds,
            tax.fed,
            tax.cash_basis,
            tax.active,
            rate_id,
            rate,
            tuple(self.parts.values()),
            Thresholds(tax.single_threshold, tax.cumulative_threshold)
            if tax.single_threshold or tax.cumulative_threshold
            else None,
        )
