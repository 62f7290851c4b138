"""Audit files: the books of a year in the form in which an authority or an auditor takes them.

A plugin declares its formats with the hook ``backstay_audit_file_formats``; the general ledger
offers them on the command line (``backstay ledger export``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from decimal import Decimal

    from sqlalchemy.orm import Session

    from backstay.contracts.books import BookSpan
    from backstay.i18n import Text


class AuditFileTarget(Protocol):
    """A file that can be written and then read from its beginning, such as an open binary file."""

    def write(self, data: bytes, /) -> int:
        """Add bytes."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...

    def readline(self, size: int = -1, /) -> bytes:
        """The next line, or as much of it as is asked for."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place, counted from the beginning."""
        ...

    def flush(self) -> None:
        """Bring to the file what was written."""
        ...


@dataclass(frozen=True, slots=True)
class AuditFileMade:
    """What is in a file that was made, as it was read back from the file itself.

    Arguments:
        file_name: what the rules of the format call the file.
        entries, lines: how many it has.
        debit, credit: sums of the lines in the base currency of the company, both positive.
        accounts: how many accounts have a balance or a line.
        notes: what whoever hands the file out should know, for people.
    """

    file_name: str
    start: date
    end: date
    entries: int
    lines: int
    debit: Decimal
    credit: Decimal
    accounts: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditFileFormat:
    """A form of audit file.

    Arguments:
        name: unique among all plugins, small letters and digits: ``saft``, ``fec``.
        label: what people read.
        help: for whom it is, in one sentence.
        ending: of the file's name, such as ``xml``.
        media_type: what it is served as.
        make: writes the file, reads it back and compares it with the books. It raises Conflict
            where the company lacks something (no number, another currency), and Invalid where the
            books do not fit the form or the file does not read back: then the file is not to be
            handed out.
    """

    name: str
    label: Text
    help: Text
    ending: str
    media_type: str
    make: Callable[[Session, BookSpan, AuditFileTarget], AuditFileMade]
