"""Records by their ids, and the columns of them that a reader may see.

Every query starts at the model, so the session's company filter holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, select

from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.resources.masking import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader

_BIGGEST_ID: Final = 2**63
_AT_ONCE: Final = 500
"""Ids that one statement names."""
_MOST_SELECTS: Final = 200


class RecordQuery:
    """Reads the records of one resource by id; made once, so that statements are reused."""

    def __init__(self, resource: Resource) -> None:
        """Start without statements: they depend on what the reader may see."""
        self.resource = resource
        self._selects: dict[tuple[str, ...], tuple[Select[Any], dict[str, int]]] = {}

    def record(self, session: Session, record_id: int) -> Any:
        """The record as its model's instance.

        Raises:
            NotFound: there is none of that id, or it is outside what the reader may see.
        """
        if 0 <= record_id < _BIGGEST_ID:
            found = session.scalars(
                select(self.resource.model).where(
                    self.resource.model.id == record_id, *self._criteria(session)
                )
            ).one_or_none()
            if found is not None:
                return found
        raise NotFound(
            _(
                "There is no %(thing)s at this address. It may have been removed, or belong to"
                " another company.",
                thing=self.resource.thing,
            )
        )

    def records(self, session: Session, ids: Sequence[int]) -> dict[int, Any]:
        """Those of the records that the reader may see, by id."""
        found: dict[int, Any] = {}
        wanted = sorted({one for one in ids if 0 <= one < _BIGGEST_ID})
        for start in range(0, len(wanted), _AT_ONCE):
            statement = select(self.resource.model).where(
                self.resource.model.id.in_(wanted[start : start + _AT_ONCE]),
                *self._criteria(session),
            )
            found.update((record.id, record) for record in session.scalars(statement))
        return found

    def values(self, session: Session, record_id: int, reader: Reader) -> dict[str, Any]:
        """The values of a record's columns by name; those that are masked are None."""
        statement, index = self._select(
            reader, tuple(column.name for column in self.resource.columns)
        )
        row = session.execute(
            statement.where(self.resource.model.id == record_id, *self._criteria(session))
        ).first()
        if row is None:
            return {}
        return {
            column.name: row[index[column.name]] if column.name in index else None
            for column in self.resource.columns
        }

    def pickable(self, session: Session, record_id: int, *, anyhow: bool = False) -> Any | None:
        """The record, if it can be picked; ``anyhow`` (picked before) asks for the scope alone."""
        if not 0 <= record_id < _BIGGEST_ID:
            return None
        statement = self._joined(select(self.resource.model)).where(
            self.resource.model.id == record_id, *self._criteria(session)
        )
        if not anyhow:
            statement = statement.where(*self._picker_criteria(session))
        return session.scalars(statement).one_or_none()

    def _criteria(self, session: Session) -> Sequence[ColumnElement[bool]]:
        return () if self.resource.criteria is None else self.resource.criteria(session)

    def _picker_criteria(self, session: Session) -> Sequence[ColumnElement[bool]]:
        criteria = self.resource.picker_criteria
        return () if criteria is None else criteria(session)

    def _joined(self, statement: Any) -> Any:
        return statement if self.resource.joins is None else self.resource.joins(statement)

    def _select(self, reader: Reader, names: tuple[str, ...]) -> tuple[Select[Any], dict[str, int]]:
        """The select of the columns that the reader may see; the others are not even read."""
        seen = tuple(
            name
            for name in names
            if (column := self.resource.column(name)) is not None
            and not masked(self.resource, column.value, reader)
        )
        if seen not in self._selects:
            if len(self._selects) >= _MOST_SELECTS:
                self._selects.clear()
            columns = [column for name in seen if (column := self.resource.column(name))]
            statement = self._joined(
                select(self.resource.model.id, *(column.value for column in columns)).select_from(
                    self.resource.model
                )
            )
            self._selects[seen] = statement, {name: i for i, name in enumerate(seen, 1)}
        return self._selects[seen]
