"""Making the file that somebody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.contracts.books import BookSpan
from backstay.spi import (
    BackstayError,
    Conflict,
    Forbidden,
    Invalid,
    JobKind,
    JobQueue,
    JobRun,
    NotFound,
    keep_written,
    new_file,
    now,
)
from backstay.spi import lazy as _
from backstay_auditfiles.books import books_of
from backstay_auditfiles.formats.making import FORMATS
from backstay_auditfiles.models import AuditFile, AuditFileState
from backstay_auditfiles.services.files import MAKE

if TYPE_CHECKING:
    from backstay.contracts.audit_files import AuditFileMade

_FORMS: Final = {one.name: one for one in FORMATS}
_LONGEST: Final = 4000


class _Target:
    """A file on its way into the store, which can be read again before it is kept."""

    def __init__(self, incoming: Any) -> None:
        self.read = incoming.file.read
        self.readline = incoming.file.readline
        self.seek = incoming.file.seek
        self.flush = incoming.file.flush
        self.write = incoming.write


def _why(refused: BackstayError) -> str:
    """Why there is no file, a line for each thing; line and field where a file was read."""
    read = isinstance(refused, Invalid)
    return "\n".join(str(one) if read else one.message for one in refused.problems)


def make_file(job: JobRun) -> None:
    """Write a file, read it back, compare it with the books and keep it; or note why not.

    Arguments:
        job: its argument ``id`` is the file's id.
    """
    file_id = int(job.arguments["id"])
    with new_file(job.session) as incoming:
        made: AuditFileMade | None = None
        said = ""
        with job.read() as reading:
            books_of(reading).hold_still(reading)
            row = reading.get(AuditFile, file_id)
            if row is None or row.state is not AuditFileState.WAITING:
                return
            span = BookSpan(row.starts_on, row.ends_on, row.fiscal_year)
            try:
                made = _FORMS[row.form].make(reading, span, _Target(incoming))
            except (Invalid, Conflict, Forbidden, NotFound) as refused:
                said = _why(refused)[:_LONGEST]
        stored = job.session.get_one(AuditFile, file_id, with_for_update=True)
        if stored.state is not AuditFileState.WAITING:
            return
        if made is None:
            stored.state, stored.said = AuditFileState.REFUSED, said
            stored.finished_at = now()
            return
        kept = keep_written(job.session, incoming)
        stored.finished_at = now()
        stored.state, stored.name = AuditFileState.READY, made.file_name
        stored.sha256, stored.size = kept.sha256, kept.size
        stored.entries, stored.lines, stored.accounts = made.entries, made.lines, made.accounts
        stored.debit, stored.credit = made.debit, made.credit
        stored.said = "\n".join(made.notes)[:_LONGEST]


JOBS: Final = (
    JobKind(MAKE, _("Make an audit file and read it back"), make_file, queue=JobQueue.DEFAULT),
)
