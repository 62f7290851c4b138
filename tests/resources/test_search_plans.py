"""How the databases go about a search in very many records: by the index, never by all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from backstay.lists import searching
from backstay.lists.filters import read_state
from backstay.lists.query import ResourceQuery
from backstay.resources.serialize import Reader

from .garden import PLANTS, Plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

RECORDS = 60_000
NUMBERS = {
    "sqlite": "WITH RECURSIVE n(at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < :most)"
    " SELECT at FROM n",
    "postgresql": "SELECT at FROM generate_series(1, :most) AS n(at)",
}


@pytest.fixture
def crowded(database: Database, alpha: CompanyRef) -> None:
    """An index of very many records, of which one in ten says ``common``; statistics say so."""
    numbers = NUMBERS[database.engine.dialect.name]
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO core_search (id, entity, company_id, record_id, text)"  # noqa: S608
                f" SELECT at, :entity, :company, at, CASE WHEN at % 10 = 0 THEN :some ELSE :all END"
                f" FROM ({numbers}) AS given"
            ),
            {
                "most": RECORDS,
                "entity": Plant.__tablename__,
                "company": alpha.id,
                "some": f" _{Plant.__tablename__}_{alpha.id} plant common of the garden ",
                "all": f" _{Plant.__tablename__}_{alpha.id} plant of the garden ",
            },
        )
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")


@pytest.mark.usefixtures("crowded")
def test_a_search_never_reads_the_index_as_a_whole(
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    sow: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(50)))
    monkeypatch.setattr(searching, "FIRST_WALK", 5)
    monkeypatch.setattr(searching, "WALKS", (4, 40))
    context = operator.in_company(alpha)
    query = ResourceQuery(PLANTS)
    reader = Reader.of(context, garden)
    sent: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        sent.append((given[2], given[3]))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.read(context, garden) as session:
        asked = {"q": "common"}
        query.page(session, read_state(PLANTS, asked, reader), reader, asked)
    event.remove(database.engine, "before_cursor_execute", note)
    searches = [(one, given) for one, given in sent if "core_search" in one]
    assert len(searches) > 2
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.engine.connect() as connection:
        for statement, given in searches:
            plan = "\n".join(
                str(row[-1]) for row in connection.exec_driver_sql(explain + statement, given)
            )
            assert "Seq Scan on core_search" not in plan, f"{statement}\n{plan}"
            assert "Gather" not in plan, f"{statement}\n{plan}"
            assert "BLOOM FILTER ON core_search" not in plan, f"{statement}\n{plan}"
