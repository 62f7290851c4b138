"""The FEC of a year of books: every column, the opening balances, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from backstay.contracts.books import Books, BookSpan
from backstay.errors import BackstayError, Conflict, Invalid
from backstay.kernel.suite import require
from backstay_auditfiles.formats.fec import COLUMNS, letters
from backstay_auditfiles.formats.fec_reader import read_fec
from backstay_auditfiles.formats.making import FEC
from backstay_auditfiles.services.company import (
    EditCompany,
    EnterCompany,
    edit_company,
    enter_company,
    reporting_company,
)
from backstay_ledger.closing.services.years import CloseYear, close_year
from backstay_ledger.models import AccountClass, FiscalYear
from backstay_ledger.services.accounts import CreateAccount, add_accounts

from .conftest import SIREN, YEAR, Office, line

if TYPE_CHECKING:
    from io import BytesIO


def rows(file: BytesIO) -> list[dict[str, str]]:
    text = file.getvalue().decode()
    head, *lines = text.removesuffix("\r\n").split("\r\n")
    assert tuple(head.split("\t")) == COLUMNS
    return [dict(zip(COLUMNS, one.split("\t"), strict=True)) for one in lines]


def of(found: list[dict[str, str]], number: str) -> list[dict[str, str]]:
    return [row for row in found if row["EcritureNum"] == number]


def test_a_year_reads_back_as_the_ledger_has_it(office: Office) -> None:
    made, file = office.make(FEC)
    assert made.file_name == f"{SIREN}FEC20261231.txt"
    read = read_fec(file)
    assert read.found == 0
    with office.read() as session:
        books = require(session, Books)
        assert read.trial_balance() == books.trial_balance(session, date(2026, 12, 31))
        totals = books.totals(session, YEAR)
    # The opening balances are an entry beside the books' own: 5,000.00 of bank, 300.00 of BETA.
    assert (made.entries, made.debit) == (totals.entries + 1, totals.debit + 5300)
    assert made.credit == made.debit
    assert (read.entries, read.lines) == (made.entries, made.lines)


def test_the_year_begins_with_its_opening_balances_by_party(office: Office) -> None:
    found = rows(office.make(FEC)[1])
    opening = of(found, found[0]["EcritureNum"])
    assert found[: len(opening)] == opening
    assert [
        (row["CompteNum"], row["CompAuxNum"], row["Debit"], row["Credit"]) for row in opening
    ] == [
        ("101", "", "0,00", "5300,00"),
        ("411", "BETA", "300,00", "0,00"),
        ("512", "", "5000,00", "0,00"),
    ]
    assert {row["EcritureDate"] for row in opening} == {"20260101"}
    assert {row["EcritureLib"] for row in opening} == {"À nouveaux"}


def test_a_line_has_every_column(office: Office) -> None:
    found = of(rows(office.make(FEC)[1]), office.numbers["Sale"])
    today = found[0]["ValidDate"]
    assert found[0] == {
        "JournalCode": "SAL",
        "JournalLib": found[0]["JournalLib"],
        "EcritureNum": office.numbers["Sale"],
        "EcritureDate": "20260115",
        "CompteNum": "411",
        "CompteLib": "Customers",
        "CompAuxNum": "ACME",
        "CompAuxLib": "ACME",
        "PieceRef": "R-1",
        "PieceDate": "20260115",
        "EcritureLib": "Sale",
        "Debit": "120,00",
        "Credit": "0,00",
        "EcritureLet": "AAA",
        "DateLet": "20260210",
        "ValidDate": today,
        "Montantdevise": "",
        "Idevise": "",
    }
    # What separates columns and rows never gets into a field.
    assert found[1]["EcritureLib"] == "Tea and   cake"
    assert found[1]["CompteLib"] == "Sales   & <goods>"
    assert [row["CompteNum"] for row in found] == ["411", "701", "4457"]


def test_what_is_settled_has_letters_and_what_is_partly_open_has_none(office: Office) -> None:
    found = rows(office.make(FEC)[1])
    lettered = {
        name: {row["EcritureLet"] for row in of(found, number) if row["CompteNum"] == "411"}
        for name, number in office.numbers.items()
    }
    assert lettered["Sale"] == lettered["Paid"] == {"AAA"}
    assert lettered["Abroad"] == lettered["Dollars"] == {"AAB"}
    assert lettered["Part"] == {""}
    # Before the payment nothing was settled.
    until = BookSpan(date(2026, 1, 1), date(2026, 1, 31))
    january = of(rows(office.make(FEC, until)[1]), office.numbers["Sale"])
    assert {row["EcritureLet"] for row in january} == {""}


def test_foreign_money_and_its_exchange_difference(office: Office) -> None:
    found = rows(office.make(FEC)[1])
    abroad = of(found, office.numbers["Abroad"])
    assert [(row["Montantdevise"], row["Idevise"]) for row in abroad] == [
        ("110", "USD"),
        ("-110", "USD"),
    ]
    loss = [row for row in found if row["CompteNum"] == "666"]
    assert [row["Debit"] for row in loss] == ["5,00"]
    # The entry of the difference makes no item; its line is the party's all the same.
    beside = [row for row in of(found, loss[0]["EcritureNum"]) if row["CompteNum"] == "411"]
    assert [row["CompAuxNum"] for row in beside] == ["USA"]


def test_the_thirteenth_period_and_reversals_are_in_it(office: Office) -> None:
    found = rows(office.make(FEC)[1])
    assert [row["Debit"] for row in of(found, office.numbers["Adjustment"])] == ["12,34", "0,00"]
    assert [row["Credit"] for row in of(found, office.numbers["Reversal"])] == ["7,00", "0,00"]


def test_a_closed_year_still_shows_its_income_and_begins_the_next_without(office: Office) -> None:
    before = rows(office.make(FEC)[1])
    close(office, "2025")
    close(office, "2026")
    assert rows(office.make(FEC)[1]) == before
    with office.write() as session:
        from backstay_ledger.services.fiscal_years import ensure_fiscal_years

        ensure_fiscal_years(session, [date(2027, 1, 1)])
    after, file = office.make(FEC, BookSpan(date(2027, 1, 1), date(2027, 12, 31), "2027"))
    assert not after.notes
    assert {row["CompteNum"][0] for row in rows(file)} <= set("12345")


def close(office: Office, code: str) -> None:
    from sqlalchemy import select

    from backstay_ledger.models import Period, PeriodKind
    from backstay_ledger.services.accounts import account_by_code
    from backstay_ledger.services.fiscal_years import ClosePeriod, close_period

    with office.write() as session:
        year = session.scalars(select(FiscalYear).where(FiscalYear.code == code)).one()
        periods = session.scalars(
            select(Period)
            .where(Period.fiscal_year_id == year.id, Period.kind != PeriodKind.CLOSING)
            .order_by(Period.number)
        ).all()
        for period in periods:
            close_period(session, ClosePeriod(id=period.id))
        account = account_by_code(session, "120")
        close_year(session, CloseYear(id=year.id, account=account.id, reason="the end"))


def test_years_that_were_not_closed_are_named(office: Office) -> None:
    made, _file = office.make(FEC, BookSpan(date(2026, 2, 1), date(2026, 12, 31)))
    assert len(made.notes) == 2
    assert "no whole fiscal year" in made.notes[0]
    assert "(701)" in made.notes[1]


def test_books_without_entries_are_a_file_without_rows(empty: Office) -> None:
    with empty.write() as session:
        enter_company(session, EnterCompany(siren=SIREN))
    made, file = empty.make(FEC)
    assert (made.entries, made.lines, made.debit) == (0, 0, Decimal(0))
    assert rows(file) == []


def test_without_a_siren_there_is_no_fec(empty: Office) -> None:
    with pytest.raises(Conflict, match="no SIREN yet"):
        empty.make(FEC)


def test_a_mistyped_siren_is_refused(office: Office) -> None:
    for wrong in ("732829321", "73282932", "73282932A", "٧٣٢٨٢٩٣٢٠"):
        with pytest.raises(Invalid, match="is not a SIREN"), office.write() as session:
            row = reporting_company(session)
            assert row is not None
            edit_company(session, EditCompany(id=row.id, siren=wrong))


def test_an_account_without_three_digits_is_named(office: Office) -> None:
    with office.write() as session:
        add_accounts(
            session,
            [CreateAccount(code="6X1", name="Odd", account_class=AccountClass.EXPENSE)],
        )
    office.make(FEC)  # while nothing stands on it
    office.post(date(2026, 6, 1), line("6X1", "1.00"), line("512", "-1.00"), memo="Odd")
    with pytest.raises(Invalid, match="6X1"):
        office.make(FEC)


def test_books_that_contradict_themselves_are_not_handed_out(office: Office) -> None:
    office.run("UPDATE ledger_line SET amount = amount + 10000 WHERE text = '' AND amount = 500000")
    with pytest.raises(BackstayError) as refused:
        office.make(FEC)
    said = str(refused.value)
    assert "does not read back" in said
    assert "out of balance by 1.00" in said
    assert "row " in said


def test_letters_go_on() -> None:
    assert [letters(n) for n in (1, 2, 26, 27, 17576, 17577)] == [
        "AAA",
        "AAB",
        "AAZ",
        "ABA",
        "ZZZ",
        "BAAA",
    ]


def test_what_others_post_meanwhile_is_not_in_it(office: Office) -> None:
    with office.read() as session:
        books = require(session, Books)
        books.hold_still(session)
        before = books.totals(session, YEAR)
        office.post(date(2026, 6, 1), line("601", "1.00"), line("512", "-1.00"), memo="Later")
        assert books.totals(session, YEAR) == before
        assert len(list(books.entries(session, YEAR))) == before.entries
        if not office.database.is_sqlite:
            setting = "SHOW idle_in_transaction_session_timeout"
            assert session.connection().exec_driver_sql(setting).scalar_one() == "0"
    with office.read() as session:
        assert require(session, Books).totals(session, YEAR).entries == before.entries + 1
