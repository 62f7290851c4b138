"""``backstay ledger allocate-costs``: run an allocation rule for a month, or preview it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from sqlalchemy import select

from backstay.spi import NotFound, command_environment, company_of, plain_money
from backstay.spi import gettext as _
from backstay_ledger.cost_allocation.models import AllocationRule
from backstay_ledger.cost_allocation.running import RunAllocationRule, preview_rule, run_rule
from backstay_ledger.dimensions.sets import written_pairs
from backstay_ledger.models import Entry, Period, PeriodKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.command("allocate-costs")
@click.argument("rule")
@click.option("--company", required=True, help="The company's code.")
@click.option("--period", "label", required=True, help="The month, such as 2026-03.")
@click.option("--dry-run", is_flag=True, help="Print the lines, post nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def allocate_costs(rule: str, company: str, label: str, *, dry_run: bool, as_json: bool) -> None:
    """Run the allocation rule named RULE for a month: one entry, on its last day.

    A rule that was run for the month already says which entry it made and posts nothing; reverse
    that entry to run it again.
    """
    with command_environment(company=company, write=not dry_run) as session:
        command = RunAllocationRule(id=_rule(session, rule), period_id=_period(session, label))
        if dry_run:
            _print_lines(session, command, as_json=as_json)
            return
        run = run_rule(session, command)
        number = session.scalars(
            select(Entry.number_text).where(Entry.id == run.entry_id)
        ).one_or_none()
        if as_json:
            told = {"rule": rule, "period": label, "entry": number, "attempt": run.attempt}
            click.echo(json.dumps(told))
        else:
            said = number or _("an entry that waits for approval")
            click.echo(_("%(rule)s, %(period)s: %(entry)s", rule=rule, period=label, entry=said))


def _print_lines(session: Session, command: RunAllocationRule, *, as_json: bool) -> None:
    minor_units = company_of(session).minor_units
    rows = [
        {
            "account": one.account,
            "dimensions": written_pairs(one.pairs),
            "amount": plain_money(one.amount, minor_units),
            "text": one.text,
        }
        for one in preview_rule(session, command)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        cells = (row["account"].ljust(10), row["amount"].rjust(16), row["dimensions"], row["text"])
        click.echo("  ".join(cells).rstrip())


def _rule(session: Session, name: str) -> int:
    found = session.scalar(
        select(AllocationRule.id).where(
            AllocationRule.company_id == company_of(session).id, AllocationRule.name == name
        )
    )
    if found is None:
        raise NotFound(_("There is no allocation rule “%(name)s”.", name=name[:100]))
    return found


def _period(session: Session, label: str) -> int:
    for period in session.scalars(
        select(Period).where(
            Period.company_id == company_of(session).id, Period.kind == PeriodKind.MONTH
        )
    ):
        if period.label == label:
            return period.id
    raise NotFound(_("There is no period “%(label)s”; write it as 2026-03.", label=label))
