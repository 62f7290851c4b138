"""A run of an allocation rule over the limit waits; sent back, it is posted as it is or deleted."""

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay.errors import Conflict
from backstay_ledger.approval.deciding import (
    ApproveEntry,
    SendBack,
    approve_entry,
    send_back,
)
from backstay_ledger.cost_allocation.models import Basis
from backstay_ledger.cost_allocation.rules import AddAllocationRule, add_rule
from backstay_ledger.cost_allocation.running import RunAllocationRule, run_rule
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import (
    DeleteDraft,
    DraftLine,
    PostDraft,
    SaveDraft,
    delete_draft,
    post_draft,
    save_draft,
)
from backstay_ledger.services.fiscal_years import period_on

REFUSED = (sqlite3.Error, psycopg.Error)
MARCH = date(2026, 3, 31)


@pytest.fixture
def command(people: Any) -> RunAllocationRule:
    """A rule whose entry for March is over the limit."""
    books = people.books
    books.post(books.posting(("5000", "500.00"), ("1000", "-500.00")))
    people.limit("100")
    with books.write() as session:
        centre = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        add_value(session, AddValue(dimension_id=centre, code="100", name="100"))
        rule = add_rule(
            session,
            AddAllocationRule(
                name="Rent",
                sources="5000",
                source_values="cost_centre=-",
                dimension_id=centre,
                basis=Basis.SHARES,
                shares="100=1",
                valid_from=date(2026, 1, 1),
            ),
        )
        return RunAllocationRule(id=rule.id, period_id=period_on(session, MARCH).id)


def run(people: Any, command: RunAllocationRule) -> int:
    with people.at_work("maker") as session:
        return run_rule(session, command).entry_id


def sent_back(people: Any, command: RunAllocationRule) -> int:
    entry = run(people, command)
    assert people.entry(entry).state == "waiting"
    with people.at_work("checker") as session:
        send_back(session, SendBack(id=entry, reason="A bill is missing"))
    return entry


def test_a_run_that_was_sent_back_goes_with_its_draft_and_is_made_again(
    people: Any, command: RunAllocationRule
) -> None:
    entry = sent_back(people, command)
    assert run(people, command) == entry
    with people.at_work("maker") as session:
        delete_draft(session, DeleteDraft(id=entry))
    assert people.books.count("ledger_allocation_run") == 0
    assert people.books.value(
        "SELECT count(*) FROM core_audit WHERE entity = 'ledger_allocation_run'"
        " AND action = 'delete'"
    )
    again = run(people, command)
    assert again != entry
    with people.at_work("checker") as session:
        approve_entry(session, ApproveEntry(id=again))
    with people.books.read() as session:
        assert check_books(session) == []


def test_a_run_that_was_sent_back_is_posted_as_it_is(
    people: Any, command: RunAllocationRule
) -> None:
    entry = sent_back(people, command)
    lines = (
        DraftLine(account="5000", debit=Decimal(1)),
        DraftLine(account="1000", credit=Decimal(1)),
    )
    changed = SaveDraft(id=entry, journal="GEN", date=MARCH, lines=lines)
    said = "belongs to an allocation rule: post it as it is"
    with pytest.raises(Conflict, match=said), people.at_work("maker") as session:
        save_draft(session, changed)
    with people.at_work("maker") as session:
        assert post_draft(session, PostDraft(id=entry)).waits
    with people.at_work("checker") as session:
        approve_entry(session, ApproveEntry(id=entry))
    assert people.entry(entry).state == "posted"
    assert run(people, command) == entry


def test_the_database_lets_a_run_go_only_while_its_entry_is_a_draft(
    people: Any, command: RunAllocationRule, raw: Any
) -> None:
    run(people, command)
    with pytest.raises(REFUSED, match="stays on record"):
        raw.run("DELETE FROM ledger_allocation_run")
    entry = people.books.value("SELECT entry_id FROM ledger_allocation_run")
    with people.at_work("checker") as session:
        send_back(session, SendBack(id=entry, reason="A bill is missing"))
    with pytest.raises(REFUSED, match="never change"):
        raw.run("UPDATE ledger_allocation_run SET attempt = 2")
    raw.run("DELETE FROM ledger_allocation_run")
