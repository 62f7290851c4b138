"""Companies beside ALPHA whose books are read together with its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backstay.db.context import operator_context
from backstay.spi import Company
from backstay.testing.fixtures import company_ref
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.statements.compute import known_accounts


def beside(books: Any, code: str) -> Any:
    """The books of another company in EUR, with the chart of the first."""
    database, suite = books.database, books.suite
    with database.write(operator_context("system:test"), suite) as session:
        session.add(Company(code=code, name=f"{code} Ltd", currency="EUR", minor_units=2))
    made = type(books)(database, suite, company_ref(database, suite, code))
    with books.read() as session:
        chart = known_accounts(session)
    with made.write() as session:
        add_standard_journals(session)
        ensure_fiscal_years(session, [date(2026, 1, 1)])
        add_accounts(
            session,
            [
                CreateAccount(code=one.code, name=one.name, account_class=one.account_class)
                for one in chart
            ],
        )
    return made


@pytest.fixture
def gamma(books: Any) -> Any:
    """The books of GAMMA, in EUR as those of ALPHA."""
    return beside(books, "GAMMA")


@pytest.fixture
def delta(books: Any) -> Any:
    """The books of DELTA, in EUR too."""
    return beside(books, "DELTA")
