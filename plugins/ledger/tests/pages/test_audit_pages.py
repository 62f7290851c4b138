"""The auditor's room: the last run, seals, and control queries that lead to entries."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from backstay.jobs.execute import execute_next
from backstay.spi import now
from backstay_ledger.audit.controls import CONTROLS
from backstay_ledger.audit.models import Seal
from backstay_ledger.audit.runs import keep_run
from backstay_ledger.permissions import AUDIT_RUN, AUDIT_VIEW, BOOKS_EXPORT, BOOKS_VIEW
from backstay_ledger.services.checks import HOW_MANY, Finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.web import Browser
    from conftest import Books

MARCH = "?from=2026-03-01&to=2026-03-31"


@pytest.fixture
def auditor(sit_down: Callable[..., Browser]) -> Browser:
    """What the ready role Auditor may do."""
    return sit_down("otto", BOOKS_VIEW, BOOKS_EXPORT, AUDIT_VIEW, AUDIT_RUN)


def test_the_auditor_has_the_books_checked_and_sealed(auditor: Browser, books: Books) -> None:
    books.post("a", date(2026, 3, 5), "1000", "3000", "3000.00")
    assert "were not checked yet" in auditor.get(books.url("/audit")).text
    assert auditor.post(books.url("/audit/run"), {}).status_code in {302, 303}
    while execute_next(books.database, lambda: books.suite):
        pass
    shown = auditor.get(books.url("/audit")).text
    assert f"{HOW_MANY} checks." in shown
    assert "GEN 2026" in shown
    before = _digests(books)
    books.post("b", date(2026, 3, 6), "1000", "3000", "4000.00")
    auditor.post(books.url("/audit/run"), {})
    while execute_next(books.database, lambda: books.suite):
        pass
    shown = auditor.get(books.url("/audit")).text
    (after,) = _digests(books) - before
    assert shown.count("GEN 2026") == 1
    assert after[:16] in shown
    runs = auditor.get(books.url("/check-runs")).text
    assert "Sound" in runs
    assert "otto" in runs


def _digests(books: Books) -> set[str]:
    with books.database.read(books.context, books.suite) as session:
        return set(session.scalars(select(Seal.digest)))


def test_a_finding_is_said_everywhere_and_leads_to_its_entry(
    auditor: Browser, reader: Browser, books: Books
) -> None:
    entry = books.post("a", date(2026, 3, 5), "1000", "3000", "3000.00")
    with books.database.write(books.context, books.suite) as session:
        finding = Finding("balanced", "Entries that differ", 7, ("GEN-2026-000001",))
        run = keep_run(session, now(), [finding]).id
    for path in ("/audit", f"/check-runs/{run}"):
        shown = auditor.get(books.url(path)).text
        assert "Entries that differ" in shown
        assert f"/entries/{entry}" in shown
        assert "and 6 more" in shown
    assert "Checks of the books" in auditor.get(f"/c/{books.company.code}/").text
    assert "Checks of the books" not in reader.get(f"/c/{books.company.code}/").text


@pytest.mark.parametrize("name", [one.name for one in CONTROLS])
def test_each_control_opens_with_and_without_entries(
    name: str, auditor: Browser, books: Books
) -> None:
    page = books.url(f"/audit/controls/{name}{MARCH}")
    assert auditor.get(page).status_code == 200
    books.post("a", date(2026, 3, 5), "1000", "3000", "3000.00")
    assert auditor.get(page).status_code == 200
    answer = auditor.get(books.url(f"/audit/controls/{name}.csv{MARCH}"))
    assert answer.status_code == 200
    columns = next(one for one in CONTROLS if one.name == name).columns
    assert answer.text.removeprefix("\ufeff").splitlines()[0] == ",".join(
        column.name for column in columns
    )


def test_a_control_leads_to_the_entry_and_is_taken_away(auditor: Browser, books: Books) -> None:
    entry = books.post("a", date(2026, 3, 5), "1000", "3000", "3000.00", "=round")
    books.post("b", date(2026, 3, 6), "1000", "3000", "2999.99")
    shown = auditor.get(books.url(f"/audit/controls/round_sums{MARCH}")).text
    assert f"/entries/{entry}" in shown
    assert "2,999.99" not in shown
    file = auditor.get(books.url(f"/audit/controls/round_sums.csv{MARCH}")).text
    assert file.splitlines()[1] == "GEN-2026-000001,2026-03-05,'=round,3000.0000,cli:test"


def test_a_control_is_taken_away_as_a_workbook(
    auditor: Browser, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dates and amounts are values, what people typed is text; all rows, or those on the page."""
    for day, memo in ((5, "=1+1"), (6, "second"), (7, "third")):
        books.post(memo, date(2026, 3, day), "1000", "3000", "3000.00", memo)
    path = f"/audit/controls/round_sums.xlsx{MARCH}"
    (title, heads, *rows) = _cells(auditor.get(books.url(path)).data)
    assert title[0] == "Alpha Ltd: Round sums 2026-03-01 – 2026-03-31 · Multiple of 1000 (EUR)"  # noqa: RUF001
    assert heads == ["Entry", "Date", "Memo", "Amount", "Posted by"]
    assert rows[0] == ["GEN-2026-000001", date(2026, 3, 5), "=1+1", 3000.0, "cli:test"]
    assert len(rows) == 3
    monkeypatch.setattr("backstay_ledger.audit.control_pages.PAGE", 2)
    monkeypatch.setattr("backstay_ledger.audit.control_files.PAGE", 2)
    shown = auditor.get(books.url(f"/audit/controls/round_sums{MARCH}")).text
    assert "rows=shown" in shown
    assert len(_cells(auditor.get(books.url(f"{path}&rows=shown")).data)) == 4
    (*_heads, third) = _cells(auditor.get(books.url(f"{path}&rows=shown&after=2")).data)
    assert third[2] == "third"
    assert len(_cells(auditor.get(books.url(path)).data)) == 5


def test_a_long_answer_has_pages_and_says_how_many_rows_there_are(
    auditor: Browser, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 6):
        books.post(str(day), date(2026, 3, day), "1000", "3000", "3000.00", f"memo {day}")
    path = books.url(f"/audit/controls/round_sums{MARCH}")
    assert "5 rows" in auditor.get(path).text
    assert 'rel="next"' not in auditor.get(path).text.replace("rel=next", 'rel="next"')
    monkeypatch.setattr("backstay_ledger.audit.control_pages.PAGE", 2)
    seen = []
    while path:
        shown = auditor.get(path).text
        seen += re.findall(r"memo \d", shown)
        assert "5 rows" in shown
        found = re.search(r'href="?([^"\s>]*after=\d+[^"\s>]*)"? rel="?next', shown)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == [f"memo {day}" for day in range(1, 6)]
    assert "Rows 5 to 5 of 5" in shown
    assert "memo 1" in auditor.get(books.url(f"/audit/controls/round_sums{MARCH}&after=80")).text
    monkeypatch.setattr("backstay_ledger.audit.control_pages.COUNTED", 3)
    shown = auditor.get(books.url(f"/audit/controls/round_sums{MARCH}")).text
    assert "3+ rows" in shown
    assert "Rows 1 to 2 of 3+" in shown


def _cells(workbook: bytes) -> list[list[Any]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_index(0)
    return sheet.to_python()


def test_what_is_wrong_with_a_parameter_is_said(auditor: Browser, books: Books) -> None:
    shown = auditor.get(books.url("/audit/controls/round_sums?unit=none")).text
    assert "Multiple of: a whole number from 1 to 100000000." in shown
    assert auditor.get(books.url("/audit/controls/nothing")).status_code == 404


def test_only_who_may_audit_sees_it(
    reader: Browser, sit_down: Callable[..., Browser], books: Books
) -> None:
    exporter = sit_down("eva", BOOKS_VIEW, BOOKS_EXPORT)
    for path in ("/audit", "/check-runs", "/audit/controls/sample"):
        assert reader.get(books.url(path)).status_code == 403
    assert exporter.get(books.url("/audit/controls/sample.csv")).status_code == 403
    assert reader.post(books.url("/audit/run"), {}).status_code == 403
