"""Keeping the demo company's books for a year, in the order in which people do it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.contracts.ledger import Pair
from backstay.spi import give_reason, now, today
from backstay_ledger.approval.limits import SetLimit, set_limit
from backstay_ledger.audit.runs import keep_run
from backstay_ledger.audit.sealing import add_seals, seals_to_make
from backstay_ledger.demo.abroad import revalue_at, set_up_currencies, trade_abroad
from backstay_ledger.demo.closing import (
    PREMIUM,
    close_months,
    defer_insurance,
    leave_work,
    months_until,
    plan_rent,
    run_rules,
)
from backstay_ledger.demo.documents import RECEIVED
from backstay_ledger.demo.lines import (
    ACCRUED,
    AUDIT,
    BANK,
    ENERGY,
    INPUT_TAX,
    INSURANCE,
    OUTPUT_TAX,
    PAYABLES,
    PAYABLES_ABROAD,
    RECEIVABLES,
    RECEIVABLES_ABROAD,
    VEHICLES,
    entry,
    line,
)
from backstay_ledger.demo.structure import add_rules, add_tree, set_up_dimensions
from backstay_ledger.demo.taxes import add_demo_taxes
from backstay_ledger.demo.trade import trade
from backstay_ledger.models import Account, Journal
from backstay_ledger.open_items.allocations import Allocate, allocate
from backstay_ledger.open_items.items import HoldItem, hold_item
from backstay_ledger.open_items.models import ItemHold, OpenItem
from backstay_ledger.services.accounts import add_accounts
from backstay_ledger.services.checks import check_company
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import add_months, ensure_fiscal_years
from backstay_ledger.services.posting import post_many
from backstay_ledger.starter_charts import CASH_CODES, read_starter_chart
from backstay_ledger.statements.cash_accounts import mark_as_cash

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Posting
    from backstay.spi import Company
    from backstay_ledger.demo.trade import Trade

_MONTHS: Final = 12
_BY_ITEMS: Final = (RECEIVABLES, RECEIVABLES_ABROAD, PAYABLES, PAYABLES_ABROAD)
_LIMIT: Final = Decimal("15000.00")
_DAY: Final = timedelta(days=1)


def keep_books(session: Session, company: Company) -> None:
    """Post a year up to today, close its older months, and leave some work."""
    last = today(company.time_zone)
    month = last.replace(day=1)
    first = add_months(month, 1 - _MONTHS)
    _complete_chart(session)
    ensure_fiscal_years(session, [first, last])
    add_demo_taxes(session, output=OUTPUT_TAX, deducted=INPUT_TAX)
    centre = set_up_dimensions(session, first)
    set_up_currencies(session, company, first, last)
    add_tree(session)
    done = trade(first, last, _MONTHS)
    trade_abroad(done, _MONTHS)
    insured = add_months(month, -5)
    done.add(_insurance(insured))
    done.add(_on_account(last))
    done.postings.sort(key=lambda one: one.date)
    posted = post_many(session, done.postings)
    entries = {one.key: it.id for one, it in zip(done.postings, posted, strict=True)}
    _settle(session, done, entries)
    plan_rent(session, company, {day: entries[f"demo-{day:%Y-%m}-rent"] for day in done.rents})
    defer_insurance(session, insured, add_months(month, -1) - _DAY)
    spread_from, spread_until = add_months(month, -4), add_months(month, -2)
    rules = add_rules(session, centre, spread_from, date(last.year, 12, 31))
    run_rules(session, rules, months_until(session, spread_from, spread_until))
    revalue_at(session, add_months(month, -1) - _DAY)
    give_reason(session, "first start")  # no more that of the reversal just made
    close_months(session, first, month)
    leave_work(session, company, month)
    for draft in _drafts(last):
        save_draft(session, draft)
    journal = session.scalars(select(Journal.id).where(Journal.code == "PUR")).one()
    set_limit(session, SetLimit(journal_id=journal, amount=_LIMIT))
    post_many(session, [_van(last)])
    _check(session, company)


def _complete_chart(session: Session) -> None:
    """Add the accounts of the starter chart that the company was created without."""
    present = set(session.scalars(select(Account.code)))
    missing = [one for one in read_starter_chart("trading") if one.code not in present]
    added = add_accounts(session, missing)
    mark_as_cash(session, [one for one in added if one.code in CASH_CODES])
    for account in session.scalars(select(Account).where(Account.code.in_(_BY_ITEMS))):
        account.open_item_managed = True
    session.flush()


def _settle(session: Session, done: Trade, entries: dict[str, int]) -> None:
    """Allocate payments to what they pay, and put the disputed invoice on hold."""
    items = {
        row.entry_id: (row.id, row.amount > 0)
        for row in session.execute(select(OpenItem.entry_id, OpenItem.id, OpenItem.amount))
    }
    pairs = []
    for document, payment in done.settled:
        (one, is_debit), (other, _credit) = items[entries[document]], items[entries[payment]]
        pairs.append(Pair(one, other) if is_debit else Pair(other, one))
    allocate(session, Allocate(pairs=tuple(pairs)))
    number, left = next(key for key, part in RECEIVED.items() if not part)
    month = add_months(done.last.replace(day=1), -left)
    item, _debit = items[entries[f"demo-{month:%Y-%m}-sale-{number}"]]
    why = "Says that half of the goods were damaged"
    hold_item(session, HoldItem(id=item, hold=ItemHold.DISPUTED, reason=why))


def _check(session: Session, company: Company) -> None:
    """What the nightly job does: ask every check, and seal."""
    began_at = now()
    keep_run(session, began_at, list(check_company(session, company.id)))
    add_seals(session, company.id, seals_to_make(session, company.id))


def _insurance(day: date) -> Posting:
    return entry(
        "insurance",
        "BNK",
        day,
        "Insurance of shop and stock for a year",
        line(INSURANCE, PREMIUM),
        line(BANK, -PREMIUM),
    )


def _on_account(day: date) -> Posting:
    """Money without a reference: somebody finds out what it pays."""
    amount = Decimal("5000.00")
    return entry(
        "on-account",
        "BNK",
        day,
        "Marina Bellevue: transfer without a reference",
        line(BANK, amount),
        line(RECEIVABLES, -amount, party="Marina Bellevue"),
    )


def _van(last: date) -> Posting:
    """Over the limit of purchases: it waits for a second person."""
    price = Decimal("18500.00")
    return entry(
        "van",
        "PUR",
        last,
        "Delivery van, as offered",
        line(VEHICLES, price),
        line(PAYABLES, -price, party="Coastline Vans", due=last + timedelta(days=30)),
        reference="OFFER-2214",
    )


def _drafts(last: date) -> Iterator[SaveDraft]:
    """What waits for the accountant: one ready to post, one unfinished, one just begun."""
    audit, tax = Decimal("1200.00"), Decimal("240.00")
    yield SaveDraft(
        journal="PUR",
        date=last,
        memo="Audit of the year, first part",
        reference="AU-7731",
        lines=(
            DraftLine(account=AUDIT, debit=audit, text="Fee"),
            DraftLine(account=INPUT_TAX, debit=tax),
            DraftLine(
                account=PAYABLES,
                credit=audit + tax,
                party="Beacon Audit",
                due_date=last + timedelta(days=30),
            ),
        ),
    )
    yield SaveDraft(
        journal="GEN",
        date=last,
        memo="Accrual for energy, bill not here yet",
        lines=(
            DraftLine(account=ENERGY, debit=Decimal("310.00")),
            DraftLine(account=ACCRUED, credit=Decimal("300.00")),
        ),
    )
    yield SaveDraft(
        journal="BNK",
        date=last,
        memo="Card payment to be sorted out",
        lines=(DraftLine(account=BANK, credit=Decimal("74.20"), text="Card 4471"),),
    )
