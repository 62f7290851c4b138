"""The SAF-T file of a year of books: its parts, its figures, and what is refused."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select

from backstay.contracts.books import Books, BookSpan
from backstay.errors import BackstayError, Conflict, Invalid
from backstay.kernel.suite import require
from backstay_auditfiles.formats.making import SAFT
from backstay_auditfiles.formats.saft_layout import NAMESPACE
from backstay_auditfiles.formats.saft_reader import read_saft
from backstay_auditfiles.services.company import enter_company
from backstay_ledger.models import Account, AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.tax.codes import create_tax_code
from backstay_ledger.tax.commands import CreateTaxCode
from backstay_ledger.tax.models import TaxUse

from .conftest import COMPANY, YEAR, Office, line

if TYPE_CHECKING:
    from io import BytesIO

    from backstay.db.context import CompanyRef
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

GOLDEN = Path(__file__).parent / "saft.golden.xml"


def tree(file: BytesIO) -> Any:
    root = ET.fromstring(file.getvalue())  # noqa: S314 - our own file
    for one in root.iter():
        assert one.tag.startswith(f"{{{NAMESPACE}}}")
        one.tag = one.tag.partition("}")[2]
    return root


def transaction(root: Any, number: str) -> Any:
    return next(one for one in root.iter("Transaction") if one.findtext("TransactionID") == number)


def test_a_year_reads_back_as_the_ledger_has_it(office: Office) -> None:
    made, file = office.make(SAFT)
    assert made.file_name == "SAF-T_FR732829320_20260101_20261231.xml"
    read = read_saft(file)
    assert (read.found, read.currency, read.start) == (0, "EUR", date(2026, 1, 15))
    with office.read() as session:
        books = require(session, Books)
        assert read.trial_balance() == books.trial_balance(session, date(2026, 12, 31))
        totals = books.totals(session, YEAR)
    assert (made.entries, made.lines) == (totals.entries, totals.lines)
    assert (made.debit, made.credit) == (totals.debit, totals.credit)
    root = tree(file)
    entries = root.find("GeneralLedgerEntries")
    assert entries.findtext("NumberOfEntries") == str(totals.entries)
    assert len(list(root.iter("Transaction"))) == totals.entries


def test_accounts_and_parties_have_their_balances(office: Office) -> None:
    root = tree(office.make(SAFT)[1])
    accounts = {one.findtext("AccountID"): one for one in root.iter("Account")}
    assert accounts["512"].findtext("OpeningDebitBalance") == "5000.00"
    assert accounts["101"].findtext("OpeningCreditBalance") == "5300.00"
    assert accounts["101"].findtext("ClosingCreditBalance") == "5312.34"
    assert accounts["701"].findtext("AccountDescription") == "Sales | & <goods>"
    customers = {
        one.findtext("CustomerID"): (
            one.findtext("AccountID"),
            one.findtext("OpeningDebitBalance"),
            one.findtext("ClosingDebitBalance"),
        )
        for one in root.iter("Customer")
    }
    assert customers == {
        "ACME": ("411", "0.00", "0.00"),
        "BETA": ("411", "300.00", "200.00"),
        "USA": ("411", "0.00", "0.00"),
    }
    suppliers = {
        one.findtext("SupplierID"): one.findtext("ClosingCreditBalance")
        for one in root.iter("Supplier")
    }
    assert suppliers == {"TEA & CO": "60.00"}


def test_lines_have_tax_party_and_foreign_money(office: Office) -> None:
    root = tree(office.make(SAFT)[1])
    sale = transaction(root, office.numbers["Sale"])
    lines = {one.findtext("AccountID"): one for one in sale.iter("Line")}
    assert lines["411"].findtext("CustomerID") == "ACME"
    assert lines["701"].findtext("CreditAmount/Amount") == "100.00"
    tax = lines["701"].find("TaxInformation")
    assert [one.text for one in tax.iter() if not len(one)] == [
        "VAT",
        "S20",
        "20",
        "100.00",
        "20.00",
    ]
    abroad = transaction(root, office.numbers["Abroad"]).find("Line/DebitAmount")
    assert [(one.tag, one.text) for one in abroad] == [
        ("Amount", "100.00"),
        ("CurrencyCode", "USD"),
        ("CurrencyAmount", "110"),
        ("ExchangeRate", "0.90909091"),
    ]
    thirteenth = transaction(root, office.numbers["Adjustment"])
    assert thirteenth.findtext("Period") == "13"
    assert transaction(root, office.numbers["Reversal"]).findtext("TransactionType") == "reversal"
    rates = [one.findtext("TaxCode") for one in root.iter("TaxCodeDetails")]
    assert rates == ["P20", "S20"]


def test_a_reverse_charge_is_what_is_owed_and_a_withholding_is_negative(empty: Office) -> None:
    with empty.write() as session:
        enter_company(session, COMPANY)
        ids = dict(session.execute(select(Account.code, Account.id)).all())
        for code, rate, account, values in (
            ("RC", "20", "4456", {"other_account_id": ids["4457"]}),
            ("HALF", "20", "4456", {"deductible": "50"}),
            ("WH", "-10", "4457", {}),
        ):
            create_tax_code(
                session,
                CreateTaxCode(
                    code=code,
                    name=f"Tax {code}",
                    use=TaxUse.PURCHASE,
                    rate=rate,
                    valid_from=date(2026, 1, 1),
                    account_id=ids[account],
                    **values,
                ),
            )
    for code, owed in (("RC", "-100.00"), ("HALF", "-120.00"), ("WH", "-90.00")):
        empty.post(
            date(2026, 3, 1),
            line("601", "100.00", tax_code=code),
            line("401", owed, party="BETA"),
            journal="PUR",
            memo=code,
        )
    root = tree(empty.make(SAFT)[1])
    for code, expected in (
        ("RC", ["VAT", "RC", "20", "100.00", "20.00"]),
        ("HALF", ["VAT", "HALF", "20", "100.00", "20.00"]),
        ("WH", ["VAT", "WH", "-10", "100.00", "-10.00"]),
    ):
        found = list(transaction(root, empty.numbers[code]).iter("TaxInformation"))
        assert [[one.text for one in tax.iter() if not len(one)] for tax in found] == [expected]


def test_a_small_file_is_as_it_was_reviewed(empty: Office) -> None:
    with empty.write() as session:
        enter_company(session, COMPANY)
    empty.post(
        date(2026, 1, 15),
        line("411", "120.00", party="ACME"),
        line("701", "-100.00", "Tea & <cake>", tax_code="S20"),
        journal="SAL",
        memo="Sale",
        reference="R-1",
    )
    text = empty.make(SAFT)[1].getvalue().decode()
    for name in ("AuditFileDateCreated", "SoftwareVersion", "SystemEntryDate"):
        text = re.sub(rf"(<{name}>)[^<]*", r"\1…", text)
    if os.environ.get("BACKSTAY_WRITE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_what_is_missing_of_the_company_is_named(empty: Office) -> None:
    with pytest.raises(Conflict) as refused:
        empty.make(SAFT)
    assert {one.field for one in refused.value.problems} == {
        "registration_number",
        "country",
        "postal_code",
        "city",
        "last_name",
    }


def test_a_code_that_is_too_long_is_named_instead_of_cut(office: Office) -> None:
    with office.write() as session:
        add_accounts(
            session,
            [
                CreateAccount(
                    code="expenses:" + "x" * 70, name="Long", account_class=AccountClass.EXPENSE
                )
            ],
        )
    with pytest.raises(Invalid, match="longer than 70"):
        office.make(SAFT)


def test_books_that_contradict_themselves_are_not_handed_out(office: Office) -> None:
    office.run("UPDATE ledger_balance SET debit = debit + 10000 WHERE debit = 1200000")
    with pytest.raises(BackstayError) as refused:
        office.make(SAFT)
    assert "does not read back" in str(refused.value)
    assert "411" in str(refused.value)


def test_days_within_a_year_close_with_their_own_balances(office: Office) -> None:
    made, file = office.make(SAFT, BookSpan(date(2026, 2, 1), date(2026, 3, 4)))
    assert made.entries == 3
    accounts = {one.findtext("AccountID"): one for one in tree(file).iter("Account")}
    assert accounts["411"].findtext("OpeningDebitBalance") == "420.00"
    assert accounts["411"].findtext("ClosingDebitBalance") == "200.00"


def test_a_company_that_has_nothing_yet_is_a_file_with_its_name(
    database: Database, suite: Suite, beta: CompanyRef
) -> None:
    office = Office(database, suite, beta)
    with office.write() as session:
        ensure_fiscal_years(session, [date(2026, 1, 1)])
        enter_company(session, COMPANY)
    made, file = office.make(SAFT)
    assert (made.entries, made.accounts) == (0, 0)
    root = tree(file)
    assert root.findtext("Header/DefaultCurrencyCode") == "JPY"
    assert root.find("MasterFiles/TaxTable") is None
    assert root.findtext("GeneralLedgerEntries/TotalDebit") == "0"
