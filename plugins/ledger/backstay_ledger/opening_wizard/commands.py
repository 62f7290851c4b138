"""``backstay ledger open-books``, ``undo-opening``, ``reopen-opening``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from backstay.spi import (
    Invalid,
    command_environment,
    import_files,
    import_summary,
    ngettext,
    reading_options,
)
from backstay.spi import gettext as _
from backstay_ledger.opening_wizard.by_machine import show_opening
from backstay_ledger.opening_wizard.models import OpeningPart
from backstay_ledger.opening_wizard.opening import (
    BeginOpening,
    ReopenOpening,
    UndoOpening,
    begin_opening,
    finish_opening,
    reopen_opening,
    undo_opening,
)
from backstay_ledger.services.accounts import account_by_code

if TYPE_CHECKING:
    from datetime import datetime

    from backstay.spi import Outcome, ReadingOptions
    from backstay_ledger.opening_wizard.by_machine import OpeningShown

_company = click.option("--company", required=True, help="The company's code.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_path = click.Path(dir_okay=False)


@click.command("open-books")
@_company
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the books begin.")
@click.option("--balances-account", help="The clearing account of the trial balance, its code.")
@click.option("--items-account", help="The clearing account of the open items, its code.")
@click.option(
    "--balances",
    type=_path,
    help="A trial balance: account, debit, credit, currency, amount_currency.",
)
@click.option(
    "--items",
    type=_path,
    help="Open items: account, party, reference, document_date, due_date, debit, credit, …",
)
@click.option("--finish", is_flag=True, help="Finish it: refused while something is missing.")
@click.option("--dry-run", is_flag=True, help="Only show what would be missing, change nothing.")
@reading_options
@_json
def open_books(  # noqa: PLR0913 - each is an option of the command
    company: str,
    day: datetime | None,
    balances_account: str | None,
    items_account: str | None,
    balances: str | None,
    items: str | None,
    *,
    finish: bool,
    dry_run: bool,
    reading: ReadingOptions,
    as_json: bool,
) -> None:
    """Begin the books with the lists of an old system, CSV or XLSX: all that is given, or nothing.

    Day and clearing accounts begin the opening and are left out afterwards. Each list is posted
    against its clearing account; what stands there, and which open items are missing, is printed.
    Without a list it only says how far the opening is.
    """
    begun = (day, balances_account, items_account)
    if any(begun) and not all(begun):
        raise Invalid(
            _("Give --day, --balances-account and --items-account together, or none of them.")
        )
    lists = (("ledger.opening_balances", balances), ("ledger.opening_items", items))
    files = [(kind, path) for kind, path in lists if path]
    writes = bool(any(begun) or files or finish)
    with command_environment(company=company, write=writes) as session:
        if day is not None and balances_account and items_account:
            begin_opening(
                session,
                BeginOpening(
                    day=day.date(),
                    balances_account=account_by_code(session, balances_account).id,
                    items_account=account_by_code(session, items_account).id,
                ),
            )
        done = import_files(session, files, reading=reading, keep=not dry_run)
        if finish:
            finish_opening(session)
        shown = show_opening(session)
        if dry_run and writes:
            session.rollback()
    _say(shown, done, dry_run=dry_run, as_json=as_json)


@click.command("undo-opening")
@_company
@click.option(
    "--part",
    type=click.Choice([part.value for part in OpeningPart]),
    required=True,
    help="The list whose entries are reversed.",
)
@click.option("--reason", required=True, help="Stands in the memo of each reversal.")
@_json
def undo_opening_command(company: str, part: str, reason: str, *, as_json: bool) -> None:
    """Reverse all entries of a list of the opening on the first day, so that it can come again."""
    with command_environment(company=company, write=True) as session:
        count = undo_opening(session, UndoOpening(part=OpeningPart(part), reason=reason))
    if as_json:
        click.echo(json.dumps({"reversed": count}))
    else:
        click.echo(ngettext("%(n)s entry was reversed.", "%(n)s entries were reversed.", count))


@click.command("reopen-opening")
@_company
@click.option("--reason", required=True, help="Kept in the audit trail.")
@_json
def reopen_opening_command(company: str, reason: str, *, as_json: bool) -> None:
    """Let a finished opening take entries again."""
    with command_environment(company=company, write=True) as session:
        reopen_opening(session, ReopenOpening(reason=reason))
        _say(show_opening(session), [], dry_run=False, as_json=as_json)


def _say(shown: OpeningShown | None, done: list[Outcome], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        said = {
            "new": sum(one.new for one in done),
            "present": sum(one.present for one in done),
            "notes": [str(note) for one in done for note in one.notes],
            "opening": None if shown is None else asdict(shown),
        }
        click.echo(json.dumps(said, indent=2, default=str))
        return
    for one in done:
        click.echo(import_summary(one))
    if shown is None:
        click.echo(_("No opening was begun."))
        return
    for one_clearing in shown.clearing:
        click.echo(f"{one_clearing.account} {one_clearing.name}: {one_clearing.balance}")
    for one_missing in shown.missing if not shown.finished else ():
        click.echo(one_missing)
    if shown.finished:
        click.echo(_("The opening of %(day)s is finished.", day=shown.day))
    elif shown.complete:
        click.echo(_("Nothing is missing: the opening of %(day)s can be finished.", day=shown.day))
    if dry_run:
        click.echo(_("Dry run: nothing was changed."))


OPENING_COMMANDS: Final = (open_books, undo_opening_command, reopen_opening_command)
