"""A trial balance and open items come in against clearing accounts that must reach 0.00."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from backstay.errors import Conflict, Invalid
from backstay_ledger.open_items.ageing import ageing
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.managed import claim_control_account
from backstay_ledger.opening_wizard.models import OpeningPart
from backstay_ledger.opening_wizard.opening import (
    ReopenOpening,
    UndoOpening,
    finish_opening,
    reopen_opening,
    undo_opening,
)
from backstay_ledger.services.opening import PostOpeningBalances, post_opening_balances
from backstay_ledger.services.typed_lines import DraftLine

from .beginnings import FIRST_DAY, Beginning, owed

TRIAL = (("1000", "700"), ("1100", "500"), ("2000", "-300"), ("3000", "-900"))
ITEMS = (
    owed("ACME", "300", "INV-1", document_date=date(2025, 11, 3), due_date=date(2025, 12, 3)),
    owed("BEST", "200", "INV-2", document_date=date(2025, 12, 20)),
    owed("PAPER", "-300", "B-7", account="2000"),
)


def finish(beginning: Beginning) -> Any:
    with beginning.books.write() as session:
        return finish_opening(session)


def undo(beginning: Beginning, part: OpeningPart) -> int:
    with beginning.books.write() as session:
        return undo_opening(session, UndoOpening(part=part, reason="wrong list"))


def test_the_items_take_their_balances_from_the_clearing_account(beginning: Beginning) -> None:
    beginning.balances(*TRIAL)
    assert beginning.balance("1100") == 0
    assert beginning.balance("9010") == Decimal(200)
    state = beginning.state()
    assert [(one.account[:4], one.missing) for one in state.accounts] == [
        ("1100", Decimal(500)),
        ("2000", Decimal(-300)),
    ]
    assert not state.complete
    beginning.items(*ITEMS)
    assert beginning.state().complete
    assert [
        beginning.balance(code) for code in ("1000", "1100", "2000", "3000", "9000", "9010")
    ] == [Decimal(amount) for amount in ("700", "500", "-300", "-900", "0", "0")]
    assert finish(beginning).finished_by == "cli:test"
    assert beginning.sound()


def test_an_item_keeps_its_reference_document_and_due_date(beginning: Beginning) -> None:
    beginning.items(*ITEMS)
    with beginning.books.read() as session:
        found = {one.reference: one for one in open_items(session, FIRST_DAY)}
        rows = ageing(session, FIRST_DAY, account="1100")
    assert found["INV-1"].party == "ACME"
    assert found["INV-1"].due_date == date(2025, 12, 3)
    assert found["INV-1"].text == "Document of 2025-11-03"
    assert found["INV-2"].due_date == date(2025, 12, 20)
    assert [row.amounts[1] for row in rows] == [Decimal(300), Decimal(200)]


def test_an_item_in_a_foreign_currency_keeps_both_amounts(beginning: Beginning) -> None:
    beginning.items(
        owed("ACME", "333.33", "U-1", currency="USD", amount_currency=Decimal("400.00"))
    )
    with beginning.books.read() as session:
        (one,) = open_items(session, FIRST_DAY)
    assert (one.currency, one.residual, one.residual_base) == (
        "USD",
        Decimal(400),
        Decimal("333.33"),
    )
    assert beginning.balance("9010") == Decimal("-333.33")


def test_a_trial_balance_that_is_out_stands_on_its_clearing_account(beginning: Beginning) -> None:
    beginning.balances(("1000", "700"), ("3000", "-690"))
    assert beginning.balance("9000") == Decimal(-10)
    with pytest.raises(Conflict, match=r"9000 Opening trial balance stands at -10\.00"):
        finish(beginning)
    beginning.balances(("3000", "-10"))
    assert finish(beginning).finished_at is not None


def test_two_accounts_that_make_up_for_each_other_are_both_named(beginning: Beginning) -> None:
    beginning.balances(("1100", "500"), ("2000", "-500"))
    assert beginning.balance("9010") == 0
    with pytest.raises(Conflict, match="can't be finished") as error:
        finish(beginning)
    assert [one.message for one in error.value.problems] == [
        "Open items of 1100 Receivables: 500.00 EUR is missing.",
        "Open items of 2000 Payables: -500.00 EUR is missing.",
    ]


def test_what_is_wrong_is_named_by_row_and_field_and_nothing_is_posted(
    beginning: Beginning,
) -> None:
    wrong = [
        owed("ACME", "1", "A", row=1),
        owed("", "1", row=2),
        owed("ACME", "1", account="1000", row=3),
        owed("ACME", "1", account="77", row=4),
        owed("ACME", "2", "A", row=5),
        owed("ACME", "0", row=6),
        owed("ACME", "1", "L", document_date=date(2026, 1, 2), row=7),
    ]
    with pytest.raises(Invalid) as error:
        beginning.items(*wrong)
    assert [(one.row, one.field) for one in error.value.problems] == [
        (2, "party"),
        (3, "account"),
        (4, "account"),
        (5, "reference"),
        (6, "amount"),
        (7, "document_date"),
    ]
    with pytest.raises(Invalid) as error:
        beginning.items(owed("A", "1", row=1), owed("B", "0.001", row=2))
    assert [(one.row, one.field) for one in error.value.problems] == [(2, "amount")]
    assert beginning.books.value("SELECT count(*) FROM ledger_entry") == 0


def test_a_document_comes_in_once_and_again_after_it_was_undone(beginning: Beginning) -> None:
    beginning.items(*ITEMS)
    assert all(one.existed for one in beginning.items(*ITEMS))
    with pytest.raises(Conflict) as error:
        beginning.items(replace(ITEMS[0], amount=Decimal(301), row=4))
    assert [(one.row, one.field) for one in error.value.problems] == [(4, "reference")]
    assert undo(beginning, OpeningPart.ITEMS) == len(ITEMS)
    assert beginning.balance("9010") == 0
    assert not any(one.existed for one in beginning.items(*ITEMS))
    assert beginning.balance("1100") == Decimal(500)
    with pytest.raises(Conflict, match="Nothing of it is in the books"):
        undo(beginning, OpeningPart.BALANCES)


def test_the_grid_of_opening_balances_posts_to_the_opening(beginning: Beginning) -> None:
    year = beginning.books.value("SELECT id FROM ledger_fiscal_year")
    command = PostOpeningBalances(
        fiscal_year_id=year,
        lines=(
            DraftLine(account="1100", debit=Decimal(5)),
            DraftLine(account="3000", credit=Decimal(5)),
        ),
    )
    with beginning.books.write() as session:
        post_opening_balances(session, command)
    assert beginning.balance("9010") == Decimal(5)


def test_accounts_are_claimed_after_the_opening(beginning: Beginning) -> None:
    beginning.balances(*TRIAL)
    books = beginning.books
    with books.write() as session, pytest.raises(Conflict, match="not finished"):
        claim_control_account(session, "1100", "invoicing.receivables")
    beginning.items(*ITEMS)
    finish(beginning)
    with books.write() as session:
        claim_control_account(session, "1100", "invoicing.receivables")
    with pytest.raises(Conflict, match="finished"):
        beginning.items(owed("LATE", "1", "L-1"))
    with books.write() as session:
        reopen_opening(session, ReopenOpening(reason="one was forgotten"))
    beginning.items(owed("LATE", "1", "L-1"))
    with pytest.raises(Conflict, match=r"-1\.00 EUR is missing"):
        finish(beginning)


@pytest.mark.parametrize(
    ("day", "balances", "items", "said"),
    [
        (date(2031, 1, 1), "9000", "9010", "no fiscal year"),
        (FIRST_DAY, "9000", "9000", "choose two"),
        (FIRST_DAY, "1100", "9010", "can't be used for clearing"),
    ],
)
def test_an_opening_needs_a_year_and_two_accounts_without_items(
    beginning: Beginning, day: date, balances: str, items: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        beginning.begin(day, balances, items)


def test_day_and_accounts_stay_once_something_is_posted(beginning: Beginning) -> None:
    beginning.begin(date(2026, 2, 1))
    beginning.balances(("1000", "1"), ("3000", "-1"))
    with pytest.raises(Conflict, match="undo them"):
        beginning.begin()


def test_the_database_refuses_to_finish_and_to_claim_too_early(beginning: Beginning) -> None:
    beginning.balances(*TRIAL)
    books = beginning.books
    for statement, said in (
        ("UPDATE ledger_opening SET finished_by = 'x', finished_at = 1", "stand at zero"),
        (
            "UPDATE ledger_account SET sub_ledger = 'a.b' WHERE code = '1100'",
            "after the opening is finished",
        ),
        ("UPDATE ledger_opening_line SET account_id = NULL", "never changes"),
        ("DELETE FROM ledger_opening_line", "never changes"),
    ):
        with pytest.raises(Exception, match=said), books.write() as session:
            session.connection().execute(text(statement))
