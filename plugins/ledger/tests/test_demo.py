"""The demo company's books are plausible and sound."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from backstay.clock import today
from backstay.companies.models import Company
from backstay.db.context import operator_context
from backstay_ledger import demo
from backstay_ledger.company_setup import set_up_books
from backstay_ledger.models import Entry, EntryState
from backstay_ledger.services.balances import balance, trial_balance
from backstay_ledger.services.checks import check_books

if TYPE_CHECKING:
    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite


@pytest.mark.parametrize("chart", ["", "trading"])
def test_three_months_and_a_few_drafts(
    chart: str, database: Database, suite: Suite, alpha: CompanyRef
) -> None:
    context = operator_context("cli:test", company=alpha)
    with database.write(context, suite) as session:
        company = session.get_one(Company, alpha.id)
        set_up_books(session, company, chart)
        demo.fill(session, company)
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
    assert counted[EntryState.POSTED] > 60
