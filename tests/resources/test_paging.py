"""Keyset pages: forth to the end and back again, no row is lost and none comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from backstay.errors import Malformed
from backstay.lists.filters import read_state
from backstay.lists.query import ResourceQuery
from backstay.resources.serialize import Reader

from .garden import PLANTS, Plant, PlantState

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

plants = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(["A", "B", "b", "C"]),
            "price": st.sampled_from([Decimal(-1), Decimal(0), Decimal("2.5")]),
            "planted": st.sampled_from([None, date(2026, 1, 1), date(2026, 1, 2)]),
            "height": st.sampled_from([None, 1, 2]),
            "state": st.sampled_from(list(PlantState)),
        }
    ),
    max_size=14,
)


def walk(
    query: ResourceQuery, session: Session, reader: Reader, sort: str, size: int
) -> tuple[list[int], list[int]]:
    """The ids forth to the end, and back from there to the beginning."""
    state = read_state(query.resource, {"sort": sort} if sort else {}, reader)
    forth: list[list[int]] = []
    arguments: dict[str, str] = {}
    while True:
        page = query.page(session, state, reader, arguments, size)
        forth.append([row[0] for row in page.rows])
        if not page.after:
            break
        arguments = {"after": page.after}
    back = [forth[-1]]
    while page.before:
        page = query.page(session, state, reader, {"before": page.before}, size)
        back.insert(0, [row[0] for row in page.rows])
    return [i for rows in forth for i in rows], [i for rows in back for i in rows]


@pytest.mark.parametrize("order", [("code",), ("-planted", "code"), ("state", "-height")])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=plants,
    sort=st.sampled_from(
        ["", "code", "-code", "price", "planted", "-planted", "height", "-height", "state", "-bed"]
    ),
    size=st.integers(1, 5),
)
def test_pages_forth_and_back_hold_every_row_once(  # noqa: PLR0917
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    sow: Callable[..., list[int]],
    order: tuple[str, ...],
    rows: list[dict[str, Any]],
    sort: str,
    size: int,
) -> None:
    context = operator.in_company(alpha)
    with database.write(context, garden) as session:
        session.execute(delete(Plant), execution_options={"audited": True})
    ids = sow(*rows)
    query = ResourceQuery(replace(PLANTS, order=order))
    with database.read(context, garden) as session:
        forth, back = walk(query, session, Reader.of(context, garden), sort, size)
    assert sorted(forth) == sorted(ids)
    assert back == forth


def test_the_count_stops_and_is_asked_for_once(
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    sow: Callable[..., list[int]],
) -> None:
    sow(*({} for _ in range(7)))
    context = operator.in_company(alpha)
    reader = Reader.of(context, garden)
    query = ResourceQuery(PLANTS)
    with database.read(context, garden) as session:
        state = read_state(PLANTS, {}, reader)
        first = query.page(session, state, reader, {}, 3)
        second = query.page(session, state, reader, {"after": first.after}, 3)
    assert (first.count, second.count) == (7, 7)


def test_a_mark_of_another_company_is_refused(
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    beta: CompanyRef,
    sow: Callable[..., list[int]],
) -> None:
    sow({}, {})
    query = ResourceQuery(PLANTS)
    context = operator.in_company(alpha)
    reader = Reader.of(context, garden)
    state = read_state(PLANTS, {}, reader)
    with database.read(context, garden) as session:
        mark = query.page(session, state, reader, {}, 1).after
    other = operator.in_company(beta)
    with database.read(other, garden) as session, pytest.raises(Malformed):
        query.page(session, state, Reader.of(other, garden), {"after": mark}, 1)
