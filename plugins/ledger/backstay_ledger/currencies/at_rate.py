"""Base amounts by the rate of the day, for postings that leave them out.

What a currency's debits (or credits) are worth together is rounded once, half up, and split over
its lines by the largest remainder. So lines that balance in their currency do in base currency.
Taxes that are added afterwards are rounded by themselves: what they leave over is taken up by the
largest line without a tax.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import Invalid, Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.currencies.conversion import Rate
from backstay_ledger.currencies.lookup import RateMissing, find_rate
from backstay_ledger.services.splitting import split


def with_base_amounts(session: Session, posting: Posting) -> Posting:
    """A posting whose foreign lines without a base amount have one.

    Raises:
        Invalid: a currency has no rate on the date, nor shortly before; names each of its lines.
    """
    company = company_of(session)
    groups: dict[tuple[str, bool], list[int]] = {}
    for place, line in enumerate(posting.lines):
        if not line.amount and line.currency is not None and line.amount_currency:
            groups.setdefault((line.currency, line.amount_currency > 0), []).append(place)
    rates, problems = _rates(session, posting, groups)
    if problems:
        raise Invalid(
            problems[0].message
            if len(problems) == 1
            else _("Rates are missing: nothing was posted."),
            problems=tuple(problems),
        )
    lines = list(posting.lines)
    for (currency, _is_debit), places in groups.items():
        amounts = [_foreign(posting.lines[place]) for place in places]
        whole = rates[currency].convert(sum(amounts, Decimal(0)), company.minor_units)
        parts = split(whole, [abs(one) for one in amounts], company.minor_units)
        for place, part in zip(places, parts, strict=True):
            lines[place] = replace(lines[place], amount=part)
    return replace(posting, lines=tuple(lines))


def settled(session: Session, posting: Posting, complete: Posting) -> Posting:
    """The same posting, balanced where taxes that were added are rounded in another way.

    Only in currencies whose amounts come to zero, and whose lines all left their base amounts to
    the rate; what is left over is less than a unit of the base currency for each line.

    Arguments:
        posting: as it was given.
        complete: the same with base amounts and lines of tax; the given lines keep their places.
    """
    unit = Decimal(1).scaleb(-company_of(session).minor_units)
    lines = list(complete.lines)
    given = len(posting.lines)
    for currency in sorted({line.currency for line in posting.lines if line.currency}):
        places = [place for place, line in enumerate(lines) if line.currency == currency]
        if any(posting.lines[place].amount for place in places if place < given):
            continue
        left = sum((lines[place].amount for place in places), Decimal(0))
        foreign = sum((_foreign(lines[place]) for place in places), Decimal(0))
        untaxed = [place for place in places if not lines[place].tax_code]
        if foreign or not left or not untaxed or abs(left) >= unit * len(places):
            continue
        largest = max(untaxed, key=lambda place: abs(lines[place].amount))
        lines[largest] = replace(lines[largest], amount=lines[largest].amount - left)
    return replace(complete, lines=tuple(lines))


def _rates(
    session: Session, posting: Posting, groups: dict[tuple[str, bool], list[int]]
) -> tuple[dict[str, Rate], list[Problem]]:
    rates: dict[str, Rate] = {}
    problems: list[Problem] = []
    for currency in sorted({code for code, _is_debit in groups}):
        try:
            rates[currency] = find_rate(session, currency, posting.date)
        except RateMissing as missing:
            problems += [
                Problem(missing.message, f"lines.{place}.currency", posting.row)
                for (code, _is_debit), places in groups.items()
                if code == currency
                for place in places
            ]
    return rates, problems


def _foreign(line: PostingLine) -> Decimal:
    return line.amount_currency or Decimal(0)
