"""Which records of a list match the words in its search box, found without reading the whole list.

A word may stand in one record or in all of a million. So the list is first walked a little way in
its own order, which is enough for common words; then the index is asked, which is quick for rare
ones; a longer walk does for those between. Whatever the way, a handful of ids comes out, and the
page is read by these like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, func, literal, select

from backstay.db.base import CompanyScoped
from backstay.search.engine import Search, contains, matching
from backstay.search.models import NO_COMPANY, SearchRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Select, Subquery
    from sqlalchemy.orm import Session

FIRST_WALK: Final = 500
"""Rows of the list that are looked at before the index is asked."""
MOST_FROM_INDEX: Final = 5_000
"""Matches that are taken from the index one by one; of more, some come soon in any walk."""
LONG_WALK: Final = 10_000
"""Rows among which so many matches have a page's worth, unless they all come late."""
COUNTED_WALK: Final = 5_000
"""Rows that are looked at to say how many matches there are at least."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Ids among which the page's records are.

    Arguments:
        ids: of records that match; all of them if ``complete``, else the first ones of the page.
        complete: no other record of the whole list matches.
    """

    ids: Sequence[int]
    complete: bool

    def condition(self, model: Any) -> ColumnElement[bool]:
        """That a record is one of them."""
        # Written out, since a thousand parameters take longer to send than to find.
        ids: Any = bindparam("found", sorted(self.ids), expanding=True, literal_execute=True)
        return model.id.in_(ids)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Walk:
    """A list in its order, from the place where the page begins.

    Arguments:
        listed: makes the list's SELECT of given columns, with its joins.
        narrowing: the list's own conditions and filters.
        place: where the page begins; none for the first page.
        keys: the sort expressions, each with whether it ascends in the direction of reading.
    """

    model: type[Any]
    listed: Callable[..., Select[Any]]
    narrowing: Sequence[ColumnElement[bool]]
    place: Sequence[ColumnElement[bool]]
    keys: Sequence[tuple[Any, bool]]

    @property
    def order(self) -> list[Any]:
        """What the list is ordered by."""
        return [key.asc() if ascends else key.desc() for key, ascends in self.keys]


def find_matches(session: Session, search: Search, walk: Walk, size: int) -> Matches:
    """The matches from which a page of a list is made.

    Arguments:
        size: rows of the page, and one more that tells whether another follows.
    """
    if search.finds_nothing:
        return Matches((), complete=True)
    dialect = str(session.get_bind().dialect.name)
    looked = session.execute(
        _walked(search, walk, dialect, FIRST_WALK, start=True, every=True)
    ).all()
    hits = [row[0] for row in looked if row[1]]
    if len(looked) < FIRST_WALK or len(hits) >= size:
        return Matches(hits, complete=len(looked) < FIRST_WALK and not walk.place)
    asked = matching([search], dialect)
    found = session.execute(asked.limit(MOST_FROM_INDEX + 1)).all()
    if len(found) <= MOST_FROM_INDEX:
        return Matches([row[1] for row in found], complete=True)
    further = session.execute(
        _walked(search, walk, dialect, LONG_WALK, start=True, every=False).limit(size)
    ).all()
    if len(further) >= size:
        return Matches([row[0] for row in further], complete=False)
    # They all come late in this order: the whole list is gone through. The sum keeps SQLite from
    # fetching every match to sort them; it follows the order and asks whether each is one of them.
    sorted_ids = session.scalars(
        walk.listed(walk.model.id)
        .where(
            *walk.place,
            *walk.narrowing,
            (walk.model.id + 0).in_(asked.with_only_columns(SearchRow.record_id)),
        )
        .order_by(*walk.order)
        .limit(size)
    ).all()
    return Matches(sorted_ids, complete=False)


def count_matches(session: Session, search: Search, walk: Walk) -> tuple[int, bool]:
    """How many records match, and whether there may be more: the list's beginning is looked at."""
    dialect = str(session.get_bind().dialect.name)
    looked = _walked(search, walk, dialect, COUNTED_WALK, start=False, every=True).subquery()
    rows, hits = session.execute(
        select(func.count(), func.sum(case((looked.c.hit, 1), else_=0))).select_from(looked)
    ).one()
    return int(hits or 0), rows >= COUNTED_WALK


def _walked(
    search: Search, walk: Walk, dialect: str, rows: int, *, start: bool, every: bool
) -> Select[Any]:
    """The list's first rows with whether they match; ``every`` row or the matching ones alone."""
    inner = _stretch(walk, rows, start=start)
    conditions = contains(search, dialect)
    company = inner.c.company if issubclass(walk.model, CompanyScoped) else literal(NO_COMPANY)
    joined = inner.join(
        SearchRow,
        and_(
            SearchRow.entity == search.searched.entity,
            SearchRow.company_id == company,
            SearchRow.record_id == inner.c.id,
        ),
        isouter=every,
    )
    if every:
        return select(inner.c.id, and_(*conditions).label("hit")).select_from(joined)
    order = (
        inner.c[f"key{place}"].asc() if ascends else inner.c[f"key{place}"].desc()
        for place, (_key, ascends) in enumerate(walk.keys)
    )
    return select(inner.c.id).select_from(joined).where(*conditions).order_by(*order)


def _stretch(walk: Walk, rows: int, *, start: bool) -> Subquery:
    columns = [walk.model.id.label("id")]
    columns += [key.label(f"key{place}") for place, (key, _ascends) in enumerate(walk.keys)]
    if issubclass(walk.model, CompanyScoped):
        columns.append(walk.model.company_id.label("company"))
    return (
        walk.listed(*columns)
        .where(*(walk.place if start else ()), *walk.narrowing)
        .order_by(*walk.order)
        .limit(rows)
        .subquery()
    )
