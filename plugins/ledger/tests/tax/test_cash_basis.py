"""Taxes that are due when the document is paid."""

# ruff: noqa: S608 - the last test is about SQL as intruders write it

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.contracts.ledger import Pair, PostingLine
from backstay.errors import BackstayError, Invalid
from backstay_ledger.open_items.allocations import Allocate, allocate
from backstay_ledger.open_items.undoing import UndoAllocation, undo_allocation
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.tax.cash_basis import ReleaseTax, release_cash_basis, release_tax
from backstay_ledger.tax.filing.filing import FileReturn, file_return
from backstay_ledger.tax.returns import tax_return
from plugins.ledger.tests.managing import manage

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def invoice(taxed: Any) -> int:
    """100.00 and 20.00 of tax that waits."""
    return int(taxed.post(("1100", "120.00"), ("4000", "-100.00", "CB"), reference="INV-1"))


def release(taxed: Any, entry: int, paid: str, day: int = 1) -> Any:
    with taxed.books.write() as session:
        return release_cash_basis(
            session, entry, paid=Decimal(paid), total=Decimal(120), on=date(2026, 4, day)
        )


def box(taxed: Any) -> tuple[Decimal, Decimal]:
    with taxed.books.read() as session:
        assert check_books(session) == []
        found = next(one for one in tax_return(session, *YEAR).boxes if one.code == "81")
    return found.base, found.tax


def test_until_it_is_paid_it_is_in_no_box(taxed: Any, invoice: int) -> None:
    assert taxed.lines(invoice)[-1] == ("1190", "-20.00")
    assert box(taxed) == (0, 0)


def test_each_payment_releases_its_share_and_the_last_one_the_rest(
    taxed: Any, invoice: int
) -> None:
    first = release(taxed, invoice, "40.00")
    assert taxed.lines(first.id) == [("1190", "6.67"), ("2300", "-6.67")]
    assert box(taxed) == (Decimal("33.33"), Decimal("6.67"))
    assert release(taxed, invoice, "40.00", 2) is None
    second = release(taxed, invoice, "80.00", 3)
    assert taxed.lines(second.id)[1] == ("2300", "-6.66")
    third = release(taxed, invoice, "120.00", 4)
    assert taxed.lines(third.id)[1] == ("2300", "-6.67")
    assert box(taxed) == (100, 20)
    assert release(taxed, invoice, "120.00", 5) is None


def test_a_payment_that_is_taken_back_takes_its_tax_back(taxed: Any, invoice: int) -> None:
    release(taxed, invoice, "120.00")
    back = release(taxed, invoice, "60.00", 2)
    assert taxed.lines(back.id) == [("1190", "-10.00"), ("2300", "10.00")]
    assert box(taxed) == (50, 10)
    release(taxed, invoice, "0.00", 3)
    assert box(taxed) == (0, 0)


def test_the_reversal_of_a_release_lets_it_wait_again(taxed: Any, invoice: int) -> None:
    done = release(taxed, invoice, "120.00")
    with taxed.books.write() as session:
        reverse_entry(session, ReverseEntry(id=done.id, on=date(2026, 4, 2), reason="returned"))
    assert box(taxed) == (0, 0)
    release(taxed, invoice, "120.00", 3)
    assert box(taxed) == (100, 20)


def test_what_was_reversed_is_not_released(taxed: Any, invoice: int) -> None:
    with taxed.books.write() as session:
        reverse_entry(session, ReverseEntry(id=invoice, on=date(2026, 3, 20), reason="wrong"))
    with pytest.raises(BackstayError, match="was reversed by"):
        release(taxed, invoice, "120.00")
    assert box(taxed) == (0, 0)


@pytest.mark.parametrize("paid", ["-1", "120.01"])
def test_from_nothing_to_all_can_be_paid(taxed: Any, invoice: int, paid: str) -> None:
    with pytest.raises(Invalid, match="From nothing to all"):
        release(taxed, invoice, paid)


def test_by_hand(taxed: Any, invoice: int) -> None:
    half = ReleaseTax(id=invoice, percent="50", on=date(2026, 4, 1))
    with taxed.books.write() as session:
        release_tax(session, half)
    assert box(taxed) == (50, 10)
    with taxed.books.write() as session, pytest.raises(BackstayError, match="already"):
        release_tax(session, half)
    with taxed.books.write() as session, pytest.raises(Invalid, match="not before its document"):
        release_tax(session, ReleaseTax(id=invoice, percent="80", on=date(2026, 3, 1)))


def paid_document(taxed: Any) -> tuple[int, int]:
    """The open items of a document of March 15 and of its payment of April 1."""
    books = taxed.books
    with books.write() as session:
        manage(session, "1100")
    owed = PostingLine("1100", Decimal("120.00"), party="ACME")
    paid = PostingLine("1100", Decimal("-120.00"), party="ACME")
    taxed.post(owed, ("4000", "-100.00", "CB"))
    taxed.post(("1000", "120.00"), paid, date=date(2026, 4, 1))
    debit, credit = (
        books.value(f"SELECT id FROM ledger_open_item WHERE amount {sign} 0") for sign in "><"
    )
    return debit, credit


def test_what_is_settled_on_filed_days_is_released_after_them(taxed: Any) -> None:
    books = taxed.books
    debit, credit = paid_document(taxed)
    with books.write() as session:
        file_return(session, FileReturn(starts_on=YEAR[0], ends_on=date(2026, 5, 9)))
    pair = Pair(debit, credit, Decimal("60.00"))
    with books.write() as session:
        (made,) = allocate(session, Allocate(pairs=(pair,), on=date(2026, 4, 2)))
    dates = "SELECT date FROM ledger_entry WHERE memo LIKE 'Tax due%' ORDER BY id"
    assert [str(day) for (day,) in books.rows(dates)] == ["2026-05-10"]
    with books.write() as session:
        undo_allocation(session, UndoAllocation(id=made.id, on=date(2026, 4, 3)))
    with books.write() as session:
        allocate(session, Allocate(pairs=(pair,), on=date(2026, 5, 20)))
    assert [str(day) for (day,) in books.rows(dates)] == ["2026-05-10"] * 2 + ["2026-05-20"]
    assert box(taxed) == (50, 10)


def test_open_items_that_are_settled_release_their_tax(taxed: Any) -> None:
    books = taxed.books
    debit, credit = paid_document(taxed)
    made = []
    for amount in ("40.00", "80.00"):
        with books.write() as session:
            pair = Pair(debit, credit, Decimal(amount))
            made += allocate(session, Allocate(pairs=(pair,), on=date(2026, 4, 2)))
        assert box(taxed)[1] == (Decimal("6.67") if len(made) == 1 else 20)
    with books.write() as session:
        undo_allocation(session, UndoAllocation(id=made[0].id, on=date(2026, 4, 3)))
    assert box(taxed) == (Decimal("66.67"), Decimal("13.33"))


def test_a_document_that_was_paid_in_part_is_reversed_and_the_payment_paid_back(taxed: Any) -> None:
    books = taxed.books
    debit, credit = paid_document(taxed)
    half = Pair(debit, credit, Decimal("60.00"))
    with books.write() as session:
        allocate(session, Allocate(pairs=(half,), on=date(2026, 4, 2)))
    assert box(taxed) == (50, 10)
    with books.write() as session:
        document = books.value("SELECT min(entry_id) FROM ledger_open_item")
        reverse_entry(session, ReverseEntry(id=document, on=date(2026, 4, 5), reason="sent back"))
    assert box(taxed) == (50, 10)
    back = PostingLine("1100", Decimal("60.00"), party="ACME")
    taxed.post(("1000", "-60.00"), back, date=date(2026, 4, 6))
    left = "SELECT id FROM ledger_open_item WHERE residual {} 0 ORDER BY id DESC"
    refund, mirror = (books.value(left.format(sign)) for sign in "><")
    with books.write() as session:
        allocate(session, Allocate(pairs=(Pair(refund, mirror),)))
    assert box(taxed) == (0, 0)
    waits = "SELECT sum(l.amount) FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
    assert books.value(f"{waits} WHERE a.code = '1190'") == 0


def test_raw_sql_releases_no_more_than_waits(taxed: Any, invoice: int, raw: Any) -> None:
    import sqlite3

    import psycopg

    release(taxed, invoice, "120.00")
    taxed.post(("1190", "1.00"), ("2300", "-1.00"), key="draft")
    draft = 99
    columns = "company_id, code_id, rate_id, part_id, box_id, rate, policy, net, base"
    of_draft = "FROM ledger_entry WHERE idempotency_key = 'draft'"
    statements = (
        f"""INSERT INTO ledger_entry (id, company_id, journal_id, date, state, memo, reference,
        kind, payload_hash, minor_units, created_by, created_at, version)
        SELECT {draft}, company_id, journal_id, date, 'draft', '', '', 'normal', '', 2, 'x', 1, 1
        {of_draft}""",
        f"""INSERT INTO ledger_line (entry_id, line_no, company_id, account_id, date, amount,
        minor_units, text) SELECT {draft}, line_no, company_id, account_id, date, amount, 2, ''
        FROM ledger_line WHERE entry_id = (SELECT id {of_draft})""",
        f"""INSERT INTO ledger_tax_detail (id, entry_id, base_line_no, line_no, {columns}, amount,
        computed, base_sign, tax_sign, waiting, releases_id)
        SELECT 98, {draft}, 2, 2, {columns}, -10000, -10000, base_sign, tax_sign, false, id
        FROM ledger_tax_detail WHERE waiting""",
        "UPDATE ledger_sequence_head SET last_number = last_number + 1",
        f"""UPDATE ledger_entry SET state = 'posted', number = 4, number_text = 'GEN-2026-000004',
        period_id = (SELECT period_id {of_draft}),
        fiscal_year_id = (SELECT fiscal_year_id {of_draft}),
        posted_by = 'x', posted_at = 1, version = 2 WHERE id = {draft}""",
    )
    with pytest.raises((sqlite3.Error, psycopg.Error), match="No more of a waiting tax"):
        raw.run(*statements)
