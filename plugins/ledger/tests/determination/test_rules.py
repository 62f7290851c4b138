"""Which account a role leads to: the most specific rule in force, and never a guess."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from backstay.contracts.ledger import AccountContext, Posting, PostingLine
from backstay.errors import Invalid
from backstay_ledger.determination.resolve import resolve
from backstay_ledger.determination.rules import (
    CreateRule,
    DeleteRule,
    EditRule,
    create_rule,
    delete_rule,
    edit_rule,
)
from backstay_ledger.models import Account
from backstay_ledger.services.posting import preview

DAY = date(2026, 3, 15)


@pytest.fixture
def rule(books: Any) -> Any:
    """Makes a rule and returns its id."""
    with books.read() as session:
        accounts = dict(session.execute(select(Account.code, Account.id)).all())

    def make(role: str, account: str, **conditions: Any) -> int:
        conditions.setdefault("valid_from", date(2026, 1, 1))
        with books.write() as session:
            made = create_rule(
                session, CreateRule(role=role, account_id=accounts[account], **conditions)
            )
            return int(made.id)

    return make


def account(books: Any, role: str = "revenue", on: date = DAY, **context: str) -> str:
    with books.read() as session:
        return resolve(session, role, AccountContext(**context), on).account


def test_the_rule_with_the_most_conditions_wins(books: Any, rule: Any) -> None:
    rule("revenue", "4000")
    rule("revenue", "3000", country="AT")
    rule("revenue", "2000", country="AT", item_group="books")
    assert account(books) == "4000"
    assert account(books, country="DE") == "4000"
    assert account(books, country="AT") == "3000"
    assert account(books, country="AT", item_group="books") == "2000"
    with books.read() as session:
        found = resolve(session, "revenue", AccountContext(country="AT"), DAY)
    assert found.rule == "revenue, country AT, from 2026-01-01: 3000"
    assert found.others == ("revenue, everything, from 2026-01-01: 4000",)


def test_the_latest_rule_of_the_same_conditions_is_in_force(books: Any, rule: Any) -> None:
    rule("revenue", "4000")
    rule("revenue", "3000", valid_from=date(2026, 7, 1))
    assert account(books, on=date(2026, 6, 30)) == "4000"
    assert account(books, on=date(2026, 7, 1)) == "3000"


def test_a_tie_is_refused_with_both_rules(books: Any, rule: Any) -> None:
    rule("revenue", "3000", country="AT")
    rule("revenue", "2000", item_group="books")
    with pytest.raises(Invalid, match=r"country AT.*3000; .*item group books.*2000|2000; .*3000"):
        account(books, country="AT", item_group="books")
    assert account(books, country="AT", item_group="toys") == "3000"


@pytest.mark.parametrize(
    ("role", "message"),
    [("receivable", "No rule leads from “receivable” to an account .everything"),
     ("nonsense", "No module declares the account role “nonsense”")],
)  # fmt: skip
def test_a_role_that_leads_nowhere_is_named(books: Any, role: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        account(books, role)


def sale(**values: Any) -> Posting:
    lines = (
        PostingLine("", Decimal(10), role="receivable"),
        PostingLine("", Decimal(-10), role="revenue", context=AccountContext(country="AT")),
    )
    return Posting(key="", journal="GEN", date=DAY, lines=values.pop("lines", lines), **values)


def test_a_posting_names_roles_and_the_entry_says_why(books: Any, rule: Any) -> None:
    with pytest.raises(Invalid, match="receivable") as refused:
        books.post(sale())
    assert [one.field for one in refused.value.problems] == ["lines.0.account", "lines.1.account"]
    rule("receivable", "1100")
    kept = rule("revenue", "4000")
    gone = rule("revenue", "3000", country="AT")
    with books.read() as session:
        assert [line.account for line in preview(session, sale())] == ["1100", "3000"]
    entry = books.post(sale()).id
    why = "SELECT line_no, role, country, rule FROM ledger_line_role ORDER BY line_no"
    before = books.rows(why)
    assert before == [
        (1, "receivable", "", "receivable, everything, from 2026-01-01: 1100"),
        (2, "revenue", "AT", "revenue, country AT, from 2026-01-01: 3000"),
    ]
    other = books.value("SELECT id FROM ledger_account WHERE code = '5000'")
    with books.write() as session:
        delete_rule(session, DeleteRule(id=gone))
        same = EditRule(
            id=kept,
            role="revenue",
            account_id=other,
            valid_from=date(2026, 2, 1),
        )
        edit_rule(session, same)
    assert books.rows(why) == before
    assert books.value("SELECT count(*) FROM ledger_line WHERE entry_id = :id", id=entry) == 2


def test_a_line_has_a_role_or_an_account(books: Any, rule: Any) -> None:
    rule("revenue", "4000")
    both = (PostingLine("1100", Decimal(1)), PostingLine("4000", Decimal(-1), role="revenue"))
    with pytest.raises(Invalid, match="not both"):
        books.post(sale(lines=both))


def test_the_same_conditions_have_one_rule_a_day(books: Any, rule: Any) -> None:
    rule("revenue", "4000", country="AT")
    with pytest.raises(Invalid, match="from 2026-01-01"):
        rule("revenue", "3000", country="AT")
    with pytest.raises(Invalid, match="two capital letters"):
        rule("revenue", "3000", country="at")


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("UPDATE ledger_line_role SET rule = 'mine'", "can not be changed"),
        ("DELETE FROM ledger_line_role", "can not be changed"),
        (
            (
                "INSERT INTO ledger_line_role (entry_id, line_no, company_id, role, item_group,"
                " party_group, country, rule_id, rule) SELECT entry_id, 9, company_id, role, '',"
                " '', '', 1, '' FROM ledger_line_role WHERE line_no = 1"
            ),
            "can not be changed|foreign key|FOREIGN KEY",
        ),
        ("UPDATE ledger_account_rule SET company_id = 1", "never change"),
        ("DELETE FROM ledger_account WHERE code = '2000'", "in use|foreign key"),
    ],
)
def test_raw_sql_is_refused(books: Any, rule: Any, raw: Any, statement: str, match: str) -> None:
    rule("receivable", "1100")
    rule("revenue", "4000")
    rule("inventory", "2000")
    books.post(sale())
    with pytest.raises((sqlite3.Error, psycopg.Error), match=match):
        raw.run(statement)
