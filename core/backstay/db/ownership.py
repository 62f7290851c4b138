"""A plugin writes its own tables only: every statement is looked at before it is sent.

The prefix of a table says whose it is, and backstay.db.acting who writes. Looking at the statement
itself covers objects, statements over models and tables, texts and the driver's SQL alike. Rows of
core are changed through core's services; a plugin that adds one or writes a statement over a table
of core by itself is refused as well.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from backstay.db.acting import CORE, acting
from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from types import FrameType

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session, sessionmaker

_WRITTEN: Final = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?(?:\s+ONLY)?"
    r"|DELETE\s+FROM(?:\s+ONLY)?|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?(?:\s+ONLY)?"
    r"|COPY|(?:CREATE|ALTER|DROP)\s+TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)"
    r"\s+(?:\"?\w+\"?\.)?\"?([A-Za-z]+)_\w*",
    re.IGNORECASE,
)
_READS: Final = re.compile(r"\s*(?:SELECT|PRAGMA|SAVEPOINT|RELEASE|SET|ANALYZE)\b", re.IGNORECASE)
_LIBRARY: Final = "sqlalchemy."
_SENDERS: Final = frozenset({__name__, "backstay.db.fixed"})
_FLUSH: Final = "sqlalchemy.orm.unitofwork"


class ForeignWrite(ConfigurationError):
    """A plugin wrote to a table that is not its own; nothing of the transaction is kept."""

    def __init__(self, plugin: str, owner: str) -> None:
        """Say what its author has to do instead."""
        way = "core's services" if owner == CORE else f"the contract or the api of {owner}"
        super().__init__(
            f"{plugin} may not write to the tables of {owner}: it has to call {way}."
            " Nothing was saved"
        )
        self.plugin = plugin
        self.owner = owner


def refuse_foreign_writes(engine: Engine, factory: sessionmaker[Session]) -> None:
    """Look at every statement of an engine, and at every object that comes into its sessions."""
    event.listen(engine, "before_cursor_execute", _look_at)
    event.listen(factory, "before_attach", _look_at_row)


def owners_written(statement: str) -> frozenset[str]:
    """Whose tables a statement changes, by the prefixes of their names."""
    return frozenset() if _READS.match(statement) else _owners(statement)


@lru_cache(maxsize=1024)
def _owners(statement: str) -> frozenset[str]:
    first = _WRITTEN.match(statement.lstrip())
    if first is not None and "with" not in statement.lower():
        # Nothing else in it writes, and statements of bulk are long.
        return frozenset({first[1].lower()})
    return frozenset(found.lower() for found in _WRITTEN.findall(statement))


def _look_at(
    _connection: Connection, _cursor: Any, statement: str, _values: Any, _context: Any, _many: Any
) -> None:
    plugin = acting()
    if plugin == CORE:
        return
    for owner in owners_written(statement):
        if owner not in {plugin, CORE} or (owner == CORE and _sent_by_plugin()):
            raise ForeignWrite(plugin, owner)


def _look_at_row(_session: Session, row: Any) -> None:
    plugin = acting()
    if plugin == CORE:
        return
    if row.metadata.info["plugin"] == CORE and _sent_by_plugin():
        raise ForeignWrite(plugin, CORE)


def _sent_by_plugin() -> bool:
    """Whether the innermost code that is neither SQLAlchemy's nor this module's is no core code.

    What a flush sends was looked at when it came into the session.
    """
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - there is no public way to look up
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module == _FLUSH:
            return False
        if not module.startswith(_LIBRARY) and module not in _SENDERS:
            return not module.startswith("backstay.")
        frame = frame.f_back
    return False


__all__ = ["ForeignWrite", "owners_written", "refuse_foreign_writes"]
