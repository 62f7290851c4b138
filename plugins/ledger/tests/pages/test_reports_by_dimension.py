"""Reports of one part of the books on screen and as files: links keep what was chosen."""

from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.dimensions.values import AddDimension, AddValue, add_dimension, add_value
from backstay_ledger.services.posting import post_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.web import Browser
    from conftest import Books

FIGURE = re.compile(r'<td [^>]*class="num money[^"]*"[^>]*>(.*?)</td>', re.DOTALL)
DAYS = "from=2026-01-01&to=2026-03-31"


@pytest.fixture
def centres(books: Books) -> Books:
    """Sales of cost centres 100, 110 (below it) and 200, and rent without any."""
    with books.database.write(books.context, books.suite) as session:
        key = add_dimension(session, AddDimension(code="cost_centre", name="Cost centre")).id
        top = add_value(session, AddValue(dimension_id=key, code="100", name="Production")).id
        add_value(session, AddValue(dimension_id=key, code="110", name="Mill", parent_id=top))
        add_value(session, AddValue(dimension_id=key, code="200", name="Shop"))

        def line(code: str, amount: str, centre: str = "") -> PostingLine:
            pairs = (("cost_centre", centre),) if centre else ()
            return PostingLine(code, Decimal(amount), dimensions=pairs)

        pieces = (
            (line("1000", "1000.00"), line("4000", "-1000.00", "100")),
            (line("1000", "234.50"), line("4000", "-234.50", "110")),
            (line("1000", "77.00"), line("4000", "-77.00", "200")),
            (line("6000", "11.00"), line("1000", "-11.00")),
        )
        post_many(
            session,
            [
                Posting(key="", journal="GEN", date=date(2026, 2, day), lines=lines)
                for day, lines in enumerate(pieces, 1)
            ],
        )
    return books


def figures(text: str) -> list[tuple[str, str]]:
    """Figures with where they lead."""
    found = []
    for cell in FIGURE.findall(text):
        href = re.search(r'href="([^"]+)"', cell)
        amount = re.sub(r"<[^>]+>", "", cell).strip().lstrip("\u2212-")
        if amount:
            found.append((amount, html.unescape(href[1]) if href else ""))
    return found


@pytest.mark.parametrize(
    "path",
    [
        f"/profit-and-loss?{DAYS}&d_cost_centre=100",
        f"/profit-and-loss?{DAYS}&by=cost_centre",
        "/balance-sheet?as_of=2026-03-31&by=cost_centre",
        "/trial-balance?as_of=2026-03-31&by=cost_centre",
    ],
)
def test_every_figure_opens_its_own_part(path: str, accountant: Browser, centres: Books) -> None:
    shown = figures(accountant.get(centres.url(path)).text)
    linked = [one for one in shown if one[1] and one[0] != "0.00"]
    assert len(linked) >= 3
    for amount, href in linked:
        behind = accountant.get(href)
        assert behind.status_code == 200
        assert amount in behind.text, href


def test_a_report_says_what_it_is_of_and_its_links_keep_it(
    accountant: Browser, centres: Books
) -> None:
    chosen = "d_cost_centre=100"
    for path in (
        f"/profit-and-loss?{DAYS}",
        "/balance-sheet?as_of=2026-03-31",
        "/trial-balance?as_of=2026-03-31",
        f"/general-ledger?{DAYS}",
        f"/journal-report?{DAYS}",
        f"/accounts/{centres.account('4000')}/card?{DAYS}",
    ):
        text = accountant.get(centres.url(f"{path}&{chosen}")).text
        assert "· 100 Production" in text, path
        assert "1,000.00" in text or "1,234.50" in text, path
        assert "77.00" not in text, path
        assert f"{chosen}" in html.unescape(text)
        assert 'name="d_cost_centre"' in text
    wrong = accountant.get(centres.url(f"/profit-and-loss?{DAYS}&d_region=1&by=region"))
    assert wrong.status_code == 200
    assert wrong.text.count("There is no dimension “region”.") == 2
    both = accountant.get(centres.url(f"/profit-and-loss?{DAYS}&by=cost_centre&compare=prior-year"))
    assert "nothing is compared" in both.text


def test_without_dimensions_nothing_of_them_is_shown(accountant: Browser, books: Books) -> None:
    text = accountant.get(books.url("/trial-balance")).text
    assert "Columns by" not in text
    assert "d_" not in re.findall(r'name="([^"]+)"', text)


def test_files_are_of_the_same_part(accountant: Browser, centres: Books) -> None:
    def rows(path: str) -> list[list[str]]:
        text = accountant.get(centres.url(path)).text
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))

    by = rows(f"/profit-and-loss.csv?{DAYS}&by=cost_centre")
    assert by[0][4:] == ["100 Production", "200 Shop", "Without Cost centre", "Total"]
    result = next(row for row in by if row[1] == "result")
    assert result[4:] == ["1234.50", "77.00", "-11.00", "1300.50"]
    trial = rows("/trial-balance.csv?as_of=2026-03-31&by=cost_centre")
    assert ["4000", "Sales", "-1234.50", "-77.00", "0.00", "-1311.50"] in trial
    trial = rows("/trial-balance.csv?as_of=2026-03-31&d_cost_centre=110")
    assert trial[1:] == [["4000", "Sales", "0.00", "234.50"]]
    ledger = rows(f"/general-ledger.csv?{DAYS}&d_cost_centre=200")
    assert [row[2] for row in ledger[1:]] == ["opening", "line", "closing"]
    journal = rows(f"/journal-report.csv?{DAYS}&d_cost_centre=-")
    assert len(journal) == 1 + 8  # each entry has a line without a cost centre
    assert len(rows(f"/journal-report.csv?{DAYS}&d_cost_centre=110")) == 1 + 2
    for path in (
        "trial-balance.xlsx?as_of=2026-03-31",
        f"profit-and-loss.xlsx?{DAYS}",
    ):
        book = accountant.get(centres.url(f"/{path}&by=cost_centre"))
        with zipfile.ZipFile(io.BytesIO(book.data)) as opened:
            assert "1234.5" in opened.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(
    ("name", "budget"),
    [("profit-and-loss", 5), ("balance-sheet", 7), ("trial-balance", 5)],
)
def test_a_part_costs_no_statement_for_each_value(
    name: str, budget: int, accountant: Browser, centres: Books
) -> None:
    address = centres.url(f"/{name}?as_of=2026-03-31&{DAYS}")
    accountant.get(address)
    whole = sent(centres, lambda: accountant.get(address))
    # One reads which value is meant. By values: whether there is the dimension, its name, its
    # values, and for each sum the periods and the figures.
    assert sent(centres, lambda: accountant.get(f"{address}&d_cost_centre=100")) <= whole + 1
    assert sent(centres, lambda: accountant.get(f"{address}&by=cost_centre")) <= whole + budget


def sent(books: Books, work: Callable[[], Any]) -> int:
    """How many statements a piece of work sends."""
    count = 0

    def note(*_given: Any) -> None:
        nonlocal count
        count += 1

    for engine in books.database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        for engine in books.database.engines:
            event.remove(engine, "before_cursor_execute", note)
    assert count
    return count
