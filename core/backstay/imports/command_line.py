"""Importing a file from the command line: the same engine as in the browser, at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from backstay.cli_environment import environment
from backstay.errors import NotFound
from backstay.i18n import gettext as _
from backstay.imports.columns import folded
from backstay.imports.dates import MARKS, ORDERS
from backstay.imports.declare import Validation
from backstay.imports.inline import import_together, run_import_inline
from backstay.imports.numbers import DECIMALS
from backstay.imports.parse import parse
from backstay.imports.reading import Options, decimals_of
from backstay.resources.fields import Upload

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.imports.declare import ImportColumn, Outcome, StagedRow

_Command = TypeVar("_Command", bound=Callable[..., Any])


def import_file(
    kind: str,
    path: str | Path,
    *,
    company: str,
    dry_run: bool = False,
    reading: Options | None = None,
) -> Outcome | Validation:
    """Import a file into a company, as the command that runs now.

    Arguments:
        kind: the name of an ImportKind.
        company: the company's code.
        dry_run: only check, and return a Validation without problems.
        reading: how the file is to be read, from :func:`reading_options`; left out, as it shows.

    Raises:
        Invalid: with all problems of the file, each with its row and column; nothing was changed.
        NotFound: there is no such file, company or kind.
    """
    upload = _upload(path)
    here = environment()
    return run_import_inline(
        here.database,
        here.suite,
        here.context(company),
        kind,
        upload,
        dry_run=dry_run,
        reading=reading,
    )


def import_files(
    session: Session,
    files: Sequence[tuple[str, str | Path]],
    *,
    reading: Options | None = None,
    keep: bool = True,
) -> list[Outcome]:
    """Import several files in the session of a command, one after the other, all or none.

    Arguments:
        files: the name of each one's ImportKind, and its path.
        reading: how they are to be read, from :func:`reading_options`; left out, as they show.
        keep: False where the command takes everything back, having seen what it does.

    Raises:
        Invalid: with all problems of the first file that has any, each with its row and column.
        NotFound: there is no such file or kind.
    """
    uploads = [(kind, _upload(path)) for kind, path in files]
    return import_together(session, uploads, reading=reading, keep=keep)


def _upload(path: str | Path) -> Upload:
    file = Path(path)
    try:
        return Upload(file.name, file.read_bytes())
    except OSError as error:
        raise NotFound(
            _("The file %(path)s can't be read: %(why)s.", path=path, why=error.strerror),
            field="file",
        ) from error


def read_table(path: str | Path, columns: Sequence[ImportColumn]) -> tuple[StagedRow, ...]:
    """Read a table that is given to a command, as an import reads it; says what it assumed.

    Arguments:
        path: a CSV file, in UTF-8 or Windows-1252, with commas, semicolons or tabs.
        columns: in any order; others are left aside.

    Raises:
        Invalid: with one problem for each row or column that is wrong.
        NotFound: there is no such file.
    """
    parsed = parse(_upload(path).content, columns)
    for note in parsed.notes:
        click.echo(note, err=True)
    return parsed.rows


def reading_options(command: _Command) -> _Command:
    """Give a command the options that say how a file is read; it gets them as ``reading``."""

    @functools.wraps(command)
    def with_reading(
        *arguments: Any,
        columns: tuple[str, ...],
        sheet: str | None,
        dates: str | None,
        decimals: str | None,
        **others: Any,
    ) -> Any:
        said = Options(
            sheet=sheet or "",
            columns=dict(map(_matched, columns)),
            dates=dict.fromkeys(MARKS, dates) if dates else {},
            decimals=decimals_of(decimals),
        )
        return command(*arguments, reading=said, **others)

    for option in reversed(_OPTIONS):
        with_reading = option(with_reading)
    return with_reading  # type: ignore[return-value]


def _matched(said: str) -> tuple[str, str]:
    header, mark, column = said.rpartition("=")
    if not mark:
        message = _("“%(said)s” is not written as HEADER=COLUMN.", said=said)
        raise click.BadParameter(message, param_hint="--column")
    return folded(header), column.strip()


_OPTIONS: Final = (
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="HEADER=COLUMN",
        help="What a column of the file holds; nothing behind = leaves it aside. May be repeated.",
    ),
    click.option("--sheet", help="Which sheet of a spreadsheet is read."),
    click.option(
        "--dates",
        type=click.Choice(ORDERS),
        help="What 03/04/2026 means: 3 April (dmy) or March 4 (mdy).",
    ),
    click.option(
        "--decimal",
        "decimals",
        type=click.Choice(DECIMALS),
        help="Whether numbers have a decimal point (1,234.56) or comma (1.234,56).",
    ),
)


def import_summary(outcome: Outcome | Validation) -> str:
    """What is printed of it: the counts, then the notes, each on its line."""
    counts = _(
        "%(new)s new, %(present)s present", new=f"{outcome.new:,}", present=f"{outcome.present:,}"
    )
    if isinstance(outcome, Validation):
        counts = _("%(counts)s (dry run: nothing was changed)", counts=counts)
    return "\n".join([counts, *(str(note) for note in outcome.notes)])
