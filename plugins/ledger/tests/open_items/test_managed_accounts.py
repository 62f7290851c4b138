"""Accounts begin and cease to be managed by open items, and sub-ledgers claim them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.contracts.ledger import Posting, PostingLine, Source
from backstay.errors import Conflict, Invalid
from backstay_ledger.open_items.managed import claim_control_account
from backstay_ledger.services.posting import post
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from plugins.ledger.tests.managing import manage

D = Decimal
APRIL = date(2026, 4, 1)


def claim(desk: Any, code: str, sub_ledger: str = "invoicing.receivables") -> None:
    with desk.books.write() as session:
        claim_control_account(session, code, sub_ledger)


def entry(*lines: PostingLine, source: str = "") -> Posting:
    of = Source(source, f"{source}.invoice", "1") if source else None
    return Posting("", "GEN", APRIL, lines, source=of)


def test_an_account_with_a_balance_does_not_begin(desk: Any) -> None:
    desk.books.post(desk.books.posting(("1000", "5.00"), ("4000", "-5.00")))
    with desk.books.write() as session, pytest.raises(Invalid, match=r"stands at 5\.00 EUR"):
        manage(session, "1000")
    desk.books.post(desk.books.posting(("1000", "-5.00"), ("3000", "5.00")))
    with desk.books.write() as session:
        manage(session, "1000")
    desk.item("transfer", "7", account="1000", party="")
    assert desk.left("transfer") == (7, 7)
    assert desk.sound()


def test_an_account_with_open_items_does_not_cease(desk: Any) -> None:
    desk.item("invoice", "5")
    desk.item("payment", "-5")
    with desk.books.write() as session, pytest.raises(Invalid, match="2 items of 1100"):
        manage(session, "1100", on=False)
    desk.allocate(("invoice", "payment", None))
    with desk.books.write() as session:
        manage(session, "1100", on=False)
    desk.books.post(desk.books.sale())
    assert desk.books.count("ledger_open_item") == 2


def test_lines_get_to_a_control_account_only_through_its_sub_ledger(desk: Any) -> None:
    claim(desk, "1100")
    line, sale = PostingLine("1100", D(5), party="ACME"), PostingLine("4000", D(-5))
    with desk.books.write() as session:
        for source in ("", "banking"):
            with pytest.raises(Invalid, match=r"only through it") as refused:
                post(session, entry(line, sale, source=source))
            assert refused.value.problems[0].field == "lines.0.account"
        with pytest.raises(Invalid, match="needs a party") as refused:
            post(session, entry(PostingLine("1100", D(5)), sale, source="invoicing"))
        assert refused.value.problems[0].field == "lines.0.party"
        posted = post(session, entry(line, sale, source="invoicing"))
    with desk.books.write() as session:
        reverse_entry(session, ReverseEntry(id=posted.id, on=APRIL, reason="mistake"))
    assert desk.balance("1100") == 0
    assert desk.sound()


def test_what_allocations_book_gets_to_a_control_account(desk: Any) -> None:
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400")
    claim(desk, "1100")
    (done,) = desk.allocate(("invoice", "payment", None))
    desk.undo(done)
    assert desk.sound()


def test_items_on_two_accounts_of_a_sub_ledger_move_when_they_are_allocated(desk: Any) -> None:
    with desk.books.write() as session:
        manage(session, "1000")
    desk.item("invoice", "83", abroad="100")
    desk.item("prepaid", "-34", abroad="-40", account="1000")
    with pytest.raises(Invalid, match="no common sub-ledger"):
        desk.allocate(("invoice", "prepaid", None))
    claim(desk, "1100")
    claim(desk, "1000")
    (done,) = desk.allocate(("invoice", "prepaid", None))
    assert done.gain == D("0.80")
    assert desk.balance("1000") == 0
    assert desk.balance("1100") == D("49.80")
    assert desk.left("invoice") == (60, D("49.80"))
    assert desk.sound()
    desk.undo(done)
    assert desk.balance("1000") == D(-34)
    assert desk.balance("1100") == D(83)
    assert desk.sound()


def test_an_account_is_claimed_once(desk: Any) -> None:
    claim(desk, "1100")
    claim(desk, "1100")
    with pytest.raises(Conflict, match="control account of invoicing"):
        claim(desk, "1100", "banking.clearing")
    with pytest.raises(Invalid, match="named by its plugin"):
        claim(desk, "2000", "invoicing")
    with desk.books.write() as session, pytest.raises(Invalid, match="stays managed"):
        manage(session, "1100", on=False)
    desk.item("bill", "-5", account="2000", party="")
    with pytest.raises(Conflict, match="1 open items of 2000 Payables have no party"):
        claim(desk, "2000", "invoicing.payables")
