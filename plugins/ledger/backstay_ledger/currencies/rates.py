"""Rates that people type in and correct."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    DateField,
    Invalid,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.currencies.permissions import RATE_EDIT
from backstay_ledger.models.currencies import (
    CODE,
    LARGEST_RATE,
    RATE_DECIMALS,
    ExchangeRate,
    RateKind,
)
from backstay_ledger.services.currencies import minor_units_of
from backstay_ledger.services.owned import load_owned

RATE_KINDS: Final = (
    Choice(RateKind.SPOT.value, lazy("Of the day"), help=lazy("For entries and revaluation")),
    Choice(
        RateKind.AVERAGE.value,
        lazy("Average of the month"),
        help=lazy("Dated the month's last day, for income and expenses of a consolidation"),
    ),
)
_RATE: Final = re.compile(r"\d{1,9}([.,]\d+)?")
_CODE_FORM: Final = lazy("Three capital letters, as in ISO 4217.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRate:
    """A rate as a bank or a gazette prints it: 1 EUR = 1.0389 USD."""

    date: Annotated[date, DateField(label=lazy("Date"))]
    base: Annotated[
        str,
        TextField(
            label=lazy("Currency"),
            example="EUR",
            min_length=3,
            max_length=3,
            pattern=CODE,
            pattern_help=_CODE_FORM,
        ),
    ]
    quote: Annotated[
        str,
        TextField(
            label=lazy("Priced in"),
            example="USD",
            min_length=3,
            max_length=3,
            pattern=CODE,
            pattern_help=_CODE_FORM,
        ),
    ]
    rate: Annotated[
        str,
        TextField(
            label=lazy("Rate"),
            help=lazy("What one unit of the currency costs; up to ten decimals."),
            example="1.0389",
            min_length=1,
            max_length=24,
            pattern=_RATE.pattern,
            pattern_help=lazy("A number such as 1.0389."),
        ),
    ]
    kind: Annotated[RateKind, ChoiceField(label=lazy("Kind"), choices=RATE_KINDS)] = RateKind.SPOT
    source: Annotated[
        str, TextField(label=lazy("Source"), help=lazy("Who says so."), max_length=100)
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectRate(TypeRate):
    """A rate that was wrong. Entries that were made with it stay as they are."""

    id: int
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRate:
    """A rate that should not be there."""

    id: int


def type_rate(session: Session, command: TypeRate) -> ExchangeRate:
    """Add a rate.

    Raises:
        Invalid: a currency is unknown, the rate is no rate, or the pair has one on that day.
    """
    authorize(session, RATE_EDIT)
    value = _checked(session, command, None)
    rate = ExchangeRate(
        company_id=company_of(session).id,
        date=command.date,
        base=command.base,
        quote=command.quote,
        kind=command.kind,
        rate=value,
        source=command.source,
    )
    session.add(rate)
    session.flush()
    return rate


def correct_rate(session: Session, command: CorrectRate) -> ExchangeRate:
    """Correct a rate; what was posted with the old one keeps its amounts.

    Raises:
        Invalid: as :func:`type_rate`.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, RATE_EDIT)
    rate = load_rate(session, command.id)
    check_version(rate, command.version)
    value = _checked(session, command, rate)
    rate.date, rate.base, rate.quote = command.date, command.base, command.quote
    rate.kind, rate.rate, rate.source = command.kind, value, command.source
    session.flush()
    return rate


def delete_rate(session: Session, command: DeleteRate) -> None:
    """Delete a rate; the audit trail keeps it."""
    authorize(session, RATE_EDIT)
    session.delete(load_rate(session, command.id))
    session.flush()


def load_rate(session: Session, rate_id: int) -> ExchangeRate:
    """A rate of the company by its id.

    Raises:
        NotFound: the company has no such rate.
    """
    return load_owned(session, ExchangeRate, rate_id, _("There is no such rate in this company."))


def read_rate(text: str) -> Decimal | str:
    """A rate as it is written, with a point or a comma; or what is wrong with it."""
    if not _RATE.fullmatch(text):
        return _("“%(text)s” is not a rate. Write it such as 1.0389.", text=text[:40])
    rate = Decimal(text.replace(",", "."))
    if not 0 < rate < LARGEST_RATE:
        return _("A rate is more than 0 and less than %(most)s.", most=f"{LARGEST_RATE:f}")
    if rate != rate.quantize(Decimal(1).scaleb(-RATE_DECIMALS)):
        return _("A rate has at most %(n)s decimals.", n=RATE_DECIMALS)
    return rate


def pair_problems(base: str, quote: str) -> list[Problem]:
    """What is wrong with the currencies of a rate."""
    problems = [
        Problem(_("“%(currency)s” is not a currency (ISO 4217).", currency=code[:20]), field)
        for field, code in (("base", base), ("quote", quote))
        if minor_units_of(code) is None
    ]
    if not problems and base == quote:
        problems.append(Problem(_("A rate is between two currencies."), "quote"))
    return problems


def _checked(session: Session, command: TypeRate, current: ExchangeRate | None) -> Decimal:
    problems = pair_problems(command.base, command.quote)
    value = read_rate(command.rate.strip())
    if isinstance(value, str):
        problems.append(Problem(value, "rate"))
        value = Decimal(0)
    taken = session.scalar(
        select(ExchangeRate.id).where(
            ExchangeRate.company_id == company_of(session).id,
            ExchangeRate.date == command.date,
            ExchangeRate.base == command.base,
            ExchangeRate.quote == command.quote,
            ExchangeRate.kind == command.kind,
        )
    )
    if taken is not None and (current is None or current.id != taken):
        problems.append(
            Problem(
                _(
                    "There is a rate of %(base)s in %(quote)s on %(day)s already; correct it.",
                    base=command.base,
                    quote=command.quote,
                    day=command.date,
                ),
                "date",
            )
        )
    if problems:
        raise Invalid(_("The rate can't be saved."), problems=tuple(problems))
    return value
