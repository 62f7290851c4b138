"""Which records of a list match the words in its search box, found without reading the whole list.

A word may stand in one record or in all of a million. So the list is first walked a little way in
its own order, which is enough for common words; then the index is asked, which is quick for rare
ones. For words between, a list that is ordered by date is searched month by month, some at a time,
and another one by a longer walk. Whatever the way, a handful of ids comes out, and the page is read
by these like any other.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, func, literal, select

from backstay.db.base import CompanyScoped
from backstay.search.declared import month_mark
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
WALKS: Final = (1_000, 10_000)
"""Rows among which so many matches have a page's worth, unless they all come late."""
WALKS_OF_A_MONTH: Final = (1_000,)
"""The same within a month, whose matches are sorted as a whole sooner than many rows are read."""
MOST_FROM_MONTHS: Final = 1_000
"""Matches that are taken from the index for some months; of more, fewer months are asked for."""
MOST_MONTHS: Final = 8
"""Months that are asked for at once, after months in which too little was found."""
COUNTED_WALK: Final = 1_000
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

    def is_by(self, name: str) -> bool:
        """Whether the list is ordered by an attribute of the model first."""
        return bool(name) and self.keys[0][0] is getattr(self.model, name)

    def days(self, session: Session) -> tuple[date, date] | None:
        """The first and the last date of a list that is ordered by date; None if it is empty."""
        key, ascends = self.keys[0]
        dates = self.listed(key).where(*self.place, *self.narrowing).limit(1)
        first = session.scalar(dates.order_by(*self.order))
        if first is None:
            return None
        last = session.scalar(dates.order_by(key.desc() if ascends else key.asc()))
        return first, first if last is None else last

    def within(self, first: date, last: date) -> Walk:
        """The list's part of some days."""
        return replace(self, narrowing=(self.keys[0][0].between(first, last), *self.narrowing))


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
    if walk.is_by(search.searched.dated):
        return _by_month(session, search, walk, size)
    asked = matching([search], dialect)
    found = session.execute(asked.limit(MOST_FROM_INDEX + 1)).all()
    if len(found) <= MOST_FROM_INDEX:
        return Matches([row[1] for row in found], complete=True)
    return Matches(_in_crowd(session, search, walk, asked, size, WALKS), complete=False)


def _by_month(session: Session, search: Search, walk: Walk, size: int) -> Matches:
    """The first matches of a list that is ordered by date, or all of them if they are few.

    The index is asked for twice as many months after each answer. Months with more matches than
    ``MOST_FROM_MONTHS`` are asked for one by one: what an answer costs depends on the matches.
    """
    dialect = str(session.get_bind().dialect.name)
    span = walk.days(session)
    months = [] if span is None else _months(*span)
    every: list[int] = []
    page: list[int] = []
    crowded = False
    done, width, singly = 0, 1, 0
    while done < len(months):
        # A full page goes on for the sake of the count alone, while that looks like a small one.
        full = len(page) >= size
        if full and (crowded or len(every) * len(months) > MOST_FROM_INDEX * done):
            break
        some = months[done : done + width]
        asked = matching([search], dialect, [month_mark(first) for first, _last in some])
        found = [row[1] for row in session.execute(asked.limit(MOST_FROM_MONTHS + 1))]
        if len(found) > MOST_FROM_MONTHS and len(some) > 1:
            width, singly = 1, done + len(some)
            continue
        part = walk.within(min(some)[0], max(some)[1])
        if len(found) > MOST_FROM_MONTHS:
            crowded = True
            page += _in_crowd(session, search, part, asked, size - len(page), WALKS_OF_A_MONTH)
        else:
            every += found
            page += [] if full else _sorted(session, part, found, size - len(page))
        done += len(some)
        width = 1 if done < singly else min(MOST_MONTHS, width * 2)
    if done < len(months) or crowded or walk.place:
        return Matches(page, complete=False)
    # Less than a page is all that the list's filters leave; the index may have found very many.
    return Matches(every if len(page) >= size else page, complete=True)


def _in_crowd(
    session: Session,
    search: Search,
    walk: Walk,
    asked: Select[Any],
    size: int,
    walks: Sequence[int],
) -> Sequence[int]:
    """The first matches of a part of a list that has so many that they come soon in it.

    Arguments:
        asked: finds all of them in the index.
        walks: rows that are looked at, one after the other, before all matches are sorted.
    """
    dialect = str(session.get_bind().dialect.name)
    for rows in walks:
        found = session.scalars(
            _walked(search, walk, dialect, rows, start=True, every=False).limit(size)
        ).all()
        if len(found) >= size:
            return found
    return _sorted(session, walk, asked.with_only_columns(asked.selected_columns.record_id), size)


def _sorted(session: Session, walk: Walk, ids: Any, size: int) -> Sequence[int]:
    """The first of some records in the order of a list."""
    if isinstance(ids, list):
        if not ids:
            return []
        among = Matches(ids, complete=False).condition(walk.model)
    else:
        # The sum keeps SQLite from fetching every match to sort them; it follows the order and
        # asks whether each is one of them.
        among = (walk.model.id + 0).in_(ids)
    return session.scalars(
        walk.listed(walk.model.id)
        .where(*walk.place, *walk.narrowing, among)
        .order_by(*walk.order)
        .limit(size)
    ).all()


def _months(first: date, last: date) -> list[tuple[date, date]]:
    """First and last day of the months from one day to another, which may be the earlier one."""
    early, late = (first, last) if first <= last else (last, first)
    found = [
        (date(year, month, 1), date(year, month, monthrange(year, month)[1]))
        for year in range(early.year, late.year + 1)
        for month in range(1, 13)
        if (early.year, early.month) <= (year, month) <= (late.year, late.month)
    ]
    return found if first <= last else found[::-1]


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
    # A subquery of its own for each row: for a join, SQLite may first read the whole index to make
    # a Bloom filter of it.
    hit = (
        select(and_(*conditions))
        .where(
            SearchRow.entity == search.searched.entity,
            SearchRow.company_id == company,
            SearchRow.record_id == inner.c.id,
        )
        .correlate(inner)
        .scalar_subquery()
    )
    if every:
        return select(inner.c.id, hit.label("hit"))
    order = (
        inner.c[f"key{place}"].asc() if ascends else inner.c[f"key{place}"].desc()
        for place, (_key, ascends) in enumerate(walk.keys)
    )
    return select(inner.c.id).where(hit).order_by(*order)


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
