"""The checks find what somebody did with the guards switched off, each its own kind of harm."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backstay_ledger.services.checks import CHECKS, CONTENT, check_books
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry


@pytest.fixture
def worked(books: Any, other_books: Any) -> Any:
    """A little of everything, all of it in order."""
    first = books.post_many([books.sale(memo=f"sale {number}") for number in range(3)])[0]
    other_books.post(other_books.sale("100"))
    with books.write() as session:
        reverse_entry(session, ReverseEntry(id=first.id, on=date(2026, 3, 20), reason="mistake"))
        save_draft(
            session,
            SaveDraft(
                journal="GEN",
                date=date(2026, 4, 1),
                lines=(DraftLine(account="1000", debit=books.sale().lines[0].amount),),
            ),
        )
        close_period(session, ClosePeriod(id=period_on(session, date(2026, 1, 1)).id))
    return books


def unguarded(books: Any, raw: Any, *statements: Any) -> None:
    """Run statements with all triggers dropped or switched off, and without foreign keys."""
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        raw.run(*(f"DROP TRIGGER {name}" for (name,) in names.fetchall()), *statements)
    else:
        raw.run("SET session_replication_role = replica", *statements)


def found(books: Any) -> Any:
    with books.read() as session:
        return {finding.check for finding in check_books(session)}


def test_sound_books_have_no_findings(worked: Any) -> None:
    assert found(worked) == set()


FIRST = "(SELECT min(id) FROM ledger_entry WHERE state = 'posted' AND memo = 'sale 0')"
DRAFT = "(SELECT id FROM ledger_entry WHERE state = 'draft')"
HARM = {
    "balanced": (
        f"UPDATE ledger_line SET amount = amount + 100 WHERE line_no = 1 AND entry_id = {FIRST}",
    ),
    "balanced_currency": (
        (
            "UPDATE ledger_line SET currency = 'USD', minor_units_currency = 2,"
            f" amount_currency = amount * line_no WHERE entry_id = {FIRST}"
        ),
    ),
    "numbers": ("UPDATE ledger_sequence_head SET last_number = last_number + 1",),
    "drift": ("UPDATE ledger_balance SET debit = debit + 100",),
    "lines_agree": (f"UPDATE ledger_line SET date = '2026-03-16' WHERE entry_id = {FIRST}",),
    "in_period": (
        f"UPDATE ledger_entry SET date = '2026-05-15' WHERE id = {FIRST}",
        f"UPDATE ledger_line SET date = '2026-05-15' WHERE entry_id = {FIRST}",
    ),
    "closed_periods": (f"UPDATE ledger_entry SET date = '2026-01-15' WHERE id = {DRAFT}",),
    "reversals": (
        (
            "UPDATE ledger_line SET amount = amount * 2 WHERE entry_id IN"
            " (SELECT id FROM ledger_entry WHERE kind = 'reversal')"
        ),
    ),
    "audited": (
        (
            f"DELETE FROM core_audit WHERE entity = 'ledger_entry'"
            f" AND entity_id = CAST({FIRST} AS VARCHAR(30))"
        ),
    ),
    "content": (f"UPDATE ledger_entry SET memo = 'sale of nothing' WHERE id = {FIRST}",),
    "orphan_lines": (f"DELETE FROM ledger_entry WHERE id = {DRAFT}",),
    "posted_after_closing": (
        (
            "UPDATE ledger_entry SET period_id ="
            " (SELECT p.id FROM ledger_period p WHERE p.number = 1"
            " AND p.company_id = ledger_entry.company_id),"
            " posted_at = posted_at + 3600000000, date = '2026-01-15'"
            f" WHERE id = {FIRST}"
        ),
    ),
    "periods": ("UPDATE ledger_period SET ends_on = '2027-01-31' WHERE number = 12",),
}


@pytest.mark.parametrize("check", HARM)
def test_a_check_finds_its_harm(worked: Any, raw: Any, check: Any) -> None:
    unguarded(worked, raw, *HARM[check])
    assert check in found(worked)


def test_each_check_is_proved(worked: Any) -> None:
    assert {check.name for check in CHECKS} | {CONTENT[0]} == set(HARM)
