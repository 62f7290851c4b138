"""``backstay ledger open-items``, ``allocate``, ``undo-allocation``: for people and scripts."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from backstay.contracts.ledger import Pair
from backstay.spi import (
    Conflict,
    ImportColumn,
    Invalid,
    Problem,
    command_environment,
    company_of,
    lazy,
    ngettext,
    plain_money,
    read_table,
    today,
)
from backstay.spi import gettext as _
from backstay_ledger.imports.cells import BadCell, read_amount
from backstay_ledger.open_items.allocations import MOST_PAIRS, Allocate, allocate
from backstay_ledger.open_items.by_machine import (
    ProposePairs,
    in_currency,
    propose_pairs,
    shown,
)
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.named import find_items
from backstay_ledger.open_items.undoing import UndoAllocation, undo_allocation

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from backstay_ledger.open_items.by_machine import ItemsAllocated
    from backstay_ledger.open_items.named import NamedPair

_COLUMNS: Final = (
    ImportColumn("debit", lazy("Debit")),
    ImportColumn("credit", lazy("Credit")),
    ImportColumn("amount", lazy("Amount"), required=False),
)
_DAY: Final = click.DateTime(["%Y-%m-%d"])
_company = click.option("--company", required=True, help="The company's code.")
_account = click.option("--account", default="", help="The code of one account; left out, all.")
_party = click.option("--party", default="", help="One party, exactly; left out, all.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_key = click.option("--key", default="", help="Repeated with the same key, nothing is done twice.")


@click.command("open-items")
@_company
@click.option("--as-of", type=_DAY, help="The day (2026-03-31); left out, today.")
@_account
@_party
@_json
def print_items(
    company: str, as_of: datetime | None, account: str, party: str, *, as_json: bool
) -> None:
    """Print each item that was open at the end of a day, with its id and what was left of it."""
    with command_environment(company=company) as session:
        day = _day(as_of) or today(company_of(session).time_zone)
        rows = [
            {
                "id": str(one.id),
                "entry": one.number,
                "account": one.account,
                "party": one.party,
                "date": one.date.isoformat(),
                "due_date": one.due_date.isoformat(),
                "currency": one.currency or company_of(session).currency,
                "amount": in_currency(session, one.amount, one.currency),
                "left": in_currency(session, one.residual, one.currency),
                "left_base": plain_money(one.residual_base, company_of(session).minor_units),
                "reference": one.reference,
                "on_hold": one.held,
            }
            for one in open_items(session, day, account=account, party=party)
        ]
    _print_rows(rows, as_json=as_json)


@click.command("allocate")
@_company
@click.option("--debit", help="The debit: the item's id, or the number of its entry.")
@click.option("--credit", help="The credit, likewise.")
@click.option("--amount", help="In the items' currency; left out, as much as both have left.")
@click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False),
    help="CSV of pairs: debit, credit, amount; all or none.",
)
@click.option("--on", type=_DAY, help="The day; left out, the later date of each pair's items.")
@click.option("--propose", is_flag=True, help="Only print pairs that plainly belong together.")
@_account
@_party
@_key
@_json
def allocate_command(  # noqa: PLR0913 - each is an option of the command
    company: str,
    debit: str | None,
    credit: str | None,
    amount: str | None,
    path: str | None,
    on: datetime | None,
    *,
    account: str,
    party: str,
    key: str,
    propose: bool,
    as_json: bool,
) -> None:
    """Let open items settle each other: a pair, or all pairs of a CSV file, all or none.

    Exchange differences that they realise are posted at once. --propose prints pairs, of an
    account or a party if one is given, in the columns that --file reads.
    """
    if propose:
        with command_environment(company=company) as session:
            asked = ProposePairs(account=account, party=party, as_of=_day(on))
            found = propose_pairs(session, asked).pairs
        _print_rows([dataclasses.asdict(one) for one in found], as_json=as_json)
        return
    if account or party:
        raise Invalid(_("--account and --party go with --propose only."))
    if path is None:
        if not debit or not credit:
            raise Invalid(_("Give --debit and --credit, or a --file of pairs."))
        named: list[NamedPair] = [(None, debit, credit, amount or "")]
    elif debit or credit or amount:
        raise Invalid(_("Give --debit and --credit, or a --file of pairs, not both."))
    else:
        named = _read(path)
    with command_environment(company=company, write=True) as session:
        pairs = _pairs(session, named)
        try:
            done = allocate(session, Allocate(pairs=pairs, on=_day(on), key=key))
        except (Invalid, Conflict) as error:
            raise _by_row(error, named) from error
        told = shown(session, done)
    _say(told, as_json=as_json)


@click.command("undo-allocation")
@click.argument("allocation", type=click.IntRange(1, 2**63 - 1))
@_company
@click.option("--on", type=_DAY, help="From when the items are open again; left out, today.")
@_key
@_json
def undo_allocation_command(
    allocation: int, company: str, on: datetime | None, key: str, *, as_json: bool
) -> None:
    """Take the ALLOCATION of that id back, and reverse the entry that it posted."""
    with command_environment(company=company, write=True) as session:
        day = _day(on) or today(company_of(session).time_zone)
        undone = undo_allocation(session, UndoAllocation(id=allocation, on=day, key=key))
        told = shown(session, [undone])
    if as_json:
        one = _plain(told.allocations[0])
        click.echo(json.dumps({"undone_by": one, "tax_waits": told.tax_waits}, indent=2))
    else:
        click.echo(_("The allocation was undone."))


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _read(path: str) -> list[NamedPair]:
    """The pairs of a file, each with its row.

    Raises:
        NotFound: there is no such file.
        Invalid: it can't be read (names the row or column), or has more pairs than go at once.
    """
    found: list[NamedPair] = [
        (row.number, row.values["debit"], row.values["credit"], row.values["amount"])
        for row in read_table(path, _COLUMNS)
    ]
    if len(found) > MOST_PAIRS:
        raise Invalid(_("At most %(most)s pairs are allocated at once.", most=MOST_PAIRS))
    return found


def _pairs(session: Session, named: list[NamedPair]) -> tuple[Pair, ...]:
    items, problems = find_items(session, named)
    pairs: list[Pair] = []
    for (row, _debit, _credit, text), (debit, credit) in zip(named, items, strict=True):
        amount = None
        try:
            amount = read_amount(text)
        except BadCell as error:
            problems.append(Problem(str(error), "amount", row))
        pairs.append(Pair(debit, credit, amount))
    if problems:
        problems.sort(key=lambda one: one.row or 0)
        raise Invalid(_refusal(problems), problems=tuple(problems))
    return tuple(pairs)


def _by_row(error: Invalid | Conflict, named: list[NamedPair]) -> Invalid | Conflict:
    """The same error, each problem named by its row where the pairs come from a file."""
    problems: list[Problem] = []
    for one in error.problems:
        parts = (one.field or "").split(".")
        if len(parts) != 3 or not parts[1].isdecimal():  # noqa: PLR2004 - pairs.0.amount
            problems.append(one)
            continue
        problems.append(Problem(one.message, parts[2], named[int(parts[1])][0]))
    return type(error)(_refusal(problems), problems=tuple(problems))


def _refusal(problems: list[Problem]) -> str:
    if len(problems) == 1:
        return problems[0].message
    return _("Nothing was allocated.")


def _say(told: ItemsAllocated, *, as_json: bool) -> None:
    if as_json:
        rows = [_plain(one) for one in told.allocations]
        click.echo(json.dumps({"allocations": rows, "tax_waits": told.tax_waits}, indent=2))
        return
    click.echo(
        ngettext("%(n)s pair was allocated.", "%(n)s pairs were allocated.", len(told.allocations))
    )
    for one in told.allocations:
        if one.entry_number:
            click.echo(_("%(number)s books the difference.", number=one.entry_number))
    if told.tax_waits:
        click.echo(_("The tax that it concerns waits for approval."))


def _plain(one: Any) -> dict[str, Any]:
    """A result as JSON has it: ids are texts there too."""
    return {**dataclasses.asdict(one), "id": str(one.id), "date": one.date.isoformat()}


def _print_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        return
    writer = csv.DictWriter(sys.stdout, tuple(rows[0]))
    writer.writeheader()
    writer.writerows(rows)


ITEM_COMMANDS: Final = (print_items, allocate_command, undo_allocation_command)
