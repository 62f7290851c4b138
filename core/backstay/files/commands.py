"""``backstay files verify|prune``."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

import click

from backstay.cli_environment import environment
from backstay.i18n import gettext as _
from backstay.i18n import ngettext

_MOST_NAMED: Final = 50


@click.group()
def files() -> None:
    """Look after the stored files: uploads, attachments, exports."""


@files.command()
def verify() -> None:
    """Read every stored file and compare it with its hash; changes nothing.

    Ends with status 1 when a file is missing or damaged, and says what it is needed for.
    """
    from backstay.files.store import size_text
    from backstay.files.tidy import used_by, verify_files

    here = environment()
    with here.database.read(here.context(), here.suite) as session:
        found = verify_files(session)
        for fault in found.faults[:_MOST_NAMED]:
            said = _("is missing") if fault.state == "missing" else _("is damaged")
            click.echo(f"{fault.sha256} {said}: {used_by(session, fault.sha256)}", err=True)
    click.echo(ngettext("%(n)s file", "%(n)s files", found.files) + f", {size_text(found.size)}")
    if found.strays:
        click.echo(
            ngettext(
                "%(n)s more in the folder that no record needs; “backstay files prune” takes it"
                " away after a day.",
                "%(n)s more in the folder that no record needs; “backstay files prune” takes them"
                " away after a day.",
                found.strays,
            )
        )
    if found.faults:
        click.echo(
            ngettext(
                "%(n)s of them is missing or damaged: restore it from a backup (its member in the"
                " backup is files/<first two characters>/<hash>), or attach the file once more.",
                "%(n)s of them are missing or damaged: restore them from a backup (their members in"
                " the backup are files/<first two characters>/<hash>), or attach the files once"
                " more.",
                len(found.faults),
            ),
            err=True,
        )
        sys.exit(1)
    click.echo(_("All are what they were when they were stored."))


@files.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be taken away.")
@click.option(
    "--hours",
    default=24,
    show_default=True,
    type=click.IntRange(min=1),
    help="Keep what was brought or let go later than this many hours ago.",
)
def prune(*, dry_run: bool, hours: int) -> None:
    """Take away files that no record needs any more, and private ones whose time is over."""
    from backstay.files.store import size_text
    from backstay.files.tidy import prune_files

    here = environment()
    done = prune_files(
        here.database,
        here.suite,
        here.context(),
        grace=timedelta(hours=hours),
        dry_run=dry_run,
    )
    lines = [
        ngettext("%(n)s file", "%(n)s files", done.files) + f", {size_text(done.size)}",
        ngettext(
            "%(n)s private file whose time is over",
            "%(n)s private files whose time is over",
            done.expired,
        ),
    ]
    if done.unfinished:
        lines.append(
            ngettext("%(n)s unfinished upload", "%(n)s unfinished uploads", done.unfinished)
        )
    head = _("Would take away:") if dry_run else _("Taken away:")
    click.echo("\n".join([head, *(f"  {line}" for line in lines)]))


COMMANDS = (files,)
