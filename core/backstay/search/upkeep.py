"""Keeps the index with the records, in the transaction of the change itself.

Objects are followed when they are flushed; rows that a service changed by statement are followed by
the audit events that it has to write for them anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event, inspect, select, text, tuple_

from backstay.db.fixed import Fixed
from backstay.db.ids import new_ids
from backstay.search.declared import searched_in
from backstay.search.models import SearchRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session, sessionmaker

    from backstay.audit.capture import Event
    from backstay.search.declared import Searched

Key = tuple[str, int, int]
"""Entity, company and record."""


def keep_index(factory: sessionmaker[Session]) -> None:
    """Follow the objects that every session of a factory flushes."""
    event.listen(factory, "after_flush", _after_flush)


def _after_flush(session: Session, _context: Any) -> None:
    known = searched_in(session)
    written = [
        _row(searched, row)
        for row in (*session.new, *session.dirty)
        if (searched := known.get(row.__tablename__)) is not None
        and (row in session.new or _changed(searched, row))
    ]
    removed = [
        _row(searched, row)[0]
        for row in session.deleted
        if (searched := known.get(row.__tablename__)) is not None
    ]
    if written or removed:
        connection = session.connection()
        remove_rows(connection, removed)
        write_rows(connection, written)


def _changed(searched: Searched, row: Any) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in searched.attributes)


def _row(searched: Searched, row: Any) -> tuple[Key, str]:
    values = {name: getattr(row, name) for name in searched.attributes}
    company = int(row.company_id) if searched.in_company else 0
    return (searched.entity, company, row.id), searched.text(company, values)


def follow_events(session: Session, happened: Sequence[Event]) -> None:
    """Bring the rows of the index up to date whose records the events are about.

    An event of a new row says all of its values; the other rows are read.
    """
    known = searched_in(session)
    written: list[tuple[Key, str]] = []
    read: dict[str, list[int]] = {}
    for one in happened:
        searched = known.get(one.entity)
        if searched is None or not one.entity_id.isdecimal():
            continue
        record = int(one.entity_id)
        if one.before is None and one.row_hash and one.after and one.after.get("id") == record:
            company = searched.company_of(one.after)
            written.append(((searched.entity, company, record), searched.text(company, one.after)))
        elif one.row_hash or one.action == "delete":
            read.setdefault(one.entity, []).append(record)
    connection = session.connection()
    for entity, ids in read.items():
        _reread(connection, known[entity], ids)
    write_rows(connection, written)


def _reread(connection: Connection, searched: Searched, ids: list[int]) -> None:
    rows = list(records(connection, searched, ids))
    left = set(ids) - {key[2] for key, _text in rows}
    if left:
        table: Any = SearchRow.__table__
        connection.execute(
            table.delete().where(
                table.c.entity == searched.entity, table.c.record_id.in_(sorted(left))
            )
        )
    write_rows(connection, rows)


def records(
    connection: Connection, searched: Searched, ids: Iterable[int]
) -> list[tuple[Key, str]]:
    """What the index should say of records, read from their rows; the connection sees them all."""
    columns = searched_columns(searched)
    table = searched.model.__table__
    found = connection.execute(select(*columns).where(table.c.id.in_(list(ids))))
    return [index_row(searched, row._mapping) for row in found]  # noqa: SLF001 - a public attribute


def searched_columns(searched: Searched) -> list[Any]:
    """The columns of a model's rows from which the index is made, labelled by attribute."""
    mapper = inspect(searched.model)
    names = ("id", *(("company_id",) if searched.in_company else ()), *searched.attributes)
    return [mapper.column_attrs[name].columns[0].label(name) for name in dict.fromkeys(names)]


def index_row(searched: Searched, values: Any) -> tuple[Key, str]:
    """The key and the text of a record's row in the index."""
    company = searched.company_of(values)
    return (searched.entity, company, int(values["id"])), searched.text(company, values)


def write_rows(connection: Connection, rows: Sequence[tuple[Key, str]]) -> None:
    """Insert rows of the index, or give them their new text."""
    if not rows:
        return
    # The last one counts: a statement may not meet the same row twice.
    latest = dict(rows)
    ids = new_ids(len(latest))
    if connection.dialect.name == "postgresql":
        # Words have neither quotes nor backslashes, so the array needs no escapes.
        entities, companies, numbers = zip(*latest, strict=True)
        _ON_POSTGRESQL.execute(
            connection,
            {
                "ids": "{" + ",".join(map(str, ids)) + "}",
                "entities": "{" + ",".join(entities) + "}",
                "companies": "{" + ",".join(map(str, companies)) + "}",
                "numbers": "{" + ",".join(map(str, numbers)) + "}",
                "texts": '{"' + '","'.join(latest.values()) + '"}',
            },
        )
    else:
        connection.exec_driver_sql(
            _UPSERT.format("VALUES (?, ?, ?, ?, ?)"),
            [(new, *key, text) for new, (key, text) in zip(ids, latest.items(), strict=True)],
        )


_UPSERT = (
    "INSERT INTO core_search (id, entity, company_id, record_id, text) {}"
    " ON CONFLICT (entity, company_id, record_id) DO UPDATE SET text = excluded.text"
    " WHERE core_search.text <> excluded.text"
)
_ON_POSTGRESQL = Fixed(
    text(
        _UPSERT.format(
            "SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:entities AS text[]),"
            " CAST(:companies AS bigint[]), CAST(:numbers AS bigint[]), CAST(:texts AS text[]))"
        )
    )
)


def remove_rows(connection: Connection, keys: Sequence[Key]) -> None:
    """Take rows out of the index."""
    table: Any = SearchRow.__table__
    if keys:
        connection.execute(
            table.delete().where(
                tuple_(table.c.entity, table.c.company_id, table.c.record_id).in_(list(keys))
            )
        )
