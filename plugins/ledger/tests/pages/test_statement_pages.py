"""The statements on screen and as files: what the services say, each figure a link."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from backstay.access.models import User
from backstay.db.context import operator_context
from backstay.spi import Company
from backstay.testing.fixtures import company_ref
from backstay.testing.web import give
from backstay_ledger.permissions import PERMISSIONS
from backstay_ledger.statements import group_pages, journal_pages, journal_report
from backstay_ledger.statements.consolidation import consolidate

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

FIGURE = re.compile(r'<td [^>]*class="num money[^"]*"[^>]*>(.*?)</td>', re.DOTALL)
STATEMENTS = ("balance-sheet?as_of=2026-02-28", "profit-and-loss?from=2026-01-01&to=2026-02-28")


@pytest.fixture
def busy(books: Books) -> Books:
    """Capital, a sale, rent that is owed."""
    books.post("capital", date(2026, 1, 2), "1000", "3000", "10000.00")
    books.post("sale", date(2026, 1, 15), "1100", "4000", "1200.50")
    books.post("rent", date(2026, 2, 10), "6000", "2000", "800.00")
    return books


@pytest.mark.parametrize("path", STATEMENTS)
def test_every_figure_opens_its_rows(path: str, accountant: Browser, busy: Books) -> None:
    shown = accountant.get(busy.url(f"/{path}")).text
    figures = [cell for cell in FIGURE.findall(shown) if cell.strip()]
    assert len(figures) >= 4
    for cell in figures:
        href = re.search(r'href="([^"]+)"', cell)
        assert href, cell
        behind = accountant.get(href[1].replace("&amp;", "&"))
        assert behind.status_code == 200
        amount = re.sub(r"<[^>]+>", "", cell).strip().lstrip("\u2212-")
        assert amount in behind.text


def test_the_sheet_balances_with_the_result_of_the_year(accountant: Browser, busy: Books) -> None:
    shown = accountant.get(busy.url("/balance-sheet?as_of=2026-02-28")).text
    assert "Balanced" in shown
    assert "Result of the year" in shown
    assert "400.50" in shown
    assert "11,200.50" in shown


def test_a_comparison_adds_columns_and_the_change(accountant: Browser, busy: Books) -> None:
    shown = accountant.get(
        busy.url("/profit-and-loss?from=2026-02-01&to=2026-02-28&compare=prior-period")
    ).text
    assert "Change" in shown
    assert "-100.0" in shown
    odd = accountant.get(busy.url("/profit-and-loss?compare=yesterday&tree=none"))
    assert odd.status_code == 200
    assert "be compared with" in odd.text
    assert "There is no tree “none”" in odd.text


def test_headings_alone_can_be_shown(accountant: Browser, busy: Books) -> None:
    shown = accountant.get(busy.url("/balance-sheet?as_of=2026-02-28&accounts=0")).text
    assert "1000 Bank" not in shown
    assert "Assets" in shown


@pytest.mark.parametrize("path", STATEMENTS)
def test_files_say_the_same(path: str, accountant: Browser, busy: Books) -> None:
    name, query = path.split("?")
    file = accountant.get(busy.url(f"/{name}.csv?{query}"))
    rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    figures = {row["code"]: list(row.values())[-1] for row in rows}
    if name == "balance-sheet":
        assert figures["assets"] == figures["both"] == "11200.50"
    else:
        assert figures["result"] == "400.50"
    book = accountant.get(busy.url(f"/{name}.xlsx?{query}"))
    with zipfile.ZipFile(io.BytesIO(book.data)) as opened:
        sheet = opened.read("xl/worksheets/sheet1.xml").decode()
    assert ("11200.5" if name == "balance-sheet" else "400.5") in sheet


def test_files_need_the_permission_to_export(reader: Browser, busy: Books) -> None:
    for name in ("balance-sheet", "profit-and-loss"):
        assert reader.get(busy.url(f"/{name}")).status_code == 200
        for form in ("csv", "xlsx"):
            assert reader.get(busy.url(f"/{name}.{form}")).status_code == 403


def test_a_node_that_is_none_is_not_found(accountant: Browser, busy: Books) -> None:
    assert accountant.get(busy.url("/statements/rows?node=nothing")).status_code == 404
    assert accountant.get(busy.url("/statements/rows?node=assets&part=x")).status_code == 200


def test_a_tree_is_made_and_divided_on_screen(accountant: Browser, busy: Books) -> None:
    made = accountant.post(
        busy.url("/statement-trees/new"),
        {"code": "board", "name": "For the board", "purpose": "management", "copied": "y"},
    )
    assert made.status_code == 303, made.text
    shown = accountant.get(made.location).text
    assert "class:asset" in shown
    tree = made.location.rstrip("/").rpartition("/")[2]
    form = accountant.get(busy.url(f"/statement-nodes/new?tree={tree}")).text
    assert "board For the board" in form
    node = {
        "tree_id": tree,
        "code": "cash",
        "heading": "Cash at banks",
        "part": "balance_sheet",
        "parent": "assets",
        "position": "15",
        "kind": "accounts",
        "side": "debit",
        "accounts": "1000..1099",
    }
    again = accountant.post(busy.url("/statement-nodes/new"), {**node, "parent": "nowhere"})
    assert again.status_code == 422
    assert "There is no node “nowhere”" in again.text
    assert accountant.post(busy.url("/statement-nodes/new"), node).status_code == 303
    sheet = accountant.get(busy.url("/balance-sheet?as_of=2026-02-28&tree=board")).text
    assert "Cash at banks" in sheet
    file = accountant.get(busy.url(f"/statement-trees/{tree}.csv")).text
    assert "board,For the board,cash,Cash at banks,assets" in file


def test_cash_flow_asks_for_the_cash_accounts_and_explains_them(
    accountant: Browser, busy: Books
) -> None:
    address = busy.url("/cash-flow?from=2026-01-01&to=2026-02-28")
    assert "Name a cash account" in accountant.get(address).text
    named = accountant.post(
        busy.url("/cash-accounts/new"), {"account_id": str(busy.account("1000"))}
    )
    assert named.status_code == 303, named.text
    for method in ("", "&method=indirect"):
        shown = accountant.get(address + method).text
        assert "Agrees with cash" in shown
        assert "10,000.00" in shown
    file = accountant.get(busy.url("/cash-flow.csv?from=2026-01-01&to=2026-02-28")).text
    assert "closing,closing,Cash at the end,0,10000.00" in file
    assert accountant.get(busy.url("/cash-flow.xlsx")).status_code == 200
    behind = accountant.get(
        busy.url("/statements/rows?node=cash:&from=2026-01-01&to=2026-02-28")
    ).text
    assert "1000" in behind


def test_charts_say_in_words_and_in_a_table_what_they_draw(
    accountant: Browser, busy: Books
) -> None:
    accountant.post(busy.url("/cash-accounts/new"), {"account_id": str(busy.account("1000"))})
    shown = accountant.get(busy.url("/charts?as_of=2026-02-28")).text
    assert shown.count("<svg viewBox") == 3
    assert "Expenses since" in shown
    assert "the highest result was 1,200.50 in 2026-01" in shown
    assert "/profit-and-loss?from=2026-01-01" in shown
    # Twelve results, twelve months of cash, and each part of the expenses open their rows.
    opened = re.findall(r'<a href="([^"]+)" tabindex="-1" aria-label="([^"]+)">', shown)
    assert len(opened) >= 25
    assert any("/profit-and-loss?from=2026-01-01" in href for href, _said in opened)
    assert "2026-01: 1,200.50" in {said for _href, said in opened}
    assert accountant.get(busy.url("/charts?as_of=0001-01-01")).status_code == 422


def test_a_group_is_read_as_one_by_who_may_see_its_companies(
    accountant: Browser, busy: Books
) -> None:
    with busy.database.write(operator_context("system:test"), busy.suite) as session:
        session.add(Company(code="GAMMA", name="Gamma Ltd", currency="EUR", minor_units=2))
    made = accountant.post(
        busy.url("/company-groups/new"), {"code": "all", "name": "All", "members": "GAMMA"}
    )
    assert made.status_code == 303, made.text
    assert "Balance sheet of the group" in accountant.get(made.location).text
    number = made.location.rstrip("/").rpartition("/")[2]
    sheet = busy.url(f"/company-groups/{number}/balance-sheet")
    assert accountant.get(sheet).status_code == 404
    with busy.database.read(operator_context("system:test"), busy.suite) as session:
        ada = session.scalars(select(User.id).where(User.login == "ada")).one()
    gamma = company_ref(busy.database, busy.suite, "GAMMA")
    give(busy.database, ada, [one.name for one in PERMISSIONS], gamma)
    shown = accountant.get(f"{sheet}?as_of=2026-02-28").text
    assert "GAMMA" in shown
    assert "11,200.50" in shown
    assert "No mismatches" in shown
    assert "All · as of " in shown
    for form in ("csv", "xlsx"):
        file = accountant.get(f"{sheet}.{form}?as_of=2026-02-28")
        assert file.status_code == 200
    title, heads, *_rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(file.data)).get_sheet_by_index(0).to_python()
    )
    assert title[0] == "Alpha Ltd: Balance sheet of the group 2026-02-28 · All"
    assert heads[2:] == ["ALPHA", "GAMMA", "Eliminations", "Group"]
    rule = "ALPHA 1000 = GAMMA 2000"
    typed = {"code": "off", "name": "Off", "members": "GAMMA", "eliminations": rule}
    off = accountant.post(busy.url("/company-groups/new"), typed).location
    sheet = f"{off}/balance-sheet"
    assert "1 mismatch<" in accountant.get(f"{sheet}?as_of=2026-02-28").text
    book = io.BytesIO(accountant.get(f"{sheet}.xlsx?as_of=2026-02-28").data)
    last = CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()[-1]
    assert last[1] == f"Mismatch, debit positive: {rule}"
    result = busy.url(f"/company-groups/{number}/profit-and-loss?to=2026-02-28")
    assert "400.50" in accountant.get(result).text


def test_a_row_of_a_group_that_is_no_account_opens_the_statement_of_its_company(
    accountant: Browser, busy: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the translation difference of a foreign company is."""
    made = accountant.post(
        busy.url("/company-groups/new"), {"code": "all", "name": "All", "members": "GAMMA"}
    )
    number = made.location.rstrip("/").rpartition("/")[2]
    with busy.database.write(operator_context("system:test"), busy.suite) as session:
        session.add(Company(code="GAMMA", name="Gamma Ltd", currency="EUR", minor_units=2))
    with busy.database.read(operator_context("system:test"), busy.suite) as session:
        ada = session.scalars(select(User.id).where(User.login == "ada")).one()
    gamma = company_ref(busy.database, busy.suite, "GAMMA")
    give(busy.database, ada, [one.name for one in PERMISSIONS], gamma)
    sheet = busy.url(f"/company-groups/{number}/balance-sheet?as_of=2026-02-28")
    before = set(re.findall(r'href="([^"]*/accounts/\d+[^"]*)"', accountant.get(sheet).text))
    assert before

    def without_ids(*args: Any) -> Any:
        found = consolidate(*args)
        none = {code: dict.fromkeys(ids, 0) for code, ids in found.account_ids.items()}
        return replace(found, account_ids=none)

    monkeypatch.setattr(group_pages, "consolidate", without_ids)
    shown = accountant.get(sheet).text
    assert not re.findall(r'href="([^"]*/accounts/\d+[^"]*)"', shown)


def test_the_journal_shows_every_line_of_its_days(
    accountant: Browser, busy: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = busy.url("/journal-report?from=2026-01-01&to=2026-02-28")
    shown = accountant.get(address).text
    assert shown.index("· capital") < shown.index("· sale") < shown.index("· rent")
    assert "12,000.50" in shown
    assert "after=" not in shown
    assert "· sale" not in accountant.get(f"{address}&journal=SAL").text
    monkeypatch.setattr(journal_pages, "PAGE", 2)
    monkeypatch.setattr(journal_report, "PIECE", 2)
    first = accountant.get(address).text
    after = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert after
    second = accountant.get(after[1].replace("&amp;", "&")).text
    assert "· rent" in second
    assert "· capital" not in second
    assert accountant.get(f"{address}&after=nowhere").status_code == 200
    file = accountant.get(busy.url("/journal-report.csv?from=2026-01-01&to=2026-02-28")).text
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))
    assert [row["account"] for row in rows] == ["1000", "3000", "1100", "4000", "6000", "2000"]
    assert [row["credit"] for row in rows[:2]] == ["0.00", "10000.00"]
