"""A trial balance and open items out of files: wholly or not at all, wrong rows named."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backstay.errors import Invalid
from backstay.imports.declare import StagedRow
from backstay_ledger.opening_wizard import imports

if TYPE_CHECKING:
    from .beginnings import Beginning

_ITEM_COLUMNS = (
    "account",
    "party",
    "reference",
    "document_date",
    "due_date",
    "debit",
    "credit",
    "currency",
    "amount_currency",
)


def staged(columns: tuple[str, ...], *rows: tuple[str, ...]) -> list[StagedRow]:
    return [
        StagedRow(number, dict(zip(columns, (*row, *[""] * len(columns)), strict=False)))
        for number, row in enumerate(rows, 2)
    ]


def test_a_file_of_each_list_opens_the_books_and_undoing_empties_them(
    beginning: Beginning,
) -> None:
    trial = staged(
        ("account", "debit", "credit"),
        ("1000", "700", ""),
        ("1100", "500", "0"),
        ("2000", "", "300"),
        ("4000", "0", "0"),
        ("3000", "-900", ""),
    )
    items = staged(
        _ITEM_COLUMNS,
        ("1100", "ACME", "INV-1", "2025-11-03", "2025-12-03", "500"),
        ("2000", "PAPER", "B-7", "2025-12-01", "", "", "300", "usd", "330"),
    )
    with beginning.books.write() as session:
        assert imports.validate_balances(session, trial).problems == ()
        first = imports.commit_balances(session, trial)
    with beginning.books.write() as session:
        assert imports.validate_items(session, items).new == len(items)
        second = imports.commit_items(session, items)
    assert beginning.state().complete
    assert beginning.balance("3000") == Decimal(-900)
    with beginning.books.write() as session:
        again = imports.commit_items(session, items)
        assert (again.new, again.present) == (0, 2)
        imports.undo(session, second.references)
        imports.undo(session, first.references)
    assert beginning.balance("1000") == beginning.balance("9010") == 0
    with beginning.books.write() as session:
        assert imports.commit_items(session, items).new == len(items)


def test_wrong_rows_are_named_with_their_columns(beginning: Beginning) -> None:
    items = staged(
        _ITEM_COLUMNS,
        ("1100", "ACME", "A", "31.12.2025", "", "5"),
        ("1100", "ACME", "B", "", "", "5", "5"),
        ("1100", "ACME", "C", "", "", "x"),
    )
    with beginning.books.write() as session:
        found = imports.validate_items(session, items)
        assert [(one.row, one.field) for one in found.problems] == [
            (2, "document_date"),
            (3, "debit"),
            (4, "debit"),
        ]
        with pytest.raises(Invalid):
            imports.commit_items(session, items)
    trial = staged(
        ("account", "debit", "credit"), ("1000", "0", ""), ("77", "5", ""), ("3000", "", "0.001")
    )
    with beginning.books.write() as session:
        problems = imports.validate_balances(session, trial).problems
    assert {(one.row, one.field) for one in problems} == {(3, "account"), (4, "debit")}
