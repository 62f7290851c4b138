"""Allocation rules on screen: made, previewed, run, and told by their record."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from backstay_ledger.approval.deciding import TakeBack, take_back
from backstay_ledger.approval.limits import SetLimit, set_limit
from backstay_ledger.cost_allocation.models import AllocationRun, Basis
from backstay_ledger.cost_allocation.rules import AddAllocationRule, add_rule
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.fiscal_years import period_on

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


@pytest.fixture
def centres(books: Books) -> dict[str, int]:
    """Rent of March without a cost centre, and two of those."""
    books.post("rent", date(2026, 3, 5), "6000", "1000", "100.00")
    with books.database.write(books.context, books.suite) as session:
        key = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        for code in ("100", "200"):
            add_value(session, AddValue(dimension_id=key, code=code, name=f"Centre {code}"))
        period = period_on(session, date(2026, 3, 5))
        assert period is not None
        return {"dimension": key, "march": period.id}


def test_a_rule_is_made_previewed_and_run(
    accountant: Browser, books: Books, centres: dict[str, int]
) -> None:
    listed = books.url("/allocation-rules")
    assert accountant.get(listed).status_code == 200
    rule = {
        "name": "Rent by floor space",
        "sources": "6000",
        "source_values": "cost_centre=-",
        "dimension_id": str(centres["dimension"]),
        "basis": "shares",
        "shares": "100=2, 200=1",
        "basis_accounts": "",
        "valid_from": "2026-01-01",
    }
    refused = accountant.post(f"{listed}/new", {**rule, "shares": "900=1"})
    assert refused.status_code == 422
    assert "There is no value “900” of this dimension." in refused.text
    made = accountant.post(f"{listed}/new", rule)
    assert made.status_code == 303, made.text
    shown = accountant.get(made.location).text
    assert "66.67 %" in shown
    assert "33.33 %" in shown
    assert "100=2, 200=1" in accountant.get(f"{made.location}/edit").text
    assert "Preview" in accountant.get(listed).text
    preview = accountant.get(books.url("/allocation-rules/preview?day=2026-03-31")).text
    for said in ("66.67", "33.33", "100.00 of 6000, 2 / 3", "cost_centre=200", "Run for a month"):
        assert said in preview
    nothing = accountant.get(books.url("/allocation-rules/preview?day=2026-04-30")).text
    assert "there is nothing to allocate" in nothing
    assert len(books.entries()) == 1
    ran = accountant.post(f"{made.location}/do/run", {"period_id": str(centres["march"])})
    assert ran.status_code == 303, ran.text
    entry = books.entries()[-1]
    assert entry.date == date(2026, 3, 31)
    assert str(entry.id) in ran.location
    assert str(entry.number_text) in accountant.get(made.location).text
    again = accountant.post(f"{made.location}/do/run", {"period_id": str(centres["march"])})
    assert again.location == ran.location
    assert len(books.entries()) == 2


def test_who_only_reads_previews_and_runs_nothing(
    reader: Browser, books: Books, centres: dict[str, int]
) -> None:
    assert reader.get(books.url("/allocation-rules")).status_code == 200
    assert reader.get(books.url("/allocation-rules/preview")).status_code == 200
    assert reader.get(books.url("/allocation-rules/new")).status_code == 403


def test_many_rules_cost_the_closing_page_no_more_statements(
    accountant: Browser, books: Books, centres: dict[str, int]
) -> None:
    def add(number: int) -> None:
        with books.database.write(books.context, books.suite) as session:
            command = AddAllocationRule(
                name=f"Rule {number}",
                sources="6000",
                source_values="cost_centre=-",
                dimension_id=centres["dimension"],
                basis=Basis.SHARES,
                shares="100=1",
                valid_from=date(2026, 1, 1),
            )
            add_rule(session, command)

    def sent() -> int:
        count = 0

        def note(*_given: Any) -> None:
            nonlocal count
            count += 1

        for engine in books.database.engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            page = accountant.get(books.url(f"/periods/{centres['march']}/closing"))
        finally:
            for engine in books.database.engines:
                event.remove(engine, "before_cursor_execute", note)
        assert "Rule 1" in page.text
        return count

    add(1)
    sent()
    once = sent()
    for number in range(2, 9):
        add(number)
    assert sent() == once


def test_the_record_says_what_became_of_an_entry_over_the_limit(
    accountant: Browser, books: Books, centres: dict[str, int]
) -> None:
    with books.database.write(books.context, books.suite) as session:
        set_limit(session, SetLimit(amount=Decimal(50)))
        command = AddAllocationRule(
            name="Rent",
            sources="6000",
            source_values="cost_centre=-",
            dimension_id=centres["dimension"],
            basis=Basis.SHARES,
            shares="100=1",
            valid_from=date(2026, 1, 1),
        )
        record = books.url(f"/allocation-rules/{add_rule(session, command).id}")
    accountant.post(f"{record}/do/run", {"period_id": str(centres["march"])})
    assert "Waits for approval" in accountant.get(record).text
    with books.database.write(books.context, books.suite) as session:
        entry = session.scalars(select(AllocationRun.entry_id)).one()
        take_back(session, TakeBack(id=entry))
    assert "Draft: post it, or delete it" in accountant.get(record).text
