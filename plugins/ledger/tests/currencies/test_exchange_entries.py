"""Entries that give one currency for another, and the mistakes that stay refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Conflict, Invalid
from backstay_ledger.services.balances import balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import (
    DraftLine,
    PostDraft,
    SaveDraft,
    as_typed,
    post_draft,
    save_draft,
)
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.services.stored import stored_entry

BILL = (("5000", "333.33", "EUR", "400.00"), ("2000", "-333.33", "EUR", "-400.00"))
PAYMENT = (("2000", "363.64", "EUR", "400.00"), ("1000", "-363.64"))


def refused(books: Any, posting: Any) -> Any:
    with pytest.raises(Invalid) as error:
        books.post(posting)
    return [(problem.field, problem.message) for problem in error.value.problems]


def test_a_bill_in_euros_is_paid_from_an_account_in_dollars(dollars: Any, entry: Any) -> None:
    dollars.post(entry(*BILL))
    dollars.post(entry(*PAYMENT, ("2000", "-30.31", "EUR", "0"), ("5900", "30.31"), exchange=True))
    with dollars.read() as session:
        assert balance(session, "2000", date(2026, 3, 31)) == 0
        assert balance(session, "5900", date(2026, 3, 31)) == Decimal("30.31")
        assert check_books(session) == []
    assert dollars.rows(
        "SELECT debit_currency - credit_currency, debit - credit FROM ledger_balance AS b"
        " JOIN ledger_account AS a ON a.id = b.account_id"
        " WHERE a.code = '2000' AND b.currency = 'EUR'"
    ) == [(0, 0)]


def test_what_was_not_called_an_exchange_is_a_mistake(dollars: Any, entry: Any) -> None:
    assert refused(dollars, entry(*PAYMENT)) == [
        ("lines", "The entry is out by 400.00 EUR in the foreign currency.")
    ]


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ((("2000", "10.00", "EUR", "8.00"), ("1000", "-10.00", "EUR", "-7.00")), "1.00 EUR"),
        (
            (
                ("2000", "10.00", "EUR", "8.00"),
                ("1100", "-15.00", "EUR", "-7.00"),
                ("1000", "5.00"),
            ),
            "1.00 EUR",
        ),
    ],
)
def test_an_exchange_leaves_no_amount_over_that_has_no_value(
    dollars: Any, entry: Any, lines: Any, left: str
) -> None:
    assert refused(dollars, entry(*lines, exchange=True)) == [
        (
            "lines",
            (
                f"The exchange leaves {left} over without a value: the lines in EUR have to come to"
                " an amount in the base currency on the same side."
            ),
        )
    ]


def test_an_exchange_balances_in_the_base_currency_too(dollars: Any, entry: Any) -> None:
    wrong = entry(("2000", "363.64", "EUR", "400.00"), ("1000", "-363.46"), exchange=True)
    assert refused(dollars, wrong) == [
        ("lines", "The entry is out by 0.18 USD: debit 363.64 USD, credit 363.46 USD.")
    ]


def test_only_an_exchange_changes_nothing_but_a_value(dollars: Any, entry: Any) -> None:
    lines = (("2000", "-30.31", "EUR", "0"), ("5900", "30.31"))
    assert [field for field, _message in refused(dollars, entry(*lines))] == [
        "lines.0.amount_currency"
    ]
    assert dollars.post(entry(*lines, exchange=True)).number == "GEN-2026-000001"


def test_three_currencies_go_through_one_exchange(dollars: Any, entry: Any) -> None:
    dollars.post(
        entry(
            ("1000", "100.00", "GBP", "80.00"),
            ("1100", "-60.00", "EUR", "-55.00"),
            ("2000", "-40.00", "CHF", "-36.00"),
            exchange=True,
        )
    )
    with dollars.read() as session:
        assert check_books(session) == []


def test_an_exchange_is_reversed_like_any_entry(dollars: Any, entry: Any) -> None:
    posted = dollars.post(entry(*PAYMENT, exchange=True))
    with dollars.write() as session:
        back = reverse_entry(
            session, ReverseEntry(id=posted.id, on=date(2026, 3, 20), reason="wrong bill")
        )
    with dollars.write() as session:
        reverse_entry(session, ReverseEntry(id=back.id, on=date(2026, 3, 21), reason="was right"))
    with dollars.read() as session:
        assert check_books(session) == []
        assert balance(session, "2000", date(2026, 3, 31)) == Decimal("363.64")


def test_a_draft_keeps_that_it_is_an_exchange(dollars: Any) -> None:
    lines = (
        DraftLine(
            account="2000",
            debit=Decimal("363.64"),
            currency="EUR",
            amount_currency=Decimal("400.00"),
        ),
        DraftLine(account="1000", credit=Decimal("363.64")),
    )
    command = SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines)
    with dollars.write() as session:
        draft_id = save_draft(session, command).id
    with pytest.raises(Invalid, match=r"400\.00 EUR"), dollars.write() as session:
        post_draft(session, PostDraft(id=draft_id))
    with dollars.write() as session:
        typed = as_typed(stored_entry(session, draft_id))
        assert typed.exchange is False
        save_draft(session, replace(typed, exchange=True))
    with dollars.write() as session:
        assert as_typed(stored_entry(session, draft_id)).exchange is True
        post_draft(session, PostDraft(id=draft_id))
    assert dollars.value("SELECT kind FROM ledger_entry") == "exchange"


def test_the_same_lines_are_other_content_when_they_are_an_exchange(
    dollars: Any, entry: Any
) -> None:
    lines = (("2000", "10.00", "EUR", "8.00"), ("1000", "-10.00", "EUR", "-8.00"))
    first = dollars.post(entry(*lines, key="k"))
    assert dollars.post(entry(*lines, key="k")).id == first.id
    with pytest.raises(Conflict, match="other content"):
        dollars.post(entry(*lines, key="k", exchange=True))
