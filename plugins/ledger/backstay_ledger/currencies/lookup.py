"""Looking up the rate of a day: its own, or the last one before it that is not too old."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backstay.spi import Invalid, Problem, company_of, ngettext
from backstay_ledger.currencies.conversion import Quote, Rate, between
from backstay_ledger.currencies.settings import exchange_settings
from backstay_ledger.models.currencies import ExchangeRate, RateKind


class RateMissing(Invalid):
    """There is no rate for a pair on a day, nor shortly before it."""


def find_rate(
    session: Session,
    currency: str,
    day: date,
    *,
    target: str = "",
    kind: RateKind = RateKind.SPOT,
    field: str | None = None,
) -> Rate:
    """What one unit of a currency is worth on a day.

    The rate of the day, or the last before it within the days that the settings name. On one day a
    quote of the pair goes before its inverse, and both go before a way over a third currency.

    Arguments:
        target: the currency that it is worth so much in; left out, the company's own.
        field: the field of a form that a missing rate is told at.

    Raises:
        RateMissing: names the pair, the day, and how far back was looked.
    """
    target = target or company_of(session).currency
    return find_rates(session, {currency}, day, target=target, kind=kind, field=field)[currency]


def find_rates(
    session: Session,
    currencies: Collection[str],
    day: date,
    *,
    target: str,
    kind: RateKind = RateKind.SPOT,
    field: str | None = None,
) -> dict[str, Rate]:
    """The rates of many currencies on a day, by one statement (see :func:`find_rate`).

    Raises:
        RateMissing: names every pair that has none.
    """
    days = exchange_settings(session).rate_days
    found = {code: Rate(code, target, Fraction(1), day) for code in currencies if code == target}
    wanted = sorted(set(currencies) - {target})
    if not wanted:
        return found
    codes = [*wanted, target]
    rows = session.execute(
        select(
            ExchangeRate.base,
            ExchangeRate.quote,
            ExchangeRate.rate,
            ExchangeRate.date,
            ExchangeRate.source,
        )
        .where(
            ExchangeRate.company_id == company_of(session).id,
            ExchangeRate.date.between(day - timedelta(days=days), day),
            ExchangeRate.kind == kind,
            or_(ExchangeRate.base.in_(codes), ExchangeRate.quote.in_(codes)),
        )
        .order_by(ExchangeRate.date.desc(), ExchangeRate.base, ExchangeRate.quote)
    )
    quotes = [Quote(*row) for row in rows]
    for _day, members in groupby(quotes, key=lambda quote: quote.day):
        of_day = list(members)
        for code in wanted:
            if code not in found and (rate := between(code, target, day, of_day)):
                found[code] = rate
    missing = [code for code in wanted if code not in found]
    if missing:
        problems = tuple(
            Problem(_missing(code, target, day, days, kind), field) for code in missing
        )
        raise RateMissing(problems[0].message, field=field, problems=problems)
    return found


def _missing(code: str, target: str, day: date, days: int, kind: RateKind) -> str:
    """That a rate is missing, and of which kind: that of a day is no average of a month."""
    if kind is RateKind.AVERAGE:
        return ngettext(
            "There is no average rate of %(currency)s in %(target)s on %(day)s, nor on the day"
            " before. Type it in as an average, or import a file of rates.",
            "There is no average rate of %(currency)s in %(target)s on %(day)s, nor in the %(n)s"
            " days before. Type it in as an average, or import a file of rates.",
            days,
            currency=code,
            target=target,
            day=day,
        )
    return ngettext(
        "There is no rate of %(currency)s in %(target)s on %(day)s, nor on the day"
        " before. Type it in, or import a file of rates.",
        "There is no rate of %(currency)s in %(target)s on %(day)s, nor in the %(n)s"
        " days before. Type it in, or import a file of rates.",
        days,
        currency=code,
        target=target,
        day=day,
    )
