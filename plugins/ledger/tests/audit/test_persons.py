"""Who posted and who approved: the checks find entries that one person posted alone."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backstay_ledger.approval.limits import SetLimit, set_limit
from backstay_ledger.services.checks import ALL_CHECKS, check_books

REFERENCE = Path(__file__).parents[4] / "docs/reference/ledger-checks.md"


def unguarded(raw: Any, *statements: str) -> None:
    """Run statements without triggers and rules of the tables."""
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        drops = [f"DROP TRIGGER {name}" for (name,) in names.fetchall()]
        raw.run(*drops, "PRAGMA ignore_check_constraints = ON", *statements)
    else:
        drop = "ALTER TABLE ledger_entry DROP CONSTRAINT ck_ledger_entry_approval"
        raw.run("SET session_replication_role = replica", drop, *statements)


def found(books: Any) -> dict[str, tuple[str, ...]]:
    with books.read() as session:
        return {one.check: one.examples for one in check_books(session)}


@pytest.fixture
def limited(books: Any) -> Any:
    """A large entry of before the limit, the limit, and a small one."""
    books.post(books.sale("5000", memo="before"))
    with books.write() as session:
        set_limit(session, SetLimit(amount=Decimal(1000)))
    books.post(books.sale("1000", memo="small"))
    return books


def test_what_was_posted_before_the_limit_is_no_finding(limited: Any) -> None:
    assert found(limited) == {}


def test_an_entry_over_the_limit_that_nobody_else_saw_is_named(limited: Any, raw: Any) -> None:
    number = limited.value("SELECT number_text FROM ledger_entry WHERE memo = 'small'")
    unguarded(raw, "UPDATE ledger_approval_limit SET amount = 9990000")
    assert found(limited)["over_limit"] == (number,)


@pytest.mark.parametrize("who", ["created_by", "submitted_by"])
def test_who_approved_their_own_entry_is_named(limited: Any, raw: Any, who: str) -> None:
    number = limited.value("SELECT number_text FROM ledger_entry WHERE memo = 'small'")
    assert "second_person" not in found(limited)
    people = f"submitted_by = 'ann', approved_by = 'ben', {who} = 'ben'"
    if who == "submitted_by":
        people = "submitted_by = 'ben', approved_by = 'ben'"
    unguarded(raw, f"UPDATE ledger_entry SET {people} WHERE memo = 'small'")
    assert found(limited)["second_person"] == (number,)


def test_every_check_is_in_the_reference() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(name for name, _message in ALL_CHECKS)
