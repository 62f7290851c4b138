"""Reports as workbooks: who, which days and which currency on top, figures that are numbers."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from xlsxwriter.exceptions import FileSizeError

from backstay.audit.models import AuditEvent
from backstay.db.context import operator_context
from backstay.spi import sheet_name
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.pages import workbooks
from backstay_ledger.permissions import AUDIT_VIEW, BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.statements.kinds import Purpose
from backstay_ledger.statements.tree_commands import CreateTree
from backstay_ledger.statements.tree_edits import create_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.web import Browser
    from conftest import Books

MARCH = "?from=2026-03-01&to=2026-03-31"


@pytest.fixture
def analyst(sit_down: Callable[..., Browser], books: Books) -> Browser:
    """Somebody who may take the books away; one entry is posted."""
    books.post("a", date(2026, 3, 5), "1000", "3000", "1234.50", "=A1")
    return sit_down("ada", BOOKS_VIEW, BOOKS_EXPORT)


def cells(browser: Browser, books: Books, path: str) -> list[list[Any]]:
    answer = browser.get(books.url(path))
    assert answer.status_code == 200
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()


def test_the_general_ledger_and_the_journal_are_workbooks(analyst: Browser, books: Books) -> None:
    title, heads, *rows = cells(analyst, books, f"/general-ledger.xlsx{MARCH}")
    assert title[0] == "Alpha Ltd: General ledger 2026-03-01 – 2026-03-31 (EUR)"  # noqa: RUF001
    assert heads[-3:] == ["Debit", "Credit", "Balance"]
    assert [row[2:4] for row in rows[:3]] == [
        ["Opening balance", ""],
        ["", date(2026, 3, 5)],
        ["Closing balance", ""],
    ]
    assert rows[1][-3:] == [1234.5, "", 1234.5]
    title, heads, *rows = cells(analyst, books, f"/journal-report.xlsx{MARCH}")
    assert title[0].endswith("Journal 2026-03-01 – 2026-03-31 (EUR)")  # noqa: RUF001
    assert rows[0][:4] == [date(2026, 3, 5), "GEN-2026-000001", "GEN", "=A1"]
    assert [row[-2:] for row in rows] == [[1234.5, ""], ["", 1234.5]]
    for page in ("/general-ledger", "/journal-report"):
        assert f"{page}.xlsx?" in analyst.get(books.url(page + MARCH)).text


def test_workbooks_say_which_part_of_the_books_they_are(analyst: Browser, books: Books) -> None:
    with books.database.write(books.context, books.suite) as session:
        key = add_dimension(session, AddDimension(code="centre", name="Centre")).id
        add_value(session, AddValue(dimension_id=key, code="10", name="Shop"))
        create_tree(session, CreateTree(code="own", name="Own", purpose=Purpose.MANAGEMENT))
    part, by = "&d_centre=10", "&by=centre"
    for path, said in (
        (f"/balance-sheet.xlsx?as_of=2026-03-31{part}", "Balance sheet · 10 Shop"),
        (f"/balance-sheet.xlsx?as_of=2026-03-31{by}", "Balance sheet 2026-03-31"),
        (f"/profit-and-loss.xlsx{MARCH}{by}", "Profit and loss 2026-03-01/2026-03-31"),
        (f"/profit-and-loss.xlsx{MARCH}&tree=own", "Profit and loss · Own"),
        (
            f"/trial-balance.xlsx?as_of=2026-03-31{part}",
            "Trial balance 2026-03-31 · 10 Shop",
        ),
        (f"/trial-balance.xlsx?as_of=2026-03-31{by}", "Trial balance 2026-03-31"),
    ):
        assert cells(analyst, books, path)[0][0] == f"Alpha Ltd: {said}", path
    days = "2026-03-01 – 2026-03-31"  # noqa: RUF001
    for path, said in (
        (f"/general-ledger.xlsx{MARCH}&first=1000", f"{days} · accounts 1000 to …"),
        (f"/journal-report.xlsx{MARCH}&journal=GEN{part}", f"{days} · GEN · 10 Shop"),
    ):
        assert f" {said} (EUR)" in cells(analyst, books, path)[0][0]


def test_codes_in_a_workbook_are_those_of_accounts(analyst: Browser, books: Books) -> None:
    """Headings have codes too, for programs; sheets are called as what is on them."""
    _title, _heads, *rows = cells(analyst, books, "/balance-sheet.xlsx?as_of=2026-03-31")
    assert {row[0] for row in rows} == {"", "1000", "3000"}
    assert sheet_name("Debit/credit: all [of it] and even much more") == (
        "Debitcredit all of it and even "
    )
    book = analyst.get(books.url(f"/journal-report.xlsx{MARCH}")).data
    assert CalamineWorkbook.from_filelike(io.BytesIO(book)).sheet_names == ["Journal"]


def test_paper_says_whose_books_and_what_was_chosen(
    analyst: Browser, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = analyst.get(books.url(f"/general-ledger{MARCH}&first=1000")).text
    assert re.search(r'class="?letterhead"?><strong>Alpha Ltd</strong><span>.*?2026', shown)
    assert re.search(r'<p class="?print-only"?>Accounts from: 1000</p>', shown)
    assert "A part of the report only" not in shown
    monkeypatch.setattr("backstay_ledger.pages.general_ledger.ROWS", 1)
    assert "A part of the report only" in analyst.get(books.url(f"/general-ledger{MARCH}")).text
    assert ">Detail: Headings only</p>" in analyst.get(books.url("/balance-sheet?accounts=0")).text
    assert "print-only" not in analyst.get(books.url("/balance-sheet")).text


def test_a_trial_balance_says_its_day(analyst: Browser, books: Books) -> None:
    title, *rest = cells(analyst, books, "/trial-balance.xlsx?as_of=2026-03-31")
    assert title[0] == "Alpha Ltd: Trial balance 2026-03-31"
    assert rest[0][2:] == ["Debit", "Credit"]
    assert rest[-1][-2:] == [1234.5, 1234.5]


@pytest.mark.parametrize(
    "path", ["/general-ledger", "/journal-report", "/audit/controls/round_sums"]
)
def test_what_is_too_long_for_a_workbook_is_had_as_csv(
    sit_down: Callable[..., Browser], books: Books, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """It is refused before anything goes out, so nothing says that it was taken."""
    books.post("a", date(2026, 3, 5), "1000", "3000", "3000.00")
    auditor = sit_down("eva", BOOKS_VIEW, BOOKS_EXPORT, AUDIT_VIEW)
    monkeypatch.setattr(workbooks, "MOST_ROWS", 0)
    refused = auditor.get(books.url(f"{path}.xlsx{MARCH}"))
    assert refused.status_code == 422
    assert "take CSV" in refused.text
    assert taken(books) == 0
    assert auditor.get(books.url(f"{path}.csv{MARCH}")).status_code == 200
    assert taken(books) == 1


def taken(books: Books) -> int:
    """How often the audit trail says that something was taken away."""
    with books.database.read(operator_context("system:test"), books.suite) as session:
        return session.scalars(
            select(func.count(AuditEvent.id)).where(AuditEvent.action == "export")
        ).one()


def test_texts_that_no_workbook_holds_are_had_as_csv(
    analyst: Browser, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(_book: Any) -> None:
        raise FileSizeError

    monkeypatch.setattr("xlsxwriter.Workbook.close", close)
    refused = analyst.get(books.url(f"/journal-report.xlsx{MARCH}"))
    assert refused.status_code == 422
    assert "take CSV" in refused.text
