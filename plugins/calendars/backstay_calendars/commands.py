"""``backstay calendars ...``: holidays and due dates on the command line, and for scripts."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from backstay.contracts.calendars import Roll, TermUnit
from backstay.spi import command_environment, today
from backstay.spi import gettext as _
from backstay_calendars.services.asking import (
    AskDay,
    ReckonDue,
    ask_day,
    holidays_in,
    reckon_due,
)

if TYPE_CHECKING:
    from datetime import datetime

_company = click.option("--company", required=True, help="The company's code.")
_calendar = click.option(
    "--calendar", default="", metavar="CODE", help="The calendar; left out, the default."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def calendars() -> None:
    """Print public holidays, reckon due dates, ask about a day."""


@calendars.command("holidays")
@_company
@_calendar
@click.option("--year", type=click.IntRange(1900, 2199), help="Left out, this year.")
@_json
def holidays(company: str, calendar: str, year: int | None, *, as_json: bool) -> None:
    """Print the days of a year on which nobody works: public holidays and closing days."""
    with command_environment(company=company) as session:
        work, found = holidays_in(session, year or today().year, calendar)
    if as_json:
        _print([asdict(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.day}  {one.kind:8} {one.name}")
    if not found:
        click.echo(_("The calendar %(code)s has none in that year.", code=work.ref.code))


@calendars.command("due")
@_company
@_calendar
@click.option("--from", "start", type=_DAY, required=True, metavar="DATE", help="2026-03-31.")
@click.option("--count", type=int, required=True, help="How many; negative counts back.")
@click.option(
    "--unit",
    type=click.Choice([one.value for one in TermUnit]),
    default=TermUnit.BUSINESS_DAYS.value,
    show_default=True,
    help="Of what.",
)
@click.option(
    "--roll",
    type=click.Choice([one.value for one in Roll]),
    default=Roll.FOLLOWING.value,
    show_default=True,
    help="Where a due date that is no business day goes.",
)
@click.option("--end-of-month", is_flag=True, help="The last day of the month it ends in.")
@_json
def due(
    company: str,
    calendar: str,
    start: datetime,
    count: int,
    unit: str,
    roll: str,
    *,
    end_of_month: bool,
    as_json: bool,
) -> None:
    """Print when something is due that long after a day."""
    command = ReckonDue(
        start=start.date(),
        count=count,
        unit=TermUnit(unit),
        roll=Roll(roll),
        end_of_month=end_of_month,
        calendar=calendar,
    )
    with command_environment(company=company) as session:
        found = reckon_due(session, command)
    if as_json:
        _print(asdict(found))
    else:
        click.echo(found.due.isoformat())


@calendars.command("day")
@click.argument("day", type=_DAY)
@_company
@_calendar
@_json
def ask(day: datetime, company: str, calendar: str, *, as_json: bool) -> None:
    """Say whether DAY (2026-12-25) is a business day; exit status 1 where it is none."""
    with command_environment(company=company) as session:
        found = ask_day(session, AskDay(day=day.date(), calendar=calendar))
    if as_json:
        _print(asdict(found))
    elif found.is_business_day:
        click.echo(_("%(day)s is a business day.", day=found.day))
    else:
        why = found.name or found.kind
        click.echo(_("%(day)s is no business day: %(why)s.", day=found.day, why=why))
    if not found.is_business_day:
        raise SystemExit(1)


def _print(values: Any) -> None:
    click.echo(json.dumps(values, indent=2, default=_plain, ensure_ascii=False))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


COMMANDS = (calendars,)
