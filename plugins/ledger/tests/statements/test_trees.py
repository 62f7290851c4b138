"""Presentation trees: checked as a whole, kept by the database, shown without losing an account."""

# ruff: noqa: S608 - the tests are about SQL as intruders write it

from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from backstay.errors import BackstayError, Conflict, Invalid
from backstay.spi import StagedRow
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.statements.columns import Column
from backstay_ledger.statements.compute import RowKind, balance_sheet, profit_and_loss
from backstay_ledger.statements.drafting import (
    NodeDraft,
    NotRead,
    build,
    read_accounts,
    read_formula,
    write_accounts,
)
from backstay_ledger.statements.kinds import NodeKind, Part, Side
from backstay_ledger.statements.tree import Accounts, KnownAccount, Term
from backstay_ledger.statements.tree_commands import (
    CreateNode,
    CreateTree,
    DeleteNode,
    DeleteTree,
    EditNode,
)
from backstay_ledger.statements.tree_edits import (
    create_node,
    create_tree,
    delete_node,
    delete_tree,
    edit_node,
)
from backstay_ledger.statements.tree_files import COLUMNS, commit, tree_rows, undo, validate
from backstay_ledger.statements.trees import choose_tree, load_own_tree, nodes_of

REFUSED = (sqlite3.Error, psycopg.Error)
MARCH = (Column(date(2026, 1, 1), date(2026, 3, 31)),)
ASSETS = NodeDraft(code="assets", heading="Assets", accounts="class:asset")
CASH = NodeDraft(code="cash", heading="Cash", parent="assets", accounts="10*")


@pytest.fixture
def board(books: Any) -> Any:
    """A tree of the company's own, a copy of the built-in one; returns its id."""
    with books.write() as session:
        return create_tree(session, CreateTree(code="board", name="For the board")).id


def node(tree_id: int, **values: Any) -> CreateNode:
    given: dict[str, Any] = {"code": "cash", "heading": "Cash", "part": Part.BALANCE_SHEET}
    return CreateNode(tree_id=tree_id, **{**given, **values})


def test_accounts_are_read_as_they_are_written() -> None:
    text = "1000..1999; 2100; 30*; assets:bank; class:asset"
    found = read_accounts(text)
    assert found[0] == Accounts("1000", "1999")
    assert found[2] == Accounts("30", "30\uffff")
    assert found[4] == Accounts(account_class=AccountClass.ASSET)
    assert write_accounts(found) == text
    assert read_accounts("1000-1999, 2100") == (Accounts("1000", "1999"), Accounts("2100", "2100"))
    for wrong in ("1999..1000", "class:money"):
        with pytest.raises(NotRead):
            read_accounts(wrong)


def test_a_formula_adds_and_subtracts_nodes() -> None:
    assert read_formula("income - expenses") == (Term(1, "income"), Term(-1, "expenses"))
    assert read_formula("-a+b") == (Term(-1, "a"), Term(1, "b"))
    for wrong in ("a b", "a *", "a + 2 * b"):
        with pytest.raises(NotRead):
            read_formula(wrong)


@pytest.mark.parametrize(
    ("drafts", "field", "said"),
    [
        ([ASSETS, replace(CASH, code="assets")], "code", "two nodes"),
        ([ASSETS, replace(CASH, parent="none")], "parent", "no node “none”"),
        ([replace(ASSETS, parent="cash"), CASH], "parent", "“assets” would stand below itself"),
        ([ASSETS, replace(CASH, part=Part.PROFIT_LOSS)], "parent", "other statement"),
        ([ASSETS, replace(CASH, accounts="class:asset")], "accounts", "“assets” has accounts"),
        ([ASSETS, replace(CASH, accounts="class:income")], "accounts", "class income"),
        ([replace(ASSETS, accounts="1000..1999"), CASH], "accounts", "(1000..1999)"),
        ([ASSETS, replace(CASH, heading=" ")], "heading", "heading"),
        ([ASSETS, replace(CASH, formula="assets")], "formula", "kind formula"),
        ([ASSETS, replace(CASH, kind=NodeKind.FORMULA)], "accounts", "kind accounts"),
        (
            [
                replace(ASSETS, accounts="", kind=NodeKind.FORMULA, formula="cash"),
                replace(CASH, accounts="", parent="", kind=NodeKind.FORMULA, formula="assets"),
            ],
            "formula",
            "“assets” would be computed from itself",
        ),
    ],
)
def test_what_is_wrong_is_said_by_node_and_field(drafts: Any, field: str, said: str) -> None:
    problems = build("t", "T", drafts)[1]
    assert any(one.field == field and said in one.message for one in problems), problems


def test_a_range_takes_accounts_before_their_class_does() -> None:
    tree, problems = build("t", "T", [ASSETS, CASH])
    assert problems == []
    placed = tree.place(
        [
            KnownAccount(1, "1000", "Bank", AccountClass.ASSET),
            KnownAccount(2, "1100", "Receivables", AccountClass.ASSET),
            KnownAccount(3, "1090", "Earned", AccountClass.INCOME),
        ]
    )
    assert placed == {1: "cash", 2: "assets"}


def test_own_nodes_divide_the_figures_and_lose_nothing(books: Any, board: int) -> None:
    with books.write() as session:
        create_node(session, node(board, parent="assets", accounts="1000..1099"))
        new = CreateAccount(code="9000", name="Odd", account_class=AccountClass.EQUITY)
        add_accounts(session, [new])
        equity = next(
            one for one in nodes_of(session, load_own_tree(session, board)) if one.code == "equity"
        )
        edit_node(
            session,
            EditNode(
                id=equity.id,
                code="equity",
                heading="Equity",
                part=Part.BALANCE_SHEET,
                side=Side.CREDIT,
                accounts="3000",
                position=equity.position,
            ),
        )
    books.post(books.posting(("1000", "90.00"), ("1100", "10.00"), ("3000", "-100.00")))
    books.post(books.posting(("1000", "7.00"), ("9000", "-7.00")))
    books.post(books.sale("5.00"))
    with books.read() as session:
        tree = choose_tree(session, "board")[0]
        sheet = balance_sheet(session, tree, MARCH)
        earned = profit_and_loss(session, tree, MARCH)
    figures = {row.code: row.amounts[0] for row in sheet.rows}
    assert figures["cash"] == Decimal(97)
    assert figures["assets"] == Decimal(112)
    assert figures["9000"] == Decimal(-7)
    assert [row.kind for row in sheet.rows if row.code == "?"] == [RowKind.UNPLACED]
    assert sheet.out_by == (0,)
    assert earned.result == (Decimal(5),)


def test_a_change_that_breaks_the_tree_is_refused(books: Any, board: int) -> None:
    with books.write() as session:
        made = create_node(session, node(board, parent="assets", accounts="1000..1099")).id
        below = create_node(session, node(board, code="till", parent="cash", accounts="10*1")).id
    for change, field in (
        (node(board, code="again", accounts="1050"), "accounts"),
        (node(board, code="sum", kind=NodeKind.FORMULA, formula="none"), "formula"),
        (
            EditNode(id=made, code="cash", heading="Cash", part=Part.BALANCE_SHEET, parent="till"),
            "parent",
        ),
    ):
        with pytest.raises(Invalid) as refused, books.write() as session:
            (edit_node if isinstance(change, EditNode) else create_node)(session, change)
        assert field in {one.field for one in refused.value.problems}
    with pytest.raises(Conflict), books.write() as session:
        delete_node(session, DeleteNode(id=made))
    with books.write() as session:
        delete_node(session, DeleteNode(id=below))
        delete_node(session, DeleteNode(id=made))


def test_a_formula_keeps_its_nodes(books: Any, board: int) -> None:
    with books.read() as session:
        equity = next(
            one.id
            for one in nodes_of(session, load_own_tree(session, board))
            if one.code == "liabilities"
        )
    with pytest.raises(Conflict, match="both"), books.write() as session:
        delete_node(session, DeleteNode(id=equity))


def test_a_tree_goes_with_its_nodes(books: Any, board: int) -> None:
    with books.write() as session:
        delete_tree(session, DeleteTree(id=board))
    for table in ("tree", "node", "accounts"):
        assert books.count(f"ledger_statement_{table}") == 0


def test_trees_belong_to_their_company(books: Any, other_books: Any, board: int) -> None:
    with pytest.raises(BackstayError), other_books.write() as session:
        create_node(session, node(board))
    with other_books.read() as session:
        assert choose_tree(session, "board")[1] == "board"
    with pytest.raises(Invalid), books.write() as session:
        create_tree(session, CreateTree(code="board", name="Twice"))


def test_the_database_refuses_a_ring_and_an_account_twice(books: Any, board: int, raw: Any) -> None:
    ids = {code: key for key, code in books.rows("SELECT id, code FROM ledger_statement_node")}
    with pytest.raises(REFUSED, match="below itself"):
        raw.run(f"UPDATE ledger_statement_node SET parent_id = id WHERE id = {ids['assets']}")
    with pytest.raises(REFUSED, match="below itself") as ring:
        raw.run(
            f"UPDATE ledger_statement_node SET parent_id = {ids['assets']}"
            f" WHERE id = {ids['liabilities']}",
            f"UPDATE ledger_statement_node SET parent_id = {ids['liabilities']}"
            f" WHERE id = {ids['assets']}",
        )
    if not books.database.is_sqlite:
        assert "assets" in str(ring.value)
    company = books.company.id
    insert = (
        "INSERT INTO ledger_statement_accounts"
        " (id, company_id, tree_id, node_id, first_code, last_code, account_class) VALUES"
    )
    with pytest.raises(REFUSED, match="twice"):
        raw.run(
            f"{insert} (1, {company}, {board}, {ids['assets']}, '1000', '1999', NULL)",
            f"{insert} (2, {company}, {board}, {ids['equity']}, '1999', '2999', NULL)",
        )
    with pytest.raises(REFUSED):
        raw.run(f"{insert} (1, {company}, {board}, {ids['equity']}, '', '', 'asset')")
    with pytest.raises(REFUSED, match="before the first"):
        raw.run(f"{insert} (1, {company}, {board}, {ids['assets']}, '2', '1', NULL)")
    assert books.count("ledger_statement_accounts") == 5


def test_a_tree_is_exported_changed_and_imported(books: Any, board: int) -> None:
    with books.read() as session:
        rows = tree_rows(session, load_own_tree(session, board))
    staged = _staged(rows)
    with books.write() as session:
        assert validate(session, staged).present == 1
        assert commit(session, staged).new == 0
    changed = [(*row[:3], f"{row[3]}!", *row[4:]) for row in rows]
    with books.write() as session:
        plan = validate(session, _staged(changed))
        assert (plan.problems, plan.new, len(plan.notes)) == ((), 1, 1)
        done = commit(session, _staged(changed))
    with books.read() as session:
        assert choose_tree(session, "board")[0].nodes[0].heading == "Assets!"
    with pytest.raises(Conflict), books.write() as session:
        undo(session, done.references)


def test_an_imported_tree_is_made_checked_and_undone(books: Any) -> None:
    rows = [
        ("tax", "Tax", "a", "A", "", "", "", "", "1*", "", "operating"),
        ("tax", "Tax", "b", "B", "a", "", "", "", "2*", "", ""),
    ]
    with books.write() as session:
        done = commit(session, _staged(rows))
    with books.read() as session:
        assert [one.parent for one in choose_tree(session, "tax")[0].nodes] == ["", "a"]
    with books.write() as session:
        undo(session, done.references)
    wrong = [(*rows[0][:4], "b", *rows[0][5:]), (*rows[1][:5], "north", *rows[1][6:])]
    with books.read() as session:
        problems = validate(session, _staged(wrong)).problems
    assert {(one.field, one.row) for one in problems} == {
        ("below", 2),
        ("below", 3),
        ("statement", 3),
    }


def _staged(rows: Any) -> list[StagedRow]:
    file = io.StringIO()
    csv.writer(file).writerows([COLUMNS, *rows])
    file.seek(0)
    return [StagedRow(n, row) for n, row in enumerate(csv.DictReader(file), 2)]
