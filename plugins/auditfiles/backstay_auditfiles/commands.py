"""``backstay auditfiles ...``: looking into audit files, also those of other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from backstay.spi import Invalid
from backstay.spi import gettext as _

if TYPE_CHECKING:
    from backstay_auditfiles.formats.reading import FileRead


@click.group()
def auditfiles() -> None:
    """Look into audit files: FEC and SAF-T."""


@auditfiles.command("read")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every account.")
@click.pass_context
def read(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Print the control totals of FILE, and what is wrong with it, by line and field.

    It may come from any program; the books are not asked. Ends with status 1 when anything is
    wrong.
    """
    from backstay_auditfiles.formats.opening import read_file

    try:
        with file.open("rb") as content:
            found = read_file(content)
    except OSError as error:
        raise Invalid(
            _("%(file)s can't be read: %(why)s.", file=file, why=error.strerror), field="file"
        ) from error
    click.echo(json.dumps(_as_json(found), indent=2) if as_json else _as_text(found))
    for one in found.problems:
        click.echo(str(one), err=True)
    if found.found > len(found.problems):
        click.echo(_("… and %(n)s more.", n=found.found - len(found.problems)), err=True)
    if found.found:
        ctx.exit(1)


def _as_text(found: FileRead) -> str:
    return "\n".join(
        (
            f"{_('Form')}: {found.variant}",
            f"{_('Days')}: {found.start or '-'} {_('to')} {found.end or '-'}",
            f"{_('Entries')}: {found.entries}",
            f"{_('Lines')}: {found.lines}",
            f"{_('Debit')}: {found.debit}",
            f"{_('Credit')}: {found.credit}",
            f"{_('Accounts')}: {len(found.accounts)}",
            f"{_('Problems')}: {found.found}",
        )
    )


def _as_json(found: FileRead) -> dict[str, object]:
    return {
        "format": found.form,
        "variant": found.variant,
        "from": found.start.isoformat() if found.start else None,
        "to": found.end.isoformat() if found.end else None,
        "currency": found.currency,
        "entries": found.entries,
        "lines": found.lines,
        "debit": str(found.debit),
        "credit": str(found.credit),
        "accounts": [
            {
                "account": code,
                "name": one.name,
                "opening": str(one.opening),
                "debit": str(one.debit),
                "credit": str(one.credit),
                "closing": str(one.balance),
            }
            for code, one in sorted(found.accounts.items())
        ],
        "problems": found.found,
    }


COMMANDS: Final = (auditfiles,)
