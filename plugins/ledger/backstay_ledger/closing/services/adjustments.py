"""Posting a draft in the thirteenth period of its year, because somebody chose to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posted
from backstay.spi import Invalid, authorize
from backstay.spi import gettext as _
from backstay_ledger.closing.services.periods import ADJUSTMENT, add_period, adjustment_period
from backstay_ledger.models import FiscalYear, PeriodKind
from backstay_ledger.permissions import ENTRY_POST
from backstay_ledger.services.drafts import load_draft
from backstay_ledger.services.fiscal_years import period_on
from backstay_ledger.services.orders import Order
from backstay_ledger.services.posting import post_orders


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAdjustment:
    """A draft that is an adjustment of the fiscal year that its date lies in."""

    id: int
    version: int | None = None


def post_adjustment(session: Session, command: PostAdjustment) -> Posted:
    """Post a saved draft in the adjustment period of its year, dated the year's last day.

    The first adjustment of a year makes the period.

    Raises:
        Invalid: its date lies in no fiscal year, or anything else that posting refuses.
        Conflict: it was posted already, or the adjustment period is closed.
        Stale: somebody else saved it in the meantime.
    """
    authorize(session, ENTRY_POST)
    draft = load_draft(session, command.id, command.version)
    month = period_on(session, draft.row.date)
    if month is None:
        raise Invalid(
            _("There is no fiscal year for %(day)s; create it first.", day=draft.row.date),
            field="date",
        )
    year = session.scalars(
        select(FiscalYear)
        .where(FiscalYear.id == month.fiscal_year_id)
        .with_for_update(key_share=True)
    ).one()
    if adjustment_period(session, year) is None:
        add_period(session, year, PeriodKind.ADJUSTMENT, ADJUSTMENT)
    posting = replace(draft.as_posting(), date=year.ends_on, adjustment=True)
    order = Order(posting, kind=draft.row.kind, draft_id=draft.row.id, taxes=draft.taxes)
    return post_orders(session, [order])[0]
