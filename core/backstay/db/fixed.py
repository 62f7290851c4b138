"""Statements that are sent again and again, compiled once for each database.

SQLAlchemy finds the compiled form of a statement each time, binds its values and describes its
answer before the driver gets it; for what every request sends that takes longer than the driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, CursorResult, Dialect, Executable


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one driver takes it."""

    sql: str
    order: tuple[str, ...] | None
    """Names of the parameters in the order of their marks; None where they are given by name."""
    constants: dict[str, Any]
    convert: tuple[tuple[str, Callable[[Any], Any]], ...]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        given = {**self.constants, **values}
        for name, convert in self.convert:
            given[name] = convert(given[name])
        return given if self.order is None else tuple(given[name] for name in self.order)


class Fixed:
    """A statement whose text is always the same, however its values differ.

    Its answer comes as the driver gives it: numbers and texts are what they are, but SQLite has
    neither dates nor truth values. A statement that lists the values of an IN is no fixed one.
    """

    def __init__(self, statement: Executable) -> None:
        """Compile it when it is first sent."""
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def execute(
        self, connection: Connection, values: Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        """Send it.

        Arguments:
            values: of all of its named parameters, as the columns take them.

        Raises:
            KeyError: one is missing.
        """
        form = self._forms.get(connection.dialect.name)
        if form is None:
            form = self._forms[connection.dialect.name] = self._compile(connection.dialect)
        return connection.exec_driver_sql(form.sql, form.parameters(values or {}))

    def _compile(self, dialect: Dialect) -> _Form:
        compiled: Any = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params:
            message = f"the text of this statement depends on its values: {self._statement}"
            raise TypeError(message)
        convert = []
        names = {name: parameter for parameter, name in compiled.bind_names.items()}
        for name, parameter in names.items():
            process = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                convert.append((name, process))
        return _Form(
            compiled.string,
            None if compiled.positiontup is None else tuple(compiled.positiontup),
            {
                name: parameter.effective_value
                for name, parameter in names.items()
                if not parameter.required
            },
            tuple(convert),
        )


__all__ = ["Fixed"]
