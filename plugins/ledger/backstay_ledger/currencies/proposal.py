"""What a foreign amount of the entry editor is worth: proposed while its line has no base amount.

The page asks as soon as currency and amount are there and neither debit nor credit is; whoever
types them first is not disturbed. A line that is sent without them gets the same amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask import jsonify, request

from backstay.spi import NoDate, Problem, company_of, context, read_day, requires, session
from backstay_ledger.currencies.lookup import RateMissing, find_rate
from backstay_ledger.pages.blueprint import blueprint
from backstay_ledger.pages.line_grid import (
    Amount,
    TypedLine,
    read_foreign,
    split_amount,
)
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.permissions import ENTRY_DRAFT

if TYPE_CHECKING:
    from datetime import date

    from flask import Response
    from sqlalchemy.orm import Session

    from backstay_ledger.pages.line_grid import Foreign


def worth(db: Session, foreign: Foreign, day: date, field: str) -> Amount:
    """The base amount of a foreign one at the rate of a day, on the side that its sign says."""
    if foreign.currency is None or foreign.value is None:
        return Amount(Decimal(0))
    try:
        rate = find_rate(db, foreign.currency, day, field=f"{field}.currency")
    except RateMissing as missing:
        return Amount(Decimal(0), missing.problems)
    amount = rate.convert(foreign.value, company_of(db).minor_units)
    return Amount(-amount if foreign.is_credit else amount)


@blueprint.get("/entries/worth", endpoint="entry_worth")
@requires(ENTRY_DRAFT)
def propose() -> Response:
    """Debit or credit of a foreign amount, as typed, and why; or what is missing, in JSON."""
    db = session()
    company, locale = company_of(db), context().locale
    line = TypedLine(
        0,
        currency=request.args.get("currency", "")[:3].upper(),
        foreign=request.args.get("amount", "")[:40],
    )
    try:
        day = read_day(request.args.get("date", "")[:40], company_today(db))
    except NoDate as problem:
        return jsonify({"debit": "", "credit": "", "why": str(problem)})
    foreign = read_foreign(line, Decimal(0), company, locale, "lines.0")
    amount = worth(db, foreign, day, "lines.0")
    problems: tuple[Problem, ...] = (*foreign.problems, *amount.problems)
    if problems or not amount.value or foreign.currency is None:
        why = problems[0].message if problems else ""
        return jsonify({"debit": "", "credit": "", "why": why})
    debit, credit = split_amount(amount.value, company.minor_units, locale)
    return jsonify(
        {"debit": debit, "credit": credit, "why": find_rate(db, foreign.currency, day).why}
    )
