"""A posted entry, drafts, and somebody with SQL who means harm."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from datetime import date
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import period_on

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = (sqlite3.Error, psycopg.Error)
TABLES = ("ledger_entry", "ledger_line", "ledger_balance", "ledger_account", "ledger_period")


@pytest.fixture
def ids(books: Any, other_books: Any) -> Any:
    """A posted entry, a draft that balances, one that does not, and what they refer to."""
    posted = books.post(books.sale(memo="posted"))
    other_books.post(other_books.sale("100"))

    def draft(*amounts: str, day: date = date(2026, 3, 15)) -> int:
        lines = tuple(
            DraftLine(
                account=code,
                debit=None if amount.startswith("-") else books.sale(amount).lines[0].amount,
                credit=books.sale(amount[1:]).lines[0].amount if amount.startswith("-") else None,
            )
            for code, amount in zip(("1100", "4000", "5000"), amounts, strict=False)
        )
        with books.write() as session:
            return save_draft(session, SaveDraft(journal="GEN", date=day, lines=lines)).id

    ids = {
        "posted": posted.id,
        "good": draft("5.00", "-5.00"),
        "bad": draft("5.00", "-4.00"),
        "short": draft("5.00"),
        "february": draft("5.00", "-5.00", day=date(2026, 2, 15)),
        "company": books.company.id,
        "other": other_books.company.id,
        "number": 2,
    }
    with books.read() as session:
        period = period_on(session, date(2026, 3, 15))
        ids["period"] = period.id
        ids["year"] = period.fiscal_year_id
        ids["february_period"] = period_on(session, date(2026, 2, 1)).id
    for name, code in (("account", "1100"), ("unused", "2000")):
        ids[name] = books.value(
            "SELECT id FROM ledger_account WHERE code = :code AND company_id = :company",
            code=code,
            company=books.company.id,
        )
    ids["other_account"] = books.value(
        "SELECT id FROM ledger_account WHERE code = '1100' AND company_id = :company",
        company=other_books.company.id,
    )
    ids["other_period"] = books.value(
        "SELECT id FROM ledger_period WHERE company_id = :company AND number = 3",
        company=other_books.company.id,
    )
    ids["journal"] = books.value(
        "SELECT id FROM ledger_journal WHERE code = 'GEN' AND company_id = :company",
        company=books.company.id,
    )
    return ids


@pytest.fixture
def refuse(books: Any) -> Callable[..., None]:
    """Run statements of which the last is refused; nothing of all of them may stay."""

    def rows() -> list[Any]:
        return [books.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]

    def run(connection: Any, match: str, *statements: str, **values: Any) -> None:
        before = rows()
        with pytest.raises(REFUSED, match=match):
            connection.run(*(statement.format(**values) for statement in statements))
        assert rows() == before

    return run
