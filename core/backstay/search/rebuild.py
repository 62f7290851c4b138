"""Making the index from the records, and telling where it differs from them.

Both go through a table in stretches by id, each a transaction of its own, so a rebuild can run
while people work and costs no more memory for a million rows than for a thousand.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select

from backstay.db.base import plugin_of
from backstay.db.context import operator_context
from backstay.db.engine import unhurried
from backstay.search.models import SearchDefinition, SearchRow
from backstay.search.upkeep import index_row, remove_rows, searched_columns, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.search.declared import Searched
    from backstay.search.upkeep import Key

STRETCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the index of one table stands to its records.

    Arguments:
        records: rows of the table.
        stale: records that the index misses or knows with other words.
        surplus: rows of the index without a record.
    """

    entity: str
    records: int
    stale: int
    surplus: int

    @property
    def equal(self) -> bool:
        """Whether the index says exactly what the records say."""
        return not self.stale and not self.surplus


def check_index(database: Database, suite: Suite) -> list[Comparison]:
    """Compare the index with all records; changes nothing."""
    return [_go_through(database, searched, write=False) for searched in _sorted(suite)]


def rebuild_index(
    database: Database, suite: Suite, progress: Callable[[str, int], None] | None = None
) -> list[Comparison]:
    """Bring the index in line with all records.

    Arguments:
        progress: told the table and how many of its records are done.

    Returns:
        what had been different.
    """
    done = []
    for searched in _sorted(suite):
        done.append(_go_through(database, searched, write=True, progress=progress))
        _remember(database, searched)
    return done


def build_missing(
    database: Database,
    suite: Suite,
    progress: Callable[[str, int], None] | None = None,
    *,
    leave_out: frozenset[str] = frozenset(),
) -> list[Comparison]:
    """Make the index of the tables that have none yet, or one of another declaration.

    Arguments:
        leave_out: plugins whose tables do not fit their code.
    """
    with database.reading_connection() as connection:
        known = {
            row.entity: row.definition
            for row in connection.execute(
                select(SearchDefinition.entity, SearchDefinition.definition)
            )
        }
    done = []
    for searched in _sorted(suite):
        if plugin_of(searched.model) in leave_out:
            continue
        if known.get(searched.entity) != searched.definition:
            done.append(_go_through(database, searched, write=True, progress=progress))
            _remember(database, searched)
    return done


def _sorted(suite: Suite) -> list[Searched]:
    return [searched for _entity, searched in sorted(suite.searched.items())]


def _go_through(
    database: Database,
    searched: Searched,
    *,
    write: bool,
    progress: Callable[[str, int], None] | None = None,
) -> Comparison:
    records = stale = surplus = 0
    last = -(2**63)
    while True:
        with _transaction(database, write=write) as connection:
            found = _stretch(connection, searched, last, lock=write)
            # Beyond the last stretch nothing but surplus rows of the index can be.
            end = found[-1][0][2] if len(found) == STRETCH else None
            there = _indexed(connection, searched, last, end)
            wanted = dict(found)
            changed = [(key, text) for key, text in found if there.get(key) != text]
            gone = [key for key in there if key not in wanted]
            if write:
                for some in _chunks(gone):
                    remove_rows(connection, some)
                write_rows(connection, changed)
        records += len(found)
        stale += len(changed)
        surplus += len(gone)
        if progress is not None:
            progress(searched.entity, records)
        if end is None:
            return Comparison(searched.entity, records, stale, surplus)
        last = end


@contextmanager
def _transaction(database: Database, *, write: bool) -> Iterator[Connection]:
    if not write:
        with database.reading_connection() as connection:
            yield connection
        return
    with database.write(operator_context("system:search")) as session:
        yield session.connection()


def _stretch(
    connection: Connection, searched: Searched, after: int, *, lock: bool
) -> list[tuple[Key, str]]:
    unhurried(connection)
    table = searched.model.__table__
    query = (
        select(*searched_columns(searched))
        .where(table.c.id > after)
        .order_by(table.c.id)
        .limit(STRETCH)
    )
    if lock:
        # Nobody changes a record between our reading it and our writing its words.
        query = query.with_for_update(read=True)
    return [index_row(searched, row._mapping) for row in connection.execute(query)]  # noqa: SLF001


def _indexed(
    connection: Connection, searched: Searched, after: int, end: int | None
) -> dict[Key, str]:
    row: Any = SearchRow.__table__
    query = select(row.c.company_id, row.c.record_id, row.c.text).where(
        row.c.entity == searched.entity, row.c.record_id > after
    )
    if end is not None:
        query = query.where(row.c.record_id <= end)
    return {
        (searched.entity, company, record): text
        for company, record, text in connection.execute(query)
    }


def _chunks(keys: list[Key]) -> Iterator[list[Key]]:
    for start in range(0, len(keys), 500):
        yield keys[start : start + 500]


def _remember(database: Database, searched: Searched) -> None:
    row: Any = SearchDefinition.__table__
    with _transaction(database, write=True) as connection:
        connection.execute(delete(row).where(row.c.entity == searched.entity))
        connection.execute(
            row.insert().values(entity=searched.entity, definition=searched.definition)
        )
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE core_search")
        else:
            connection.exec_driver_sql(
                "INSERT INTO core_search_words (core_search_words) VALUES ('optimize')"
            )
