"""``backstay ledger refresh-dimensions``."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from backstay.spi import authorize, command_environment, dimension_types
from backstay.spi import gettext as _
from backstay_ledger.dimensions.kept import keep_in_step
from backstay_ledger.dimensions.permissions import DIMENSION_EDIT


@click.command("refresh-dimensions")
@click.option("--company", required=True, help="The company's code.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def refresh_dimensions(company: str, *, as_json: bool) -> None:
    """Take over the values of all dimensions that other modules keep, as a job does every night."""
    with command_environment(company=company, write=True) as session:
        authorize(session, DIMENSION_EDIT)
        done = {name: keep_in_step(session, name) for name in sorted(dimension_types(session))}
    if as_json:
        rows = [{"dimension": name, **asdict(one)} for name, one in done.items()]
        click.echo(json.dumps(rows, indent=2))
        return
    if not done:
        click.echo(_("No module keeps a dimension."))
    for name, one in done.items():
        click.echo(
            _(
                "%(name)s: %(created)s created, %(changed)s changed, %(closed)s closed",
                name=name,
                created=one.created,
                changed=one.changed,
                closed=one.closed,
            )
        )
