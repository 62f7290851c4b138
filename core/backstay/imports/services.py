"""What a person does with an import: upload, confirm, check again, discard, undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.access.permissions import Permission
from backstay.audit.reasons import give_reason
from backstay.clock import now
from backstay.db.context import authorize, context_of
from backstay.errors import Conflict, Invalid, NotFound
from backstay.i18n import gettext as _
from backstay.imports.declare import StagedRow
from backstay.imports.engine import receive, recheck
from backstay.imports.models import Import, ImportState
from backstay.imports.parse import MAX_CELL
from backstay.imports.reading import as_kinds_read, decimals_of, surface
from backstay.imports.staging import change_row, move_row, unit_named, unit_of
from backstay.imports.store import (
    content_of,
    import_by_id,
    kind_of,
    problems_of,
    references_of,
    remember_layout,
)
from backstay.jobs.models import Job, JobState
from backstay.jobs.queue import enqueue, withdraw
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from backstay.imports.declare import ImportKind
    from backstay.imports.reading import Options
    from backstay.resources.fields import Upload

PREPARE: Final = "core.import.prepare"
COMMIT: Final = "core.import.commit"
TRANSITIONS: Final[dict[str, tuple[ImportState, ...]]] = {
    "confirm": (ImportState.READY,),
    "leave_out": (ImportState.REFUSED,),
    "fix": (ImportState.REFUSED,),
    "read": (ImportState.READY, ImportState.REFUSED),
    "cancel": (ImportState.UPLOADED, ImportState.COMMITTING),
    "check": (ImportState.READY, ImportState.REFUSED),
    "discard": (ImportState.UPLOADED, ImportState.READY, ImportState.REFUSED),
    "undo": (ImportState.DONE,),
}
"""What may be done in which state: read by the services, the pages and the tests."""


@dataclass(frozen=True, slots=True)
class UndoImport:
    """Take back all that an import made, for a reason that the audit trail keeps."""

    id: int
    reason: str


def permitted_kinds(session: Session) -> list[ImportKind]:
    """The kinds of files that the person may import here."""
    context = context_of(session)
    return [kind for kind in suite_of(session).imports.values() if context.may(kind.permission)]


def create_import(session: Session, kind_name: str, upload: Upload) -> Import:
    """Keep an uploaded file and ask for its preparation.

    Raises:
        NotFound: there is no such kind.
        Forbidden: the person lacks the permission of the kind.
        Invalid: the file is empty or too large.
    """
    row = receive(session, kind_of(session, kind_name), upload)
    _ask(session, row, PREPARE)
    return row


@dataclass(frozen=True, slots=True)
class FixRow:
    """Other values for a row that something is wrong with.

    Arguments:
        number: the row, as the file counts it.
        values: column -> text; columns that are left out keep theirs.
    """

    id: int
    number: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadImport:
    """How a file is to be read: remembered for the next file with the same columns."""

    id: int
    options: Options


def leave_out(session: Session, import_id: int) -> Import:
    """Ask for the records of the rows that nothing is wrong with; the others are left out.

    Raises:
        Conflict: it was not refused, or not for single rows.
    """
    row = _changeable(session, import_id, "leave_out")
    if not can_leave_out(row):
        raise Conflict(_("No row of this file can be imported by itself. Mend it first."))
    row.options = {**(row.options or {}), "partial": True}
    row.state = ImportState.COMMITTING
    _ask(session, row, COMMIT)
    return row


def can_leave_out(row: Import) -> bool:
    """Whether a refused import has good rows beside the bad ones."""
    problems = problems_of(row)
    return (
        row.state is ImportState.REFUSED
        and row.new > 0
        and row.rows > 0
        and all(one.row is not None for one in problems)
    )


def fix_row(session: Session, command: FixRow) -> Import:
    """Put other values in a row and check what belongs to it again, nothing else.

    Raises:
        Conflict: the import was not refused.
        NotFound: the file has no such row, or the kind no such column.
    """
    row = _changeable(session, command.id, "fix")
    kind = kind_of(session, row.kind)
    unit, rows = unit_of(session, row.id, command.number)
    changed = next(one for one in rows if one.number == command.number)
    known = {column.name for column in kind.columns}
    if unknown := set(command.values) - known:
        raise NotFound(_("The file has no column “%(name)s”.", name=min(unknown)))
    values = {name: text.strip()[:MAX_CELL] for name, text in command.values.items()}
    found = (row.options or {}).get("found", {})
    # Whoever mends a row writes dates and numbers as the rest of the file does.
    typed = as_kinds_read(
        [StagedRow(command.number, values)],
        kind,
        found.get("dates", {}),
        decimals_of(found.get("decimals")),
    )
    values = next(iter(typed)).values
    if kind.group_by and values.get(kind.group_by, changed.values.get(kind.group_by)) != (
        changed.values.get(kind.group_by)
    ):
        unit = unit_named(session, row.id, kind.group_by, values[kind.group_by]) or command.number
        move_row(session, row.id, command.number, unit)
    change_row(session, row.id, command.number, {**changed.values, **values})
    touched = {unit, *(one.number for one in rows if one.number != command.number)}
    recheck(session, kind, row, sorted({unit_of(session, row.id, one)[0] for one in touched}))
    return row


def read_otherwise(session: Session, command: ReadImport) -> Import:
    """Have the file read anew in another way, and remember it for files with the same columns.

    Raises:
        Conflict: it was carried out or discarded.
    """
    row = _changeable(session, command.id, "read")
    kind = kind_of(session, row.kind)
    row.options = command.options.stored()
    header = surface(kind, content_of(session, row.id), command.options)
    remember_layout(session, row, header.fingerprint, command.options)
    row.state = ImportState.UPLOADED
    _ask(session, row, PREPARE)
    return row


def cancel_import(session: Session, import_id: int) -> Import:
    """Stop an import that is being checked or carried out; whatever it has made is undone.

    A job that runs loses its claim, so that the database refuses all it has written.

    Raises:
        Conflict: it has ended.
    """
    row = import_by_id(session, import_id)
    authorize(session, permission_of(session, row))
    was = withdraw(session, row.job_id) if row.state in TRANSITIONS["cancel"] else None
    if was is None:
        raise Conflict(_refusal("cancel"))
    if row.state is ImportState.UPLOADED:
        row.state, row.finished_at = ImportState.DISCARDED, now()
    elif was is JobState.READY:
        row.state = _before(row)
    session.flush()
    return row


def _before(row: Import) -> ImportState:
    """The state of an import before it was to be carried out."""
    return ImportState.REFUSED if row.problem_count else ImportState.READY


def confirm_import(session: Session, import_id: int) -> Import:
    """Ask for the records to be made.

    Raises:
        Conflict: it is not ready: it was refused, or somebody confirmed it already.
    """
    row = _changeable(session, import_id, "confirm")
    row.state = ImportState.COMMITTING
    _ask(session, row, COMMIT)
    return row


def check_again(session: Session, import_id: int) -> Import:
    """Ask for the same file to be checked again, after what it lacked was added.

    Raises:
        Conflict: it was carried out or discarded.
    """
    row = _changeable(session, import_id, "check")
    row.state = ImportState.UPLOADED
    _ask(session, row, PREPARE)
    return row


def discard_import(session: Session, import_id: int) -> Import:
    """Give up an import that has made nothing; the file is kept with it.

    Raises:
        Conflict: it is being carried out, or was.
    """
    row = _changeable(session, import_id, "discard")
    row.state, row.finished_at = ImportState.DISCARDED, now()
    session.flush()
    return row


def undo_import(session: Session, command: UndoImport) -> str:
    """Take back all records of an import; returns a sentence that says how.

    Raises:
        Conflict: it was not carried out, or is undone already.
        Invalid: no reason was given, or the kind can't take the records back.
    """
    if not command.reason.strip():
        raise Invalid(_("Say why; the audit trail keeps it."), field="reason")
    row = _changeable(session, command.id, "undo")
    references = references_of(session, row.id)
    if not references:
        raise Conflict(_("This import made no records, so there is nothing to undo."))
    give_reason(session, command.reason.strip())
    said = kind_of(session, row.kind).undo(session, references)
    row.state = ImportState.UNDONE
    row.notes = [*row.notes, str(said)]
    session.flush()
    return str(said)


def earlier_import(session: Session, row: Import) -> Import | None:
    """The latest import of the same file that was carried out before, if any."""
    return session.scalars(
        select(Import)
        .where(
            Import.company_id == row.company_id,
            Import.kind == row.kind,
            Import.file_hash == row.file_hash,
            Import.state == ImportState.DONE,
            Import.id < row.id,
        )
        .order_by(Import.id.desc())
        .limit(1)
    ).first()


def visible_import(session: Session, import_id: int) -> Import:
    """An import of a kind that the person may use.

    Raises:
        NotFound: there is none of this id in the company.
        Forbidden: the person lacks the permission of its kind.
    """
    row = import_by_id(session, import_id)
    authorize(session, permission_of(session, row))
    return row


def permission_of(session: Session, row: Import) -> Permission:
    """The permission that an import of this kind needs.

    Raises:
        NotFound: its module is switched off.
    """
    return kind_of(session, row.kind).permission


def job_of(session: Session, row: Import) -> Job | None:
    """The job that works on an import, or that last did."""
    return session.get(Job, row.job_id, populate_existing=True) if row.job_id else None


def is_stuck(job: Job | None) -> bool:
    """Whether nothing works on an import any more although its state says so."""
    return job is None or job.state in {JobState.DEAD, JobState.CANCELLED}


def _changeable(session: Session, import_id: int, step: str) -> Import:
    row = import_by_id(session, import_id, lock=True)
    authorize(session, permission_of(session, row))
    if row.state in TRANSITIONS[step]:
        return row
    if row.state is ImportState.COMMITTING and is_stuck(job_of(session, row)):
        # Its job was given up and has left nothing behind: the import is as it was before.
        row.state = _before(row)
        if row.state in TRANSITIONS[step]:
            return row
    if row.state is ImportState.UPLOADED and step == "check" and is_stuck(job_of(session, row)):
        return row
    raise Conflict(_refusal(step))


def _refusal(step: str) -> str:
    return {
        "confirm": _("This import can't be carried out now: it is not ready, or already done."),
        "leave_out": _("Only an import that was refused for single rows can leave rows out."),
        "fix": _("Rows can only be changed while the import is refused because of them."),
        "read": _("This import can't be read anew: it is being worked on, or already done."),
        "cancel": _("There is nothing to cancel: the import is not under way any more."),
        "check": _("This import can't be checked again: it is being worked on, or already done."),
        "discard": _("This import can't be discarded: it is being carried out, or already done."),
        "undo": _("Only an import that was carried out can be undone, and only once."),
    }[step]


def _ask(session: Session, row: Import, job: str) -> None:
    row.job_id = enqueue(session, job, {"import_id": str(row.id)}).id
    session.flush()
