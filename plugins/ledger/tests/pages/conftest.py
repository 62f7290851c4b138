"""Two companies with books, an accountant at a browser, and others who may do less."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay.contracts.ledger import Posting, PostingLine
from backstay.db.context import operator_context
from backstay.testing.web import Browser, make_user, web_app
from backstay_ledger.models import Account, AccountClass, Entry
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_DRAFT, PERMISSIONS
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import CreateFiscalYear, create_fiscal_year
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.posting import post_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

CHART = (
    ("1000", "Bank", AccountClass.ASSET),
    ("1100", "Receivables", AccountClass.ASSET),
    ("2000", "Payables", AccountClass.LIABILITY),
    ("3000", "Capital", AccountClass.EQUITY),
    ("4000", "Sales", AccountClass.INCOME),
    ("6000", "Rent & <heating>", AccountClass.EXPENSE),
)


__all__ = ["Books", "web_app"]


class Books:
    """The books of a company, for arranging and for looking."""

    def __init__(self, database: Database, suite: Suite, company: CompanyRef) -> None:
        """Work as the command line does."""
        self.database = database
        self.suite = suite
        self.company = company
        self.context: Context = operator_context("cli:test", company=company)

    def set_up(self) -> None:
        """A chart, the usual journals and the year 2026."""
        with self.database.write(self.context, self.suite) as session:
            add_accounts(
                session,
                [
                    CreateAccount(code=code, name=name, account_class=account_class)
                    for code, name, account_class in CHART
                ],
            )
            add_standard_journals(session)
            create_fiscal_year(session, CreateFiscalYear(starts_on=date(2026, 1, 1)))

    def post(
        self, key: str, day: date, debit: str, credit: str, amount: str, memo: str = ""
    ) -> int:
        """Post an entry of two lines."""
        value = Decimal(amount)
        posting = Posting(
            key=key,
            journal="GEN",
            date=day,
            lines=(PostingLine(debit, value), PostingLine(credit, -value)),
            memo=memo or key,
        )
        with self.database.write(self.context, self.suite) as session:
            return post_many(session, [posting])[0].id

    def account(self, code: str) -> int:
        """The id of an account."""
        with self.database.read(self.context, self.suite) as session:
            return session.scalars(select(Account.id).where(Account.code == code)).one()

    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        with self.database.read(self.context, self.suite) as session:
            return list(session.scalars(select(Entry).order_by(Entry.id)))

    def url(self, path: str) -> str:
        """The address of a page of the ledger."""
        return f"/c/{self.company.code}/ledger{path}"


@pytest.fixture
def books(database: Database, suite: Suite, alpha: CompanyRef) -> Books:
    """The books of ALPHA (EUR)."""
    made = Books(database, suite, replace(alpha, fiscal_year_start=1))
    made.set_up()
    return made


@pytest.fixture
def other_books(database: Database, suite: Suite, beta: CompanyRef) -> Books:
    """The books of BETA (JPY), which ALPHA's people must never see."""
    made = Books(database, suite, beta)
    made.set_up()
    return made


@pytest.fixture
def sit_down(web_app: Flask, database: Database, alpha: CompanyRef) -> Callable[..., Browser]:
    """A browser at which somebody with the given permissions in ALPHA is signed in."""

    def at(login: str, *permissions: object) -> Browser:
        make_user(database, login, permissions, alpha)  # type: ignore[arg-type]
        return Browser.for_user(web_app, database, login)

    return at


@pytest.fixture
def accountant(sit_down: Callable[..., Browser]) -> Browser:
    """May do everything in the ledger of ALPHA."""
    return sit_down("ada", *PERMISSIONS)


@pytest.fixture
def bookkeeper(sit_down: Callable[..., Browser]) -> Browser:
    """Writes drafts, posts nothing."""
    return sit_down("ben", BOOKS_VIEW, ENTRY_DRAFT)


@pytest.fixture
def reader(sit_down: Callable[..., Browser]) -> Browser:
    """Only reads."""
    return sit_down("rita", BOOKS_VIEW)
