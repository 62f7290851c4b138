"""``backstay ledger export``: the books of a year as an audit file, in a form of some plugin."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backstay.spi import (
    Invalid,
    Unavailable,
    audit_file_formats,
    command_environment,
    company_of,
    plain_money,
)
from backstay.spi import gettext as _
from backstay_ledger.books.provider import LedgerBooks

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from backstay.contracts.audit_files import AuditFileFormat, AuditFileMade

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("export")
@click.argument("form", metavar="FORMAT")
@click.option("--company", required=True, help="The company's code.")
@click.option("--fiscal-year", default="", help="The code of a fiscal year.")
@click.option("--from", "start", type=_DAY, help="The first day, in place of a fiscal year.")
@click.option("--until", "end", type=_DAY, help="The last day.")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write, or a folder: the format names the file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(
    form: str,
    company: str,
    fiscal_year: str,
    start: datetime | None,
    end: datetime | None,
    target: Path,
    *,
    as_json: bool,
) -> None:
    """Write the books as an audit file, in the form FORMAT: saft or fec.

    The file is read back and compared with the books; if anything differs, it says what and where,
    and no file is left.
    """
    with command_environment(company=company) as session:
        LedgerBooks().hold_still(session)
        chosen = _format(session, form)
        made, path = _written(session, chosen, fiscal_year, start, end, target)
        units = company_of(session).minor_units
    if as_json:
        told = {
            "format": chosen.name,
            "file": str(path),
            "from": made.start.isoformat(),
            "to": made.end.isoformat(),
            "entries": made.entries,
            "lines": made.lines,
            "debit": plain_money(made.debit, units),
            "credit": plain_money(made.credit, units),
            "accounts": made.accounts,
            "notes": list(made.notes),
        }
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(
        _(
            "%(file)s: %(entries)s entries, %(lines)s lines, debit %(debit)s, credit %(credit)s;"
            " read back, and the same as the books.",
            file=path,
            entries=made.entries,
            lines=made.lines,
            debit=plain_money(made.debit, units),
            credit=plain_money(made.credit, units),
        )
    )
    for note in made.notes:
        click.echo(note, err=True)


def _format(session: Session, name: str) -> AuditFileFormat:
    """A form of audit file by its name.

    Raises:
        Unavailable: no running module makes audit files.
        Invalid: none is called so.
    """
    formats = audit_file_formats(session)
    if not formats:
        raise Unavailable(
            _(
                "No module that makes audit files is switched on:"
                " “backstay plugin enable auditfiles” does it."
            )
        )
    found = next((one for one in formats if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in formats)
        raise Invalid(
            _("There is no format “%(name)s”. Formats: %(known)s.", name=name, known=known),
            field="format",
        )
    return found


def _written(
    session: Session,
    chosen: AuditFileFormat,
    fiscal_year: str,
    start: datetime | None,
    end: datetime | None,
    target: Path,
) -> tuple[AuditFileMade, Path]:
    """Write beside the target; it gets its name once it has been read back."""
    span = LedgerBooks().span(
        session,
        fiscal_year,
        start.date() if start else None,
        end.date() if end else None,
    )
    folder = target if target.is_dir() else target.parent
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".audit-file-")
    except OSError as error:
        raise Invalid(
            _("Nothing can be written in %(folder)s: %(why)s.", folder=folder, why=error.strerror),
            field="to",
        ) from error
    try:
        with os.fdopen(descriptor, "w+b") as file:
            made = chosen.make(session, span, file)
        path = folder / made.file_name if target.is_dir() else target
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return made, path
