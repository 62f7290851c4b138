"""Guards see the tables of their own schema, and keep rows from being replaced unseen."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect

from backstay.db.guards import (
    Guard,
    append_only,
    drop_guards,
    guards_are_missing,
    install_guards,
)

if TYPE_CHECKING:
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


def test_functions_that_look_elsewhere_for_their_tables_are_made_anew(
    database: Database, suite: Suite
) -> None:
    """As those are that an earlier version of Backstay made."""
    if database.is_sqlite:
        return  # its triggers see the tables of their own file
    base = suite.part("ledger").base
    assert base is not None
    with database.engine.connect() as connection:
        assert not guards_are_missing(connection, base.metadata)
        connection.exec_driver_sql("ALTER FUNCTION ledger_entry__posting() RESET search_path")
        assert guards_are_missing(connection, base.metadata)
        install_guards(connection, base.metadata)
        assert not guards_are_missing(connection, base.metadata)


def test_a_guard_that_says_something_else_now_is_made_anew(
    database: Database, suite: Suite
) -> None:
    """As an earlier version of Backstay said it, under the same name."""
    base = suite.part("ledger").base
    assert base is not None
    with database.engine.connect() as connection:
        assert not guards_are_missing(connection, base.metadata)
        earlier = MetaData(info={"plugin": "ledger", "guards": []})
        for guard in base.metadata.info["guards"]:
            said = [
                tuple(one.replace("'A set of values", "'Each set of values") for one in statements)
                for statements in (guard.sqlite, guard.postgresql)
            ]
            earlier.info["guards"].append(Guard(guard.table, guard.name, *said))
        install_guards(connection, earlier)
        assert guards_are_missing(connection, base.metadata)
        install_guards(connection, base.metadata)
        assert not guards_are_missing(connection, base.metadata)


def test_guards_that_are_dropped_leave_no_function_behind(database: Database, suite: Suite) -> None:
    if database.is_sqlite:
        return  # its triggers call none
    base = suite.part("ledger").base
    assert base is not None
    functions = "SELECT count(*) FROM pg_proc WHERE starts_with(proname, 'ledger_')"
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(functions).scalar_one() > 0
        drop_guards(connection, base.metadata)
        assert connection.exec_driver_sql(functions).scalar_one() == 0
        install_guards(connection, base.metadata)
        assert not guards_are_missing(connection, base.metadata)


def test_a_row_of_a_composite_key_is_not_replaced_by_its_hidden_number() -> None:
    metadata = MetaData(info={"plugin": "places", "guards": []})
    table = Table(
        "places_line",
        metadata,
        Column("entry_id", Integer, primary_key=True),
        Column("line_no", Integer, primary_key=True),
    )
    append_only(table, "A line stays.")
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        install_guards(connection, metadata)
        assert inspect(connection).has_table("places_line")
        run = connection.exec_driver_sql
        run("INSERT INTO places_line (entry_id, line_no) VALUES (1, 1), (1, 2)")
        for statement in (
            "INSERT OR REPLACE INTO places_line (rowid, entry_id, line_no) VALUES (1, 9, 9)",
            "UPDATE OR REPLACE places_line SET rowid = 1 WHERE line_no = 2",
        ):
            with pytest.raises(Exception, match="A line stays") as refused:
                run(statement)
            assert isinstance(refused.value.__cause__, sqlite3.Error)
        rows = run("SELECT rowid, entry_id, line_no FROM places_line").all()
        assert [tuple(row) for row in rows] == [(1, 1, 1), (2, 1, 2)]
    engine.dispose()
