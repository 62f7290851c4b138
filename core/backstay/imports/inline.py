"""Importing a file at once, for the command line: the same engine and rows, without a job."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from backstay.errors import BackstayError, Conflict, Invalid
from backstay.files.names import shown_name
from backstay.i18n import gettext as _
from backstay.imports.declare import Outcome
from backstay.imports.engine import (
    NAMELESS,
    Tally,
    carry_out,
    check_staged,
    enter,
    open_import,
    settle,
)
from backstay.imports.models import ImportState
from backstay.imports.reading import Options, is_about_reading
from backstay.imports.staging import stage_rows
from backstay.imports.store import keep_content, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.imports.declare import ImportKind, Validation
    from backstay.imports.models import Import
    from backstay.kernel.suite import Suite
    from backstay.resources.fields import Upload


def run_import_inline(
    database: Database,
    suite: Suite,
    context: Context,
    kind_name: str,
    upload: Upload,
    *,
    dry_run: bool = False,
    reading: Options | None = None,
) -> Outcome | Validation:
    """Import a file at once, for the command line: the same engine and rows, without a job.

    A file without anything new succeeds and makes no record but the import's own.

    Arguments:
        context: who acts, in the company that the records are for.
        dry_run: only check, and return what would happen; nothing is kept.
        reading: how the file is to be read; left out, as it shows itself.

    Raises:
        Invalid: with all problems of the file, each with its row and column.
        Forbidden: the person lacks the permission of the kind.
    """
    with database.write(context, suite) as session:
        if not dry_run:
            return import_together(session, [(kind_name, upload)], reading=reading)[0]
        _kind, _row, tally = _checked(session, kind_name, upload, reading)
        session.rollback()
        return tally.validation()


def import_together(
    session: Session,
    files: Sequence[tuple[str, Upload]],
    *,
    reading: Options | None = None,
    keep: bool = True,
) -> list[Outcome]:
    """Import several files in the transaction of the caller, one after the other, all or none.

    Arguments:
        files: the name of each one's kind, and the file; a later one may need the earlier ones.
        reading: how all of them are to be read; left out, as they show themselves.
        keep: False where the caller takes everything back, having seen what it does.

    Raises:
        Invalid: with all problems of the first file that has any; the caller takes back the rest.
        Forbidden: the person lacks the permission of a kind.
    """
    done: list[tuple[Import, Upload, Outcome]] = []
    for kind_name, upload in files:
        kind, row, tally = _checked(session, kind_name, upload, reading)
        if row.state is ImportState.DONE:
            session.flush()
            outcome = Outcome(0, tally.present)
        else:
            try:
                outcome = carry_out(session, kind, row)
            except (Invalid, Conflict) as error:
                tally.add(error.problems)
                raise refusal(upload.name, tally) from error
        done.append((row, upload, replace(outcome, notes=tuple(row.notes))))
    if keep:  # only now: files that are refused leave nothing in the store
        for row, upload, _outcome in done:
            keep_content(session, row, upload.content)
    return [outcome for _row, _upload, outcome in done]


def _checked(
    session: Session, kind_name: str, upload: Upload, reading: Options | None
) -> tuple[ImportKind, Import, Tally]:
    """A file that can be imported: entered, staged and found without problems."""
    kind = kind_of(session, kind_name)
    row = enter(session, kind, upload)
    tally = _stage_at_once(session, kind, row, upload.content, reading)
    if tally.problem_count:
        raise refusal(upload.name, tally)
    settle(row, tally)
    return kind, row, tally


def _stage_at_once(
    session: Session, kind: ImportKind, row: Import, content: bytes, options: Options | None
) -> Tally:
    opened = open_import(session, kind, content, options or Options())
    if isinstance(opened, Tally):
        if options is not None and is_about_reading(kind, opened.problems):
            hint = _("On the command line, --column, --sheet, --dates and --decimal say so.")
            last = opened.problems[-1]
            opened.problems[-1] = replace(last, message=f"{last.message} {hint}")
        return opened
    row.options = options.stored() if options else None
    tally = Tally(rows=stage_rows(session, row, opened.rows(), kind.group_by))
    tally.say(opened.notes)
    check_staged(lambda: nullcontext(session), lambda: nullcontext(session), kind, row.id, tally)
    return tally


def refusal(file_name: str, found: Tally) -> BackstayError:
    """The error that lists why a file was refused."""
    heading = _(
        "%(file)s was not imported; nothing was changed.", file=shown_name(file_name, NAMELESS)
    )
    return Invalid(
        "\n".join([heading, *(str(note) for note in found.notes)]), problems=tuple(found.problems)
    )
