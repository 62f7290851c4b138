"""Books to test with: a company with a chart, journals and the fiscal year 2026."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from backstay.contracts.ledger import Posting, PostingLine
from backstay.db.context import operator_context
from backstay.testing.fixtures import company_ref
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.posting import post, post_many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

ACCOUNTS = (
    ("1000", "Bank", AccountClass.ASSET),
    ("1100", "Receivables", AccountClass.ASSET),
    ("2000", "Payables", AccountClass.LIABILITY),
    ("3000", "Capital", AccountClass.EQUITY),
    ("4000", "Sales", AccountClass.INCOME),
    ("5000", "Purchases", AccountClass.EXPENSE),
)


@dataclass
class Books:
    """One company's books."""

    database: Database
    suite: Suite
    company: CompanyRef

    def context(self, **changes: Any) -> Context:
        return operator_context("cli:test", company=self.company, **changes)

    @contextmanager
    def write(self, context: Context | None = None) -> Iterator[Session]:
        with self.database.write(context or self.context(), self.suite) as session:
            yield session

    @contextmanager
    def read(self, context: Context | None = None) -> Iterator[Session]:
        with self.database.read(context or self.context(), self.suite) as session:
            yield session

    def opens(self, code: str) -> Any:
        """A reading session in another company, as consolidation asks for one."""
        company = company_ref(self.database, self.suite, code)
        return self.database.read(operator_context("cli:test", company=company), self.suite)

    def posting(self, *lines: tuple[str, str], key: str = "", **values: Any) -> Posting:
        """An entry of (account, signed amount) pairs, dated 2026-03-15 in GEN."""
        return Posting(
            key=key,
            journal=values.pop("journal", "GEN"),
            date=values.pop("date", date(2026, 3, 15)),
            lines=tuple(PostingLine(code, Decimal(amount)) for code, amount in lines),
            **values,
        )

    def sale(self, amount: str = "100.00", **values: Any) -> Posting:
        return self.posting(("1100", amount), ("4000", f"-{amount}"), **values)

    def post(self, posting: Posting) -> Any:
        with self.write() as session:
            return post(session, posting)

    def post_many(self, postings: list[Posting]) -> Any:
        with self.write() as session:
            return post_many(session, postings)

    def value(self, sql: str, **parameters: Any) -> Any:
        """One value by plain SQL, for looking behind the services."""
        with self.database.engine.connect() as connection:
            return connection.execute(text(sql), parameters).scalar()

    def rows(self, sql: str, **parameters: Any) -> list[Any]:
        with self.database.engine.connect() as connection:
            return list(connection.execute(text(sql), parameters).all())

    def count(self, table: str) -> int:
        return int(self.value(f"SELECT count(*) FROM {table}"))  # noqa: S608


def open_books(database: Database, suite: Suite, company: CompanyRef) -> Books:
    books = Books(database, suite, company)
    with books.write() as session:
        add_standard_journals(session)
        add_accounts(
            session,
            [
                CreateAccount(code=code, name=name, account_class=account_class)
                for code, name, account_class in ACCOUNTS
            ],
        )
        ensure_fiscal_years(session, [date(2026, 1, 1)])
    return books


@pytest.fixture
def books(database: Database, suite: Suite, alpha: CompanyRef) -> Books:
    """The books of ALPHA, in EUR."""
    return open_books(database, suite, alpha)


@pytest.fixture
def other_books(database: Database, suite: Suite, beta: CompanyRef) -> Books:
    """The books of BETA, in JPY, in the same database."""
    return open_books(database, suite, beta)


class Raw:
    """A connection that knows nothing of Backstay, as an administrator with SQL has one."""

    def __init__(self, database: Database, *, with_context: bool) -> None:
        self.is_sqlite = database.is_sqlite
        url = make_url(database.url)
        self.connection: Any
        if self.is_sqlite:
            self.connection = sqlite3.connect(str(url.database), isolation_level=None)
            if with_context:
                self.connection.create_function("backstay_audit_context_required", 0, lambda: 1)
        else:
            plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
            self.connection = psycopg.connect(plain, autocommit=True)
            if with_context:
                self.connection.execute("SELECT set_config('backstay.actor', 'intruder', false)")

    def run(self, *statements: str) -> None:
        """Run statements in one transaction."""
        self.connection.execute("BEGIN")
        try:
            for statement in statements:
                self.connection.execute(statement)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def raw(database: Database) -> Iterator[Raw]:
    """Raw SQL by somebody who even pretends to be Backstay."""
    connection = Raw(database, with_context=True)
    yield connection
    connection.close()


@pytest.fixture
def foreign(database: Database) -> Iterator[Raw]:
    """Raw SQL as any tool for databases sends it."""
    connection = Raw(database, with_context=False)
    yield connection
    connection.close()
