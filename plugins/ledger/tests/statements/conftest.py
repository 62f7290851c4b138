"""Companies beside ALPHA whose books are read together with its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backstay.db.context import operator_context
from backstay.spi import Company
from backstay.testing.fixtures import company_ref
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts, create_account
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.statements.compute import known_accounts
from backstay_ledger.statements.groups import CreateGroup, create_group

from .holding import MARCH, NEW_YEAR, OCTOBER

ACCOUNTS = (
    ("1400", AccountClass.ASSET),
    ("3100", AccountClass.EQUITY),
    ("4700", AccountClass.INCOME),
)


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


@pytest.fixture
def parent(books: Any, gamma: Any) -> Any:
    """ALPHA: capital 2,000, earned 50. GAMMA: capital 1,000, earned 100 in March and in October."""
    for one in (books, gamma):
        with one.write() as session:
            for code, kind in ACCOUNTS:
                create_account(session, CreateAccount(code=code, name=code, account_class=kind))
    books.post(books.posting(("1000", "2000"), ("3000", "-2000"), date=NEW_YEAR))
    books.post(books.sale("50.00"))
    gamma.post(gamma.posting(("1000", "1000"), ("3000", "-1000"), date=NEW_YEAR))
    gamma.post(gamma.sale("100.00", date=MARCH))
    gamma.post(gamma.sale("100.00", date=OCTOBER))
    with books.write() as session:
        create_group(session, CreateGroup(code="all", name="All", members="GAMMA; DELTA; BETA"))
    return books
