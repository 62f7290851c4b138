"""Sample books for the demo company: three months of a small trading company, ending today.

Every name and figure is invented. The amounts follow from the month's place, so the demo looks the
same on every machine and its reports have something to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.contracts.ledger import Posting, PostingLine
from backstay.spi import DemoData, today
from backstay_ledger.approval.limits import SetLimit, set_limit
from backstay_ledger.closing.plan_models import ReleaseBy
from backstay_ledger.closing.services.deferrals import Defer, defer
from backstay_ledger.models import Account, Journal
from backstay_ledger.services.accounts import account_by_code, add_accounts
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import MONTHS, add_months, ensure_fiscal_years
from backstay_ledger.services.posting import post_many
from backstay_ledger.starter_charts import CASH_CODES, read_starter_chart
from backstay_ledger.statements.cash_accounts import mark_as_cash
from backstay_ledger.tax.demo import STANDARD_PURCHASE, STANDARD_SALE, add_demo_taxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.spi import Company

_MONTHS: Final = 3
_PREMIUM: Final = Decimal("1440.00")
_TAX: Final = Decimal("0.20")
_BANK, _RECEIVABLES, _INPUT_TAX, _GOODS = "1010", "1100", "1180", "1200"
_COMPUTERS, _DEPRECIATED = "1510", "1590"
_PAYABLES, _ACCRUED, _WAGES_PAYABLE, _SALES_TAX = "2000", "2100", "2200", "2300"
_PREPAID, _VEHICLES, _INSURANCE = "1300", "1520", "6700"
_CAPITAL, _SALES, _SERVICES, _COST = "3000", "4000", "4100", "5000"
_WAGES, _SOCIAL, _RENT, _ENERGY, _PHONE = "6000", "6010", "6100", "6200", "6300"
_SOFTWARE, _ADVERTISING, _AUDIT, _DEPRECIATION, _CHARGES = "6310", "6400", "6610", "6800", "7010"


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice to a customer and when it is paid, by days of the month."""

    day: int
    customer: str
    net: str
    cost: str
    paid: int | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """A vendor's bill, with the account that it goes to; paid two weeks later."""

    day: int
    vendor: str
    account: str
    net: str
    text: str


SALES: Final = (
    Sale(2, "Quayside Chandlery", "3480.00", "2090.00", paid=19),
    Sale(5, "Northlight Sailing School", "1265.50", "702.00", paid=22),
    Sale(9, "Marina Bellevue", "5740.00", "3510.00", paid=26),
    Sale(13, "Quayside Chandlery", "2210.75", "1322.40"),
    Sale(18, "Harbour Café", "486.90", "251.10", paid=24),
    Sale(23, "Islands Ferry Service", "7925.00", "4890.00"),
)
BILLS: Final = (
    Bill(3, "Ropeworks Wholesale", _GOODS, "7920.00", "Goods for resale"),
    Bill(6, "Town utilities", _ENERGY, "318.40", "Energy and water"),
    Bill(11, "Fastline Telecom", _PHONE, "89.00", "Telephone and internet"),
    Bill(12, "Ledgerline Software", _SOFTWARE, "149.00", "Subscriptions"),
    Bill(16, "Ropeworks Wholesale", _GOODS, "6340.00", "Goods for resale"),
    Bill(20, "Poster & Print", _ADVERTISING, "540.00", "Autumn leaflets"),
)


def fill(session: Session, company: Company) -> None:
    """Post three months and leave a few drafts."""
    _complete_chart(session)
    add_demo_taxes(session, output=_SALES_TAX, deducted=_INPUT_TAX)
    last = today(company.time_zone)
    first = add_months(last.replace(day=1), 1 - _MONTHS)
    ensure_fiscal_years(session, [first, last])
    postings = [_start(first), _insurance(first)]
    for place in range(_MONTHS):
        month = add_months(first, place)
        postings += [one for one in _month(month, place) if one.date <= last]
    postings.sort(key=lambda posting: posting.date)
    post_many(session, postings)
    for draft in _drafts(last):
        save_draft(session, draft)
    _defer_insurance(session, first)
    journal = session.scalars(select(Journal.id).where(Journal.code == "PUR")).one()
    set_limit(session, SetLimit(journal_id=journal, amount=Decimal("15000.00")))
    post_many(session, [_van(last)])


def _complete_chart(session: Session) -> None:
    """Add the accounts of the starter chart that the company was created without."""
    present = set(session.scalars(select(Account.code)))
    missing = [one for one in read_starter_chart("trading") if one.code not in present]
    added = add_accounts(session, missing)
    mark_as_cash(session, [one for one in added if one.code in CASH_CODES])


def _posting(
    key: str,
    journal: str,
    day: date,
    memo: str,
    *lines: tuple[str, Decimal] | tuple[str, Decimal, str],
    reference: str = "",
) -> Posting:
    return Posting(
        key=f"demo-{key}",
        journal=journal,
        date=day,
        lines=tuple(
            PostingLine(account, amount, tax_code="".join(tax)) for account, amount, *tax in lines
        ),
        memo=memo,
        reference=reference,
    )


def _start(first: date) -> Posting:
    capital = Decimal("60000.00")
    computers = Decimal("4800.00")
    return _posting(
        "start",
        "GEN",
        first,
        "Capital paid in; computers brought in by the owners",
        (_BANK, capital - computers),
        (_COMPUTERS, computers),
        (_CAPITAL, -capital),
    )


def _insurance(first: date) -> Posting:
    return _posting(
        "insurance",
        "BNK",
        first,
        "Insurance of shop and stock for a year",
        (_INSURANCE, _PREMIUM),
        (_BANK, -_PREMIUM),
    )


def _month(month: date, place: int) -> Iterator[Posting]:
    """Everything that happens in a month; business grows a little from one to the next."""
    name = f"{month:%Y-%m}"
    growth = Decimal(100 + 7 * place) / 100
    for number, sale in enumerate(SALES, 1):
        yield from _sale(month, name, number, sale, growth)
    for number, bill in enumerate(BILLS, 1):
        yield from _bill(month, name, number, bill)
    rent, wages, social = Decimal("1850.00"), Decimal("5400.00"), Decimal("1134.00")
    yield _posting(
        f"{name}-rent", "BNK", month, "Rent of shop and store", (_RENT, rent), (_BANK, -rent)
    )
    yield _posting(
        f"{name}-wages",
        "GEN",
        month.replace(day=25),
        "Wages of the month",
        (_WAGES, wages),
        (_SOCIAL, social),
        (_WAGES_PAYABLE, -(wages + social)),
    )
    yield _posting(
        f"{name}-wages-paid",
        "BNK",
        month.replace(day=27),
        "Wages paid",
        (_WAGES_PAYABLE, wages + social),
        (_BANK, -(wages + social)),
    )
    end = add_months(month, 1) - timedelta(days=1)
    depreciation, charges = Decimal("4800.00") / (3 * MONTHS), Decimal("24.90")
    depreciation = depreciation.quantize(Decimal("0.01"))
    yield _posting(
        f"{name}-depreciation",
        "GEN",
        end,
        "Depreciation of computers",
        (_DEPRECIATION, depreciation),
        (_DEPRECIATED, -depreciation),
    )
    yield _posting(
        f"{name}-charges", "BNK", end, "Bank charges", (_CHARGES, charges), (_BANK, -charges)
    )


def _sale(month: date, name: str, number: int, sale: Sale, growth: Decimal) -> Iterator[Posting]:
    cent = Decimal("0.01")
    net = (Decimal(sale.net) * growth).quantize(cent)
    cost = (Decimal(sale.cost) * growth).quantize(cent)
    tax = (net * _TAX).quantize(cent, ROUND_HALF_UP)
    reference = f"INV-{month:%y%m}-{number:02d}"
    account = _SERVICES if "School" in sale.customer else _SALES
    yield _posting(
        f"{name}-sale-{number}",
        "SAL",
        month.replace(day=sale.day),
        f"Invoice to {sale.customer}",
        (_RECEIVABLES, net + tax),
        (account, -net, STANDARD_SALE),
        reference=reference,
    )
    yield _posting(
        f"{name}-cost-{number}",
        "GEN",
        month.replace(day=sale.day),
        f"Goods delivered to {sale.customer}",
        (_COST, cost),
        (_GOODS, -cost),
        reference=reference,
    )
    if sale.paid is not None:
        yield _posting(
            f"{name}-receipt-{number}",
            "BNK",
            month.replace(day=sale.paid),
            f"{sale.customer} pays {reference}",
            (_BANK, net + tax),
            (_RECEIVABLES, -(net + tax)),
            reference=reference,
        )


def _bill(month: date, name: str, number: int, bill: Bill) -> Iterator[Posting]:
    net = Decimal(bill.net)
    tax = (net * _TAX).quantize(Decimal("0.01"), ROUND_HALF_UP)
    reference = f"{bill.vendor[:2].upper()}-{month:%y%m}{bill.day:02d}"
    day = month.replace(day=bill.day)
    yield _posting(
        f"{name}-bill-{number}",
        "PUR",
        day,
        f"{bill.vendor}: {bill.text}",
        (bill.account, net, STANDARD_PURCHASE),
        (_PAYABLES, -(net + tax)),
        reference=reference,
    )
    yield _posting(
        f"{name}-payment-{number}",
        "BNK",
        day + timedelta(days=14),
        f"Paid {bill.vendor}",
        (_PAYABLES, net + tax),
        (_BANK, -(net + tax)),
        reference=reference,
    )


def _defer_insurance(session: Session, first: date) -> None:
    """A premium for a year, whose releases the close cockpit finds missing."""
    defer(
        session,
        Defer(
            name="Insurance of shop and stock",
            amount=_PREMIUM,
            account=account_by_code(session, _INSURANCE).id,
            deferral_account=account_by_code(session, _PREPAID).id,
            journal=session.scalars(select(Journal.id).where(Journal.code == "GEN")).one(),
            starts_on=first,
            ends_on=add_months(first, MONTHS) - timedelta(days=1),
            release_by=ReleaseBy.MONTH,
        ),
    )


def _van(last: date) -> Posting:
    """Over the limit of purchases: it waits for a second person."""
    price = Decimal("18500.00")
    return _posting(
        "van",
        "PUR",
        last,
        "Delivery van, as offered",
        (_VEHICLES, price),
        (_PAYABLES, -price),
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
            DraftLine(account=_AUDIT, debit=audit, text="Fee"),
            DraftLine(account=_INPUT_TAX, debit=tax),
            DraftLine(account=_PAYABLES, credit=audit + tax),
        ),
    )
    yield SaveDraft(
        journal="GEN",
        date=last,
        memo="Accrual for energy, bill not here yet",
        lines=(
            DraftLine(account=_ENERGY, debit=Decimal("310.00")),
            DraftLine(account=_ACCRUED, credit=Decimal("300.00")),
        ),
    )
    yield SaveDraft(
        journal="BNK",
        date=last,
        memo="Card payment to be sorted out",
        lines=(DraftLine(account=_BANK, credit=Decimal("74.20"), text="Card 4471"),),
    )


DEMO: Final = (DemoData("ledger", fill),)
