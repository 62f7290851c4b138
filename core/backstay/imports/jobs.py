"""The two jobs of an import: check what was uploaded, carry out what was confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.errors import Invalid
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.imports.engine import Tally, check_staged, commit_import, open_import, settle
from backstay.imports.models import ImportState
from backstay.imports.reading import OpenFile, Options, surface
from backstay.imports.services import COMMIT, PREPARE, earlier_import
from backstay.imports.staging import stage_rows
from backstay.imports.store import content_of, import_by_id, kind_of, remembered_layout
from backstay.jobs.declare import JobKind
from backstay.jobs.models import JobQueue

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.imports.declare import ImportKind
    from backstay.imports.models import Import
    from backstay.jobs.declare import JobRun


def prepare(run: JobRun) -> None:
    """Read and check a file batch by batch without holding a lock, then write down what it is."""
    import_id = int(run.arguments["import_id"])
    run.progress(0, 1, gettext("Reading the file"))
    with run.read() as reading:
        row = import_by_id(reading, import_id)
        if row.state is not ImportState.UPLOADED:
            return
        kind = kind_of(reading, row.kind)
        content = content_of(reading, import_id)
        options = Options.of(row.options or {})
        told = "columns" in (row.options or {})
        known = None if told else _remembered(reading, kind, row, content)
        opened = open_import(reading, kind, content, known or options)
    tally = opened if isinstance(opened, Tally) else _stage(run, kind, import_id, opened)
    if tally is None:
        return
    row = import_by_id(run.session, import_id, lock=True)
    if row.state is not ImportState.UPLOADED:
        return  # discarded in the meantime
    if known is not None:
        row.options = known.stored()
        tally.say([gettext("The columns are read as they were for the last such file.")])
    if isinstance(opened, OpenFile):
        row.options = {**(row.options or {}), "found": opened.found()}
    settle(row, tally)
    run.session.flush()
    earlier = earlier_import(run.session, row)
    if earlier is not None:
        row.notes = [
            *row.notes,
            gettext(
                "The same file was already imported on %(day)s by %(who)s.",
                day=earlier.created_at.date().isoformat(),
                who=earlier.created_by,
            ),
        ]


def _remembered(session: Session, kind: ImportKind, row: Import, content: bytes) -> Options | None:
    """How the last file with the same columns was read, if somebody said so then."""
    try:
        shown = surface(kind, content, Options())
    except Invalid:
        return None
    return remembered_layout(session, row, shown.fingerprint) if shown.header else None


def _stage(run: JobRun, kind: ImportKind, import_id: int, opened: OpenFile) -> Tally | None:
    """Keep the rows and check them; None when somebody cancelled it meanwhile."""
    with run.transaction() as session:
        row = import_by_id(session, import_id)
        tally = Tally(rows=stage_rows(session, row, opened.rows(), kind.group_by))
    tally.say(opened.notes)

    def told(done: int) -> bool:
        run.progress(done, tally.rows, gettext("Checked %(n)s rows", n=done))
        with run.read() as session:
            return import_by_id(session, import_id).state is ImportState.UPLOADED

    if not check_staged(run.read, run.transaction, kind, import_id, tally, told):
        return None
    return tally


def commit(run: JobRun) -> None:
    """Make the records of a confirmed import, all or none."""
    import_id = int(run.arguments["import_id"])
    with run.read() as reading:
        rows = import_by_id(reading, import_id).rows
    run.progress(0, rows, gettext("Making the records"))

    def told(done: int) -> None:
        # On SQLite the transaction of the records keeps everybody else out, this too.
        if run.session.get_bind().dialect.name != "sqlite":
            run.progress(done, rows, gettext("Made the records of %(n)s rows", n=done))

    commit_import(run.session, import_id, told)


JOBS = (
    JobKind(PREPARE, _("Check an imported file"), prepare, queue=JobQueue.INTERACTIVE),
    JobKind(COMMIT, _("Carry out an import"), commit),
)
