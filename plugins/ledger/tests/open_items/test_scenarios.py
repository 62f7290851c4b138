"""Published cases with exactly their figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from backstay_ledger.open_items.items import open_items
from plugins.ledger.tests.closing.steps import move

D = Decimal


def test_a_part_of_an_item_abroad_realises_a_loss_dated_the_later_day(desk: Any) -> None:
    """Scenario 9: debit 60 / 120 FC meets credit 80 / 240 FC."""
    desk.item("debit", "60", abroad="120", day=date(2026, 1, 15))
    desk.item("credit", "-80", abroad="-240", day=date(2026, 1, 31))
    (done,) = desk.allocate(("debit", "credit", None))
    assert done.amount == D(120)
    assert done.gain == D(-20)
    assert done.on == date(2026, 1, 31)
    assert desk.left("debit") == (0, 0)
    assert desk.left("credit") == (D(-240) + 120, D(-40))
    assert desk.balance("7100", date(2026, 1, 30)) == 0
    assert desk.balance("7100", date(2026, 1, 31)) == D(20)
    assert desk.balance("1100") == D(-40)
    assert desk.sound()


def test_an_invoice_paid_the_next_day_at_another_rate_leaves_a_gain(desk: Any) -> None:
    """Scenario 11: 400.00 abroad, worth 333.33 on day 1 and 363.64 on day 2."""
    desk.item("invoice", "333.33", abroad="400", day=date(2026, 3, 1))
    desk.item("payment", "-363.64", abroad="-400", day=date(2026, 3, 2))
    (done,) = desk.allocate(("invoice", "payment", None))
    assert done.gain == D("30.31")
    assert desk.balance("1100") == 0
    assert desk.balance("7000") == D("-30.31")
    assert desk.left("invoice") == desk.left("payment") == (0, 0)
    assert desk.sound()


def test_a_payable_settled_at_a_higher_rate_is_a_loss(desk: Any) -> None:
    """Scenario 13: payable 1,000 @83, 400 settled @85; 600 stay open at 49,800."""
    desk.item("bill", "-83000", account="2000", abroad="-1000", day=date(2026, 4, 1))
    desk.item("payment", "34000", account="2000", abroad="400", day=date(2026, 4, 20))
    (done,) = desk.allocate(("payment", "bill", D(400)))
    assert done.gain == D(-800)
    assert desk.balance("7100") == D(800)
    assert desk.left("bill") == (D(-600), D(-49800))
    assert desk.left("payment") == (0, 0)
    assert desk.balance("2000") == D(-49800)
    assert desk.sound()


def test_a_payment_settles_one_invoice_and_a_part_of_the_next(desk: Any) -> None:
    """Scenario 21, first half: 180 against invoices of 100 and 150."""
    desk.item("first", "100")
    desk.item("second", "150")
    desk.item("statement line", "-180")
    done = desk.allocate(("first", "statement line", None), ("second", "statement line", None))
    assert [one.amount for one in done] == [100, 80]
    assert [one.entry for one in done] == [None, None]
    assert desk.left("first") == (0, 0)
    assert desk.left("second") == (70, 70)
    assert desk.left("statement line") == (0, 0)
    assert desk.sound()


def test_what_is_paid_beyond_a_bill_stays_open(desk: Any) -> None:
    """Scenario 21, second half: -60 to a bill of 50; the remainder is not booked in silence."""
    desk.item("bill", "50")
    desk.item("statement line", "-60")
    entries = desk.books.count("ledger_entry")
    (done,) = desk.allocate(("bill", "statement line", None))
    assert done.amount == D(50)
    assert desk.left("statement line") == (-10, -10)
    assert desk.books.count("ledger_entry") == entries
    with desk.books.read() as session:
        (left,) = open_items(session, date(2026, 12, 31))
    assert left.residual == D(-10)
    assert desk.sound()


def test_old_items_are_matched_after_their_period_is_locked(desk: Any) -> None:
    """Scenario 25, last part: what there is to book goes to the first day that is open."""
    desk.item("invoice", "333.33", abroad="400", day=date(2026, 3, 1))
    desk.item("payment", "-363.64", abroad="-400", day=date(2026, 3, 2))
    desk.item("plain", "100", day=date(2026, 3, 1))
    desk.item("paid", "-100", day=date(2026, 3, 2))
    move(desk.books, "closed", "locked", day=date(2026, 3, 1))
    same, differing = desk.allocate(("plain", "paid", None), ("invoice", "payment", None))
    assert (same.on, same.entry) == (date(2026, 3, 2), None)
    assert differing.gain == D("30.31")
    assert desk.left("invoice", date(2026, 3, 31)) == (0, 0)
    assert desk.balance("7000", date(2026, 3, 31)) == 0
    assert desk.balance("7000", date(2026, 4, 1)) == D("-30.31")
    assert desk.sound()
