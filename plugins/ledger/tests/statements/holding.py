"""A group whose owners hold parts of its companies: what happens in it, and what is read of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backstay_ledger.closing.services.years import CloseYear, close_year
from backstay_ledger.models import FiscalYear, Period, PeriodKind
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.consolidation import consolidate
from backstay_ledger.statements.groups import EditGroup, edit_group, group_by_code
from backstay_ledger.statements.share_edits import AddShare, add_share
from backstay_ledger.statements.tree import built_in_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from backstay_ledger.statements.kinds import Part

NEW_YEAR, SUMMER, NEW_YEARS_EVE = date(2026, 1, 1), date(2026, 7, 1), date(2026, 12, 31)
YEAR = Column(NEW_YEAR, NEW_YEARS_EVE)
MARCH, OCTOBER = date(2026, 3, 15), date(2026, 10, 15)


def alone(parent: Any, *members: str) -> None:
    """Leave only these companies in the group."""
    with parent.write() as session:
        group = group_by_code(session, "all")
        command = EditGroup(id=group.id, code="all", name="All", members="; ".join(members))
        edit_group(session, command)


def buy(parent: Any, amount: str, day: date) -> None:
    """ALPHA pays for a part of another company."""
    parent.post(parent.posting(("1400", amount), ("1000", f"-{amount}"), date=day))


def share(parent: Any, percent: str, start: date, **values: Any) -> None:
    values = {"member": "GAMMA", "investment": "ALPHA 1400", **values}
    with parent.write() as session:
        group_id = group_by_code(session, "all").id
        add_share(session, AddShare(group_id=group_id, share=percent, valid_from=start, **values))


def read(parent: Any, part: Part, column: Column = YEAR) -> Any:
    with parent.read() as session:
        group = group_by_code(session, "all")
        return consolidate(session, group, built_in_tree(), part, column, parent.opens)


def figures(found: Any) -> Mapping[str, tuple[Decimal, ...]]:
    assert not any(found.statement.out_by)
    return {row.code: row.amounts for row in found.statement.rows}


def close_2026(books: Any, into: str = "3100") -> None:
    """Close the year of a company, into one of its accounts."""
    with books.write() as session:
        year = session.scalars(select(FiscalYear).where(FiscalYear.starts_on == NEW_YEAR)).one().id
        account = account_by_code(session, into).id
        periods = (
            select(Period.id)
            .where(Period.fiscal_year_id == year, Period.kind != PeriodKind.CLOSING)
            .order_by(Period.starts_on)
        )
        for period in list(session.scalars(periods)):
            close_period(session, ClosePeriod(id=period))
        close_year(session, CloseYear(id=year, account=account))
