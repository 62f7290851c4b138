"""The queries behind a list: rows of plain tuples, read by key instead of by offset.

Every query starts at the model, so the session's company filter holds; ids break all ties, so no
row is lost or shown twice while somebody pages through a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from backstay.lists.counting import Counter
from backstay.lists.cursor import Cursor, encode
from backstay.lists.filters import (
    ListState,
    Order,
    condition,
    orders,
    search_condition,
    search_of,
)
from backstay.lists.keyset import beyond, binding_of, keys_of, place_of
from backstay.lists.searching import Matches, Walk, count_matches, find_matches
from backstay.resources.masking import masked
from backstay.resources.record_query import RecordQuery
from backstay.search.declared import is_indexed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.orm import Session

    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader

PAGE: Final = 50
MOST_PICKED: Final = 20
STREAM_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a list.

    Arguments:
        rows: the id first, then the values by ``index``.
        index: column name -> position in a row; masked columns are not there.
        count: rows in the whole list, at most ``MOST_COUNTED`` + 1, which stands for more.
        more: ``count`` is but how many there are at least (a search that finds very many).
        after, before: marks for the next and the previous page, empty where there is none.
    """

    rows: Sequence[Row[Any]]
    index: dict[str, int]
    count: int
    after: str
    before: str
    more: bool = False


class ResourceQuery(RecordQuery):
    """The queries of one resource; made once per generation, so that statements are reused."""

    def __init__(self, resource: Resource) -> None:
        """Start without knowing how long any list is."""
        super().__init__(resource)
        self._counter = Counter()

    def page(
        self,
        session: Session,
        state: ListState,
        reader: Reader,
        arguments: Mapping[str, str],
        size: int = PAGE,
    ) -> Rows:
        """The page that ``after`` or ``before`` in the URL starts, or the first one.

        Raises:
            Malformed: the mark belongs to another list, filter or order.
        """
        ordered = orders(self.resource, state, reader)
        keys = keys_of(self.resource, ordered)
        bound_to = binding_of(self.resource, state, reader, ordered)
        cursor = place_of(arguments, keys, bound_to)
        backwards = cursor is not None and cursor.backwards
        narrowing = self._narrowing(session, state, reader)
        statement, index = self._select(reader, self._listed(state, ordered))
        nulls_high = _dialect(session) == "postgresql"
        place = (
            ()
            if cursor is None
            else (beyond(keys, cursor.values, backwards=backwards, nulls_high=nulls_high),)
        )
        walk = Walk(
            self.resource.model,
            lambda *columns: self._joined(select(*columns).select_from(self.resource.model)),
            narrowing,
            place,
            [(key.expression, key.descending == backwards) for key in keys],
        )
        narrowed, matches = self._searched(session, state, reader, walk, size + 1)
        counted = cursor is None and matches is not None and matches.complete
        if counted:
            # Few rows match, so counting them on the way is cheaper than asking once more.
            statement = statement.add_columns(func.count().over())
        found = session.execute(
            # The place before the filters: SQLite enters an index at the first bound it is given.
            statement.where(*place, *narrowed).order_by(*walk.order).limit(size + 1)
        ).all()
        more = len(found) > size
        rows = found[:size]
        if backwards:
            rows = rows[::-1]
        if counted:
            count, at_least = int(found[0][-1]) if found else 0, False
        elif matches is None or matches.complete:
            count, at_least = self._count(
                session,
                narrowed,
                cursor,
                found if not more else None,
                # What a search finds depends on what its reader may see, so it is counted anew.
                "" if state.search else bound_to,
            )
        elif cursor is not None:
            count, at_least = cursor.count, cursor.more
        else:
            asked = search_of(session, self.resource, state.search, reader)
            count, at_least = count_matches(session, asked, walk)
            count = max(count, len(found))

        def mark(row: Row[Any], *, before: bool) -> str:
            values = (*(row[index[one.column.name]] for one in ordered), row[0])
            return encode(Cursor(values, before, count, at_least), bound_to)

        has_after = bool(rows) and (more if not backwards else True)
        has_before = bool(rows) and (more if backwards else cursor is not None)
        return Rows(
            rows,
            index,
            count,
            after=mark(rows[-1], before=False) if has_after else "",
            before=mark(rows[0], before=True) if has_before else "",
            more=at_least,
        )

    def _searched(
        self, session: Session, state: ListState, reader: Reader, walk: Walk, size: int
    ) -> tuple[tuple[ColumnElement[bool], ...], Matches | None]:
        """The list's conditions with those of the search; its matches if the index has them."""
        readable = any(not masked(self.resource, one, reader) for one in self.resource.search)
        if not state.search or not readable:
            return tuple(walk.narrowing), None
        if not is_indexed(self.resource):
            words = search_condition(session, self.resource, state.search, reader)
            return (*walk.narrowing, *words), None
        asked = search_of(session, self.resource, state.search, reader)
        matches = find_matches(session, asked, walk, size)
        return (*walk.narrowing, matches.condition(self.resource.model)), matches

    def stream(
        self, session: Session, state: ListState, reader: Reader
    ) -> tuple[Iterator[Row[Any]], dict[str, int]]:
        """All rows of a list, in chunks, in the order of the list."""
        ordered = orders(self.resource, state, reader)
        statement, index = self._select(
            reader, tuple(column.name for column in self.resource.columns)
        )
        keys = keys_of(self.resource, ordered)
        result = session.execute(
            statement.where(*self._matching(session, state, reader)).order_by(
                *(key.ordered for key in keys)
            ),
            execution_options={"yield_per": STREAM_CHUNK},
        )
        return iter(result), index

    def ids(self, session: Session, state: ListState, reader: Reader, limit: int) -> list[int]:
        """Ids of the first records of a list, at most ``limit``."""
        keys = keys_of(self.resource, orders(self.resource, state, reader))
        statement = self._joined(select(self.resource.model.id).select_from(self.resource.model))
        return list(
            session.scalars(
                statement.where(*self._matching(session, state, reader))
                .order_by(*(key.ordered for key in keys))
                .limit(limit)
            )
        )

    def count(
        self, session: Session, state: ListState, reader: Reader, most: int | None = None
    ) -> int:
        """How many rows a list has; no more than ``most`` are counted where that is given."""
        rows = self._joined(select(self.resource.model.id).select_from(self.resource.model))
        some = rows.where(*self._matching(session, state, reader)).limit(most).subquery()
        return session.scalar(select(func.count(some.c.id))) or 0

    def totals(
        self,
        session: Session,
        state: ListState,
        reader: Reader,
        names: Sequence[str],
        *,
        most: int | None,
    ) -> tuple[int, dict[str, Any]]:
        """How many rows a list has and the sums of some columns.

        With more than ``most`` rows the count says so and there are no sums; None adds up all.
        """
        columns = [column for name in names if (column := self.resource.column(name))]
        narrowing = self._matching(session, state, reader)
        statement = self._joined(
            select(
                self.resource.model.id,
                *(column.value.label(f"total_{place}") for place, column in enumerate(columns)),
            ).select_from(self.resource.model)
        )
        some = statement.where(*narrowing).limit(None if most is None else most + 1).subquery()
        row = session.execute(
            select(
                func.count(some.c.id),
                *(func.sum(some.c[f"total_{place}"]) for place in range(len(columns))),
            )
        ).one()
        if most is not None and row[0] > most:
            return int(row[0]), {}
        return int(row[0]), {
            column.name: value for column, value in zip(columns, row[1:], strict=True)
        }

    def picked(
        self, session: Session, search: str, reader: Reader, limit: int = MOST_PICKED
    ) -> list[Any]:
        """Records for a picker: those that match the words, in the order of the list."""
        return self._first(session, search, reader, limit, self._picker_criteria(session))

    def found(self, session: Session, search: str, reader: Reader, limit: int) -> list[Any]:
        """The first records of the list that match the words."""
        return self._first(session, search, reader, limit, ())

    def _first(
        self,
        session: Session,
        search: str,
        reader: Reader,
        limit: int,
        criteria: Sequence[ColumnElement[bool]],
    ) -> list[Any]:
        state = ListState(search, (), "")
        keys = keys_of(self.resource, orders(self.resource, state, reader))
        walk = Walk(
            self.resource.model,
            lambda *columns: self._joined(select(*columns).select_from(self.resource.model)),
            (*self._criteria(session), *criteria),
            (),
            [(key.expression, not key.descending) for key in keys],
        )
        narrowed, matches = self._searched(session, state, reader, walk, limit)
        if matches is not None and not matches.ids:
            return []
        statement = self._joined(select(self.resource.model)).where(*narrowed)
        return list(session.scalars(statement.order_by(*walk.order).limit(limit)))

    def _narrowing(
        self, session: Session, state: ListState, reader: Reader
    ) -> tuple[ColumnElement[bool], ...]:
        return (
            *self._criteria(session),
            *(condition(one, value, reader) for one, value in state.filters),
        )

    def _matching(
        self, session: Session, state: ListState, reader: Reader
    ) -> tuple[ColumnElement[bool], ...]:
        """All that a list's rows have in common: its scope, its filters and its search."""
        return (
            *self._narrowing(session, state, reader),
            *search_condition(session, self.resource, state.search, reader),
        )

    def _listed(self, state: ListState, ordered: tuple[Order, ...]) -> tuple[str, ...]:
        names = [column.name for column in state.shown(self.resource)]
        names += [one.column.name for one in ordered if one.column.name not in names]
        return tuple(names)

    def _count(
        self,
        session: Session,
        narrowing: tuple[ColumnElement[bool], ...],
        cursor: Cursor | None,
        whole: Sequence[Any] | None,
        known_as: str,
    ) -> tuple[int, bool]:
        """How many rows the list has; asked of the database only where it is not known yet."""
        if cursor is not None:
            return cursor.count, cursor.more
        if whole is not None:
            return len(whole), False
        ids = select(self.resource.model.id)
        if narrowing:
            ids = self._joined(ids.select_from(self.resource.model)).where(*narrowing)
        return self._counter.count(session, ids, known_as)


def _dialect(session: Session) -> str:
    return str(session.get_bind().dialect.name)
