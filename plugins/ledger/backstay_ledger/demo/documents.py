"""The invoices and bills that the demo company has every month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from backstay_ledger.demo.lines import (
    ADVERTISING,
    ENERGY,
    GOODS,
    OFFICE,
    PHONE,
    RATES,
    REDUCED_SALE,
    REFIT,
    REVERSE_CHARGE,
    SALES,
    SCHOOL,
    SERVICES,
    SHOP,
    SOFTWARE,
    STANDARD_PURCHASE,
    STANDARD_SALE,
    SUBCONTRACTORS,
    WEB_SHOP,
    WHOLESALE,
    cents,
)

_SEASON: Final = (92, 98, 118, 148, 166, 172, 168, 150, 132, 116, 102, 112)
"""Percent of the figures below in January, February, ...: boats are fitted out in spring."""


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice to a customer.

    Arguments:
        paid: so many days later.
        due: so many days later.
    """

    day: int
    customer: str
    net: str
    cost: str
    paid: int
    centre: str
    due: int = 30
    tax: str = STANDARD_SALE
    account: str = SALES
    project: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """A vendor's bill, with the account that it goes to; due, and as a rule paid, in two weeks."""

    day: int
    vendor: str
    account: str
    net: str
    text: str
    centre: str = ""
    project: str = ""
    tax: str = STANDARD_PURCHASE
    seasonal: bool = False


SALES_OF_A_MONTH: Final = (
    Sale(2, "Quayside Chandlery", "3480.00", "2090.00", 17, WHOLESALE),
    Sale(
        5,
        "Northlight Sailing School",
        "1265.50",
        "702.00",
        17,
        SCHOOL,
        account=SERVICES,
        project=REFIT,
    ),
    Sale(9, "Marina Bellevue", "5740.00", "3510.00", 24, WHOLESALE),
    Sale(13, "Quayside Chandlery", "2210.75", "1322.40", 41, WHOLESALE),
    Sale(18, "Harbour Café", "486.90", "251.10", 6, SHOP, due=14, tax=REDUCED_SALE),
    Sale(23, "Islands Ferry Service", "7925.00", "4890.00", 48, WHOLESALE),
    Sale(27, "Cash customers of the shop", "2940.00", "1610.00", 0, SHOP, due=0),
)
BILLS_OF_A_MONTH: Final = (
    Bill(3, "Ropeworks Wholesale", GOODS, "8060.00", "Goods for resale", seasonal=True),
    Bill(6, "Town utilities", ENERGY, "318.40", "Energy and water"),
    Bill(11, "Fastline Telecom", PHONE, "89.00", "Telephone and internet", OFFICE),
    Bill(
        12, "Ledgerline Software", SOFTWARE, "149.00", "Subscriptions", OFFICE, tax=REVERSE_CHARGE
    ),
    Bill(16, "Ropeworks Wholesale", GOODS, "6740.00", "Goods for resale", seasonal=True),
    Bill(20, "Poster & Print", ADVERTISING, "420.00", "Leaflets and posters", SHOP, WEB_SHOP),
)
REPAIRS: Final = Bill(
    8, "Tidewater Joinery", SUBCONTRACTORS, "1450.00", "Work on the school's boats", SCHOOL, REFIT
)
"""Every third month."""


RECEIVED: Final = {(5, 4): Decimal(0), (4, 3): Decimal("0.4")}
"""What part customers paid of an invoice, by its number and how many months follow its own: of the
first nothing, because it is disputed. All others are paid whole."""
PAID: Final = {(6, 1): Decimal(0), (5, 1): Decimal("0.5")}
"""The same of bills."""


def factor_of(month: date, place: int) -> Decimal:
    """By what the figures of a month are multiplied; business grows from one to the next."""
    return Decimal(_SEASON[month.month - 1] * (100 + place)) / 10_000


def amounts_of_sale(sale: Sale, factor: Decimal) -> tuple[Decimal, Decimal]:
    """Net and tax."""
    net = cents(Decimal(sale.net) * factor)
    return net, cents(net * RATES[sale.tax] / 100)


def amounts_of_bill(bill: Bill, factor: Decimal) -> tuple[Decimal, Decimal]:
    """Net and tax."""
    net = cents(Decimal(bill.net) * (factor if bill.seasonal else 1))
    return net, cents(net * RATES[bill.tax] / 100)
