"""The index: one row for each record that can be searched, with its words folded by ourselves.

It is derived from the records and can be made anew (``backstay search rebuild``). PostgreSQL finds
words by a GIN index over a tsvector of them, SQLite by an FTS5 table that triggers keep; neither
takes a text apart itself, so both find the same.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    DDL,
    ColumnClause,
    Index,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from backstay.core_base import CoreBase
from backstay.db.base import Audit, Identified, Scope, short
from backstay.db.guards import declare
from backstay.db.types import Id

WORDS: Final = "core_search_words"
"""The FTS5 table of SQLite; it holds no text of its own."""
VECTOR: Final = "core_search_vector({text})"
"""The indexed expression of PostgreSQL."""
MAKE_VECTOR: Final = (
    "CREATE OR REPLACE FUNCTION core_search_vector(words text) RETURNS tsvector"
    " LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE COST 1000 AS $$"
    " BEGIN RETURN array_to_tsvector(string_to_array(btrim(words), ' ')); END $$"
)
"""A function for the sake of its cost: taken for as cheap as its parts are by default, PostgreSQL
would read the table row by row instead of asking the index. Taken for that dear, it would start
processes that share the reading of a handful of rows, which takes longer than to read them; so it
is said not to be safe for them."""
NO_COMPANY: Final = 0


class SearchRow(Identified, CoreBase):
    """The words of one record."""

    __tablename__ = "core_search"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED
    __table_args__ = (UniqueConstraint("entity", "company_id", "record_id"),)

    entity: Mapped[str] = mapped_column(short(60))
    """The table of the record."""
    company_id: Mapped[int] = mapped_column(Id)
    """The record's company; 0 for records of no company."""
    record_id: Mapped[int] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text)
    """The words, a space before and after each; the first names entity and company."""


class SearchDefinition(CoreBase):
    """What the index of a table was made from: another declaration makes it anew."""

    __tablename__ = "core_search_definition"
    __scope__ = Scope.SHARED
    __audit__ = Audit.DERIVED

    entity: Mapped[str] = mapped_column(short(60), primary_key=True)
    definition: Mapped[str] = mapped_column(short(64))
    """Digest of the columns, their field groups and the rules of folding."""


_table: Final = SearchRow.__table__
assert isinstance(_table, Table)  # noqa: S101 - what else is it mapped to
Index(
    "ix_core_search_words",
    sql(VECTOR.format(text="text")),
    _table=_table,
    postgresql_using="gin",
).ddl_if(dialect="postgresql")
event.listen(
    _table,
    "before_create",
    DDL(MAKE_VECTOR).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)
MAKE_WORDS: Final = (
    f"CREATE VIRTUAL TABLE {WORDS} USING fts5(text, content='core_search', content_rowid='id',"
    " detail='none', columnsize=0, tokenize=\"ascii tokenchars '_.'\")"
)
event.listen(
    _table,
    "after_create",
    DDL(MAKE_WORDS).execute_if(dialect="sqlite"),  # type: ignore[no-untyped-call]
)

_add: Final = f"INSERT INTO {WORDS} (rowid, text) VALUES (NEW.id, NEW.text);"  # noqa: S608
_remove: Final = (
    f"INSERT INTO {WORDS} ({WORDS}, rowid, text) "  # noqa: S608
    "VALUES ('delete', OLD.id, OLD.text);"
)
declare(
    _table,
    "words",
    sqlite=(
        f"CREATE TRIGGER core_search__words_insert AFTER INSERT ON core_search BEGIN {_add} END",
        f"CREATE TRIGGER core_search__words_delete AFTER DELETE ON core_search BEGIN {_remove} END",
        (
            "CREATE TRIGGER core_search__words_update AFTER UPDATE ON core_search"
            f" BEGIN {_remove} {_add} END"
        ),
    ),
    postgresql=(),
)
VECTOR_OF_ROW: Final[ColumnClause[Any]] = literal_column(VECTOR.format(text="core_search.text"))
