"""Importing a file from the command line: the same engine as in the browser, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from backstay.cli_environment import environment
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.imports.declare import Validation
from backstay.imports.engine import run_import_inline
from backstay.resources.fields import Upload

if TYPE_CHECKING:
    from backstay.imports.declare import Outcome


def import_file(
    kind: str, path: str | Path, *, company: str, dry_run: bool = False
) -> Outcome | Validation:
    """Import a file into a company, as the command that runs now.

    Arguments:
        kind: the name of an ImportKind.
        company: the company's code.
        dry_run: only check, and return a Validation without problems.

    Raises:
        Invalid: with all problems of the file, each with its row and column; nothing was changed.
        NotFound: there is no such file, company or kind.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(
            _("The file %(path)s can't be read: %(why)s.", path=path, why=error.strerror),
            field="file",
        ) from error
    here = environment()
    return run_import_inline(
        here.database,
        here.suite,
        here.context(company),
        kind,
        Upload(file.name, content),
        dry_run=dry_run,
    )


def import_summary(outcome: Outcome | Validation) -> str:
    """What is printed of it: the counts, then the notes, each on its line."""
    counts = _("%(new)s new, %(present)s present", new=outcome.new, present=outcome.present)
    if isinstance(outcome, Validation):
        counts = _("%(counts)s (dry run: nothing was changed)", counts=counts)
    return "\n".join([counts, *(str(note) for note in outcome.notes)])
