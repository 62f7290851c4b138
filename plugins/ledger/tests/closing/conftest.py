"""Books with more than one fiscal year."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import CreateFiscalYear, create_fiscal_year
from backstay_ledger.services.journals import add_standard_journals


@pytest.fixture
def years(books: Any) -> Any:
    """Two fiscal years, and an account for retained earnings."""
    with books.write() as session:
        create_fiscal_year(session, CreateFiscalYear(starts_on=date(2027, 1, 1)))
        retained = CreateAccount(
            code="3900", name="Retained earnings", account_class=AccountClass.EQUITY
        )
        add_accounts(session, [retained])
    return books


@pytest.fixture
def may_books(books: Any, beta: Any) -> Any:
    """Books of another company, whose fiscal years run from May to April."""
    books = type(books)(books.database, books.suite, beta)
    with books.write() as session:
        add_standard_journals(session)
        chart = (
            ("1000", "Bank", AccountClass.ASSET),
            ("1100", "Receivables", AccountClass.ASSET),
            ("3000", "Capital", AccountClass.EQUITY),
            ("3900", "Retained earnings", AccountClass.EQUITY),
            ("4000", "Sales", AccountClass.INCOME),
        )
        add_accounts(
            session,
            [CreateAccount(code=code, name=name, account_class=kind) for code, name, kind in chart],
        )
        for start in (date(2025, 5, 1), date(2026, 5, 1)):
            create_fiscal_year(session, CreateFiscalYear(starts_on=start))
    return books
