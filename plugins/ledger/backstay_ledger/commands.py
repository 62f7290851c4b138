"""``backstay ledger ...``: the accountant's work on the command line, and for scripts."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Final

import click

from backstay.spi import (
    Invalid,
    command_environment,
    company_of,
    import_file,
    import_summary,
    ngettext,
    plain_money,
    reading_options,
)
from backstay.spi import gettext as _
from backstay_ledger.audit.command_line import check_and_keep
from backstay_ledger.audit.control_commands import control
from backstay_ledger.books.export_command import export
from backstay_ledger.closing.commands import CLOSING_COMMANDS
from backstay_ledger.cost_allocation.command_line import allocate_costs
from backstay_ledger.currencies.commands import CURRENCY_COMMANDS
from backstay_ledger.dimensions.commands import refresh_dimensions
from backstay_ledger.open_items.command_line import print_ageing
from backstay_ledger.open_items.commands import ITEM_COMMANDS
from backstay_ledger.opening_wizard.commands import OPENING_COMMANDS
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.checks import HOW_MANY
from backstay_ledger.services.rebuild import rebuild_balances
from backstay_ledger.statements.commands import statement
from backstay_ledger.statements.group_commands import group_share
from backstay_ledger.tax.command_line import print_tax_return

if TYPE_CHECKING:
    from datetime import datetime

    from backstay.spi import Outcome, ReadingOptions, Validation

_company = click.option("--company", required=True, help="The company's code.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_file = click.argument("file", type=click.Path(dir_okay=False))


@click.group()
def ledger() -> None:
    """Import charts and journals, print the trial balance, check the books and mend balances."""


@ledger.command("import-chart")
@_file
@_company
@reading_options
@_json
def import_chart(file: str, company: str, *, reading: ReadingOptions, as_json: bool) -> None:
    """Import a chart of accounts from FILE: CSV with the columns code, name, type, or a journal.

    A plain-text journal (hledger, ledger, beancount) gives its accounts; their class is to be set
    later, where the file does not say it.

    Accounts that exist with the same name and type are left alone; importing a file twice
    changes nothing.
    """
    _say(import_file("ledger.chart", file, company=company, reading=reading), as_json=as_json)


@ledger.command("import-journal")
@_file
@_company
@click.option("--dry-run", is_flag=True, help="Only check the file, change nothing.")
@reading_options
@_json
def import_journal(
    file: str, company: str, *, dry_run: bool, reading: ReadingOptions, as_json: bool
) -> None:
    """Import entries from FILE, CSV or a plain-text journal, and post them, all or none.

    Columns: entry, date, memo, source, reference, account, debit, credit, and optionally journal.
    Rows with the same entry are the lines of one entry. Fiscal years that are missing are
    created; entries that were imported before are left alone. Plain-text journals (hledger,
    ledger, beancount) are told by their content; amounts without a currency are in the base
    currency.

    The options say how a file is to be read that does not show it by itself.
    """
    try:
        done = import_file(
            "ledger.journal", file, company=company, dry_run=dry_run, reading=reading
        )
    except Invalid as error:
        if any(one.field == "account" for one in error.problems):
            hint = _(
                "If accounts are missing in the chart, “backstay ledger import-chart” makes them."
            )
            click.echo(hint, err=True)
        raise
    _say(done, as_json=as_json)


@ledger.command("trial-balance")
@_company
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day (2026-03-31); left out, everything that is posted.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    default="csv",
    show_default=True,
    help="How to print it.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def print_trial_balance(company: str, as_of: datetime | None, form: str, *, as_json: bool) -> None:
    """Print what every account stands at, from inception; accounts at zero are left out."""
    with command_environment(company=company) as session:
        minor_units = company_of(session).minor_units
        rows = [
            {
                "account": row.code,
                "debit": plain_money(row.debit, minor_units),
                "credit": plain_money(row.credit, minor_units),
            }
            for row in trial_balance(session, as_of.date() if as_of else None)
        ]
    if as_json or form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    writer = csv.DictWriter(sys.stdout, ("account", "debit", "credit"))
    writer.writeheader()
    writer.writerows(rows)


@ledger.command("check")
@click.option("--company", help="The company's code; left out, every company.")
@_json
@click.pass_context
def check(ctx: click.Context, company: str | None, *, as_json: bool) -> None:
    """Check the books: balance, numbers, frozen content, balances against lines, and more.

    The answers are kept: the page Audit shows them. Ends with status 1 when anything is wrong.
    """
    findings = check_and_keep(company)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "company": code,
                        "check": one.check,
                        "message": one.message,
                        "count": one.count,
                        "examples": list(one.examples),
                    }
                    for code, one in findings
                ],
                indent=2,
            )
        )
    elif not findings:
        click.echo(_("The books are sound: %(n)s checks found nothing.", n=HOW_MANY))
    for code, one in findings:
        shown = ", ".join(one.examples)
        more = ", …" if one.count > len(one.examples) else ""
        click.echo(f"{code}: {one.check}: {one.message}: {one.count} ({shown}{more})", err=True)
    if findings:
        ctx.exit(1)


@ledger.command("rebuild-balances")
@_company
@_json
def rebuild(company: str, *, as_json: bool) -> None:
    """Make the balances of accounts, and those by dimension, anew after “check” found a drift.

    Reports can be read meanwhile; whoever posts waits until it is done. Nothing but the balances
    changes, and the audit trail notes how many were wrong.
    """
    with command_environment(company=company, write=True) as session:
        mended = rebuild_balances(session)
    if as_json:
        click.echo(json.dumps({"mended": mended}, indent=2))
    elif mended:
        click.echo(ngettext("%(n)s balance was mended.", "%(n)s balances were mended.", mended))
    else:
        click.echo(_("Every balance was right already."))


def _say(done: Outcome | Validation, *, as_json: bool) -> None:
    if not as_json:
        click.echo(import_summary(done))
        return
    notes = [str(note) for note in done.notes]
    click.echo(json.dumps({"new": done.new, "present": done.present, "notes": notes}, indent=2))


ledger.add_command(statement)
ledger.add_command(group_share)
ledger.add_command(print_tax_return)
ledger.add_command(print_ageing)
ledger.add_command(export)
ledger.add_command(control)
ledger.add_command(allocate_costs)
ledger.add_command(refresh_dimensions)

for _command in (*CURRENCY_COMMANDS, *CLOSING_COMMANDS, *OPENING_COMMANDS, *ITEM_COMMANDS):
    ledger.add_command(_command)
COMMANDS: Final = (ledger,)
