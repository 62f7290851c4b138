"""The checks of open items find what somebody did with the guards switched off."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backstay.contracts.ledger import Posting, PostingLine, Source
from backstay_ledger.open_items.checks import OPEN_ITEM_CHECKS
from backstay_ledger.open_items.managed import claim_control_account
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.posting import post

ITEM = "(SELECT min(id) FROM ledger_open_item)"
HARM = {
    "open_items": "DELETE FROM ledger_open_item WHERE residual = 250000",
    "residuals": "UPDATE ledger_open_item SET residual = residual - 1 WHERE residual = 250000",
    "item_lines": "UPDATE ledger_open_item SET date = '2026-03-01' WHERE residual = 250000",
    "allocations": f"UPDATE ledger_open_item SET party = 'X' WHERE id = {ITEM}",
    "exchange_entries": "UPDATE ledger_allocation SET exchange_entry_id = NULL",
    "control_accounts": (
        "UPDATE ledger_entry SET source_plugin = NULL WHERE source_plugin = 'invoicing'"
    ),
}


@pytest.fixture
def worked(desk: Any) -> Any:
    """A difference that was realised, one that was undone, an open item, a control account."""
    desk.item("invoice", "333.33", abroad="400")
    desk.item("payment", "-363.64", abroad="-400")
    desk.item("open", "25")
    (done,) = desk.allocate(("invoice", "payment", None))
    desk.undo(done, on=date(2026, 4, 1))
    desk.allocate(("invoice", "payment", None), on=date(2026, 4, 2))
    with desk.books.write() as session:
        claim_control_account(session, "1100", "invoicing.receivables")
    with desk.books.write() as session:
        line = PostingLine("1100", desk.books.sale("5").lines[0].amount, party="ACME")
        lines = (line, desk.books.sale("5").lines[1])
        source = Source("invoicing", "invoicing.invoice", "1")
        post(session, Posting("", "GEN", date(2026, 4, 2), lines, source=source))
    return desk


def found(desk: Any) -> set[str]:
    with desk.books.read() as session:
        return {one.check for one in check_books(session)}


def test_sound_items_have_no_findings(worked: Any) -> None:
    assert found(worked) == set()


@pytest.mark.parametrize("check", HARM)
def test_a_check_finds_its_harm(worked: Any, raw: Any, check: Any) -> None:
    if raw.is_sqlite:
        names = raw.connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        raw.run(*(f"DROP TRIGGER {name}" for (name,) in names.fetchall()), HARM[check])
    else:
        raw.run("SET session_replication_role = replica", HARM[check])
    assert check in found(worked)


def test_each_check_is_proved() -> None:
    assert {check.name for check in OPEN_ITEM_CHECKS} == set(HARM)
