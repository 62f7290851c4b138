"""Allocating and undoing: what it does, what it refuses, and that past days stay what they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text

from backstay.errors import Conflict, Invalid
from backstay_ledger.models import ItemHold
from backstay_ledger.open_items.items import HoldItem, hold_item
from backstay_ledger.services.drafts import (
    DeleteDraft,
    DraftLine,
    PostDraft,
    SaveDraft,
    delete_draft,
    post_draft,
    save_draft,
)
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

D = Decimal
APRIL = date(2026, 4, 10)


def test_a_past_day_shows_what_was_open_then(desk: Any) -> None:
    desk.item("invoice", "100", day=date(2026, 3, 1))
    desk.item("payment", "-40", day=date(2026, 3, 20))
    (done,) = desk.allocate(("invoice", "payment", None), on=APRIL)
    desk.undo(done, on=date(2026, 5, 2))
    assert desk.left("invoice", date(2026, 2, 28)) == (0, 0)
    assert desk.left("invoice", date(2026, 4, 9)) == (100, 100)
    assert desk.left("invoice", APRIL) == (60, 60)
    assert desk.left("payment", APRIL) == (0, 0)
    assert desk.left("invoice", date(2026, 5, 1)) == (60, 60)
    assert desk.left("invoice", date(2026, 5, 2)) == (100, 100)
    assert desk.sound()


def test_undoing_reverses_the_exchange_difference(desk: Any) -> None:
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400", day=APRIL)
    (done,) = desk.allocate(("invoice", "payment", None))
    undone = desk.undo(done, on=date(2026, 5, 1))
    assert undone.entry is not None
    assert undone.gain == D("-30.31")
    assert desk.balance("7000") == 0
    assert desk.balance("1100") == D("-30.31")
    assert desk.left("invoice") == (400, D("333.33"))
    assert desk.left("payment") == (-400, D("-363.64"))
    with pytest.raises(Conflict, match="undone on 2026-05-01"):
        desk.undo(done)
    with pytest.raises(Conflict, match="undoes another"):
        desk.undo(undone)
    assert desk.sound()


def test_what_an_allocation_posted_is_reversed_only_with_it(desk: Any) -> None:
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400")
    (done,) = desk.allocate(("invoice", "payment", None))
    with desk.books.write() as session, pytest.raises(Conflict, match="undo the allocation"):
        reverse_entry(session, ReverseEntry(id=done.entry.id, on=APRIL, reason="x"))


def test_the_difference_is_dated_the_first_open_day(desk: Any) -> None:
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400")
    with desk.books.write() as session:
        for month in (1, 2, 3):
            period = period_on(session, date(2026, month, 1))
            close_period(session, ClosePeriod(id=period.id))
    (done,) = desk.allocate(("invoice", "payment", None))
    assert done.on == date(2026, 3, 15)
    assert desk.balance("7000", date(2026, 3, 31)) == 0
    assert desk.balance("7000", date(2026, 4, 1)) == D("-30.31")
    assert desk.sound()


def test_the_same_key_is_one_allocation(desk: Any) -> None:
    desk.item("invoice", "100")
    desk.item("payment", "-100")
    first = desk.allocate(("invoice", "payment", "30"), key="a")
    again = desk.allocate(("invoice", "payment", "30"), key="a")
    assert [one.id for one in again] == [one.id for one in first]
    assert again[0].existed
    with pytest.raises(Conflict, match="“a” was used"):
        desk.allocate(("invoice", "payment", "31"), key="a")
    undone = desk.undo(first[0], key="b")
    assert desk.undo(first[0], key="b") == replace(undone, existed=True)
    assert desk.left("invoice") == (100, 100)


def test_an_item_takes_part_in_a_pair_after_what_the_one_before_left(desk: Any) -> None:
    for name in ("a", "b", "c"):
        desk.item(name, "10")
    desk.item("paid", "-25")
    done = desk.allocate(*((name, "paid", None) for name in ("a", "b", "c")))
    assert [one.amount for one in done] == [10, 10, 5]
    assert desk.left("c") == (5, 5)


REFUSED = {
    "beyond what is left": (("invoice", "payment", "40.01"), "pairs.0.amount", "has only 40.00"),
    "nothing": (("invoice", "payment", "0"), "pairs.0.amount", "above zero"),
    "below zero": (("invoice", "payment", "-1"), "pairs.0.amount", "above zero"),
    "a third decimal": (("invoice", "payment", "0.001"), "pairs.0.amount", "more decimals"),
    "two debits": (("invoice", "other", None), "pairs.0.debit", "a debit and a credit"),
    "the wrong order": (("payment", "invoice", None), "pairs.0.debit", "a debit and a credit"),
    "another party": (("invoice", "stranger", None), "pairs.0.credit", "different parties"),
    "another currency": (("invoice", "dollars", None), "pairs.0.credit", "different currencies"),
    "another account": (("invoice", "bill", None), "pairs.0.credit", "different accounts"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_pair_is_refused_with_its_place(desk: Any, what: Any) -> None:
    desk.item("invoice", "100")
    desk.item("other", "100")
    desk.item("payment", "-40")
    desk.item("stranger", "-40", party="OTHER")
    desk.item("dollars", "-40", abroad="-50")
    desk.item("bill", "-40", account="2000")
    pair, place, said = REFUSED[what]
    with pytest.raises(Invalid) as refused:
        desk.allocate(pair)
    (problem,) = refused.value.problems
    assert problem.field == place
    assert said.lower() in problem.message.lower()
    assert desk.books.count("ledger_allocation") == 0


def test_an_allocation_is_not_dated_before_its_items(desk: Any) -> None:
    desk.item("invoice", "100")
    desk.item("payment", "-40", day=APRIL)
    with pytest.raises(Invalid, match="not dated before its items"):
        desk.allocate(("invoice", "payment", None), on=date(2026, 4, 9))
    (done,) = desk.allocate(("invoice", "payment", None))
    with pytest.raises(Invalid, match="before its own day"):
        desk.undo(done, on=date(2026, 4, 9))


@pytest.mark.parametrize("hold", [ItemHold.BLOCKED, ItemHold.DISPUTED])
def test_an_item_on_hold_is_not_allocated_but_can_be_freed(desk: Any, hold: Any) -> None:
    desk.item("invoice", "100")
    desk.item("payment", "-40")
    (done,) = desk.allocate(("invoice", "payment", "10"))

    def put(state: ItemHold, reason: str = "") -> None:
        with desk.books.write() as session:
            hold_item(session, HoldItem(id=desk.ids["payment"], hold=state, reason=reason))

    with pytest.raises(Invalid, match="Say why"):
        put(hold)
    put(hold, "asked the bank")
    with pytest.raises(Conflict, match=hold.value):
        desk.allocate(("invoice", "payment", None))
    desk.undo(done)
    put(ItemHold.NONE)
    desk.allocate(("invoice", "payment", None))
    assert desk.left("payment") == (0, 0)
    assert desk.books.rows(
        "SELECT count(*) FROM core_audit WHERE entity = 'ledger_open_item' AND action = 'hold'"
    ) == [(2,)]


def test_without_accounts_for_differences_nothing_is_allocated(desk: Any) -> None:
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400")
    with desk.books.write() as session:
        session.execute(
            text("DELETE FROM ledger_exchange_settings"),
            execution_options={"audited": True, "scope_checked": True},
        )
    with pytest.raises(Invalid, match="where exchange gains and losses are booked"):
        desk.allocate(("invoice", "payment", None))


def test_a_reversed_entry_is_settled_by_its_reversal(desk: Any) -> None:
    invoice = desk.item("invoice", "100")
    desk.item("payment", "-30")
    desk.allocate(("invoice", "payment", None))
    with desk.books.write() as session:
        reversal = reverse_entry(session, ReverseEntry(id=invoice.id, on=APRIL, reason="wrong"))
    desk.ids["reversal"] = desk.books.value(
        "SELECT id FROM ledger_open_item WHERE entry_id = :entry", entry=reversal.id
    )
    assert desk.left("invoice") == (0, 0)
    assert desk.left("reversal") == (-30, -30)
    assert desk.left("invoice", date(2026, 4, 9)) == (70, 70)
    assert desk.sound()


def test_a_draft_keeps_party_and_due_date_until_it_is_posted(desk: Any) -> None:
    lines = (
        DraftLine(account="1100", debit=D(100), party="ACME", due_date=APRIL),
        DraftLine(account="4000", credit=D(100)),
    )
    with desk.books.write() as session:
        draft = save_draft(session, SaveDraft(journal="GEN", date=date(2026, 3, 1), lines=lines))
        draft_id, version = draft.id, draft.version
    with desk.books.write() as session:
        changed = replace(lines[0], party="BEST")
        command = SaveDraft(
            id=draft_id,
            version=version,
            journal="GEN",
            date=date(2026, 3, 1),
            lines=(changed, lines[1]),
        )
        save_draft(session, command)
    assert desk.books.rows("SELECT party, date FROM ledger_open_item") == [("BEST", None)]
    with desk.books.write() as session:
        post_draft(session, PostDraft(id=draft_id))
    ((party, due, amount),) = desk.books.rows(
        "SELECT party, CAST(due_date AS VARCHAR(10)), residual FROM ledger_open_item"
    )
    assert (party, due, amount) == ("BEST", "2026-04-10", 1_000_000)
    assert desk.sound()


def test_a_deleted_draft_takes_its_items_with_it(desk: Any) -> None:
    lines = (DraftLine(account="1100", debit=D(1)), DraftLine(account="4000", credit=D(1)))
    with desk.books.write() as session:
        draft = save_draft(session, SaveDraft(journal="GEN", date=APRIL, lines=lines))
        draft_id = draft.id
    assert desk.books.count("ledger_open_item") == 1
    with desk.books.write() as session:
        delete_draft(session, DeleteDraft(id=draft_id))
    assert desk.books.count("ledger_open_item") == 0


def test_accounts_without_open_items_take_no_party(desk: Any) -> None:
    with pytest.raises(Invalid, match="takes no party") as refused:
        desk.item("x", "5", account="5000")
    assert refused.value.problems[0].field == "lines.0.party"


def test_a_reversal_asks_once_what_was_undone_of_its_items(desk: Any) -> None:
    invoice = desk.item("invoice", "100")
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(arguments[2])

    event.listen(desk.books.database.engine, "before_cursor_execute", note)
    with desk.books.write() as session:
        reverse_entry(session, ReverseEntry(id=invoice.id, on=date(2026, 3, 15), reason="x"))
    event.remove(desk.books.database.engine, "before_cursor_execute", note)
    asked = [one for one in sent if one.startswith("SELECT ledger_allocation.debit_id")]
    assert len(asked) == 1
    assert not any(one.startswith("SELECT ledger_allocation.credit_id") for one in sent)


def test_a_pair_leaves_what_there_was_before_its_day(desk: Any) -> None:
    for name, amount in (("invoice", "100"), ("undone", "-60"), ("a", "-50"), ("b", "-40")):
        desk.item(name, amount, day=date(2026, 3, 1))
    (first,) = desk.allocate(("invoice", "undone", None))
    desk.undo(first, on=date(2026, 6, 1))
    done = desk.allocate(("invoice", "a", None), ("invoice", "b", None))
    assert [one.on for one in done] == [date(2026, 6, 1), date(2026, 3, 1)]
    assert desk.left("invoice", date(2026, 5, 31)) == (0, 0)
    assert desk.left("invoice") == (10, 10)
    assert desk.sound()


def test_what_was_taken_until_an_undoing_is_free_from_that_day_on(desk: Any) -> None:
    desk.item("invoice", "100", day=date(2026, 3, 1))
    desk.item("payment", "-100", day=date(2026, 3, 1))
    desk.item("other", "-100", day=date(2026, 3, 1))
    (first,) = desk.allocate(("invoice", "payment", None))
    desk.undo(first, on=date(2026, 6, 1))
    with pytest.raises(Invalid, match="Allocate from 2026-06-01 on") as refused:
        desk.allocate(("invoice", "other", None), on=date(2026, 4, 1))
    assert [one.field for one in refused.value.problems] == ["pairs.0.on"]
    (second,) = desk.allocate(("invoice", "other", None))
    assert second.on == date(2026, 6, 1)
    assert desk.left("invoice", date(2026, 4, 1)) == (0, 0)
    assert desk.left("other", date(2026, 5, 31)) == (-100, -100)
    assert desk.sound()
