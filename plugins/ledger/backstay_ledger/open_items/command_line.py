"""``backstay ledger ageing``: what is open and how old it is, for people and scripts."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import click

from backstay.spi import command_environment, company_of, plain_money
from backstay_ledger.open_items.ageing import BUCKETS, ageing

if TYPE_CHECKING:
    from datetime import datetime


@click.command("ageing")
@click.option("--company", required=True, help="The company's code.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day (2026-03-31); past days are as right as today.",
)
@click.option("--account", default="", help="The code of one account; left out, all of them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def print_ageing(company: str, as_of: datetime, account: str, *, as_json: bool) -> None:
    """Print what is open at the end of a day, by account and party, and how long it is overdue."""
    with command_environment(company=company) as session:
        minor_units = company_of(session).minor_units
        rows = [
            {
                "account": row.account,
                "party": row.party,
                **{
                    name: plain_money(amount, minor_units)
                    for (name, _label), amount in zip(BUCKETS, row.amounts, strict=True)
                },
                "total": plain_money(row.total, minor_units),
            }
            for row in ageing(session, as_of.date(), account=account)
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    names = [name for name, _label in BUCKETS]
    writer = csv.DictWriter(sys.stdout, ("account", "party", *names, "total"))
    writer.writeheader()
    writer.writerows(rows)
