"""What both databases refuse of open items and allocations, whoever sends the SQL."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay_ledger.models import ItemHold
from backstay_ledger.open_items.items import HoldItem, hold_item
from backstay_ledger.open_items.managed import claim_control_account
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft

REFUSED = (sqlite3.Error, psycopg.Error)
TABLES = ("ledger_open_item", "ledger_allocation", "ledger_account", "ledger_entry")
ALLOCATE = (
    "INSERT INTO ledger_allocation (id, company_id, debit_id, credit_id, amount, base_debit,"
    " base_credit, date, exchange_entry_id, undoes_id, payload_hash, made_by, made_at) VALUES"
)
ITEM = (
    "INSERT INTO ledger_open_item (id, company_id, entry_id, line_no, account_id, party, date,"
    " currency, amount, amount_base, residual, residual_base, hold, hold_reason) VALUES"
)


@pytest.fixture
def ids(desk: Any) -> Any:
    """Items to attack: open, settled, on hold, of others; an allocation; a draft with an item."""
    entries = {
        name: desk.item(name, amount, **values).id
        for name, amount, values in (
            ("invoice", "100", {}),
            ("payment", "-60", {}),
            ("held", "-60", {}),
            ("stranger", "-60", {"party": "OTHER"}),
            ("bill", "-60", {"account": "2000"}),
            ("dollars", "-60", {"abroad": "-70"}),
            ("euros", "60", {"abroad": "75"}),
            ("late", "-60", {"day": date(2026, 6, 1)}),
        )
    }
    (done,) = desk.allocate(("invoice", "payment", "10"))
    with desk.books.write() as session:
        command = HoldItem(id=desk.ids["held"], hold=ItemHold.BLOCKED, reason="asked")
        hold_item(session, command)
        lines = (
            DraftLine(account="1100", debit=Decimal(5), party="ACME"),
            DraftLine(account="4000", credit=Decimal(5)),
        )
        draft = save_draft(session, SaveDraft(journal="GEN", date=date(2026, 3, 1), lines=lines))
        draft_id = draft.id
    value = desk.books.value
    return {
        **desk.ids,
        "entry": entries["invoice"],
        "draft": draft_id,
        "draft_item": value("SELECT id FROM ledger_open_item WHERE date IS NULL"),
        "allocation": done.id,
        "company": desk.books.company.id,
        "account": value("SELECT account_id FROM ledger_open_item WHERE line_no = 1 LIMIT 1"),
        "sales": value("SELECT id FROM ledger_account WHERE code = '4000'"),
    }


def refuse(desk: Any, connection: Any, match: str, *statements: str, **values: Any) -> None:
    def rows() -> list[Any]:
        return [desk.books.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]

    before = rows()
    with pytest.raises(REFUSED, match=match):
        connection.run(*(statement.format(**values) for statement in statements))
    assert rows() == before


def pair(debit: str, credit: str, amount: int, *, day: str = "2026-07-01", base: Any = None) -> str:
    first, second = base or (amount, amount)
    return (
        f"{ALLOCATE} (7, {{company}}, {{{debit}}}, {{{credit}}}, {amount}, {first}, {second},"
        f" '{day}', NULL, NULL, 'h', 'x', 1)"
    )


UNDO = (
    ALLOCATE + " (7, {company}, {invoice}, {payment}, %s, %s, %s, '%s', NULL, {allocation}, 'h',"
    " 'x', 1)"
)
WRONG = {
    "more than the debit has left": (pair("invoice", "late", 910_000), "no more than|residual"),
    "more than the credit has left": (pair("invoice", "payment", 510_000), "no more than|residual"),
    "more of the base than there is": (
        pair("euros", "dollars", 700_000, base=(610_000, 600_000)),
        "no more than|residual|needs the entry",
    ),
    "another party": (pair("invoice", "stranger", 10_000), "different parties"),
    "another currency": (pair("invoice", "dollars", 10_000), "different parties, currencies"),
    "another account": (pair("invoice", "bill", 10_000), "different parties, currencies or acc"),
    "an item on hold": (pair("invoice", "held", 10_000), "blocked or disputed"),
    "two debits": (pair("invoice", "euros", 10_000), "a debit item and a credit item"),
    "a draft's item": (pair("draft_item", "payment", 10_000), "of posted entries"),
    "no item": (pair("allocation", "payment", 10_000), "of posted entries|foreign key"),
    "a day before an item": (
        pair("invoice", "late", 10_000, day="2026-05-31"),
        "not dated before its items",
    ),
    "a difference that nobody books": (
        pair("invoice", "payment", 10_000, base=(10_000, 9_000)),
        "needs the entry",
    ),
    "a negative amount": (pair("invoice", "payment", -10_000), "ck_ledger_allocation_amount"),
    "a draft's item that has a day": (
        (
            ITEM + " (8, {company}, {draft}, 1, {account}, 'ACME', '2026-03-01', NULL, -50000,"
            " -50000, -50000, -50000, 'none', '')",
            pair("invoice", "unposted", 10_000),
        ),
        "of posted entries",
    ),
    "another base amount in the base currency": (
        pair("invoice", "payment", 20_000, base=(10_000, 10_000)),
        "the base amounts that belong to its amount",
    ),
    "the last of an item without the last of its base amount": (
        pair("euros", "dollars", 700_000, base=(590_000, 590_000)),
        "the base amounts that belong to its amount",
    ),
    "an undoing of another amount": (
        UNDO % (-90_000, -90_000, -90_000, "2026-07-01"),
        "exact opposite",
    ),
    "an undoing before its day": (
        UNDO % (-100_000, -100_000, -100_000, "2026-03-14"),
        "exact opposite|not dated before",
    ),
    "a changed allocation": ("UPDATE ledger_allocation SET amount = 1", "undo it"),
    "a deleted allocation": ("DELETE FROM ledger_allocation", "undo it"),
    "a residual": (
        "UPDATE ledger_open_item SET residual = residual - 1 WHERE id = {invoice}",
        "less its allocations",
    ),
    "a base residual": (
        "UPDATE ledger_open_item SET residual_base = 0 WHERE id = {invoice}",
        "less its allocations",
    ),
    "an amount": (
        "UPDATE ledger_open_item SET amount = 5 WHERE id = {invoice}",
        "never change|less its allocations",
    ),
    "a party": ("UPDATE ledger_open_item SET party = 'X' WHERE id = {invoice}", "never change"),
    "a due date": (
        "UPDATE ledger_open_item SET due_date = '2030-01-01' WHERE id = {invoice}",
        "never change",
    ),
    "a deleted item": ("DELETE FROM ledger_open_item WHERE id = {invoice}", "stay|foreign key"),
    "a late item": (
        ITEM + " (7, {company}, {entry}, 2, {sales}, '', '2026-03-15', NULL, -1000000, -1000000,"
        " -1000000, -1000000, 'none', '')",
        "lines of a draft",
    ),
    "an item that is settled from the beginning": (
        ITEM + " (7, {company}, {draft}, 2, {sales}, '', NULL, NULL, -50000, -50000, 0, 0,"
        " 'none', '')",
        "lines of a draft|less its allocations",
    ),
    "an account that stops while items are open": (
        "UPDATE ledger_account SET open_item_managed = {false} WHERE id = {account}",
        "stands at zero",
    ),
    "an account that begins with a balance": (
        "UPDATE ledger_account SET open_item_managed = {true} WHERE id = {sales}",
        "stands at zero",
    ),
    "a sub-ledger of an account without open items": (
        "UPDATE ledger_account SET sub_ledger = 'x.y' WHERE id = {sales}",
        "ck_ledger_account_sub_ledger",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_sql_can_not_write(raw: Any, desk: Any, ids: Any, what: Any) -> None:
    statements, match = WRONG[what]
    if isinstance(statements, str):
        statements = (statements,)
    flags = {"true": "1", "false": "0"} if raw.is_sqlite else {"true": "true", "false": "false"}
    values = {**ids, **flags, "unposted": 8}
    drop = "DELETE FROM ledger_open_item WHERE entry_id = {draft}"
    before = (drop,) if len(statements) > 1 else ()
    refuse(desk, raw, match, *before, *statements, **values)


@pytest.mark.parametrize("conflict", ["IGNORE", "FAIL", "REPLACE", "ROLLBACK"])
def test_no_allocation_stays_whose_item_could_not_follow(
    raw: Any, desk: Any, ids: Any, conflict: str
) -> None:
    """OR IGNORE holds for what a trigger writes as well: a CHECK there is passed in silence."""
    if not raw.is_sqlite:
        return  # PostgreSQL has no INSERT OR
    for statement in (
        pair("invoice", "payment", 500_000, base=(490_000, 490_000)),
        pair("invoice", "late", 910_000),
        pair("euros", "dollars", 700_000, base=(590_000, 590_000)),
    ):
        changed = statement.replace("INSERT ", f"INSERT OR {conflict} ")
        refuse(desk, raw, "belong to its amount|no more than", changed, **ids)


def test_an_allocation_fits_on_every_day_since(raw: Any, desk: Any, ids: Any) -> None:
    """What was taken until an undoing is not there for anybody else until then."""
    raw.run((UNDO % (-100_000, -100_000, -100_000, "2026-08-01")).format(**ids))
    raw.run(pair("invoice", "late", 600_000).replace("(7,", "(8,").format(**ids))
    assert desk.left("invoice", date(2026, 7, 1)) == (30, 30)
    second = pair("invoice", "payment", 400_000, day="2026-07-01").replace("(7,", "(9,")
    refuse(desk, raw, "on its day, and on each after it", second, **ids)
    raw.run(second.replace("2026-07-01", "2026-08-01").format(**ids))
    assert desk.left("invoice", date(2026, 7, 31)) == (30, 30)
    assert desk.left("invoice") == (0, 0)


def test_an_allocation_is_undone_once(raw: Any, desk: Any, ids: Any) -> None:
    undo = UNDO % (-100_000, -100_000, -100_000, "2026-07-01")
    raw.run(undo.format(**ids))
    assert desk.left("invoice") == (100, 100)
    refuse(
        desk,
        raw,
        "uq_ledger_allocation|UNIQUE|key already|undo it",
        undo.replace("(7,", "(8,"),
        **ids,
    )
    assert desk.left("payment") == (-60, -60)


def test_replacing_is_no_way_either(raw: Any, desk: Any, ids: Any) -> None:
    if not raw.is_sqlite:
        return
    for statement in (
        pair("invoice", "late", 10_000).replace("(7,", "({allocation},"),
        "UPDATE OR REPLACE ledger_allocation SET id = 9",
        ITEM.replace("INSERT", "INSERT OR REPLACE")
        + " ({invoice}, {company}, {draft}, 2, {account}, '', NULL, NULL, 1, 1, 1, 1, 'none', '')",
    ):
        refuse(
            desk,
            raw,
            "undo it|key already|lines of a draft",
            statement.replace("INSERT INTO", "INSERT OR REPLACE INTO"),
            **ids,
        )


def post_statements(desk: Any, entry: int) -> list[str]:
    """The SQL that posts a draft."""
    period, year = desk.books.rows("SELECT id, fiscal_year_id FROM ledger_period WHERE number = 3")[
        0
    ]
    last = desk.books.value("SELECT last_number FROM ledger_sequence_head")
    return [
        f"UPDATE ledger_line SET date = '2026-03-01' WHERE entry_id = {entry}",
        "UPDATE ledger_sequence_head SET last_number = last_number + 1",
        (
            f"UPDATE ledger_entry SET state = 'posted', number = {last + 1}, number_text ="
            f" 'GEN-2026-{last + 1:06d}', fiscal_year_id = {year}, period_id = {period},"
            f" posted_by = 'x', posted_at = 1 WHERE id = {entry}"
        ),
    ]


def test_a_line_is_not_posted_without_its_item(raw: Any, desk: Any, ids: Any) -> None:
    post = post_statements(desk, ids["draft"])
    # Its item is still that of a draft.
    refuse(desk, raw, "needs its open item", *post)
    refuse(
        desk,
        raw,
        "needs its open item",
        f"DELETE FROM ledger_open_item WHERE entry_id = {ids['draft']}",
        *post,
    )
    item = (
        ITEM + " (7, {company}, {draft}, 1, {account}, 'ACME', '2026-03-01', NULL, {n},"
        " {n}, {n}, {n}, 'none', '')"
    )
    drop = f"DELETE FROM ledger_open_item WHERE entry_id = {ids['draft']}"
    refuse(desk, raw, "needs its open item", drop, item, *post, **ids, n=40_000)
    raw.run(drop, item.format(**ids, n=50_000), *post)
    assert desk.books.value("SELECT residual FROM ledger_open_item WHERE id = 7") == 50_000


def test_a_control_account_takes_lines_from_its_sub_ledger_only(
    raw: Any, desk: Any, ids: Any
) -> None:
    with desk.books.write() as session:
        claim_control_account(session, "1100", "invoicing.receivables")
    item = (
        ITEM + " (7, {company}, {draft}, 1, {account}, '{party}', '2026-03-01', NULL, 50000, 50000,"
        " 50000, 50000, 'none', '')"
    )
    drop = f"DELETE FROM ledger_open_item WHERE entry_id = {ids['draft']}"
    post = post_statements(desk, ids["draft"])
    refuse(desk, raw, "only from its sub-ledger", drop, item, *post, **ids, party="ACME")
    for source in ("invoicin", "i", "invoicing.receivables", "banking"):
        sourced = f"UPDATE ledger_entry SET source_plugin = '{source}' WHERE id = {{draft}}"
        refuse(desk, raw, "only from its sub", drop, item, sourced, *post, **ids, party="ACME")
    sourced = "UPDATE ledger_entry SET source_plugin = 'invoicing' WHERE id = {draft}"
    refuse(desk, raw, "needs its party", drop, item, sourced, *post, **ids, party="")
    for change in ("NULL", "'banking.bank'"):
        refuse(
            desk,
            raw,
            "stays|sub_ledger",
            f"UPDATE ledger_account SET sub_ledger = {change} WHERE code = '1100'",
        )
    raw.run(*(one.format(**ids, party="ACME") for one in (drop, item, sourced)), *post)


FOREIGN = {
    "ledger_open_item": "UPDATE ledger_open_item SET hold = 'none'",
    "ledger_allocation": pair("invoice", "late", 10_000),
}


@pytest.mark.parametrize("table", FOREIGN)
def test_a_foreign_connection_changes_nothing_at_all(
    foreign: Any, desk: Any, ids: Any, table: Any
) -> None:
    refuse(desk, foreign, "through Backstay only|audit_context_required", FOREIGN[table], **ids)
