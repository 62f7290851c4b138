"""Books to make audit files of: foreign money, taxes, reversals, items, a thirteenth period."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from backstay.contracts.books import Books, BookSpan
from backstay.contracts.ledger import Ledger, Pair, Posting, PostingLine
from backstay.db.context import operator_context
from backstay.kernel.load import load
from backstay.kernel.suite import require
from backstay.testing.web import web_app
from backstay_auditfiles.services.company import EnterCompany, enter_company
from backstay_ledger.closing.services.adjustments import PostAdjustment, post_adjustment
from backstay_ledger.models import Account, AccountClass, ExchangeSettings, FiscalYear
from backstay_ledger.services.accounts import (
    CreateAccount,
    EditAccount,
    account_by_code,
    add_accounts,
    edit_account,
)
from backstay_ledger.services.drafts import SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.opening import PostOpeningBalances, post_opening_balances
from backstay_ledger.services.typed_lines import DraftLine
from backstay_ledger.tax.codes import create_tax_code
from backstay_ledger.tax.commands import CreateTaxCode
from backstay_ledger.tax.models import TaxUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from backstay.contracts.audit_files import AuditFileFormat, AuditFileMade
    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

__all__ = ["web_app"]
SIREN = "732829320"
COMPANY = EnterCompany(
    siren=SIREN,
    registration_number="FR 732829320",
    tax_number="FR44732829320",
    street="1 rue <du> Port",
    postal_code="44000",
    city="Nantes",
    country="FR",
    last_name="Accounting",
)
YEAR = BookSpan(date(2026, 1, 1), date(2026, 12, 31), "2026")
ACCOUNTS = (
    ("101", "Capital", AccountClass.EQUITY),
    ("120", "Retained earnings", AccountClass.EQUITY),
    ("401", "Suppliers", AccountClass.LIABILITY),
    ("411", "Customers", AccountClass.ASSET),
    ("4456", "Input tax", AccountClass.ASSET),
    ("4457", "Output tax", AccountClass.LIABILITY),
    ("512", "Bank", AccountClass.ASSET),
    ("601", "Purchases", AccountClass.EXPENSE),
    ("666", "Exchange losses", AccountClass.EXPENSE),
    ("701", "Sales | & <goods>", AccountClass.INCOME),
    ("766", "Exchange gains", AccountClass.INCOME),
)


@dataclass
class Office:
    """One company with books that an audit file is made of."""

    database: Database
    suite: Suite
    company: CompanyRef
    numbers: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def write(self) -> Iterator[Session]:
        context = operator_context("cli:test", company=self.company)
        with self.database.write(context, self.suite) as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        context = operator_context("cli:test", company=self.company)
        with self.database.read(context, self.suite) as session:
            yield session

    def post(self, day: date, *lines: PostingLine, **values: Any) -> Any:
        posting = Posting(
            key="", journal=values.pop("journal", "GEN"), date=day, lines=lines, **values
        )
        with self.write() as session:
            posted = require(session, Ledger).post(session, posting)
        self.numbers[posting.memo] = posted.number
        return posted

    def items(self, *entries: Any) -> list[int]:
        """The ids of the open items of entries."""
        with self.database.engine.connect() as connection:
            return [
                connection.execute(
                    text("SELECT id FROM ledger_open_item WHERE entry_id = :id"), {"id": one.id}
                ).scalar_one()
                for one in entries
            ]

    def make(self, form: AuditFileFormat, span: BookSpan = YEAR) -> tuple[AuditFileMade, BytesIO]:
        target = BytesIO()
        with self.read() as session:
            require(session, Books).hold_still(session)
            made = form.make(session, span, target)
        target.seek(0)
        return made, target

    def run(self, sql: str) -> None:
        """Change rows behind the back of all guards, on a database of the test's own."""
        with self.database.engine.begin() as connection:
            if self.database.is_sqlite:
                names = connection.execute(
                    text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                ).scalars()
                for name in list(names):
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(sql)


def line(account: str, amount: str, text: str = "", **values: Any) -> PostingLine:
    return PostingLine(account, Decimal(amount), text, **values)


def dollars(account: str, amount: str, abroad: str, **values: Any) -> PostingLine:
    return line(account, amount, currency="USD", amount_currency=Decimal(abroad), **values)


def open_books(database: Database, suite: Suite, company: CompanyRef) -> Office:
    """A chart, journals and the fiscal years 2025 and 2026, without entries."""
    office = Office(database, suite, company)
    with office.write() as session:
        add_standard_journals(session)
        add_accounts(
            session,
            [
                CreateAccount(code=code, name=name, account_class=account_class)
                for code, name, account_class in ACCOUNTS
            ],
        )
        ensure_fiscal_years(session, [date(2025, 1, 1), date(2026, 1, 1)])
        for code in ("411", "401"):
            account = account_by_code(session, code)
            edit_account(
                session,
                EditAccount(
                    id=account.id,
                    code=account.code,
                    name=account.name,
                    account_class=account.account_class,
                    active=True,
                    open_item_managed=True,
                ),
            )
        ids = dict(session.execute(select(Account.code, Account.id)).all())
        session.add(
            ExchangeSettings(
                company_id=company.id, realised_gain_id=ids["766"], realised_loss_id=ids["666"]
            )
        )
        for code, use, account in (
            ("S20", TaxUse.SALE, "4457"),
            ("P20", TaxUse.PURCHASE, "4456"),
        ):
            create_tax_code(
                session,
                CreateTaxCode(
                    code=code,
                    name=f"Tax {code}",
                    use=use,
                    rate="20",
                    valid_from=date(2025, 1, 1),
                    account_id=ids[account],
                ),
            )
    return office


def fill(office: Office) -> None:
    """Two years of everything that an audit file has to show."""
    with office.write() as session:
        year = session.scalars(select(FiscalYear).where(FiscalYear.code == "2025")).one()
        post_opening_balances(
            session,
            PostOpeningBalances(
                fiscal_year_id=year.id,
                lines=(
                    DraftLine(account="512", debit=Decimal(5000)),
                    DraftLine(account="101", credit=Decimal(5000)),
                ),
            ),
        )
    old = office.post(
        date(2025, 11, 3),
        line("411", "300.00", party="BETA"),
        line("101", "-300.00"),
        memo="Before",
    )
    sale = office.post(
        date(2026, 1, 15),
        line("411", "120.00", party="ACME", due_date=date(2026, 2, 14)),
        line("701", "-100.00", "Tea\tand | cake\n", tax_code="S20"),
        journal="SAL",
        memo="Sale",
        reference="R-1",
    )
    paid = office.post(
        date(2026, 2, 10),
        line("512", "120.00"),
        line("411", "-120.00", party="ACME"),
        journal="BNK",
        memo="Paid",
    )
    office.post(
        date(2026, 2, 11),
        line("512", "100.00"),
        line("411", "-100.00", party="BETA"),
        journal="BNK",
        memo="Part",
    )
    office.post(
        date(2026, 3, 1),
        line("601", "50.00", tax_code="P20"),
        line("401", "-60.00", party="TEA & CO"),
        journal="PUR",
        memo="Bill",
    )
    abroad = office.post(
        date(2026, 3, 5),
        dollars("411", "100.00", "110.00", party="USA"),
        dollars("701", "-100.00", "-110.00"),
        journal="SAL",
        memo="Abroad",
    )
    back = office.post(
        date(2026, 4, 5),
        dollars("512", "95.00", "110.00"),
        dollars("411", "-95.00", "-110.00", party="USA"),
        journal="BNK",
        memo="Dollars",
    )
    wrong = office.post(date(2026, 5, 1), line("601", "7.00"), line("512", "-7.00"), memo="Wrong")
    with office.write() as session:
        ledger = require(session, Ledger)
        reversal = ledger.reverse(session, wrong.id, date(2026, 5, 2), "typed twice", "")
        office.numbers["Reversal"] = reversal.number
    one, other = office.items(sale, paid)
    three, four = office.items(abroad, back)
    (partly,) = office.items(old)
    with office.write() as session:
        ledger = require(session, Ledger)
        ledger.allocate(session, [Pair(one, other)], None, "")
        ledger.allocate(session, [Pair(three, four)], None, "")
        part = next(
            item
            for item in ledger.open_items(session, date(2026, 12, 31), party="BETA")
            if item.amount < 0
        )
        ledger.allocate(session, [Pair(partly, part.id)], None, "")
    with office.write() as session:
        draft = save_draft(
            session,
            SaveDraft(
                journal="GEN",
                date=date(2026, 12, 31),
                memo="Adjustment",
                lines=(
                    DraftLine(account="601", debit=Decimal("12.34")),
                    DraftLine(account="101", credit=Decimal("12.34")),
                ),
            ),
        )
        office.numbers["Adjustment"] = post_adjustment(session, PostAdjustment(id=draft.id)).number


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Audit files with the ledger."""
    loaded = load({"auditfiles", "ledger"})
    assert not loaded.failed, loaded.failed
    return loaded


@pytest.fixture
def empty(database: Database, suite: Suite, alpha: CompanyRef) -> Office:
    """ALPHA with a chart, journals and fiscal years, without entries."""
    return open_books(database, suite, alpha)


@pytest.fixture
def office(empty: Office) -> Office:
    """ALPHA with two years of books, and a SIREN."""
    fill(empty)
    with empty.write() as session:
        enter_company(session, COMPANY)
    return empty
