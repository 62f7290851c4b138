"""The two jobs of an import: check what was uploaded, carry out what was confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.imports.engine import check, commit_import, settle
from backstay.imports.models import ImportState
from backstay.imports.services import COMMIT, PREPARE, earlier_import
from backstay.imports.store import content_of, import_by_id, kind_of
from backstay.jobs.declare import JobKind

if TYPE_CHECKING:
    from backstay.jobs.declare import JobRun


def prepare(run: JobRun) -> None:
    """Read and check a file without holding a lock, then write down what was found."""
    import_id = int(run.arguments["import_id"])
    run.progress(0, 2, gettext("Reading and checking the file"))
    with run.read() as reading:
        row = import_by_id(reading, import_id)
        if row.state is not ImportState.UPLOADED:
            return
        checked = check(reading, kind_of(reading, row.kind), content_of(reading, import_id))
    run.progress(1, 2, gettext("Writing down %(n)s rows", n=len(checked.rows)))
    row = import_by_id(run.session, import_id, lock=True)
    if row.state is not ImportState.UPLOADED:
        return  # discarded in the meantime
    settle(run.session, row, checked)
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


def commit(run: JobRun) -> None:
    """Make the records of a confirmed import, all or none."""
    run.progress(1, 2, gettext("Making the records"))
    commit_import(run.session, int(run.arguments["import_id"]))


JOBS = (
    JobKind(PREPARE, _("Check an imported file"), prepare),
    JobKind(COMMIT, _("Carry out an import"), commit),
)
