"""Statements that are sent again and again, compiled once for each database.

SQLAlchemy finds the compiled form of a statement each time, binds its values and describes its
answer before the driver gets it; for what every request sends that takes longer than the driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Numeric
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection, Dialect, Executable
    from sqlalchemy.types import TypeEngine

    from backstay.db.prepared import Prepared

Row: TypeAlias = tuple[Any, ...]
Convert: TypeAlias = "Callable[[Any], Any]"


class Answer:
    """What a fixed statement is answered: rows with the values of its columns in their order.

    Sent together with others (:func:`backstay.spi.together`) it may still be on its way; who asks
    for it sends what waits, and waits for it.
    """

    __slots__ = ("_convert", "_fetch", "_found")

    def __init__(
        self, fetch: Callable[[], tuple[list[Row], int]], convert: tuple[Convert | None, ...]
    ) -> None:
        """Know where rows come from; ``convert`` makes values of each column, if any has to."""
        self._fetch = fetch
        self._convert = convert
        self._found: tuple[list[Row], int] | None = None

    @property
    def rowcount(self) -> int:
        """How many rows were changed or found."""
        return self._get()[1]

    def all(self) -> list[Row]:
        """Every row."""
        return self._get()[0]

    def first(self) -> Row | None:
        """The first row, or None."""
        rows = self.all()
        return rows[0] if rows else None

    def scalar(self) -> Any:
        """The first value of the first row, or None."""
        row = self.first()
        return None if row is None else row[0]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.all())

    def _get(self) -> tuple[list[Row], int]:
        if self._found is None:
            rows, count = self._fetch()
            if self._convert:
                rows = [
                    tuple(
                        value if make is None else make(value)
                        for value, make in zip(row, self._convert, strict=True)
                    )
                    for row in rows
                ]
            self._found = rows, count
        return self._found


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one database takes it, and how its values are turned on both ways."""

    sql: str
    order: tuple[str, ...]
    """Names of the parameters in the order of their marks (SQLite)."""
    constants: dict[str, Any]
    given: tuple[tuple[str, Convert], ...]
    answered: tuple[Convert | None, ...]
    """For each column; empty where none is turned."""
    prepared: Prepared | None
    """What is sent to PostgreSQL."""

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found = {**self.constants, **values}
        for name, convert in self.given:
            found[name] = convert(found[name])
        return found


class Fixed:
    """A statement whose text is always the same, however its values differ.

    It is sent past SQLAlchemy's and psycopg's layers, with what :class:`backstay.db.database`
    looks at before any statement. A statement that lists the values of an IN is no fixed one.
    """

    def __init__(self, statement: Executable) -> None:
        """Compile it when it is first sent."""
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def execute(self, connection: Connection, values: Mapping[str, Any] | None = None) -> Answer:
        """Send it, or let it wait for the others of its block.

        Arguments:
            values: of all of its named parameters, as the columns take them.

        Raises:
            KeyError: one is missing.
            DBAPIError: the database refuses it, as for any other statement.
        """
        form = self._forms.get(connection.dialect.name)
        if form is None:
            form = self._forms[connection.dialect.name] = self._compile(connection.dialect)
        given = form.values(values or {})
        prepared = form.prepared
        asked = given if prepared is not None else tuple([given[name] for name in form.order])
        if not connection.in_transaction():
            connection.begin()
        for look in connection.dispatch.before_cursor_execute:
            look(connection, None, form.sql, asked, None, False)  # noqa: FBT003 - SQLAlchemy's event
        if prepared is not None:
            return Answer(prepared.send(connection, given), form.answered)
        return Answer(_on_sqlite(connection, form.sql, asked), form.answered)

    def _compile(self, dialect: Dialect) -> _Form:
        statement: Any = self._statement
        compiled = statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params:
            message = f"the text of this statement depends on its values: {self._statement}"
            raise TypeError(message)
        names = {name: parameter for parameter, name in compiled.bind_names.items()}
        if compiled.literal_execute_params:
            # Values that stand in the text itself, such as what joins aggregated strings. They are
            # put there when every parameter has a value, whichever.
            whole = statement.params({name: None for name, one in names.items() if one.required})
            compiled = whole.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
            names = {name: one for name, one in names.items() if not one.literal_execute}
        turned = {name: _bind(one.type, dialect) for name, one in names.items()}
        answered = tuple(_result(one.type, dialect) for one in compiled._result_columns)  # noqa: SLF001
        prepared = None
        if dialect.name == "postgresql":
            # Not imported where SQLite serves.
            from backstay.db.prepared import Prepared

            prepared = Prepared(compiled.string)
        return _Form(
            compiled.string,
            tuple(compiled.positiontup or ()),
            {name: one.effective_value for name, one in names.items() if not one.required},
            tuple((name, convert) for name, convert in turned.items() if convert is not None),
            answered if any(answered) else (),
            prepared,
        )


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    if isinstance(kind, Numeric) and dialect.name == "postgresql":
        return None  # psycopg tells by the answer what it is
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _on_sqlite(
    connection: Connection, sql: str, parameters: Any
) -> Callable[[], tuple[list[Row], int]]:
    """Carry it out; its rows are read at once, for one that changes ends only with the last."""
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        cursor = driver.execute(sql, parameters)
        found = cursor.fetchall(), cursor.rowcount
    except errors as error:
        raise DBAPIError.instance(
            sql, parameters, error, errors, dialect=connection.dialect
        ) from error
    return lambda: found


__all__ = ["Answer", "Fixed"]
