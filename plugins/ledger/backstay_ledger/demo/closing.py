"""What the demo company did at the end of its months, and what it has left to do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.spi import now, today
from backstay_ledger.closing.models import LockScope
from backstay_ledger.closing.plan_models import Every, MakeAs, PlannedEntry, Recurring, ReleaseBy
from backstay_ledger.closing.services.checklist import AddTask, add_task
from backstay_ledger.closing.services.deferrals import Defer, defer
from backstay_ledger.closing.services.locks import RequestException, request_exception
from backstay_ledger.closing.services.periods import SoftClosePeriod, soft_close_period
from backstay_ledger.closing.services.plans import due, make
from backstay_ledger.closing.services.years import CloseYear, close_year
from backstay_ledger.cost_allocation.running import RunAllocationRule, run_rule
from backstay_ledger.demo.lines import BANK, INSURANCE, PREPAID, RENT, RETAINED
from backstay_ledger.demo.trade import RENT_OF_A_MONTH
from backstay_ledger.models import FiscalYear, Journal, Period, PeriodKind, PeriodState
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.fiscal_years import MONTHS, ClosePeriod, add_months, close_period
from backstay_ledger.tax.filing.filing import FileReturn, file_return

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from backstay.spi import Company

PREMIUM: Final = Decimal("1440.00")
_DAY: Final = timedelta(days=1)


def plan_rent(session: Session, company: Company, made: Mapping[date, int]) -> None:
    """The rent as a recurring entry.

    Arguments:
        made: the entries of the days that are past.
    """
    rent = str(RENT_OF_A_MONTH)
    expense, bank = account_by_code(session, RENT), account_by_code(session, BANK)
    recurring = Recurring(
        company_id=company.id,
        name="Rent of shop and store",
        content={
            "journal": "BNK",
            "reference": "",
            "memo": "Rent of shop and store",
            "lines": [
                {"account": str(expense.id), "label": expense.label, "debit": rent},
                {"account": str(bank.id), "label": bank.label, "credit": rent},
            ],
        },
        every=Every.MONTH,
        day=1,
        starts_on=min(made),
        make_as=MakeAs.POSTED,
        created_by="system:first-run",
        created_at=now(),
    )
    session.add(recurring)
    session.flush()
    session.add_all(
        PlannedEntry(
            company_id=company.id, recurring_id=recurring.id, due_on=day, entry_id=entry_id
        )
        for day, entry_id in sorted(made.items())
    )
    session.flush()


def defer_insurance(session: Session, paid_on: date, released_up_to: date) -> None:
    """A premium for a year; its latest release is missing, as the close cockpit finds."""
    journal = session.scalars(select(Journal.id).where(Journal.code == "GEN")).one()
    defer(
        session,
        Defer(
            name="Insurance of shop and stock",
            amount=PREMIUM,
            account=account_by_code(session, INSURANCE).id,
            deferral_account=account_by_code(session, PREPAID).id,
            journal=journal,
            starts_on=paid_on,
            ends_on=add_months(paid_on, MONTHS) - _DAY,
            release_by=ReleaseBy.MONTH,
        ),
    )
    for one in due(session, released_up_to, paid_on):
        make(session, one)


def run_rules(session: Session, rules: Iterable[int], periods: Iterable[Period]) -> None:
    """Spread the shared costs of months over cost centres."""
    for period in periods:
        for rule in rules:
            run_rule(session, RunAllocationRule(id=rule, period_id=period.id))


def close_months(session: Session, first: date, this_month: date) -> None:
    """Close what is older than two months, with its tax returns; soft-close the month after.

    Fiscal years that end among these months are closed, too.

    Arguments:
        first: the first day of the books.
    """
    soft = add_months(this_month, -2)
    for period in months_until(session, date.min, first - _DAY):
        period.state = PeriodState.CLOSED  # before the company began, so there is nothing to check
    for period in months_until(session, first, soft):
        _file(session, period)
        if period.starts_on < soft:
            close_period(session, ClosePeriod(id=period.id))
        else:
            soft_close_period(session, SoftClosePeriod(id=period.id))
    retained = account_by_code(session, RETAINED).id
    for year in session.scalars(select(FiscalYear).order_by(FiscalYear.starts_on)).all():
        if year.ends_on < soft:
            close_year(session, CloseYear(id=year.id, account=retained))


def leave_work(session: Session, company: Company, this_month: date) -> None:
    """A task of people's own in the month that is to be closed next, and a request to post late."""
    before = add_months(this_month, -1)
    [period] = months_until(session, before, before)
    add_task(session, AddTask(period_id=period.id, title="Till and stock counted"))
    closed = add_months(this_month, -3)
    request_exception(
        session,
        RequestException(
            user="bookkeeper",
            scope=LockScope.PAYABLE,
            first_day=closed,
            last_day=add_months(closed, 1) - _DAY,
            until=today(company.time_zone) + timedelta(days=14),
            reason="A freight bill of that month came only now",
        ),
    )


def months_until(session: Session, first: date, last: date) -> list[Period]:
    """The months of the books that begin in some days, oldest first."""
    return list(
        session.scalars(
            select(Period)
            .where(Period.kind == PeriodKind.MONTH, Period.starts_on.between(first, last))
            .order_by(Period.starts_on)
        )
    )


def _file(session: Session, period: Period) -> None:
    command = FileReturn(starts_on=period.starts_on, ends_on=period.ends_on, registration="DEMO-1")
    file_return(session, command)
