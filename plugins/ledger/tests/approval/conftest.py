"""Three people at the books: a maker, a checker, and an administrator who may do everything."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from backstay.db.context import Actor, Context
from backstay.kernel.load import load
from backstay.testing.web import make_user, web_app
from backstay_ledger.approval.limits import SetLimit, set_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite

__all__ = ["web_app"]


@pytest.fixture(scope="session")
def suite() -> Suite:
    """The ledger alone: what it holds by itself, without the module of approvals."""
    loaded = load({"ledger"})
    assert not loaded.failed, loaded.failed
    return loaded


@dataclass
class People:
    """Who works in these books; each may do everything, so that only who they are decides."""

    books: Any
    ids: dict[str, int]

    def context(self, login: str, permissions: frozenset[str] | None = None) -> Context:
        company = self.books.company
        return Context(
            Actor(login, self.ids[login]),
            permissions=permissions,
            company=company,
            company_ids=frozenset({company.id}),
        )

    @contextmanager
    def at_work(self, login: str) -> Iterator[Session]:
        with self.books.write(self.context(login)) as session:
            yield session

    def limit(self, amount: str, journal_id: int | None = None) -> int:
        with self.books.write() as session:
            return set_limit(session, SetLimit(amount=Decimal(amount), journal_id=journal_id)).id

    def entry(self, entry_id: int) -> Any:
        return self.books.rows(
            "SELECT state, number_text, created_by, submitted_by, approved_by, posted_by"
            " FROM ledger_entry WHERE id = :id",
            id=entry_id,
        )[0]


@pytest.fixture
def people(books: Any) -> People:
    return People(
        books, {login: make_user(books.database, login) for login in ("maker", "checker", "admin")}
    )
