"""``backstay backup create|restore|verify FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from backstay.backup.archive import Manifest
from backstay.cli_environment import environment
from backstay.i18n import gettext as _
from backstay.i18n import ngettext

if TYPE_CHECKING:
    from backstay.db.context import Context
    from backstay.home import Home

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_STEPS: Final = ("B", "kB", "MB", "GB")
_THOUSAND: Final = 1000


@click.group()
def backup() -> None:
    """Back up the whole installation into one file, and restore it."""


@backup.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Overwrite FILE if it exists.")
@click.option("--no-verify", is_flag=True, help="Don't restore it into scratch to prove it.")
def create(file: Path, *, replace: bool, no_verify: bool) -> None:
    """Write database and uploaded files to FILE while Backstay goes on working."""
    from backstay.backup.create import CreateBackup, create_backup

    home, context = _alone()
    made = create_backup(home, context, CreateBackup(file, replace=replace, verify=not no_verify))
    click.echo(f"{file}: {_described(made)}, {_size(file.stat().st_size)}")
    _warn(made)
    if no_verify:
        click.echo(_("Not verified."), err=True)
    else:
        click.echo(_("Verified: it was restored into scratch and is the same."))


@backup.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Also where there is data already; that is kept.")
def restore(file: Path, *, replace: bool) -> None:
    """Put the backup FILE in place; Backstay must not be running."""
    from backstay.backup.restore import RestoreBackup, restore_backup

    home, context = _alone()
    done = restore_backup(home, context, RestoreBackup(file, replace=replace))
    click.echo(
        _(
            "Restored the backup of %(at)s: %(what)s.",
            at=done.manifest.created_at[:19],
            what=_described(done.manifest),
        )
    )
    for name in done.missing:
        click.echo(_("The plugin %(name)s is not installed; its data is kept.", name=name))
    for place in done.kept:
        click.echo(_("What was there before is kept as %(place)s.", place=place))


@backup.command()
@click.argument("file", type=_FILE)
def verify(file: Path) -> None:
    """Restore the backup FILE into scratch and compare it with its manifest."""
    from backstay.backup.create import verify_backup

    found = verify_backup(_alone()[0], file)
    click.echo(_("%(file)s is complete: %(what)s.", file=file, what=_described(found)))
    _warn(found)


def _warn(manifest: Manifest) -> None:
    """Say which stored files were no longer what they had been."""
    faulty = manifest.faulty_files
    if faulty:
        click.echo(
            ngettext(
                "%(n)s stored file was missing or damaged before: %(which)s. An older backup may"
                " have it; see “backstay files verify”.",
                "%(n)s stored files were missing or damaged before: %(which)s. An older backup may"
                " have them; see “backstay files verify”.",
                len(faulty),
                which=", ".join(faulty[:5]),
            ),
            err=True,
        )


def _alone() -> tuple[Home, Context]:
    """The data folder and who acts, with no connection left that would be in the way."""
    here = environment()
    context = here.context()
    here.close()
    return here.home, context


def _described(manifest: Manifest) -> str:
    tables = ngettext("%(n)s table", "%(n)s tables", len(manifest.contents.rows))
    rows = ngettext("%(n)s row", "%(n)s rows", manifest.rows)
    files = ngettext("%(n)s file", "%(n)s files", manifest.files)
    return f"{tables}, {rows}, {files}"


def _size(count: float) -> str:
    for step in _STEPS:
        if count < _THOUSAND or step == _STEPS[-1]:
            return f"{count:.0f} {step}" if step == "B" else f"{count:.1f} {step}"
        count /= _THOUSAND
    raise AssertionError


COMMANDS = (backup,)
