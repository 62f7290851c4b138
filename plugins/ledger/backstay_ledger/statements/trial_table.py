"""The trial balance as a table: debit and credit, or a column for each value of a dimension."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from backstay.spi import authorize
from backstay.spi import gettext as _
from backstay_ledger.dimensions.columns import Days, figures_of
from backstay_ledger.dimensions.slices import WHOLE, Slice
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.balances import ZERO, trial_balance
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import known_accounts
from backstay_ledger.statements.tables import Table, TableRow, column_name
from backstay_ledger.statements.tree import KnownAccount


@dataclass(frozen=True, slots=True)
class AccountByValue:
    """What an account stands at in each column, debit positive; the last one is the total."""

    account: KnownAccount
    amounts: tuple[Decimal, ...]


def trial_balance_by(
    session: Session, as_of: date, by: str, of: Slice = WHOLE
) -> tuple[tuple[Column, ...], list[AccountByValue]]:
    """The trial balance with a column for each value of a dimension, accounts at zero left out.

    Arguments:
        by: the dimension's code.
        of: only lines that carry these values.

    Raises:
        Invalid: there is no such dimension.
    """
    authorize(session, BOOKS_VIEW)
    columns, (ends,) = figures_of(
        session,
        (Column(as_of, as_of),),
        lambda one: (Days(date.min, one.end, without_closing_from=one.end),),
        of,
        by,
    )
    rows = [
        AccountByValue(account, tuple(one.get(account.id, ZERO) for one in ends))
        for account in known_accounts(session)
    ]
    return columns, [row for row in rows if any(row.amounts)]


def trial_balance_table(session: Session, as_of: date, of: Slice = WHOLE, by: str = "") -> Table:
    """The trial balance as rows; by a dimension the figures are balances, debit positive."""
    if by:
        columns, found = trial_balance_by(session, as_of, by, of)
        names = shown = tuple(column_name(one, as_of=True) for one in columns)
        figures = [(one.account.code, one.account.name, one.amounts) for one in found]
    else:
        names, shown = (_("debit"), _("credit")), (_("Debit"), _("Credit"))
        figures = [
            (row.code, row.name, (row.debit, row.credit))
            for row in trial_balance(session, as_of, of.within(session))
        ]
    total = tuple(sum(column, ZERO) for column in zip(*(row[2] for row in figures), strict=True))
    rows = [TableRow("account", code, name, 1, amounts) for code, name, amounts in figures]
    if rows:
        rows.append(TableRow("total", "", _("Total"), 0, total))
    return Table(
        "trial-balance",
        _("Trial balance"),
        names,
        tuple(rows),
        days=as_of.isoformat(),
        of=of.label,
        heads=shown,
    )
