"""Sample entries and periods for the tests that attack every plugin: no form alone makes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.spi import company_of, now, today
from backstay.testing.attack import Sample
from backstay_ledger.approval.holding import change_state
from backstay_ledger.audit.samples import AUDIT_SAMPLES
from backstay_ledger.closing.samples import CLOSING_SAMPLES
from backstay_ledger.closing.services.periods import SoftClosePeriod, soft_close_period
from backstay_ledger.cost_allocation.samples import ALLOCATION_SAMPLES
from backstay_ledger.currencies.samples import CURRENCY_SAMPLES
from backstay_ledger.dimensions.samples import DIMENSION_SAMPLES
from backstay_ledger.models import Entry, EntryState, EntryTemplate, FiscalYear, Period, PeriodState
from backstay_ledger.open_items.samples import ITEM_SAMPLES
from backstay_ledger.opening_wizard.samples import OPENING_SAMPLES
from backstay_ledger.services.drafts import DraftLine, PostDraft, SaveDraft, post_draft, save_draft
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, ensure_fiscal_years
from backstay_ledger.services.stored import stored_entry
from backstay_ledger.statements.kinds import NodeKind
from backstay_ledger.tax.samples import TAX_SAMPLES

if TYPE_CHECKING:
    from backstay.testing.attack import Making


def draft(making: Making) -> Entry:
    """A draft of two lines that balance, dated today, on accounts of its own."""
    session = making.session
    day = today(company_of(session).time_zone)
    ensure_fiscal_years(session, [day])
    amount = Decimal(10 + making.number % 90)
    return save_draft(
        session,
        SaveDraft(
            journal=making.record("ledger.journal").code,
            date=day,
            memo=f"Sample {making.number}",
            lines=(
                DraftLine(account=making.record("ledger.account").code, debit=amount),
                DraftLine(account=making.record("ledger.account").code, credit=amount),
            ),
        ),
    )


def posted(making: Making) -> Entry:
    """The same, posted."""
    done = post_draft(making.session, PostDraft(id=draft(making).id))
    return making.session.get_one(Entry, done.id, populate_existing=True)


def waiting(making: Making) -> Entry:
    """A draft that somebody submitted, as if it were over a limit."""
    row = stored_entry(making.session, draft(making).id).row
    change_state(
        making.session,
        "submit",
        row,
        replace(row, state=EntryState.WAITING, submitted_by="sample"),
    )
    return making.session.get_one(Entry, row.id, populate_existing=True)


def period(making: Making) -> Period:
    """An open period without entries, the last of a year that is made for it."""
    year: FiscalYear = making.record("ledger.fiscal_year")
    last = select(Period).where(Period.fiscal_year_id == year.id).order_by(Period.number.desc())
    return making.session.scalars(last.limit(1)).one()


def closed_period(making: Making) -> Period:
    """The same, closed."""
    return close_period(making.session, ClosePeriod(id=period(making).id, reason="Sample"))


def soft_closed(making: Making) -> Period:
    """The same, soft-closed."""
    return soft_close_period(making.session, SoftClosePeriod(id=period(making).id))


def template(making: Making) -> EntryTemplate:
    """A shared template; the operator, who makes samples, is nobody that could own it."""
    accounts = [making.record("ledger.account") for _side in ("debit", "credit")]
    lines = [
        {"account": str(account.id), "label": account.label, "text": "Sample", side: "100"}
        for account, side in zip(accounts, ("debit", "credit"), strict=True)
    ]
    row = EntryTemplate(
        company_id=company_of(making.session).id,
        owner_id=0,
        name=f"Sample {making.number}",
        shared=True,
        content={"journal": "", "reference": "", "memo": "", "lines": lines},
        created_by="sample",
        created_at=now(),
    )
    making.session.add(row)
    making.session.flush()
    return row


SAMPLES: Final = (
    Sample(
        resource="ledger.company_group",
        values={
            "code": lambda number: f"g{number}",
            "members": lambda _number: "GAMMA",
            "eliminations": lambda _number: "",
        },
    ),
    Sample(
        resource="ledger.group_share",
        values={
            "member": lambda _number: "GAMMA",
            "share": lambda number: str(1 + number % 100),
            "valid_from": lambda number: date(2001, 1, 1) + timedelta(days=number),
            "valid_to": lambda _number: None,
            "investment": lambda _number: "",
            "dividends": lambda _number: "",
        },
    ),
    Sample(
        resource="ledger.statement_node",
        values={
            "code": lambda number: f"n{number}",
            "parent": lambda _number: "",
            "accounts": lambda number: f"sample{number}",
            "formula": lambda _number: "",
            "kind": lambda _number: NodeKind.ACCOUNTS,
        },
    ),
    Sample(
        resource="ledger.tax_code",
        values={
            "role": lambda _number: "vat_output",
            "account_id": lambda _number: None,
            "deductible": lambda _number: "",
            "other_account_id": lambda _number: None,
            "waiting_account_id": lambda _number: None,
            "single_threshold": lambda _number: None,
            "cumulative_threshold": lambda _number: None,
            "rate": lambda number: str(number % 100),
            "valid_from": lambda number: date(2001, 1, 1) + timedelta(days=number),
        },
    ),
    Sample(
        resource="ledger.tax_filing",
        values={
            "starts_on": lambda number: date(2001, 1, 1) + timedelta(days=number),
            "ends_on": lambda number: date(2001, 1, 1) + timedelta(days=number),
        },
    ),
    Sample(
        resource="ledger.tax_rounding",
        values={
            "unit": lambda _number: Decimal(1),
            "valid_from": lambda number: date(2001, 1, 1) + timedelta(days=number),
        },
    ),
    Sample(
        resource="ledger.account_rule",
        values={
            "role": lambda _number: "revenue",
            "country": lambda _number: "AT",
            "item_group": lambda number: f"g{number}",
        },
    ),
    *CURRENCY_SAMPLES,
    Sample(resource="ledger.entry", make=draft, values={"percent": lambda _number: "100"}),
    *DIMENSION_SAMPLES,
    *ALLOCATION_SAMPLES,
    Sample(resource="ledger.entry", make=posted, state=EntryState.POSTED.value),
    Sample(resource="ledger.entry", make=waiting, state=EntryState.WAITING.value),
    Sample(resource="ledger.template", make=template),
    Sample(resource="ledger.period", make=period),
    Sample(resource="ledger.period", make=closed_period, state=PeriodState.CLOSED.value),
    Sample(resource="ledger.period", make=soft_closed, state=PeriodState.SOFT_CLOSED.value),
    *CLOSING_SAMPLES,
    *AUDIT_SAMPLES,
    *TAX_SAMPLES,
    *OPENING_SAMPLES,
    *ITEM_SAMPLES,
)
