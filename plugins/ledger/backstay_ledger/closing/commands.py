"""``backstay ledger close-period``, ``reopen-period``, ``close-year``, ``reopen-year``."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click
from sqlalchemy import select

from backstay.spi import NotFound, command_environment
from backstay.spi import gettext as _
from backstay_ledger.closing.due_command import make_due_command
from backstay_ledger.closing.services.periods import (
    LockPeriod,
    SoftClosePeriod,
    lock_period,
    soft_close_period,
)
from backstay_ledger.closing.services.year_preview import (
    ClosingPreview,
    PreviewClosing,
    preview_closing,
)
from backstay_ledger.closing.services.years import (
    CloseYear,
    ReopenYear,
    close_year,
    proposed_account,
    reopen_year,
)
from backstay_ledger.models import FiscalYear, Period, PeriodState
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    ReopenPeriod,
    close_period,
    list_fiscal_years,
    reopen_period,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_company = click.option("--company", required=True, help="The company's code.")
_period = click.option(
    "--period", "label", required=True, help="Such as 2026-03; 2026-13 is the adjustment period."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("close-period")
@_company
@_period
@click.option(
    "--state",
    type=click.Choice([state.value for state in PeriodState if state is not PeriodState.OPEN]),
    default=PeriodState.CLOSED.value,
    show_default=True,
    help="The state that the period gets.",
)
@click.option("--reason", default="", help="Kept in the audit trail; needed to lock.")
@_json
def close_period_command(
    company: str, label: str, state: str, reason: str, *, as_json: bool
) -> None:
    """Soft-close, close or lock a period. A locked period is never reopened."""
    with command_environment(company=company, write=True) as session:
        period = _find(session, label)
        wanted = PeriodState(state)
        if wanted is PeriodState.SOFT_CLOSED:
            soft_close_period(session, SoftClosePeriod(id=period.id, reason=reason))
        elif wanted is PeriodState.CLOSED:
            close_period(session, ClosePeriod(id=period.id, reason=reason))
        else:
            lock_period(session, LockPeriod(id=period.id, reason=reason))
        _say(period, as_json=as_json)


@click.command("reopen-period")
@_company
@_period
@click.option("--reason", required=True, help="Kept in the audit trail.")
@_json
def reopen_period_command(company: str, label: str, reason: str, *, as_json: bool) -> None:
    """Reopen a soft-closed or closed period."""
    with command_environment(company=company, write=True) as session:
        period = reopen_period(session, ReopenPeriod(id=_find(session, label).id, reason=reason))
        _say(period, as_json=as_json)


@click.command("close-year")
@_company
@click.option("--year", "code", required=True, help="The code of the fiscal year, such as 2026.")
@click.option("--account", help="Retained earnings; left out, the account of the last closing.")
@click.option("--reason", default="", help="Kept in the audit trail.")
@click.option("--dry-run", is_flag=True, help="Only show what it would post and what blocks it.")
@_json
def close_year_command(
    company: str, code: str, account: str | None, reason: str, *, dry_run: bool, as_json: bool
) -> None:
    """Carry income and expenses of a fiscal year to retained earnings.

    Its periods are closed before, and so are the years before it.
    """
    with command_environment(company=company, write=not dry_run) as session:
        year = _find_year(session, code)
        retained = account_by_code(session, account).id if account else proposed_account(session)
        if dry_run:
            command = PreviewClosing(year=year.id, account=retained)
            _say_preview(preview_closing(session, command), as_json=as_json)
            return
        if retained is None:
            raise NotFound(_("Name the account of retained earnings with --account."))
        close_year(session, CloseYear(id=year.id, account=retained, reason=reason))
        _say_year(year, "closed", as_json=as_json)


@click.command("reopen-year")
@_company
@click.option("--year", "code", required=True, help="The code of the fiscal year, such as 2026.")
@click.option("--reason", required=True, help="Stands in the reversal and in the audit trail.")
@_json
def reopen_year_command(company: str, code: str, reason: str, *, as_json: bool) -> None:
    """Cancel the closing of the last closed fiscal year: all balances are as before it."""
    with command_environment(company=company, write=True) as session:
        year = _find_year(session, code)
        reopen_year(session, ReopenYear(id=year.id, reason=reason))
        _say_year(year, "open", as_json=as_json)


def _find_year(session: Session, code: str) -> FiscalYear:
    for year in list_fiscal_years(session):
        if year.code == code:
            return year
    raise NotFound(_("There is no fiscal year “%(code)s”.", code=code))


def _say_preview(preview: ClosingPreview, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(preview), indent=2, default=str))
        return
    writer = csv.DictWriter(sys.stdout, ("account", "debit", "credit", "dimensions"))
    writer.writeheader()
    writer.writerows(asdict(one) for one in preview.lines)
    for reason in preview.blocked_by:
        click.echo(reason, err=True)


def _say_year(year: FiscalYear, state: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"fiscal_year": year.code, "state": state}))
    else:
        click.echo(_("Fiscal year %(code)s is now %(state)s.", code=year.code, state=state))


def _find(session: Session, label: str) -> Period:
    for period in session.scalars(select(Period)):
        if period.label == label:
            return period
    raise NotFound(_("There is no period “%(label)s”; write it as 2026-03.", label=label))


def _say(period: Period, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"period": period.label, "state": period.state.value}))
    else:
        click.echo(_("%(period)s is now %(state)s.", period=period.label, state=period.state.value))


CLOSING_COMMANDS: Final = (
    close_period_command,
    reopen_period_command,
    close_year_command,
    reopen_year_command,
    make_due_command,
)
