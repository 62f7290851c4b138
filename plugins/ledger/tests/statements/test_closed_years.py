"""Statements of a closed year show what they showed before it was closed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from backstay_ledger.closing.services.years import CloseYear, close_year
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, account_by_code, add_accounts
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    close_period,
    ensure_fiscal_years,
    list_fiscal_years,
)
from backstay_ledger.statements.cash_accounts import mark_as_cash
from backstay_ledger.statements.cash_flow import cash_flow
from backstay_ledger.statements.charts import expense_parts
from backstay_ledger.statements.columns import balance_columns, span_columns
from backstay_ledger.statements.compute import balance_sheet, profit_and_loss
from backstay_ledger.statements.group_books import Translated, read_member
from backstay_ledger.statements.kinds import Part
from backstay_ledger.statements.tree import built_in_tree

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def shown(books: Any) -> dict[str, Any]:
    """All that statements say of the year, by name."""
    tree = built_in_tree()
    with books.read() as session:
        days = span_columns(FIRST, LAST)
        return {
            "sheet": balance_sheet(session, tree, balance_columns(session, LAST)),
            "earned": profit_and_loss(session, tree, days),
            "half": profit_and_loss(session, tree, span_columns(date(2026, 7, 1), LAST)),
            "direct": cash_flow(session, tree, days, direct=True),
            "indirect": cash_flow(session, tree, days, direct=False),
            "parts": expense_parts(session, FIRST, LAST),
            "member": read_member(Translated(session, session), Part.BALANCE_SHEET, days[0]),
        }


def test_closing_a_year_does_not_empty_its_statements(books: Any) -> None:
    with books.write() as session:
        retained = CreateAccount(code="3900", name="Kept", account_class=AccountClass.EQUITY)
        add_accounts(session, [retained])
        ensure_fiscal_years(session, [date(2027, 1, 1)])
        mark_as_cash(session, [account_by_code(session, "1000")])
    books.post(books.posting(("1000", "400"), ("4000", "-400"), date=date(2026, 5, 5)))
    books.post(books.posting(("5000", "600"), ("1000", "-600"), date=LAST))
    before = shown(books)
    assert before["earned"].result == (Decimal(-200),)
    with books.write() as session:
        year = list_fiscal_years(session)[0]
        kept = account_by_code(session, "3900").id
        year_id = year.id
    for (period,) in books.rows(
        "SELECT id FROM ledger_period WHERE fiscal_year_id = :year AND kind <> 'closing'",
        year=year_id,
    ):
        with books.write() as session:
            close_period(session, ClosePeriod(id=period))
    with books.write() as session:
        close_year(session, CloseYear(id=year_id, account=kept))
    assert books.value("SELECT count(*) FROM ledger_entry WHERE kind = 'closing'") == 1
    assert shown(books) == before
    with books.read() as session:
        columns = balance_columns(session, date(2027, 1, 15))
        sheet = balance_sheet(session, built_in_tree(), columns)
    figures = {row.code: row.amounts[0] for row in sheet.rows}
    assert figures["3900"] == Decimal(-200)
    assert (figures["prior"], figures["year"]) == (0, 0)
    assert sheet.out_by == (0,)
