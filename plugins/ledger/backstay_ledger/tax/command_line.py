"""``backstay ledger tax-return``: the tax return on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from backstay.spi import command_environment, company_of, plain_money
from backstay.spi import gettext as _
from backstay_ledger.tax.filing.filing import FileReturn, file_return
from backstay_ledger.tax.filing.json_form import as_json as as_json_of
from backstay_ledger.tax.models import BoxKind
from backstay_ledger.tax.returns import tax_return

if TYPE_CHECKING:
    from datetime import datetime

_day = click.DateTime(["%Y-%m-%d"])


@click.command("tax-return")
@click.option("--company", required=True, help="The company's code.")
@click.option("--from", "start", type=_day, required=True, help="The first day (2026-01-01).")
@click.option("--to", "end", type=_day, required=True, help="The last day (2026-03-31).")
@click.option("--file", "filing", is_flag=True, help="File the return: freeze it, lock its days.")
@click.option("--late", is_flag=True, help="File with late entries of earlier days.")
@click.option("--registration", default="", help="The number that the company is registered under.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def print_tax_return(
    company: str,
    start: datetime,
    end: datetime,
    *,
    filing: bool,
    late: bool,
    registration: str,
    as_json: bool,
) -> None:
    """Print base and tax of each box, and what is to be paid; with --file, file it."""
    if filing:
        wanted = FileReturn(
            starts_on=start.date(), ends_on=end.date(), registration=registration, late=late
        )
        with command_environment(company=company, write=True) as session:
            click.echo(json.dumps(as_json_of(session, file_return(session, wanted)), indent=2))
        return
    with command_environment(company=company) as session:
        found = tax_return(session, start.date(), end.date())
        current = company_of(session)
        units = current.minor_units
    rows = [
        {
            "box": box.code or None,
            "name": box.name or None,
            "kind": box.kind.value,
            "base": plain_money(box.base, units),
            "tax": plain_money(box.tax, units),
            "lines": box.n,
        }
        for box in found.boxes
    ]
    totals = {
        "payable": plain_money(found.total(BoxKind.PAYABLE), units),
        "deductible": plain_money(found.total(BoxKind.DEDUCTIBLE), units),
        "due": plain_money(found.due, units),
    }
    if as_json:
        answer = {
            "company": current.code,
            "currency": current.currency,
            "from": found.start.isoformat(),
            "to": found.end.isoformat(),
            "boxes": rows,
            **totals,
        }
        click.echo(json.dumps(answer, indent=2))
        return
    for row in rows:
        name = row["name"] or _("Without a box")
        click.echo(f"{row['box'] or '-':8} {name!s:40.40} {row['base']!s:>16} {row['tax']!s:>14}")
    click.echo(f"{_('To be paid'):49} {'':>16} {totals['due']:>14}")
