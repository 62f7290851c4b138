"""What stands beside the entries in an export of the books: accounts, parties, journals, taxes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from backstay.contracts.books import BookAccount, BookJournal, BookParty, BookSpan, BookTaxRate
from backstay.spi import Invalid, Money, authorize, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import (
    Account,
    Allocation,
    FiscalYear,
    Journal,
    Line,
    OpenItem,
)
from backstay_ledger.permissions import BOOKS_EXPORT
from backstay_ledger.services.balances import balances, trial_balance_rows, turnover
from backstay_ledger.services.sums import day_before
from backstay_ledger.tax.models import TaxCode, TaxRate

_ZERO: Final = Decimal(0)


def fiscal_years(session: Session) -> list[BookSpan]:
    """The fiscal years, the latest first."""
    years = session.scalars(
        select(FiscalYear)
        .where(FiscalYear.company_id == company_of(session).id)
        .order_by(FiscalYear.starts_on.desc())
    )
    return [BookSpan(one.starts_on, one.ends_on, one.code) for one in years]


def read_span(session: Session, fiscal_year: str, start: date | None, end: date | None) -> BookSpan:
    """The days of a fiscal year, or from a day to a day.

    Raises:
        Invalid: neither or both are given, the days are the wrong way round, or there is no such
            fiscal year; names the field.
    """
    authorize(session, BOOKS_EXPORT)
    years = session.scalars(
        select(FiscalYear)
        .where(FiscalYear.company_id == company_of(session).id)
        .order_by(FiscalYear.starts_on)
    ).all()
    if fiscal_year and (start or end):
        raise Invalid(_("Name a fiscal year or days, not both."), field="fiscal_year")
    if fiscal_year:
        found = next((one for one in years if one.code == fiscal_year), None)
        if found is None:
            known = ", ".join(one.code for one in years) or _("none")
            raise Invalid(
                _(
                    "There is no fiscal year “%(code)s”. Fiscal years: %(known)s.",
                    code=fiscal_year,
                    known=known,
                ),
                field="fiscal_year",
            )
        return BookSpan(found.starts_on, found.ends_on, found.code)
    if start is None or end is None:
        raise Invalid(
            _("Name a fiscal year, or the first and the last day."),
            field="fiscal_year" if start is None else "end",
        )
    if end < start:
        raise Invalid(_("The last day is before the first."), field="end")
    whole = (one.code for one in years if (one.starts_on, one.ends_on) == (start, end))
    return BookSpan(start, end, next(whole, ""))


def accounts(session: Session, span: BookSpan) -> list[BookAccount]:
    """Every account of the chart by code, with its balances before and after."""
    authorize(session, BOOKS_EXPORT)
    opening = {} if span.start == date.min else balances(session, day_before(span.start))
    closing = balances(session, span.end, without_closing_from=span.end)
    moved = turnover(session, span.start, span.end, without_closing_from=span.end)
    rows = session.execute(
        select(Account.id, Account.code, Account.name, Account.account_class)
        .where(Account.company_id == company_of(session).id)
        .order_by(Account.code)
    )
    return [
        BookAccount(
            code,
            name,
            kind.value,
            opening.get(account_id, _ZERO),
            *moved.get(account_id, (_ZERO, _ZERO)),
            closing.get(account_id, _ZERO),
        )
        for account_id, code, name, kind in rows
    ]


def trial_balance(session: Session, as_of: date) -> dict[str, Decimal]:
    """Balances by account at the end of a day, accounts at zero left out."""
    authorize(session, BOOKS_EXPORT)
    return {row.code: row.debit - row.credit for row in trial_balance_rows(session, as_of)}


def parties(session: Session, span: BookSpan) -> list[BookParty]:
    """Every party that had a balance or a line, by party and account."""
    authorize(session, BOOKS_EXPORT)
    company_id = company_of(session).id
    sums: dict[tuple[str, int], list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO, _ZERO])
    for query in (_of_items(company_id, span), _of_exchange(company_id, span)):
        for account_id, party, *amounts in session.execute(query):
            found = sums[party, account_id]
            for place, amount in enumerate(amounts):
                found[place] += amount
    named = {
        row.id: (row.code, row.account_class.value)
        for row in session.execute(
            select(Account.id, Account.code, Account.account_class).where(
                Account.company_id == company_id, Account.open_item_managed
            )
        )
    }
    return sorted(
        (
            BookParty(party, *named[account_id], opening, closing)
            for (party, account_id), (opening, closing, lines) in sums.items()
            if account_id in named and (opening or closing or lines)
        ),
        key=lambda one: (one.party, one.account),
    )


def _of_items(company_id: int, span: BookSpan) -> Select[Any]:
    return (
        select(OpenItem.account_id, OpenItem.party, *_sums(span))
        .join(
            Line,
            and_(
                Line.entry_id == OpenItem.entry_id,
                Line.line_no == OpenItem.line_no,
                Line.company_id == OpenItem.company_id,
            ),
        )
        .where(OpenItem.company_id == company_id, OpenItem.party != "", Line.date <= span.end)
        .group_by(OpenItem.account_id, OpenItem.party)
    )


def _of_exchange(company_id: int, span: BookSpan) -> Select[Any]:
    """What allocations booked: their entries make no items, and are the party's all the same."""
    return (
        select(Line.account_id, OpenItem.party, *_sums(span))
        .join(
            Allocation,
            and_(
                Allocation.exchange_entry_id == Line.entry_id,
                Allocation.company_id == Line.company_id,
            ),
        )
        .join(
            OpenItem,
            and_(OpenItem.id == Allocation.debit_id, OpenItem.company_id == Allocation.company_id),
        )
        .join(Account, and_(Account.id == Line.account_id, Account.company_id == Line.company_id))
        .where(
            Line.company_id == company_id,
            Account.open_item_managed,
            OpenItem.party != "",
            Line.date <= span.end,
        )
        .group_by(Line.account_id, OpenItem.party)
    )


def _sums(span: BookSpan) -> tuple[Any, ...]:
    """The balance before, the balance after, and what moved in between."""
    before, after = Line.date < span.start, Line.date >= span.start
    return (
        func.sum(case((before, Line.amount), else_=0), type_=Money()),
        func.sum(Line.amount, type_=Money()),
        func.sum(case((after, func.abs(Line.amount)), else_=0), type_=Money()),
    )


def journals(session: Session) -> list[BookJournal]:
    """The journals by code."""
    authorize(session, BOOKS_EXPORT)
    rows = session.execute(
        select(Journal.code, Journal.name, Journal.kind)
        .where(Journal.company_id == company_of(session).id)
        .order_by(Journal.code)
    )
    return [BookJournal(code, name, kind.value) for code, name, kind in rows]


def tax_rates(session: Session) -> list[BookTaxRate]:
    """All rates of all tax codes, by code and day."""
    authorize(session, BOOKS_EXPORT)
    rows = session.execute(
        select(TaxCode.code, TaxCode.name, TaxCode.use, TaxRate.rate, TaxRate.valid_from)
        .join(
            TaxRate,
            and_(TaxRate.code_id == TaxCode.id, TaxRate.company_id == TaxCode.company_id),
        )
        .where(TaxCode.company_id == company_of(session).id)
        .order_by(TaxCode.code, TaxRate.valid_from)
    ).all()
    return [
        BookTaxRate(
            row.code,
            row.name,
            row.use.value,
            row.rate,
            row.valid_from,
            after.valid_from - timedelta(days=1)
            if after is not None and after.code == row.code
            else None,
        )
        for row, after in zip_longest(rows, rows[1:])
    ]
