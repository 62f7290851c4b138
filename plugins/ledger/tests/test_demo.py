"""The demo company's books are plausible and sound, and show what the ledger can do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from backstay.clock import today
from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay_ledger import demo
from backstay_ledger.audit.models import CheckRun, Seal
from backstay_ledger.closing.models import Lock, LockException, YearClosing
from backstay_ledger.closing.services.checklist import checklist
from backstay_ledger.company_setup import set_up_books
from backstay_ledger.cost_allocation.running import not_run
from backstay_ledger.demo import books
from backstay_ledger.models import Entry, EntryKind, EntryState, Period, PeriodState
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.services.balances import balance, trial_balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.fiscal_years import add_months, period_on
from backstay_ledger.statements.charts import monthly_figures
from backstay_ledger.tax.filing.filing import is_unchanged
from backstay_ledger.tax.filing.models import TaxFiling

if TYPE_CHECKING:
    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


def keep(database: Database, suite: Suite, company: CompanyRef, chart: str = "") -> Context:
    """Fill a company as the demo, and return what looks at it."""
    context = operator_context("cli:test", company=company)
    with database.write(context, suite) as session:
        row = session.get_one(Company, company.id)
        set_up_books(session, row, chart)
        demo.fill(session, row)
    return context


@pytest.mark.parametrize("chart", ["", "trading"])
def test_a_year_and_a_few_drafts(
    chart: str, database: Database, suite: Suite, alpha: CompanyRef
) -> None:
    context = keep(database, suite, alpha, chart)
    with database.read(context, suite) as session:
        assert check_books(session) == []
        rows = trial_balance(session)
        assert sum(row.debit for row in rows) == sum(row.credit for row in rows) > 0
        assert balance(session, "1010", today()) > 0
        assert balance(session, "4000", today()) < Decimal(-10_000)
        counted = dict(
            session.execute(select(Entry.state, func.count()).group_by(Entry.state)).all()
        )
    assert counted[EntryState.DRAFT] == 3
    assert counted[EntryState.WAITING] == 1
    assert counted[EntryState.POSTED] > 300


def test_each_part_of_the_ledger_has_something_to_show(
    database: Database, suite: Suite, alpha: CompanyRef
) -> None:
    context = keep(database, suite, alpha)
    month = today().replace(day=1)
    with database.read(context, suite) as session:
        items = open_items(session, today())
        assert {one.currency for one in items} >= {None, "GBP"}
        assert any(0 < abs(one.residual) < abs(one.amount) for one in items)
        assert any(one.held for one in items)
        assert sum(one.due_date < today() for one in items) >= 3
        settled = select(func.count()).where(OpenItem.residual == 0)
        assert (session.scalar(settled) or 0) > 100
        realised = select(func.count()).where(Entry.kind == EntryKind.EXCHANGE)
        assert (session.scalar(realised) or 0) >= 3
        figures = monthly_figures(session, today())[:-1]
        assert min(one.result for one in figures) < 0 < max(one.result for one in figures)
        assert all(one.cash and one.cash > 0 for one in figures)
        filings = session.scalars(select(TaxFiling)).all()
        assert len(filings) >= 9
        assert all(is_unchanged(session, one) for one in filings)
        assert session.scalars(select(Lock.up_to)).all() == [
            add_months(month, -1) - timedelta(days=1)
        ]
        assert [run.broken for run in session.scalars(select(CheckRun))] == [0]
        assert (session.scalar(select(func.count()).select_from(Seal)) or 0) >= 4
        assert [one.state for one in session.scalars(select(LockException))] == ["requested"]


def test_the_month_to_be_closed_next_has_a_checklist_to_work_on(
    database: Database, suite: Suite, alpha: CompanyRef
) -> None:
    context = keep(database, suite, alpha)
    with database.write(context, suite) as session:
        months = [period_on(session, add_months(today(), -back)) for back in (3, 2, 1, 0)]
        states = [month.state for month in months if month is not None]
        assert states == [
            PeriodState.CLOSED,
            PeriodState.SOFT_CLOSED,
            PeriodState.OPEN,
            PeriodState.OPEN,
        ]
        next_one = months[2]
        assert next_one is not None
        blocking = [one.name for one in checklist(session, next_one) if one.blocks]
        assert blocking[0] == "ledger.releases"
        assert blocking[1].startswith("own.")
        assert len(list(not_run(session, next_one))) == 2


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2025, 5, 1), date(2025, 12, 31)])
def test_it_can_be_made_on_any_day(
    day: date,
    database: Database,
    suite: Suite,
    alpha: CompanyRef,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(books, "today", lambda _zone: day)
    context = keep(database, suite, alpha)
    with database.read(context, suite) as session:
        assert check_books(session) == []
        latest = select(func.max(Entry.date)).where(Entry.state == EntryState.POSTED)
        assert session.scalar(latest) == day
        closed = select(func.max(Period.ends_on)).where(Period.state == PeriodState.CLOSED)
        assert session.scalar(closed) == add_months(day, -2) - timedelta(days=1)
        closings = select(func.count()).select_from(YearClosing)
        # A fiscal year is closed when all of its months are.
        assert bool(session.scalar(closings)) is (
            add_months(day, -2).year > add_months(day, -11).year
        )
