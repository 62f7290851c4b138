"""Writing thousands of rows with one statement, for the posting path.

SQLAlchemy's executemany under psycopg sends one INSERT a row, and a VALUES list of thousands of
parameters is compiled anew each time. PostgreSQL takes one array a column instead (``unnest``);
SQLite's own executemany is fast as it is.

PostgreSQL plans by statistics, and keeps plans. Tables that were empty a moment ago look to it as
if any index would do, which makes a large import quadratic; hence :func:`refresh_statistics`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Dialect, Table, bindparam, func, text
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session

from backstay.spi import Fixed, context_of

Row = tuple[Any, ...]
Item = TypeVar("Item")
_PIECE: Final = 1000
"""Values of a statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""
LARGE: Final = 100
"""From so many rows on, a batch makes statistics that know fewer worth renewing."""


def table_of(model: type[DeclarativeBase]) -> Table:
    """The table that a model maps."""
    table = model.__table__
    if not isinstance(table, Table):
        message = f"{model.__name__} maps no table"
        raise TypeError(message)
    return table


def insert_rows(
    session: Session, table: Table, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Insert rows; the caller writes the audit rows.

    Arguments:
        columns: names of the columns in the order of the values; ``company_id`` is among them.
        rows: values as the models have them (Decimal, date, enum ...).
    """
    if not rows:
        return
    _check_companies(session, columns, rows)
    connection = session.connection()
    processors = _processors(table, columns, connection.dialect)
    if connection.dialect.name == "postgresql":
        statement = _insert(table, columns, connection.dialect, one=len(rows) == 1)
        statement.execute(connection, _given(columns, rows, processors))
    else:
        names, marks = ", ".join(columns), ", ".join("?" for _name in columns)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608
            _as_rows(rows, processors),
        )


def update_rows(
    session: Session,
    table: Table,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Sequence[Row],
) -> Callable[[], int]:
    """Set columns of rows found by their keys; the caller writes the audit rows.

    Arguments:
        keys: names of the columns that are compared; ``company_id`` is among them.
        rows: the values of the keys, then those of the columns.

    Returns:
        what tells how many rows were changed; sent together with other statements, it waits.
    """
    if not rows:
        return lambda: 0
    _check_companies(session, keys, rows)
    connection = session.connection()
    names = keys + columns
    processors = _processors(table, names, connection.dialect)
    if connection.dialect.name == "postgresql":
        statement = _update(table, keys, columns, connection.dialect, one=len(rows) == 1)
        done = statement.execute(connection, _given(names, rows, processors))
        return lambda: done.rowcount
    changes = ", ".join(f"{name} = ?" for name in columns)
    found = " AND ".join(f"{name} = ?" for name in keys)
    turned = [row[len(keys) :] + row[: len(keys)] for row in _as_rows(rows, processors)]
    count = connection.exec_driver_sql(
        f"UPDATE {table.name} SET {changes} WHERE {found}",  # noqa: S608
        turned,
    ).rowcount
    return lambda: count


def among(
    session: Session, column: InstrumentedAttribute[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """That a column has one of many values: one parameter on PostgreSQL, not one a value."""
    if session.get_bind().dialect.name == "sqlite":
        return column.in_(values)
    given = bindparam(None, list(values), type_=ARRAY(column.type))
    return column == func.any(given)


def pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Items a thousand at a time, for statements that name each of them."""
    for start in range(0, len(items), _PIECE):
        yield items[start : start + _PIECE]


def refresh_statistics(session: Session, table: Table, added: int) -> None:
    """Let PostgreSQL count a table anew once a batch has made it much larger than it thinks."""
    if added < LARGE:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return
    known = connection.scalar(
        text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)"),
        {"name": table.name},
    )
    if known is not None and known <= added:
        # Whoever analyses it at this moment does our work; waiting could deadlock.
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {table.name}")


def _check_companies(session: Session, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Driver statements pass by the record rules of the session, so they are kept here."""
    allowed = context_of(session).company_ids
    companies = set(map(itemgetter(columns.index("company_id")), rows))
    if allowed is not None and not companies <= allowed:
        message = "rows of another company can't be written"
        raise PermissionError(message)


Processor = Callable[[Any], Any] | None


@lru_cache
def _processors(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[Processor, ...]:
    return tuple(
        table.columns[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns
    )


@lru_cache
def _insert(table: Table, columns: tuple[str, ...], dialect: Dialect, *, one: bool) -> Fixed:
    """The statement of :func:`insert_rows` on PostgreSQL, for one row or for many."""
    source = _source(table, columns, dialect, one=one)
    return Fixed(text(f"INSERT INTO {table.name} ({', '.join(columns)}) {source}"))


@lru_cache
def _update(
    table: Table, keys: tuple[str, ...], columns: tuple[str, ...], dialect: Dialect, *, one: bool
) -> Fixed:
    """The statement of :func:`update_rows` on PostgreSQL, for one row or for many."""
    names = keys + columns
    changes = ", ".join(f"{name} = given.{name}" for name in columns)
    found = " AND ".join(f"changed.{name} = given.{name}" for name in keys)
    return Fixed(
        text(
            f"UPDATE {table.name} AS changed SET {changes}"  # noqa: S608
            f" FROM ({_source(table, names, dialect, one=one)}) AS given({', '.join(names)})"
            f" WHERE {found}"
        )
    )


def _source(table: Table, columns: tuple[str, ...], dialect: Dialect, *, one: bool) -> str:
    """What PostgreSQL takes rows from: an array for each column, or the values of one row."""
    many = "" if one else "[]"
    # Without a length: a cast to VARCHAR(n) would cut in silence.
    casts = ", ".join(
        f"CAST(:{name} AS {table.columns[name].type.compile(dialect).partition('(')[0]}{many})"
        for name in columns
    )
    return f"SELECT {casts}" if one else f"SELECT * FROM unnest({casts})"  # noqa: S608


def _given(
    columns: tuple[str, ...], rows: Sequence[Row], processors: tuple[Processor, ...]
) -> dict[str, str | None]:
    """The parameters of such a source: a text for each column."""
    if len(rows) > 1:
        return dict(zip(columns, map(_literal, _as_columns(rows, processors)), strict=True))
    return {
        name: None if value is None else str(value if process is None else process(value))
        for name, value, process in zip(columns, rows[0], processors, strict=True)
    }


def _as_columns(rows: Sequence[Row], processors: tuple[Processor, ...]) -> tuple[list[Any], ...]:
    return tuple(
        list(values) if process is None else [process(value) for value in values]
        for values, process in zip(zip(*rows, strict=True), processors, strict=True)
    )


def _as_rows(rows: Sequence[Row], processors: tuple[Processor, ...]) -> list[Row]:
    return list(zip(*_as_columns(rows, processors), strict=True))


def _literal(values: list[Any]) -> str:
    """A PostgreSQL array as text: the driver's own conversion takes ten times as long."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, int):
        return "{" + repr(values)[1:-1].replace("None", "NULL") + "}"
    texts = ["NULL" if value is None else _quoted(str(value)) for value in values]
    return "{" + ",".join(texts) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
