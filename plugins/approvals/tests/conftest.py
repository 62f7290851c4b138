"""Approvals to test with: a company with books and a limit, and people with roles."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from backstay.access.models import Grant, Role, RolePermission
from backstay.clock import now, today
from backstay.contracts.ledger import Ledger, Posting, PostingLine
from backstay.db.context import Actor, Context, operator_context
from backstay.kernel.load import load
from backstay.kernel.suite import require
from backstay.testing.web import make_user, web_app
from backstay_approvals.permissions import PERMISSIONS
from backstay_ledger.approval.limits import SetLimit, set_limit
from backstay_ledger.models import AccountClass
from backstay_ledger.permissions import PERMISSIONS as LEDGER
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]
EVERYTHING = tuple(one.name for one in (*PERMISSIONS, *LEDGER))


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Approvals with the ledger, which has something to approve."""
    loaded = load({"approvals", "ledger"})
    assert not loaded.failed, loaded.failed
    return loaded


@dataclass
class Office:
    """One company with its people; each may do everything, so that rules alone decide."""

    database: Database
    suite: Suite
    company: CompanyRef
    ids: dict[str, int] = field(default_factory=dict)

    def hire(self, login: str, *roles: str, permissions: tuple[str, ...] = EVERYTHING) -> None:
        """Somebody with permissions of their own, and roles that rules can name."""
        self.ids[login] = make_user(self.database, login, permissions, self.company)
        with self.database.write(operator_context("system:test")) as session:
            for code in roles:
                role = session.scalar(select(Role).where(Role.code == code))
                if role is None:
                    role = Role(code=code, name=code.title())
                    session.add(role)
                    session.flush()
                    session.add(RolePermission(role_id=role.id, permission="approvals.inbox.use"))
                session.add(
                    Grant(
                        user_id=self.ids[login],
                        role_id=role.id,
                        company_id=self.company.id,
                        valid_from=today(),
                        granted_by="test",
                        granted_at=now(),
                    )
                )

    def context(self, login: str) -> Context:
        return Context(
            Actor(login, self.ids[login]),
            permissions=frozenset(EVERYTHING),
            company=self.company,
            company_ids=frozenset({self.company.id}),
        )

    @contextmanager
    def at_work(self, login: str) -> Iterator[Session]:
        with self.database.write(self.context(login), self.suite) as session:
            yield session

    @contextmanager
    def operating(self) -> Iterator[Session]:
        context = operator_context("cli:test", company=self.company)
        with self.database.write(context, self.suite) as session:
            yield session

    def submit(self, login: str, amount: str = "5000", journal: str = "GEN") -> int:
        """Post an entry over the limit; it waits."""
        posting = Posting(
            key="",
            journal=journal,
            date=date(2026, 3, 15),
            lines=(
                PostingLine("1100", Decimal(amount)),
                PostingLine("4000", -Decimal(amount)),
            ),
            memo=f"Machine {amount}",
        )
        with self.at_work(login) as session:
            posted = require(session, Ledger).post(session, posting)
            assert posted.waits
            return posted.id

    def rows(self, sql: str, **parameters: Any) -> list[Any]:
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), parameters)]

    def value(self, sql: str, **parameters: Any) -> Any:
        return self.rows(sql, **parameters)[0][0]

    def state(self, entry_id: int) -> tuple[str, str | None]:
        return self.rows("SELECT state, approved_by FROM ledger_entry WHERE id = :id", id=entry_id)[
            0
        ]


@pytest.fixture
def office(database: Database, suite: Suite, alpha: CompanyRef) -> Office:
    """ALPHA with books, a limit of 1,000 and five people."""
    office = Office(database, suite, alpha)
    with office.operating() as session:
        add_standard_journals(session)
        add_accounts(
            session,
            [
                CreateAccount(code=code, name=code, account_class=account_class)
                for code, account_class in (
                    ("1100", AccountClass.ASSET),
                    ("4000", AccountClass.INCOME),
                )
            ],
        )
        ensure_fiscal_years(session, [date(2026, 1, 1)])
        set_limit(session, SetLimit(amount=Decimal(1000)))
    office.hire("maker", "clerk")
    office.hire("anna", "head")
    office.hire("berta", "head")
    office.hire("carl", "director")
    office.hire("admin", "administrator")
    return office
