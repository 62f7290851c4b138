"""Books with tax codes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.contracts.ledger import Posting, PostingLine
from backstay_ledger.models import Account, AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.tax.boxes import CreateBox, create_box
from backstay_ledger.tax.codes import create_tax_code
from backstay_ledger.tax.commands import CreateTaxCode
from backstay_ledger.tax.models import BoxKind, TaxUse

if TYPE_CHECKING:
    from collections.abc import Callable

TAX_ACCOUNTS = (
    ("1180", "Input tax", AccountClass.ASSET),
    ("1190", "Tax not due yet", AccountClass.LIABILITY),
    ("2300", "Output tax", AccountClass.LIABILITY),
    ("2310", "Tax withheld", AccountClass.LIABILITY),
)
BOXES = (
    ("81", "Sales at the standard rate", BoxKind.PAYABLE),
    ("66", "Input tax", BoxKind.DEDUCTIBLE),
    ("84", "Purchases with reverse charge", BoxKind.PAYABLE),
    ("WH", "Tax withheld", BoxKind.PAYABLE),
)
SALE, PURCHASE = TaxUse.SALE, TaxUse.PURCHASE


class Taxed:
    """The books of a company with tax codes, and short ways to post to them."""

    def __init__(self, books: Any) -> None:
        self.books = books
        self.accounts: dict[str, int] = {}
        self.boxes: dict[str, int] = {}
        with books.write() as session:
            add_accounts(
                session,
                [
                    CreateAccount(code=code, name=name, account_class=account_class)
                    for code, name, account_class in TAX_ACCOUNTS
                ],
            )
            for code, name, kind in BOXES:
                box = create_box(session, CreateBox(code=code, name=name, kind=kind))
                self.boxes[code] = box.id
            for account in session.scalars(select(Account)):
                self.accounts[account.code] = account.id
        self.code("S20", "20", SALE, account="2300", box="81")
        self.code("S20I", "20", SALE, account="2300", box="81", included=True)
        self.code("P20", "20", PURCHASE, account="1180", box="66")
        self.code("P50", "20", PURCHASE, account="1180", box="66", deductible="50")
        self.code("RC", "21", PURCHASE, account="1180", box="66", other=("2300", "84"))
        self.code("WH", "-10", PURCHASE, account="2310", box="WH")
        self.code("CB", "20", SALE, account="2300", box="81", waiting="1190")

    def code(self, code: str, rate: str, use: TaxUse, **values: Any) -> int:
        """Make a tax code from 2026 on."""
        other = values.pop("other", None)
        if other is not None:
            values["other_account_id"] = self.accounts[other[0]]
            values["other_box_id"] = self.boxes[other[1]]
        if "account" in values:
            values["account_id"] = self.accounts[values.pop("account")]
        if "waiting" in values:
            values["waiting_account_id"] = self.accounts[values.pop("waiting")]
        if "box" in values:
            values["box_id"] = self.boxes[values.pop("box")]
        with self.books.write() as session:
            return create_tax_code(
                session,
                CreateTaxCode(
                    code=code,
                    name=f"Tax {code}",
                    use=use,
                    rate=rate,
                    valid_from=values.pop("valid_from", date(2026, 1, 1)),
                    **values,
                ),
            ).id

    def posting(self, *lines: Any, **values: Any) -> Posting:
        """An entry of (account, amount, tax code) or of lines; dated 2026-03-15 in GEN."""
        return Posting(
            key=values.pop("key", ""),
            journal=values.pop("journal", "GEN"),
            date=values.pop("date", date(2026, 3, 15)),
            lines=tuple(
                line
                if isinstance(line, PostingLine)
                else PostingLine(line[0], Decimal(line[1]), tax_code=line[2] if line[2:] else "")
                for line in lines
            ),
            **values,
        )

    def post(self, *lines: Any, **values: Any) -> int:
        """Post an entry; returns its id."""
        posted: int = self.books.post(self.posting(*lines, **values)).id
        return posted

    def lines(self, entry_id: int) -> list[tuple[str, str]]:
        """Account and amount of each line of an entry."""
        return [
            (code, f"{Decimal(amount).scaleb(-4):.2f}")
            for code, amount in self.books.rows(
                "SELECT a.code, l.amount FROM ledger_line AS l"
                " JOIN ledger_account AS a ON a.id = l.account_id"
                " WHERE l.entry_id = :id ORDER BY l.line_no",
                id=entry_id,
            )
        ]


@pytest.fixture
def taxed(books: Any) -> Taxed:
    """ALPHA's books in EUR with a few tax codes."""
    return Taxed(books)


@pytest.fixture
def detail(taxed: Taxed) -> Callable[[int], list[Any]]:
    """The tax details of an entry: code, base, amount, base line, line of tax."""

    def of(entry_id: int) -> list[Any]:
        return [
            (code, f"{base / 10000:.2f}", f"{amount / 10000:.2f}", base_line, line)
            for code, base, amount, base_line, line in taxed.books.rows(
                "SELECT c.code, d.base, d.amount, d.base_line_no, d.line_no"
                " FROM ledger_tax_detail AS d JOIN ledger_tax_code AS c ON c.id = d.code_id"
                " WHERE d.entry_id = :id ORDER BY d.id",
                id=entry_id,
            )
        ]

    return of
