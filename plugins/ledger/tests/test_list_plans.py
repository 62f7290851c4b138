"""The list of entries is read along an index, whatever it is filtered by, with few queries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from backstay.lists.filters import read_state
from backstay.lists.query import ResourceQuery
from backstay.resources.serialize import Reader
from backstay_ledger.models import Period

from .effort import plan_of, steps, use_indexes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Books

DRAFTS = "ix_ledger_entry_draft_company_id_date_id"
BY_DATE = "ix_ledger_entry_company_id_date_id"
WITHIN_DAYS = ("date>? AND date<?", "date >= ")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (BY_DATE, BY_DATE)),
        ({"sort": "date"}, (BY_DATE, BY_DATE)),
        ({"state": "draft"}, (DRAFTS, DRAFTS)),
        ({"state": "posted"}, (BY_DATE, BY_DATE)),
        ({"from": "2026-02-01", "to": "2026-03-01"}, WITHIN_DAYS),
        ({"period": "5"}, WITHIN_DAYS),
    ],
)
def test_pages_follow_an_index_without_sorting(
    books: Books, asked: dict[str, str], expected: tuple[str, str]
) -> None:
    query = ResourceQuery(books.suite.resources["ledger.entry"])
    reader = Reader.of(books.context(), books.suite)
    sent: list[tuple[str, Any]] = []
    with books.read() as session:
        if "period" in asked:
            periods = select(Period.id).order_by(Period.starts_on)
            asked = {"period": str(session.scalars(periods).all()[4])}
        connection = session.connection()
        if not books.database.is_sqlite:
            # The few rows of a test would not be worth an index.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")

        def note(*given: Any) -> None:
            sent.append((given[2], given[3]))

        event.listen(books.database.engine, "before_cursor_execute", note)
        query.page(session, read_state(query.resource, asked, reader), reader, asked)
        event.remove(books.database.engine, "before_cursor_execute", note)
        assert len(sent) <= 2
        explain = "EXPLAIN QUERY PLAN " if books.database.is_sqlite else "EXPLAIN "
        rows = connection.exec_driver_sql(explain + sent[0][0], sent[0][1]).all()
    plan = "\n".join(str(row[-1]) for row in rows)
    assert expected[0 if books.database.is_sqlite else 1] in plan, plan
    assert "TEMP B-TREE" not in plan, plan
    if books.database.is_sqlite:
        # Without statistics, too: the lines of each entry, not those of the company.
        assert "ledger_line USING INDEX sqlite_autoindex_ledger_line_1 (entry_id=?)" in plan, plan


@pytest.mark.parametrize("sort", ["date", "-date"])
def test_a_page_deep_in_the_list_enters_the_index_where_it_begins(books: Books, sort: str) -> None:
    books.post_many([books.sale(date=date(2026, 1, 1) + timedelta(days=day)) for day in range(300)])
    query = ResourceQuery(books.suite.resources["ledger.entry"])
    reader = Reader.of(books.context(), books.suite)
    # Filters that bound the index at the end where the list begins, and at the other.
    asked = {"state": "posted", "from": "2026-01-05", "to": "2026-10-25", "sort": sort}
    state = read_state(query.resource, asked, reader)
    with books.read() as session:
        first = query.page(session, state, reader, asked, 20)
        deep = first
        for _page in range(12):
            deep = query.page(session, state, reader, {**asked, "after": deep.after}, 20)

        def page(after: str) -> Callable[[], Any]:
            return lambda: query.page(session, state, reader, {**asked, "after": after}, 20)

        if books.database.is_sqlite:
            page(first.after)()  # what the very first statements cost is no matter of depth
            assert steps(session, page(deep.after)) < 1.2 * steps(session, page(first.after))
        else:
            use_indexes(session)
            plan = plan_of(books, session, page(deep.after))
            assert "ROW(date, id) " + ("<" if sort == "-date" else ">") in plan, plan
