"""The one engine behind every file import: read, check, then everything or nothing.

The browser runs it in two jobs with a person's confirmation in between, the command line at once;
both leave the same rows, so an import can be looked at and undone wherever it was made.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from backstay.clock import now
from backstay.db.context import authorize, company_of
from backstay.errors import (
    BackstayError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Unavailable,
)
from backstay.i18n import gettext as _
from backstay.imports.columns import fits
from backstay.imports.declare import ImportKind, Outcome, StagedRow, Validation
from backstay.imports.encoding import decode, looks_like_text
from backstay.imports.models import Import, ImportContent, ImportState
from backstay.imports.parse import Parsed, parse
from backstay.imports.store import (
    import_by_id,
    keep_problems,
    keep_references,
    kind_of,
    stage,
    staged,
)
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite
    from backstay.resources.fields import Upload

MAX_BYTES: Final = 20 * 1024 * 1024
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was read and checked; ``rows`` is empty when it could not be read."""

    rows: Sequence[StagedRow]
    validation: Validation


def receive(session: Session, kind: ImportKind, upload: Upload) -> Import:
    """Keep a file as an import of the company, unread.

    Raises:
        Forbidden: the person lacks the permission of the kind.
        Invalid: nothing was uploaded, or it is too large.
    """
    context = authorize(session, kind.permission)
    if not upload.content:
        raise Invalid(_("The file is empty. Choose another one."), field="file")
    if len(upload.content) > MAX_BYTES:
        raise Invalid(
            _(
                "The file has %(size)s MB; at most %(most)s MB can be imported at once.",
                size=len(upload.content) // 1024 // 1024 + 1,
                most=MAX_BYTES // 1024 // 1024,
            ),
            field="file",
        )
    row = Import(
        company_id=company_of(session).id,
        kind=kind.name,
        file_name=shown_name(upload.name),
        file_hash=hashlib.sha256(upload.content).hexdigest(),
        problems=[],
        notes=[],
        created_by=context.actor.label,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    session.add(ImportContent(import_id=row.id, company_id=row.company_id, content=upload.content))
    session.flush()
    return row


def shown_name(name: str) -> str:
    """A file's name as it is shown: the last part of a path, without control characters."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNPRINTABLE.sub("", last).strip()[-200:] or "import.csv"


def check(session: Session, kind: ImportKind, content: bytes) -> Checked:
    """Read a file and ask the kind what would happen; writes nothing and raises nothing."""
    try:
        parsed = read_file(session, kind, content)
    except Invalid as refused:
        problems = (*refused.problems, *_resembles(session, kind, content))
        return Checked((), Validation(problems, 0, 0))
    try:
        found = kind.validate(session, parsed.rows)
    except Invalid as refused:
        found = Validation(refused.problems, 0, 0)
    return Checked(parsed.rows, replace(found, notes=(*parsed.notes, *found.notes)))


def read_file(session: Session, kind: ImportKind, content: bytes) -> Parsed:
    """Read a file in the form that its content shows: a table, or another that the kind knows.

    Raises:
        Invalid: with one problem for each row, line or column that is wrong.
    """
    if kind.formats and looks_like_text(content):
        text, notes = decode(content)
        found = next((one for one in kind.formats if one.recognises(text)), None)
        if found is not None and not fits(text, kind.columns):
            reading = found.read(session, text)
            rows = tuple(reading.rows())
            if reading.problems:
                raise Invalid(_("The file can't be read."), problems=tuple(reading.problems))
            if not rows:
                raise Invalid(_("The file holds nothing that can be imported."), row=1)
            return Parsed(rows, (*notes, *reading.notes))
    return parse(content, kind.columns)


def _resembles(session: Session, kind: ImportKind, content: bytes) -> tuple[Problem, ...]:
    """Say which other kind the file looks like, for whoever chose the wrong one."""
    try:
        text = decode(content)[0]
    except Invalid:
        return ()
    if fits(text, kind.columns):
        return ()
    return tuple(
        Problem(
            _(
                "The columns are those of “%(label)s”: was the wrong import chosen?",
                label=one.label,
            ),
            row=1,
        )
        for one in suite_of(session).imports.values()
        if one.name != kind.name and fits(text, one.columns)
    )[:1]


def settle(session: Session, row: Import, checked: Checked) -> None:
    """Write down what the check found: ready, refused, or done when nothing is new."""
    found = checked.validation
    stage(session, row, checked.rows)
    keep_problems(row, found.problems)
    row.new, row.present = found.new, found.present
    row.notes = [str(note) for note in found.notes]
    if found.problems:
        row.state = ImportState.REFUSED
    elif found.new == 0:
        # Everything is there already: nothing is left for anybody to confirm.
        row.state, row.finished_at = ImportState.DONE, now()
    else:
        row.state = ImportState.READY
    session.flush()


def carry_out(
    session: Session, kind: ImportKind, row: Import, rows: Sequence[StagedRow]
) -> Outcome:
    """Make the records and note what was made, in the transaction of the caller.

    Raises:
        BackstayError: the kind refuses; what it had written is undone, the import is as before.
    """
    with session.begin_nested():
        outcome = kind.commit(session, rows)
    row.new, row.present = outcome.new, outcome.present
    row.notes = list(dict.fromkeys([*row.notes, *(str(note) for note in outcome.notes)]))
    row.state, row.finished_at = ImportState.DONE, now()
    keep_references(session, row, outcome.references)
    session.flush()
    return outcome


def refuse(session: Session, row: Import, problems: Sequence[Problem]) -> None:
    """Write down why the records were not made."""
    keep_problems(row, problems)
    row.state, row.finished_at = ImportState.REFUSED, None
    session.flush()


def commit_import(session: Session, import_id: int) -> Import:
    """Carry out a confirmed import; what the kind refuses becomes its problems.

    Calling it again does nothing: only an import that waits for it is carried out.
    """
    row = import_by_id(session, import_id, lock=True)
    if row.state is not ImportState.COMMITTING:
        return row
    kind = kind_of(session, row.kind)
    authorize(session, kind.permission)
    try:
        carry_out(session, kind, row, staged(session, row.id))
    except (Forbidden, Unavailable):
        raise
    except (Invalid, Conflict, NotFound) as refused:
        refuse(session, row, refused.problems)
    return row


def run_import_inline(
    database: Database,
    suite: Suite,
    context: Context,
    kind_name: str,
    upload: Upload,
    *,
    dry_run: bool = False,
) -> Outcome | Validation:
    """Import a file at once, for the command line: the same engine and rows, without a job.

    A file without anything new succeeds and makes no record but the import's own.

    Arguments:
        context: who acts, in the company that the records are for.
        dry_run: only check, and return what would happen; nothing is kept.

    Raises:
        Invalid: with all problems of the file, each with its row and column.
        Forbidden: the person lacks the permission of the kind.
    """
    with database.read(context, suite) as session:
        kind = kind_of(session, kind_name)
        authorize(session, kind.permission)
        checked = check(session, kind, upload.content)
    if checked.validation.problems:
        raise refusal(upload.name, checked.validation)
    if dry_run:
        return checked.validation
    with database.write(context, suite) as session:
        row = receive(session, kind, upload)
        settle(session, row, checked)
        if row.state is ImportState.DONE:
            return Outcome(0, checked.validation.present, tuple(row.notes))
        outcome = carry_out(session, kind, row, checked.rows)
        return replace(outcome, notes=tuple(row.notes))


def refusal(file_name: str, found: Validation) -> BackstayError:
    """The error that lists why a file was refused."""
    heading = _("%(file)s was not imported; nothing was changed.", file=shown_name(file_name))
    return Invalid(
        "\n".join([heading, *(str(note) for note in found.notes)]), problems=found.problems
    )
