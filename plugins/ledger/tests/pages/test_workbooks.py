"""Reports as workbooks: who, which days and which currency on top, figures that are numbers."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook

from backstay_ledger.permissions import BOOKS_EXPORT, BOOKS_VIEW

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
    assert rows[1][-3:] == [1234.5, 0.0, 1234.5]
    title, heads, *rows = cells(analyst, books, f"/journal-report.xlsx{MARCH}")
    assert title[0].endswith("Journal 2026-03-01 – 2026-03-31 (EUR)")  # noqa: RUF001
    assert rows[0][:4] == [date(2026, 3, 5), "GEN-2026-000001", "GEN", "=A1"]
    assert [row[-2:] for row in rows] == [[1234.5, ""], ["", 1234.5]]
    for page in ("/general-ledger", "/journal-report"):
        assert f"{page}.xlsx?" in analyst.get(books.url(page + MARCH)).text


def test_a_trial_balance_says_its_day(analyst: Browser, books: Books) -> None:
    title, *rest = cells(analyst, books, "/trial-balance.xlsx?as_of=2026-03-31")
    assert title[0] == "Alpha Ltd: Trial balance 2026-03-31"
    assert rest[-1][-2:] == [1234.5, 1234.5]
