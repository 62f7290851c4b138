"""The only way to a session: it has a context, applies the record rules and writes the audit rows.

One command is one write transaction. Reading and writing sessions share a pool; a session made
anywhere else answers no query over a model.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from backstay.audit.capture import record_changes
from backstay.db.base import Audit, plugin_of
from backstay.db.engine import make_engine, reading
from backstay.db.fixed import Fixed
from backstay.db.nodes import NodeLease
from backstay.db.ownership import refuse_foreign_writes
from backstay.db.rules import apply_record_rules
from backstay.errors import Unavailable
from backstay.i18n import gettext as _
from backstay.search.upkeep import keep_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Select

    from backstay.db.context import Context
    from backstay.kernel.suite import Suite

_BUSY_STATES: Final = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization failure, deadlock, lock not available, statement cancelled or too long."""
_CORE_CHANGED: Final = "core_changed"
_SAY_WHO: Final = Fixed(text("SELECT set_config('backstay.actor', :actor, true)"))
ACTOR_IS_TOLD: Final = "actor_is_told"
"""Set in ``session.info`` by whose first statement tells PostgreSQL by itself who acts."""


class Database:
    """A database with its pool, its node lease and its session factory."""

    def __init__(self, url: str, *, files: Path | None = None) -> None:
        """Connect lazily to ``sqlite:///<file>`` or ``postgresql+psycopg://...``.

        Arguments:
            files: the folder of the file store that belongs to it (backstay.files); sessions know
                it. Left out, files can be neither kept nor read.
        """
        self.url = url
        self.files = files
        self.engine: Engine = make_engine(url)
        self._reading = reading(self.engine)
        self._looking = self._reading if self.is_sqlite else make_engine(url, statements=True)
        self._nodes = NodeLease(self.engine)
        self._factory = sessionmaker(expire_on_commit=False)
        apply_record_rules(self._factory)
        record_changes(self._factory)
        keep_index(self._factory)
        refuse_foreign_writes(self.engine, self._factory)
        self.core_changes = 0
        """Counts the commits of this process that changed audited rows of core: users, roles,
        companies, tokens. What is remembered of them is looked up anew when it rises."""
        if not self.is_sqlite:
            event.listen(self._factory, "after_begin", _say_who)
        event.listen(self._factory, "after_flush", _note_core_changes)
        event.listen(self._factory, "after_commit", self._count_core_changes)

    def _count_core_changes(self, session: Session) -> None:
        if session.info.pop(_CORE_CHANGED, False):
            self.core_changes += 1

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the single-machine database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Both pools: that of transactions, and on PostgreSQL that of single reading statements."""
        return (self.engine,) if self.is_sqlite else (self.engine, self._looking)

    def look(self, context: Context, suite: Suite | None = None) -> Session:
        """A session for reading a page, which the caller closes; each statement stands for itself.

        What has to be read as of one moment, or as a stream, is read with :meth:`read`.
        """
        return self._open(self._looking, context, suite, write=False)

    def open(self, context: Context, suite: Suite | None = None, *, write: bool) -> Session:
        """A session that the caller closes; ``read`` and ``write`` below do it for you."""
        if write:
            self._nodes.ensure()
        return self._open(self.engine if write else self._reading, context, suite, write=write)

    def _open(
        self, engine: Engine | Connection, context: Context, suite: Suite | None, *, write: bool
    ) -> Session:
        session = self._factory(bind=engine)
        session.info.update(context=context, suite=suite, write=write, files=self.files)
        return session

    @contextmanager
    def read(self, context: Context, suite: Suite | None = None) -> Iterator[Session]:
        """A session that can't write."""
        session = self.open(context, suite, write=False)
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def write(self, context: Context, suite: Suite | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back when anything is raised.

        Raises:
            Unavailable: the database was busy for too long; the same may succeed a moment later.
        """
        session = self.open(context, suite, write=True)
        try:
            yield session
            session.commit()
        except OperationalError as error:
            session.rollback()
            if is_busy(error):
                raise Unavailable(busy_message()) from error
            raise
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    def prepare_to_write(self) -> None:
        """Make sure that ids can be made, before the caller begins a transaction of its own."""
        self._nodes.ensure()

    @contextmanager
    def joined(
        self, connection: Connection, context: Context, suite: Suite | None = None
    ) -> Iterator[Session]:
        """A session within the caller's transaction, for changes of rows beside those of tables.

        The caller has called :meth:`prepare_to_write` and commits.
        """
        session = self._open(connection, context, suite, write=True)
        try:
            yield session
            session.commit()
        finally:
            session.close()

    @contextmanager
    def reading_connection(self) -> Iterator[Connection]:
        """A plain connection for the kernel's own tables, before there is a context."""
        with self._reading.connect() as connection:
            yield connection

    def look_up(
        self, statement: Select[Any] | Fixed, values: Mapping[str, Any] | None = None
    ) -> Any:
        """The first value of one small query of the kernel, which every request sends.

        Arguments:
            values: of the statement's parameters.
        """
        with self._looking.connect() as connection:
            if isinstance(statement, Fixed):
                return statement.execute(connection, values).scalar()
            return connection.scalar(statement, values)

    def listen(self, name: str, function: Callable[..., None]) -> None:
        """Have a function called at an event of every session, for instance ``after_commit``."""
        event.listen(self._factory, name, function)

    def lend(self) -> None:
        """Get ready to fork a process that works while this one waits for it.

        Raises:
            Unavailable: there is no node number left to lend.
        """
        self._nodes.ensure()
        if self.is_sqlite:  # forbids to carry a connection into a forked process
            self.disconnect()

    def borrow(self) -> None:
        """In the forked process: use connections of its own and the node number of the parent."""
        for engine in self.engines:
            engine.dispose(close=False)
        self._nodes.borrow()

    def dispose(self) -> None:
        """Give the node number back and close the pool."""
        try:
            self._nodes.release()
        finally:
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connections that wait in the pools; new ones are made when they are needed."""
        for engine in self.engines:
            engine.dispose()


def _say_who(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell PostgreSQL's audit guard who acts; what it is told ends with the transaction.

    Only when the transaction begins: a job reads for minutes before it writes, and must not hold an
    idle transaction meanwhile.
    """
    info = session.info
    if info.pop(ACTOR_IS_TOLD, False):
        return
    if info.get("write") and not transaction.nested:
        _SAY_WHO.execute(connection, {"actor": session.info["context"].actor.label})


def _note_core_changes(session: Session, _context: object) -> None:
    for rows in (session.new, session.dirty, session.deleted):
        for row in rows:
            if row.__audit__ is Audit.FULL and plugin_of(type(row)) == "core":
                session.info[_CORE_CHANGED] = True
                return


def busy_message() -> str:
    """What people are told when the database is locked for too long."""
    return _("The database is busy. Nothing was saved; please try again in a moment.")


def is_busy(error: OperationalError) -> bool:
    """Whether the same transaction may well succeed when it is tried again."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _BUSY_STATES
    return "locked" in str(error.orig)


def dumps(value: object) -> str:
    """JSON with sorted keys and no spaces: the same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
