"""How much a database does for a piece of work, told without a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from .conftest import Books


def steps(session: Session, work: Callable[[], Any]) -> int:
    """How many steps SQLite's machine takes for it, in tens."""
    connection: Any = session.connection().connection.driver_connection
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(step, 10)
    work()
    connection.set_progress_handler(None, 0)
    assert count
    return count


def lines_read(session: Session, work: Callable[[], Any]) -> int:
    """How many lines PostgreSQL reads for it, by whatever way."""

    def read() -> int:
        found = session.connection().exec_driver_sql(
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
            " FROM pg_stat_xact_user_tables WHERE relname = 'ledger_line'"
        )
        return int(found.scalar_one())

    use_indexes(session)
    before = read()
    work()
    return read() - before


def use_indexes(session: Session) -> None:
    """The few rows of a test would not be worth an index to PostgreSQL."""
    for setting in ("enable_seqscan", "enable_bitmapscan"):
        session.connection().exec_driver_sql(f"SET LOCAL {setting} = off")


def plan_of(books: Books, session: Session, work: Callable[[], Any]) -> str:
    """The plan of the first statement that it sends."""
    connection = session.connection()
    sent: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        sent.append((given[2], given[3]))

    event.listen(books.database.engine, "before_cursor_execute", note)
    work()
    event.remove(books.database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if books.database.is_sqlite else "EXPLAIN "
    rows = connection.exec_driver_sql(explain + sent[0][0], sent[0][1]).all()
    return "\n".join(str(row[-1]) for row in rows)
