"""Making an audit file: write, read back, compare; only then it may be handed out.

Writers and readers are loaded when the first file is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.contracts.audit_files import AuditFileFormat, AuditFileMade
from backstay.spi import authorize
from backstay.spi import lazy as _
from backstay_auditfiles.books import books_of
from backstay_auditfiles.formats.reading import ZERO
from backstay_auditfiles.permissions import FILE_MAKE

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.contracts.audit_files import AuditFileTarget
    from backstay.contracts.books import BookSpan
    from backstay_auditfiles.formats.reading import FileRead


def make_fec(session: Session, span: BookSpan, target: AuditFileTarget) -> AuditFileMade:
    """The FEC of some days, usually a fiscal year.

    Raises:
        Invalid: the books do not fit an FEC, or the file does not read back.
        Conflict: the company has no SIREN, or its books are not in euros.
    """
    from backstay_auditfiles.formats.checking import check_against_books
    from backstay_auditfiles.formats.fec import brought_forward, notes_on, write_fec
    from backstay_auditfiles.formats.fec_reader import read_fec

    authorize(session, FILE_MAKE)
    name = write_fec(session, span, target)
    target.flush()
    read = read_fec(target)
    books = books_of(session)
    brought = brought_forward(books.accounts(session, span), books.parties(session, span))
    debits = sum((amount for _code, _party, amount in brought if amount > 0), ZERO)
    check_against_books(session, span, read, debits)
    return _made(name, span, read, tuple(notes_on(session, span)))


def make_saft(session: Session, span: BookSpan, target: AuditFileTarget) -> AuditFileMade:
    """The SAF-T file of some days.

    Raises:
        Invalid: the books do not fit SAF-T, or the file does not read back.
        Conflict: something that the file says of the company is missing.
    """
    from backstay_auditfiles.formats.checking import check_against_books
    from backstay_auditfiles.formats.saft import write_saft
    from backstay_auditfiles.formats.saft_reader import read_saft

    authorize(session, FILE_MAKE)
    name = write_saft(session, span, target)
    target.flush()
    read = read_saft(target)
    check_against_books(session, span, read)
    return _made(name, span, read)


def _made(name: str, span: BookSpan, read: FileRead, notes: tuple[str, ...] = ()) -> AuditFileMade:
    used = sum(1 for one in read.accounts.values() if one.opening or one.debit or one.credit)
    return AuditFileMade(
        name,
        span.start,
        span.end,
        read.entries,
        read.lines,
        read.debit,
        read.credit,
        used,
        notes,
    )


FEC: Final = AuditFileFormat(
    name="fec",
    label=_("FEC (France)"),
    help=_("The fichier des écritures comptables that a French tax inspector asks for."),
    ending="txt",
    media_type="text/plain",
    make=make_fec,
)
SAFT: Final = AuditFileFormat(
    name="saft",
    label=_("SAF-T (OECD 2.00)"),
    help=_("The Standard Audit File for Tax: chart, parties, taxes and all entries as XML."),
    ending="xml",
    media_type="application/xml",
    make=make_saft,
)
FORMATS: Final = (SAFT, FEC)
