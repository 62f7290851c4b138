"""Accounts, journals, fiscal years and what a new company begins with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from backstay.companies.models import Company
from backstay.errors import BackstayError, Conflict, Invalid, NotFound, Stale
from backstay_ledger.company_setup import set_up_books
from backstay_ledger.models import AccountClass, JournalKind, Period
from backstay_ledger.services.accounts import (
    CreateAccount,
    DeleteAccount,
    EditAccount,
    account_by_code,
    create_account,
    delete_account,
    edit_account,
)
from backstay_ledger.services.fiscal_years import (
    CreateFiscalYear,
    FarFromBooks,
    create_fiscal_year,
    ensure_fiscal_years,
    list_fiscal_years,
    missing_fiscal_years,
    year_code,
)
from backstay_ledger.services.journals import (
    CreateJournal,
    EditJournal,
    create_journal,
    edit_journal,
)
from backstay_ledger.starter_charts import STARTER_CHARTS, read_starter_chart


def new_account(
    code: Any = "9000", name: Any = "New", account_class: Any = AccountClass.ASSET
) -> Any:
    return CreateAccount(code=code, name=name, account_class=account_class)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (new_account("1000"), "code"),
        (new_account("1 000"), "code"),
        (new_account("a  b"), "code"),
        (new_account(""), "code"),
        (new_account(name=" "), "name"),
    ],
)
def test_an_account_that_can_not_be_is_refused_at_its_field(
    books: Any, command: Any, field: Any
) -> None:
    with books.write() as session, pytest.raises(Invalid) as caught:
        create_account(session, command)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_the_class_of_an_account_with_entries_stays(books: Any) -> None:
    books.post(books.sale())
    with books.write() as session:
        account = account_by_code(session, "1100")
        values = {"id": account.id, "code": "1100", "name": "Debtors"}
        with pytest.raises(Invalid, match="past"):
            edit_account(session, EditAccount(account_class=AccountClass.EXPENSE, **values))
        edit_account(session, EditAccount(account_class=AccountClass.ASSET, version=1, **values))
        with pytest.raises(Stale):
            edit_account(
                session, EditAccount(account_class=AccountClass.ASSET, version=1, **values)
            )


def test_a_code_may_change_but_not_to_a_taken_one(books: Any) -> None:
    books.post(books.sale())
    with books.write() as session:
        account = account_by_code(session, "1100")
        values = {"id": account.id, "name": "x", "account_class": AccountClass.ASSET}
        with pytest.raises(Invalid, match="already"):
            edit_account(session, EditAccount(code="1000", **values))
        edit_account(session, EditAccount(code="1101", **values))
        with pytest.raises(NotFound):
            account_by_code(session, "1100")


def test_only_an_unused_account_is_deleted(books: Any) -> None:
    books.post(books.sale())
    with books.write() as session:
        with pytest.raises(Conflict, match="1100"):
            delete_account(session, DeleteAccount(id=account_by_code(session, "1100").id))
        delete_account(session, DeleteAccount(id=account_by_code(session, "2000").id))


def test_a_journal_s_code_stays_once_it_is_in_numbers(books: Any) -> None:
    with books.write() as session:
        journal = create_journal(
            session, CreateJournal(code="CASH", name="Cash", kind=JournalKind.BANK)
        )
        edit_journal(session, EditJournal(id=journal.id, code="TILL", name="Till"))
        journal_id = journal.id
    books.post(books.sale(journal="TILL"))
    with books.write() as session:
        for code, match in (("CASH", "numbers"), ("GEN", "already"), ("a-b", "capital")):
            with pytest.raises(Invalid, match=match):
                edit_journal(session, EditJournal(id=journal_id, code=code, name="x"))
        edit_journal(session, EditJournal(id=journal_id, code="TILL", name="Till", active=False))
    with pytest.raises(BackstayError, match="inactive"):
        books.post(books.sale(journal="TILL"))


def test_a_fiscal_year_may_begin_in_any_month_and_has_twelve_periods(
    database: Any, suite: Any, alpha: Any
) -> None:
    from backstay.db.context import operator_context

    context = operator_context("cli:test", company=alpha)
    with database.write(context, suite) as session:
        year = create_fiscal_year(session, CreateFiscalYear(starts_on=date(2027, 7, 1)))
        assert (year.code, year.ends_on) == ("2027-28", date(2028, 6, 30))
        periods = session.scalars(select(Period).order_by(Period.number)).all()
    assert [period.label for period in periods] == [
        *(f"2027-{month:02d}" for month in range(7, 13)),
        *(f"2028-{month:02d}" for month in range(1, 7)),
    ]
    assert periods[7].ends_on == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("starts_on", "message"),
    [
        (date(2027, 1, 2), "first of a month"),
        (date(2026, 7, 1), "overlap fiscal year 2026"),
        (date(2028, 1, 1), "gap.*2027-01-01"),
    ],
)
def test_fiscal_years_neither_overlap_nor_leave_gaps(
    books: Any, starts_on: Any, message: Any
) -> None:
    with books.write() as session, pytest.raises(Invalid, match=message):
        create_fiscal_year(session, CreateFiscalYear(starts_on=starts_on))


def test_years_are_added_at_both_ends(books: Any) -> None:
    with books.write() as session:
        made = ensure_fiscal_years(session, [date(2024, 5, 5), date(2027, 1, 1)])
        assert [year.code for year in made] == ["2024", "2025", "2027"]
        assert missing_fiscal_years(session, [date(2024, 1, 1), date(2027, 12, 31)]) == []
        with pytest.raises(FarFromBooks, match="2206-01-01"):
            ensure_fiscal_years(session, [date(2206, 1, 1)])


def test_the_first_year_begins_in_the_company_s_month(
    database: Any, suite: Any, alpha: Any
) -> None:
    from backstay.db.context import operator_context

    company = replace(alpha, fiscal_year_start=4)
    with database.write(operator_context("cli:test", company=company), suite) as session:
        ensure_fiscal_years(session, [date(2026, 3, 31), date(2026, 4, 1)])
        assert [year.starts_on for year in list_fiscal_years(session)] == [
            date(2025, 4, 1),
            date(2026, 4, 1),
        ]
    assert year_code(date(2099, 4, 1)) == "2099-00"


@pytest.mark.parametrize("chart", [choice.value for choice in STARTER_CHARTS])
def test_a_new_company_can_post_at_once(database: Any, suite: Any, alpha: Any, chart: Any) -> None:
    from backstay.db.context import operator_context

    with database.write(operator_context("cli:test", company=alpha), suite) as session:
        set_up_books(session, session.get_one(Company, alpha.id), chart)
        assert len(list_fiscal_years(session)) == 1
        assert account_by_code(session, "1010").account_class is AccountClass.ASSET
    accounts = read_starter_chart(chart)
    assert {account.account_class for account in accounts} == {*AccountClass} - {AccountClass.UNSET}
    assert str(len(accounts)) in str(
        next(choice.help for choice in STARTER_CHARTS if choice.value == chart)
    )
