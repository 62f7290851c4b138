"""``backstay ledger make-due``: what plans should have made, for people and scripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from backstay.spi import command_environment, ngettext
from backstay_ledger.closing.services.making import MakeDue, make_due

if TYPE_CHECKING:
    from datetime import datetime


@click.command("make-due")
@click.option("--company", required=True, help="The company's code.")
@click.option(
    "--up-to", type=click.DateTime(["%Y-%m-%d"]), help="The last day; left out, up to today."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def make_due_command(company: str, up_to: datetime | None, *, as_json: bool) -> None:
    """Make the recurring entries, releases of deferrals and planned reversals that are missing.

    What was made is not made again. What is refused, because its period is closed for example, is
    named and stays due.
    """
    with command_environment(company=company, write=True) as session:
        command = MakeDue(up_to=None if up_to is None else up_to.date())
        done = make_due(session, command)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2, default=str))
        return
    click.echo(ngettext("%(n)s entry made.", "%(n)s entries made.", len(done.made)))
    for one in done.left_out:
        click.echo(f"{one.day} {one.label}: {one.why}", err=True)
