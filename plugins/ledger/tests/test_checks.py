"""The checks find what somebody did with the guards switched off, each its own kind of harm."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backstay.errors import Forbidden
from backstay_ledger.open_items.checks import OPEN_ITEM_CHECKS
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.checks import ALL_CHECKS, check_books
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.rebuild import rebuild_balances
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.tax.checks import TAX_CHECKS


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
    "year_closings": (
        (
            "INSERT INTO ledger_year_closing (id, company_id, fiscal_year_id, account_id,"
            " closed_by, closed_at) SELECT 7, company_id, fiscal_year_id, 1, 'x', 1"
            f" FROM ledger_entry WHERE id = {FIRST}"
        ),
    ),
    "closing_entries": (f"UPDATE ledger_entry SET kind = 'closing' WHERE id = {FIRST}",),
    "release_plans": (
        (
            "INSERT INTO ledger_deferral (id, company_id, name, journal_id, account_id,"
            " deferral_account_id, amount, starts_on, ends_on, release_by, entry_id, state,"
            " created_by, created_at, version) SELECT 7, company_id, 'insurance', journal_id, 1, 2,"
            " 10000, '2026-01-01', '2026-12-31', 'day', id, 'active', 'x', 1, 1"
            f" FROM ledger_entry WHERE id = {FIRST}"
        ),
    ),
    "late_postings": (
        (
            "INSERT INTO ledger_late_posting (entry_id, company_id, exception_id, posted_by, at)"
            f" SELECT id, company_id, 999, 'x', 1 FROM ledger_entry WHERE id = {FIRST}"
        ),
    ),
    "dimension_drift": (
        (f"UPDATE ledger_line SET dimset_id = 7 WHERE line_no = 1 AND entry_id = {FIRST}"),
    ),
    "dimension_trees": (
        (
            "INSERT INTO ledger_dimension_value (id, company_id, dimension_id, code, name,"
            " parent_id, version) SELECT id, id, 1, 'X', 'X', id, 1 FROM core_company"
        ),
    ),
    "posters": (f"UPDATE ledger_entry SET posted_by = 'x' WHERE id = {FIRST}",),
    "sources": (
        (
            "UPDATE ledger_entry SET source_plugin = 'ledger', source_type = 'ledger.deferral',"
            f" source_id = '7' WHERE id = {FIRST}"
        ),
    ),
    "periods": ("UPDATE ledger_period SET ends_on = '2027-01-31' WHERE number = 12",),
}


@pytest.mark.parametrize("check", HARM)
def test_a_check_finds_its_harm(worked: Any, raw: Any, check: Any) -> None:
    unguarded(worked, raw, *HARM[check])
    assert check in found(worked)


def test_each_check_is_proved(worked: Any) -> None:
    elsewhere = {check.name for check in OPEN_ITEM_CHECKS} | {name for name, *_ in TAX_CHECKS}
    elsewhere |= {"second_person", "over_limit", "seals"}  # tests/audit
    assert {name for name, _message in ALL_CHECKS} == set(HARM) | elsewhere


DRIFT = {
    "changed": ("UPDATE ledger_balance SET debit = debit + 100",),
    "moved to another currency": ("UPDATE ledger_balance SET currency = 'XXX' WHERE credit > 0",),
    "gone": ("DELETE FROM ledger_balance",),
    "out of nothing": (
        (
            "INSERT INTO ledger_balance (company_id, account_id, period_id, currency, debit,"
            " credit, debit_currency, credit_currency, n)"
            " SELECT a.company_id, a.id, p.id, 'ZZZ', 5, 0, 5, 0, 1"
            " FROM ledger_account a JOIN ledger_period p ON p.company_id = a.company_id"
        ),
    ),
    "counted wrong": ("UPDATE ledger_balance SET n = n + 1, credit_currency = 7",),
}


@pytest.mark.parametrize("what", DRIFT)
def test_balances_that_drifted_are_found_and_mended(worked: Any, raw: Any, what: Any) -> None:
    before = posted_balances(worked)
    unguarded(worked, raw, *DRIFT[what])
    assert "drift" in found(worked)
    with worked.write() as session:
        assert rebuild_balances(session) > 0
    assert found(worked) == set()
    assert posted_balances(worked) == before
    with worked.write() as session:
        assert rebuild_balances(session) == 0


def test_mending_one_company_leaves_the_other_as_it_is(
    worked: Any, other_books: Any, raw: Any
) -> None:
    unguarded(worked, raw, "UPDATE ledger_balance SET n = n + 1")
    with worked.write() as session:
        assert rebuild_balances(session) > 0
    assert found(worked) == set()
    assert found(other_books) == {"drift"}


def test_who_mended_what_is_in_the_audit_trail(worked: Any) -> None:
    with worked.write() as session:
        rebuild_balances(session)
    assert worked.rows("SELECT action, actor FROM core_audit WHERE entity = 'ledger_balance'") == [
        ("rebuild", "cli:test")
    ]


def test_only_who_may_post_may_mend(worked: Any) -> None:
    nobody = replace(worked.context(), permissions=frozenset({BOOKS_VIEW.name}))
    with pytest.raises(Forbidden), worked.write(nobody) as session:
        rebuild_balances(session)


def test_balances_are_guarded_again_in_the_same_transaction(worked: Any) -> None:
    if worked.database.is_sqlite:
        return  # there the rule is that only Backstay's connections write
    with (
        pytest.raises(DBAPIError, match="can not be written"),
        worked.write() as session,
    ):
        rebuild_balances(session)
        session.connection().execute(text("UPDATE ledger_balance SET debit = 0"))


def posted_balances(books: Any) -> Any:
    """Every balance that has lines, of all companies."""
    return books.rows(
        "SELECT account_id, period_id, currency, debit, credit, debit_currency, credit_currency, n"
        " FROM ledger_balance WHERE n <> 0 AND company_id = :company ORDER BY 1, 2, 3",
        company=books.company.id,
    )
