"""What the demo company sells, buys and pays in a month, and which payment settles which bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay_ledger.demo.documents import (
    BILLS_OF_A_MONTH,
    PAID,
    RECEIVED,
    REPAIRS,
    SALES_OF_A_MONTH,
    Bill,
    Sale,
    amounts_of_bill,
    amounts_of_sale,
    factor_of,
)
from backstay_ledger.demo.lines import (
    BANK,
    CAPITAL,
    CHARGES,
    COMPUTERS,
    COST,
    DEPRECIATED,
    DEPRECIATION,
    GOODS,
    INPUT_TAX,
    INTEREST,
    LOAN,
    OFFICE,
    OUTPUT_TAX,
    PAYABLES,
    RECEIVABLES,
    RENT,
    REVERSE_CHARGE,
    SCHOOL,
    SHOP,
    SOCIAL,
    WAGES,
    WAGES_PAYABLE,
    WHOLESALE,
    cents,
    entry,
    line,
)
from backstay_ledger.services.fiscal_years import MONTHS, add_months

if TYPE_CHECKING:
    from backstay.contracts.ledger import Posting, PostingLine

RENT_OF_A_MONTH: Final = Decimal("1850.00")
_COMPUTERS: Final = Decimal("4800.00")
_BORROWED, _REPAID = Decimal("24000.00"), Decimal("400.00")
_WAGES: Final = (
    (SHOP, Decimal("2350.00")),
    (WHOLESALE, Decimal("1480.00")),
    (SCHOOL, Decimal("860.00")),
    (OFFICE, Decimal("710.00")),
)
_SOCIAL: Final = Decimal("0.21")


@dataclass(slots=True)
class Trade:
    """What happened from a month to a day.

    Arguments:
        settled: keys of entries: an invoice or a bill, and its payment.
        rents: the days of rent.
    """

    first: date
    last: date
    postings: list[Posting] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)
    rents: list[date] = field(default_factory=list)

    def add(self, one: Posting, pays: str = "") -> None:
        """Take an entry in, unless its day is still to come.

        Arguments:
            pays: the key of the entry that it settles.
        """
        if one.date <= self.last:
            self.postings.append(one)
            if pays:
                self.settled.append((pays, one.key))


def trade(first: date, last: date, months: int) -> Trade:
    """Everything from the first day of a month to a day.

    Arguments:
        months: how many begin in these days.
    """
    done = Trade(first, last)
    done.add(_start(first))
    for place in range(months):
        month = add_months(first, place)
        factor = factor_of(month, place)
        left = months - 1 - place
        for number, sale in enumerate(SALES_OF_A_MONTH, 1):
            _sell(done, month, number, sale, factor, left)
        for number, bill in enumerate(BILLS_OF_A_MONTH, 1):
            _buy(done, month, number, bill, factor, left)
        if not place % 3:
            _buy(done, month, 0, REPAIRS, factor, left)
        _every_month(done, month, place)
        _pay_tax(done, month, factor, repairs=not place % 3)
    return done


def _start(first: date) -> Posting:
    capital, goods = Decimal("60000.00"), Decimal("12000.00")
    return entry(
        "start",
        "GEN",
        first,
        "Capital paid in; computers and goods brought in by the owners",
        line(BANK, capital - _COMPUTERS - goods),
        line(COMPUTERS, _COMPUTERS),
        line(GOODS, goods),
        line(CAPITAL, -capital),
    )


def _sell(done: Trade, month: date, number: int, sale: Sale, factor: Decimal, left: int) -> None:
    """An invoice, the goods that went out, and what the customer pays.

    Arguments:
        left: how many months follow.
    """
    net, tax = amounts_of_sale(sale, factor)
    cost = cents(Decimal(sale.cost) * factor)
    name, day = f"{month:%Y-%m}", month.replace(day=sale.day)
    reference = f"INV-{month:%y%m}-{number:02d}"
    to_cash = not sale.due
    done.add(
        entry(
            f"{name}-sale-{number}",
            "SAL",
            day,
            "Sales of the shop" if to_cash else f"Invoice to {sale.customer}",
            line(BANK, net + tax)
            if to_cash
            else line(
                RECEIVABLES, net + tax, party=sale.customer, due=day + timedelta(days=sale.due)
            ),
            line(sale.account, -net, tax=sale.tax, centre=sale.centre, project=sale.project),
            reference=reference,
        )
    )
    done.add(
        entry(
            f"{name}-cost-{number}",
            "GEN",
            day,
            f"Goods delivered to {sale.customer}",
            line(COST, cost, centre=sale.centre, project=sale.project),
            line(GOODS, -cost),
            reference=reference,
        )
    )
    part = RECEIVED.get((number, left), Decimal(1))
    if to_cash or not part:
        return
    done.add(
        entry(
            f"{name}-receipt-{number}",
            "BNK",
            day + timedelta(days=sale.paid),
            f"{sale.customer} pays {reference}",
            line(BANK, cents((net + tax) * part)),
            line(RECEIVABLES, -cents((net + tax) * part), party=sale.customer),
            reference=reference,
        ),
        pays=f"demo-{name}-sale-{number}",
    )


def _buy(done: Trade, month: date, number: int, bill: Bill, factor: Decimal, left: int) -> None:
    """A bill and its payment."""
    net, tax = amounts_of_bill(bill, factor)
    gross = net if bill.tax == REVERSE_CHARGE else net + tax
    name, day = f"{month:%Y-%m}", month.replace(day=bill.day)
    due = day + timedelta(days=14)
    reference = f"{bill.vendor[:2].upper()}-{month:%y%m}{bill.day:02d}"
    done.add(
        entry(
            f"{name}-bill-{number}",
            "PUR",
            day,
            f"{bill.vendor}: {bill.text}",
            line(bill.account, net, tax=bill.tax, centre=bill.centre, project=bill.project),
            line(PAYABLES, -gross, party=bill.vendor, due=due),
            reference=reference,
        )
    )
    part = PAID.get((number, left), Decimal(1))
    if not part:
        return
    done.add(
        entry(
            f"{name}-payment-{number}",
            "BNK",
            due,
            f"Paid {bill.vendor}",
            line(PAYABLES, cents(gross * part), party=bill.vendor),
            line(BANK, -cents(gross * part)),
            reference=reference,
        ),
        pays=f"demo-{name}-bill-{number}",
    )


def _every_month(done: Trade, month: date, place: int) -> None:
    """Rent, wages, the loan, depreciation and charges."""
    name = f"{month:%Y-%m}"
    end = add_months(month, 1) - timedelta(days=1)
    rent = "Rent of shop and store"
    done.add(
        entry(
            f"{name}-rent",
            "BNK",
            month,
            rent,
            line(RENT, RENT_OF_A_MONTH),
            line(BANK, -RENT_OF_A_MONTH),
        )
    )
    if month <= done.last:
        done.rents.append(month)
    paid = list(_wages())
    owed = sum((one.amount for one in paid), Decimal(0))
    done.add(
        entry(
            f"{name}-wages",
            "GEN",
            month.replace(day=25),
            "Wages of the month",
            *paid,
            line(WAGES_PAYABLE, -owed),
        )
    )
    done.add(
        entry(
            f"{name}-wages-paid",
            "BNK",
            month.replace(day=27),
            "Wages paid",
            line(WAGES_PAYABLE, owed),
            line(BANK, -owed),
        )
    )
    done.add(_loan(name, month.replace(day=15), place))
    worn = cents(_COMPUTERS / (3 * MONTHS))
    done.add(
        entry(
            f"{name}-depreciation",
            "GEN",
            end,
            "Depreciation of computers",
            line(DEPRECIATION, worn, centre=OFFICE),
            line(DEPRECIATED, -worn),
        )
    )
    done.add(
        entry(
            f"{name}-charges",
            "BNK",
            end,
            "Bank charges",
            line(CHARGES, "24.90"),
            line(BANK, "-24.90"),
        )
    )


def _wages() -> Iterator[PostingLine]:
    for centre, wages in _WAGES:
        yield line(WAGES, wages, centre=centre)
    for centre, wages in _WAGES:
        yield line(SOCIAL, cents(wages * _SOCIAL), centre=centre)


def _loan(name: str, day: date, place: int) -> Posting:
    if not place:
        return entry(
            f"{name}-loan",
            "BNK",
            day,
            "Loan of the bank for five years",
            line(BANK, _BORROWED),
            line(LOAN, -_BORROWED),
        )
    interest = cents((_BORROWED - _REPAID * (place - 1)) * 5 / 1200)
    return entry(
        f"{name}-loan",
        "BNK",
        day,
        "Loan: repayment and interest",
        line(LOAN, _REPAID),
        line(INTEREST, interest, centre=OFFICE),
        line(BANK, -(_REPAID + interest)),
    )


def _pay_tax(done: Trade, month: date, factor: Decimal, *, repairs: bool) -> None:
    """On the 20th of the next month, what the month's return says."""
    owed = sum((amounts_of_sale(one, factor)[1] for one in SALES_OF_A_MONTH), Decimal(0))
    bills = (*BILLS_OF_A_MONTH, *((REPAIRS,) * repairs))
    deducted = sum((amounts_of_bill(one, factor)[1] for one in bills), Decimal(0))
    owed += sum(
        (amounts_of_bill(one, factor)[1] for one in bills if one.tax == REVERSE_CHARGE), Decimal(0)
    )
    difference = owed - deducted
    done.add(
        entry(
            f"{month:%Y-%m}-tax",
            "BNK",
            add_months(month, 1).replace(day=20),
            f"Tax of {month:%Y-%m} {'paid' if difference > 0 else 'paid back'}",
            line(OUTPUT_TAX, owed),
            line(INPUT_TAX, -deducted),
            line(BANK, -difference),
        )
    )
