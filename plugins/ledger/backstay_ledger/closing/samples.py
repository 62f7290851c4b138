"""Sample locks, exceptions and plans for the tests that attack every plugin."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, text

from backstay.spi import company_of, context_of, now, today
from backstay.testing.attack import JobSample, Sample
from backstay_ledger.closing.models import Lock, LockException, LockScope
from backstay_ledger.closing.plan_jobs import RUN_PLANS
from backstay_ledger.closing.plan_models import Deferral, Every, MakeAs, Recurring
from backstay_ledger.closing.services.deferrals import Defer, defer
from backstay_ledger.closing.services.locks import SetLock, set_lock
from backstay_ledger.closing.services.making import MakeDue
from backstay_ledger.closing.services.year_preview import PreviewClosing
from backstay_ledger.closing.services.years import (
    CloseYear,
    ReopenYear,
    close_year,
    closing_of,
    proposed_account,
    reopen_year,
)
from backstay_ledger.models import AccountClass, FiscalYear, Period, PeriodState
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.fiscal_years import (
    MONTHS,
    CreateFiscalYear,
    add_months,
    create_fiscal_year,
    ensure_fiscal_years,
    list_fiscal_years,
)

if TYPE_CHECKING:
    from backstay.testing.attack import Making

_LONG_AGO: Final = date(1990, 1, 1)


def lock(making: Making) -> Lock:
    """A lock of days long ago, which is in nobody's way."""
    return set_lock(making.session, SetLock(scope=LockScope.ALL, up_to=_LONG_AGO))


def requested(making: Making) -> LockException:
    """A request that somebody else made for somebody else."""
    company = company_of(making.session)
    day = today(company.time_zone)
    row = LockException(
        company_id=company.id,
        user_label=f"sample-{making.number}",
        scope=LockScope.ALL,
        first_day=day - timedelta(days=30),
        last_day=day,
        until=now() + timedelta(days=3),
        reason=f"Sample {making.number}",
        requested_by=context_of(making.session).actor.label,
        requested_at=now(),
    )
    making.session.add(row)
    making.session.flush()
    return row


def approved(making: Making) -> LockException:
    """The same, approved by a second person."""
    row = requested(making)
    session = making.session
    label = context_of(session).actor.label
    say = text("SELECT set_config('backstay.actor', :label, true)")
    postgresql = session.get_bind().dialect.name == "postgresql"
    if postgresql:  # its guard asks who acts
        session.execute(say, {"label": "second"}, execution_options={"scope_checked": True})
    row.approved_by = "second"
    row.approved_at = now()
    session.flush()
    if postgresql:
        session.execute(say, {"label": label}, execution_options={"scope_checked": True})
    return row


def deferral(making: Making) -> Deferral:
    """A deferral of this month, on accounts of its own."""
    session = making.session
    day = today(company_of(session).time_zone).replace(day=1)
    ensure_fiscal_years(session, [day])
    accounts = [
        create_account(
            session,
            CreateAccount(
                code=f"D{making.number}{kind.value[0]}",
                name=f"Sample {making.number}",
                account_class=kind,
            ),
        ).id
        for kind in (AccountClass.EXPENSE, AccountClass.ASSET)
    ]
    return defer(
        session,
        Defer(
            name=f"Sample {making.number}",
            amount=Decimal(100),
            account=accounts[0],
            deferral_account=accounts[1],
            journal=making.record("ledger.journal").id,
            starts_on=day,
            ends_on=day,
        ),
    )


def recurring(making: Making) -> Recurring:
    """A plan that begins in years to come."""
    row = Recurring(
        company_id=company_of(making.session).id,
        name=f"Sample {making.number}",
        content={},
        every=Every.MONTH,
        day=31,
        starts_on=date(2190, 1, 1),
        until=None,
        make_as=MakeAs.DRAFT,
        created_by="sample",
        created_at=now(),
    )
    making.session.add(row)
    making.session.flush()
    return row


def closable_year(making: Making) -> FiscalYear:
    """A year before all others whose months are closed, so that nothing stands in its way."""
    session = making.session
    ensure_fiscal_years(session, [today(company_of(session).time_zone)])
    for year in reversed(list_fiscal_years(session)):
        if closing_of(session, year.id) is not None:
            reopen_year(session, ReopenYear(id=year.id, reason="Sample"))
    first = list_fiscal_years(session)[0].starts_on
    made = create_fiscal_year(session, CreateFiscalYear(starts_on=add_months(first, -MONTHS)))
    for period in session.scalars(select(Period).where(Period.fiscal_year_id == made.id)):
        period.state = PeriodState.CLOSED
    create_account(
        session,
        CreateAccount(
            code=f"R{making.number}",
            name="Retained earnings",
            account_class=AccountClass.EQUITY,
        ),
    )
    session.flush()
    return made


def to_preview(making: Making) -> PreviewClosing:
    """The same year, to be looked at."""
    return PreviewClosing(year=closable_year(making).id)


def closed_year(making: Making) -> FiscalYear:
    """The same, closed."""
    year = closable_year(making)
    account = proposed_account(making.session) or 0
    return close_year(making.session, CloseYear(id=year.id, account=account))


def to_make(_making: Making) -> MakeDue:
    """Whatever is due up to today."""
    return MakeDue()


def _nothing(_making: Making) -> dict[str, Any]:
    return {}


CLOSING_SAMPLES: Final = (
    Sample(resource="ledger.lock", make=lock, values={"up_to": lambda _number: _LONG_AGO}),
    Sample(resource="ledger.lock_exception", make=requested),
    Sample(resource="ledger.lock_exception", make=approved, state="approved"),
    Sample(resource="ledger.deferral", make=deferral, values={"dimensions": lambda _number: ""}),
    Sample(resource="ledger.recurring", make=recurring),
    Sample(resource="ledger.fiscal_year", make=closable_year, action="close"),
    Sample(resource="ledger.fiscal_year", make=closed_year, action="reopen"),
    Sample(resource="ledger.recurring", make=to_make, action="make_due"),
    Sample(resource="ledger.fiscal_year", make=to_preview, action="preview_closing"),
    JobSample(job=RUN_PLANS, arguments=_nothing),
)
