"""The one engine behind every file import: read, check, then everything or nothing.

The browser runs it in two jobs with a person's confirmation in between, the command line at once;
both leave the same rows, so an import can be looked at and undone wherever it was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from backstay.clock import now
from backstay.db.context import authorize, company_of
from backstay.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Unavailable,
)
from backstay.files.names import shown_name
from backstay.i18n import gettext as _
from backstay.imports.columns import fits
from backstay.imports.declare import ImportKind, Outcome, StagedRow, Validation
from backstay.imports.encoding import decode
from backstay.imports.models import Import, ImportState
from backstay.imports.reading import OpenFile, Options, open_file
from backstay.imports.staging import (
    Which,
    clear_problems,
    count_problems,
    mark_problems,
    next_batch,
    rows_with_problems,
    unit_batches,
    unit_of,
)
from backstay.imports.store import (
    KEPT_PROBLEMS,
    MAX_BYTES,
    import_by_id,
    keep_content,
    keep_references,
    kept_problems,
    kind_of,
)
from backstay.kernel.suite import suite_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.resources.fields import Upload

Sessions = Callable[[], AbstractContextManager["Session"]]
NAMELESS: Final = "import.csv"


@dataclass(slots=True)
class Tally:
    """What a check has found so far; the first problems are kept, all are counted."""

    rows: int = 0
    new: int = 0
    present: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, problems: Sequence[Problem]) -> None:
        """Count problems."""
        self.problem_count += len(problems)
        self.problems += problems[: KEPT_PROBLEMS - len(self.problems)]

    def say(self, notes: Iterable[object]) -> None:
        """Note each sentence once."""
        self.notes.update(dict.fromkeys(str(note) for note in notes))

    def validation(self) -> Validation:
        """As it is returned and shown."""
        return Validation(tuple(self.problems), self.new, self.present, tuple(self.notes))


def receive(session: Session, kind: ImportKind, upload: Upload) -> Import:
    """Keep a file as an import of the company, unread.

    Raises:
        Forbidden: the person lacks the permission of the kind.
        Invalid: nothing was uploaded, or it is too large.
        Unavailable: the disk is full.
    """
    row = enter(session, kind, upload)
    keep_content(session, row, upload.content)
    return row


def enter(session: Session, kind: ImportKind, upload: Upload) -> Import:
    """Note a file as an import of the company, without keeping its content.

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
        file_name=shown_name(upload.name, NAMELESS),
        file_hash=hashlib.sha256(upload.content).hexdigest(),
        problems=[],
        notes=[],
        created_by=context.actor.label,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def open_import(
    session: Session, kind: ImportKind, content: bytes, options: Options
) -> OpenFile | Tally:
    """Open a file, or say what keeps it out as a whole; writes nothing and raises nothing."""
    try:
        return open_file(session, kind, content, options)
    except Invalid as refused:
        tally = Tally()
        tally.add((*refused.problems, *_resembles(session, kind, content)))
        return tally


def check_staged(
    read: Sessions,
    write: Sessions,
    kind: ImportKind,
    import_id: int,
    tally: Tally,
    told: Callable[[int], bool] = lambda _rows: True,
) -> bool:
    """Ask the kind what would happen to the staged rows, batch by batch.

    Arguments:
        read: opens a session to check a batch with.
        write: opens one to write down what is wrong with its rows.
        told: called with the number of rows done; answers whether to go on.

    Returns:
        whether all rows were checked.
    """
    last, done = -1, 0
    while True:
        with read() as session:
            batch = next_batch(session, import_id, last)
            if batch is None:
                return True
            last, rows = batch
            problems = check_rows(session, kind, rows, tally)
        if problems:
            with write() as session:
                mark_problems(session, import_id, problems)
        done += len(rows)
        if not told(done):
            return False


def check_rows(
    session: Session, kind: ImportKind, rows: Sequence[StagedRow], tally: Tally
) -> tuple[Problem, ...]:
    """Check whole units; where some have problems, the others are counted without them."""
    found = _validated(session, kind, rows)
    tally.add(found.problems)
    tally.say(found.notes)
    if found.problems:
        bad = {problem.row for problem in found.problems}
        if None in bad:
            return found.problems
        units = {_unit(kind, row) for row in rows if row.number in bad}
        good = [row for row in rows if _unit(kind, row) not in units]
        counted = _validated(session, kind, good) if good else Validation((), 0, 0)
        if not counted.problems:
            tally.new, tally.present = tally.new + counted.new, tally.present + counted.present
            tally.say(counted.notes)
        else:
            tally.add(counted.problems)
            return (*found.problems, *counted.problems)
        return found.problems
    tally.new, tally.present = tally.new + found.new, tally.present + found.present
    return ()


def recheck(session: Session, kind: ImportKind, row: Import, units: Sequence[int]) -> None:
    """Check single units anew, after their rows were changed, and count the problems again.

    Counts of new and present records grow by what is right now; they were not counted before.
    """
    tally = Tally()
    for unit in units:
        clear_problems(session, row.id, unit)
        rows = unit_of(session, row.id, unit)[1]
        mark_problems(session, row.id, check_rows(session, kind, rows, tally))
    row.new, row.present = row.new + tally.new, row.present + tally.present
    row.notes = list(dict.fromkeys([*row.notes, *tally.notes]))
    left = [
        problem
        for _row, problems in rows_with_problems(session, row.id, 0, KEPT_PROBLEMS)
        for problem in problems
    ]
    row.problems = kept_problems(left)
    row.problem_count = count_problems(session, row.id)
    if not row.problem_count:
        row.state = ImportState.READY if row.new else ImportState.DONE
        row.finished_at = None if row.new else now()
    session.flush()


def _unit(kind: ImportKind, row: StagedRow) -> object:
    return row.values.get(kind.group_by) or row.number


def _validated(session: Session, kind: ImportKind, rows: Sequence[StagedRow]) -> Validation:
    try:
        return kind.validate(session, rows)
    except Invalid as refused:
        return Validation(refused.problems, 0, 0)


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


def settle(row: Import, tally: Tally) -> None:
    """Write down what the check found: ready, refused, or done when nothing is new."""
    row.rows = tally.rows
    row.problem_count = tally.problem_count
    row.problems = kept_problems(tally.problems)
    row.new, row.present = tally.new, tally.present
    row.notes = list(tally.notes)
    if tally.problem_count:
        row.state = ImportState.REFUSED
    elif tally.new == 0:
        # Everything is there already: nothing is left for anybody to confirm.
        row.state, row.finished_at = ImportState.DONE, now()
    else:
        row.state = ImportState.READY


def carry_out(
    session: Session,
    kind: ImportKind,
    row: Import,
    told: Callable[[int], None] = lambda _rows: None,
) -> Outcome:
    """Make the records and note what was made, in the transaction of the caller.

    Rows with problems are left out if the person said so (``partial``); there are none otherwise.

    Raises:
        BackstayError: the kind refuses; what it had written is undone, the import is as before.
    """
    new = present = done = 0
    references: list[str] = []
    notes: dict[str, None] = {}
    import_id = row.id
    which: Which = "good" if (row.options or {}).get("partial") else "all"
    with session.begin_nested():
        for rows in unit_batches(session, import_id, which):
            outcome = kind.commit(session, rows)
            new, present = new + outcome.new, present + outcome.present
            notes.update(dict.fromkeys(str(note) for note in outcome.notes))
            keep_references(session, row, outcome.references, len(references))
            references += outcome.references
            done += len(rows)
            told(done)
    row.new, row.present = new, present
    row.notes = list(dict.fromkeys([*row.notes, *notes]))
    row.state, row.finished_at = ImportState.DONE, now()
    session.flush()
    return Outcome(new, present, tuple(notes), tuple(references))


def refuse(session: Session, row: Import, problems: Sequence[Problem]) -> None:
    """Write down why the records were not made."""
    row.problem_count = len(problems)
    row.problems = kept_problems(problems)
    mark_problems(session, row.id, problems)
    row.state, row.finished_at = ImportState.REFUSED, None
    session.flush()


def commit_import(
    session: Session, import_id: int, told: Callable[[int], None] = lambda _rows: None
) -> Import:
    """Carry out a confirmed import; what the kind refuses becomes its problems.

    Calling it again does nothing: only an import that waits for it is carried out.
    """
    row = import_by_id(session, import_id, lock=True)
    if row.state is not ImportState.COMMITTING:
        return row
    kind = kind_of(session, row.kind)
    authorize(session, kind.permission)
    try:
        carry_out(session, kind, row, told)
    except (Forbidden, Unavailable):
        raise
    except (Invalid, Conflict, NotFound) as refused:
        refuse(session, row, refused.problems)
    return row
