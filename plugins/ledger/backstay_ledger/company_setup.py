"""What the ledger gives a new company: the usual journals, this fiscal year, a starter chart."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from backstay.spi import Company, SetupChoice, company_of, lazy, today
from backstay_ledger.services.accounts import add_accounts
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.starter_charts import CASH_CODES, STARTER_CHARTS, read_starter_chart
from backstay_ledger.statements.cash_accounts import mark_as_cash


def set_up_books(session: Session, company: Company, chart: str) -> None:
    """Make the journals and the current fiscal year, and the accounts of the chosen chart.

    Arguments:
        chart: the name of a starter chart; empty for none (a chart is imported later).
    """
    if company_of(session).id != company.id:
        message = "the session of a company's setup works in that company"
        raise RuntimeError(message)
    add_standard_journals(session)
    ensure_fiscal_years(session, [today(company.time_zone)])
    if chart:
        added = add_accounts(session, read_starter_chart(chart))
        mark_as_cash(session, [one for one in added if one.code in CASH_CODES])


COMPANY_SETUP: Final = (
    SetupChoice(
        name="chart",
        label=lazy("Chart of accounts"),
        help=lazy("Accounts to begin with; leave it empty to import a chart of your own."),
        choices=STARTER_CHARTS,
        apply=set_up_books,
    ),
)
