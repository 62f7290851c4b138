"""Entries are found in the order of their list, however late in it the matches come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from backstay.lists import searching
from backstay.lists.filters import read_state
from backstay.lists.query import ResourceQuery
from backstay.resources.serialize import Reader
from backstay.search.rebuild import check_index, rebuild_index
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import ensure_fiscal_years

if TYPE_CHECKING:
    from .conftest import Books

FIRST = date(2024, 1, 1)
DAYS = 900
MEMO = {0: "rent of the yard", 1: "wages", 2: "rent and wages"}


@pytest.fixture
def years(books: Books) -> Books:
    """Three hundred entries over two and a half years; in the first of them ten about freight."""
    with books.write() as session:
        ensure_fiscal_years(session, [date(year, 1, 1) for year in (2024, 2025)])
    books.post_many(
        [
            books.sale(
                date=FIRST + timedelta(days=number * DAYS // 300),
                memo=f"{MEMO[number % 3]} {'freight' if number < 10 else ''}",
            )
            for number in range(300)
        ]
    )
    return books


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a few hundred entries pass."""
    for name, limit in {
        "FIRST_WALK": 5,
        "MOST_FROM_INDEX": 40,
        "MOST_FROM_MONTHS": 12,
        "WALKS": (10, 100),
        "WALKS_OF_A_MONTH": (10,),
    }.items():
        monkeypatch.setattr(searching, name, limit)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("sort", ["-date", "date", ""])
@pytest.mark.parametrize(
    "asked",
    [
        {"q": "rent"},
        {"q": "freight"},
        {"q": "wages rent"},
        {"q": "fre ren"},
        {"q": "gen-2024"},
        {"q": "2025"},
        {"q": "absent"},
        {"q": "rent", "from": "2024-02-10", "to": "2024-11-20"},
        {"q": "rent", "state": "draft"},
        {"q": "2024", "from": "2025-01-01"},
    ],
    ids=str,
)
def test_pages_of_a_search_hold_every_match_once_and_in_order(
    years: Books, asked: dict[str, str], sort: str
) -> None:
    query = ResourceQuery(years.suite.resources["ledger.entry"])
    reader = Reader.of(years.context(), years.suite)
    asked = {**asked, **({"sort": sort} if sort else {})}
    state = read_state(query.resource, asked, reader)
    with years.read() as session:
        # The export asks the index alone and orders everything.
        rows, index = query.stream(session, state, reader)
        wanted = [(row[0], row[index["date"]]) for row in rows]
        for size in (7, 50):
            seen: list[Any] = []
            before: list[Any] = []
            arguments, more = dict(asked), True
            while more:
                page = query.page(session, state, reader, arguments, size)
                ids = [row[0] for row in page.rows]
                assert page.count <= len(wanted)
                if page.before:
                    back = query.page(
                        session, state, reader, {**asked, "before": page.before}, size
                    )
                    assert [row[0] for row in back.rows] == before
                elif not page.more:
                    assert page.count == len(wanted)
                seen += ids
                before = ids
                arguments = {**asked, "after": page.after}
                more = bool(page.after)
            assert sorted(seen) == sorted(one for one, _day in wanted)
            days = dict(wanted)
            assert [days[one] for one in seen] == [day for _one, day in wanted]


@pytest.mark.usefixtures("small")
def test_matches_that_come_late_are_found_with_few_questions(years: Books) -> None:
    query = ResourceQuery(years.suite.resources["ledger.entry"])
    reader = Reader.of(years.context(), years.suite)
    asked = {"q": "freight"}
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    with years.read() as session:
        event.listen(years.database.engine, "before_cursor_execute", note)
        page = query.page(session, read_state(query.resource, asked, reader), reader, asked)
        event.remove(years.database.engine, "before_cursor_execute", note)
    assert (len(page.rows), page.count, page.more) == (10, 10, False)
    assert len(sent) <= 14


@pytest.mark.usefixtures("small")
def test_a_draft_that_moves_to_another_month_is_found_there(books: Books) -> None:
    def save(day: date, **values: Any) -> Any:
        lines = (DraftLine(account="1000", debit=books.sale().lines[0].amount),)
        with books.write() as session:
            return save_draft(
                session, SaveDraft(journal="GEN", date=day, memo="moving", lines=lines, **values)
            )

    books.post_many([books.sale(memo="moving", date=date(2026, 6, 1)) for _sale in range(20)])
    draft = save(date(2026, 2, 3))
    assert check_index(books.database, books.suite)[0].equal
    save(date(2026, 9, 9), id=draft.id, version=draft.version)
    assert all(one.equal for one in check_index(books.database, books.suite))
    words = books.value(
        "SELECT text FROM core_search WHERE record_id = :id AND entity = 'ledger_entry'",
        id=draft.id,
    )
    assert " _202609.moving " in words
    assert "_202602" not in words


def test_an_index_without_months_is_found_stale_and_mended(years: Books) -> None:
    with years.database.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE core_search SET text = substr(text, 1, length(text) - 10)"
                " WHERE entity = 'ledger_entry'"
            )
        )
    found = {one.entity: one for one in check_index(years.database, years.suite)}
    assert found["ledger_entry"].stale == 300
    rebuild_index(years.database, years.suite)
    assert all(one.equal for one in check_index(years.database, years.suite))
