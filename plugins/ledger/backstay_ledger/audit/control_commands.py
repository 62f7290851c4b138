"""``backstay ledger control``: control queries for scripts."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import click

from backstay.spi import authorize, command_environment, company_of, today
from backstay_ledger.permissions import AUDIT_VIEW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_day = click.DateTime(["%Y-%m-%d"])


@click.command("control")
@click.argument("name")
@click.option("--company", required=True, help="The company's code.")
@click.option("--from", "first", type=_day, help="The first day; left out, that of the year.")
@click.option("--to", "last", type=_day, help="The last day; left out, today.")
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter, such as percent=5."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def control(
    name: str,
    company: str,
    first: datetime | None,
    last: datetime | None,
    given: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Ask the control query NAME of the entries of some days, such as round_sums or sample.

    A name that is not known is answered with those that are.
    """
    from backstay_ledger.audit.control_pages import plain
    from backstay_ledger.audit.controls import Asked, control_of, read_values
    from backstay_ledger.pages.report_dates import year_to_date

    wanted = control_of(name)
    values = read_values(wanted, dict(one.partition("=")[::2] for one in given))
    with command_environment(company=company) as session:
        authorize(session, AUDIT_VIEW)
        end = last.date() if last else today(company_of(session).time_zone)
        start = first.date() if first else year_to_date(session, end)
        # Printed while they are read: a year may have a million of them.
        rows = (
            {
                column.name: plain(column, value)
                for column, value in zip(wanted.columns, row[1:], strict=True)
            }
            for row in wanted.find(session, Asked(start, end, values))
        )
        if as_json:
            _print_json(rows)
            return
        writer = csv.DictWriter(sys.stdout, [column.name for column in wanted.columns])
        writer.writeheader()
        writer.writerows(rows)


def _print_json(rows: Iterator[dict[str, str]]) -> None:
    """A list with a row on each line."""
    between = "["
    for row in rows:
        click.echo(f"{between}\n  {json.dumps(row)}", nl=False)
        between = ","
    click.echo("[]" if between == "[" else "\n]")
