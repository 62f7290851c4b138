"""Plain-text journals: what is read, what is left aside and said, what is refused with its line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Invalid
from backstay.imports.inline import run_import_inline
from backstay.resources.fields import Upload
from backstay_ledger.models import Account, AccountClass
from backstay_ledger.services.accounts import EditAccount, account_by_code, edit_account
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.checks import check_books

HLEDGER = """\
; a journal as hledger writes it
account assets:bank:checking  ; type:C
commodity 1,000.00 EUR
P 2026-01-01 USD 0.9 EUR

2026-01-02 * (R-1) Landlord | rent for January  ; paid late
    ; tag: value
    expenses:rent & heat        1,200.50 EUR
    ! assets:bank:checking               ; the rest

2026/01/03 Sale
    assets:bank:checking     €10.00
    assets:petty cash        5
    income:sales            -15.00 = -15.00

2026.1.3=2026.1.9 Sale
    assets:bank:checking     10
    assets:petty cash        +5.00
    income:sales             EUR -15.00
~ monthly
    expenses:rent & heat     1200
    assets:bank:checking
"""
BEANCOUNT = """\
option "operating_currency" "EUR"
2026-01-01 open Assets:Bank EUR
2026-01-01 open Income:Sales
2026-01-05 price USD 0.9 EUR

2026-01-02 * "Customer" "First sale" #shop ^link
  invoice: "17"
  Assets:Bank  1,000.00 EUR
  Income:Sales -1,000.00 EUR
2026-01-03 balance Assets:Bank 1,000.00 EUR
"""


def take(books: Any, kind: str, text: str, **how: Any) -> Any:
    upload = Upload("books.txt", text.encode())
    return run_import_inline(books.database, books.suite, books.context(), kind, upload, **how)


def both(books: Any, text: str) -> Any:
    take(books, "ledger.chart", text)
    return take(books, "ledger.journal", text)


def sums(books: Any) -> dict[str, Decimal]:
    with books.read() as session:
        return {row.code: row.debit - row.credit for row in trial_balance(session)}


def refused(books: Any, text: str, kind: str = "ledger.journal") -> list[tuple[int | None, str]]:
    with pytest.raises(Invalid) as caught:
        take(books, kind, text)
    return [(one.row, one.message) for one in caught.value.problems]


def test_a_chart_is_taken_from_a_journal_and_its_classes_wait(books: Any) -> None:
    done = take(books, "ledger.chart", HLEDGER)
    assert (done.new, done.present) == (4, 0)
    assert any("3 accounts have no class" in note for note in done.notes)
    with books.read() as session:
        assert account_by_code(session, "assets:bank:checking").account_class is AccountClass.ASSET
        petty = account_by_code(session, "assets:petty cash")
        assert (petty.name, petty.account_class) == ("petty cash", AccountClass.UNSET)
    again = take(books, "ledger.chart", HLEDGER)
    assert (again.new, again.present) == (0, 4)


def test_the_roots_of_beancount_are_classes(books: Any) -> None:
    take(books, "ledger.chart", BEANCOUNT)
    with books.read() as session:
        assert account_by_code(session, "Income:Sales").account_class is AccountClass.INCOME


def test_a_class_can_be_set_although_entries_were_posted(books: Any) -> None:
    both(books, HLEDGER)
    with books.write() as session:
        account = account_by_code(session, "income:sales")
        change = EditAccount(
            id=account.id, code=account.code, name="Sales", account_class=AccountClass.INCOME
        )
        edit_account(session, change)
    with books.write() as session, pytest.raises(Invalid, match="Entries were posted"):
        edit_account(
            session,
            EditAccount(
                id=account.id, code="income:sales", name="Sales", account_class=AccountClass.UNSET
            ),
        )


def test_a_chart_gives_their_class_to_those_that_wait_and_undo_takes_it_back(books: Any) -> None:
    take(books, "ledger.chart", HLEDGER)
    chart = "code,name,type\nassets:petty cash,petty cash,asset\n1000,Bank,asset\n"
    done = take(books, "ledger.chart", chart)
    assert (done.new, done.present) == (1, 1)
    with books.read() as session:
        assert account_by_code(session, "assets:petty cash").account_class is AccountClass.ASSET
    kind = books.suite.imports["ledger.chart"]
    with books.write() as session:
        assert kind.undo(session, done.references) == "1 account waits for its class again."
        assert session.query(Account).filter_by(account_class=AccountClass.UNSET).count() == 3


def test_entries_of_hledger_are_posted_and_twins_are_kept(books: Any) -> None:
    done = both(books, HLEDGER)
    assert (done.new, done.present) == (3, 0)
    assert sums(books) == {
        "assets:bank:checking": Decimal("-1180.50"),
        "assets:petty cash": Decimal(10),
        "expenses:rent & heat": Decimal("1200.50"),
        "income:sales": Decimal(-30),
    }
    assert books.rows("SELECT memo, reference FROM ledger_entry ORDER BY id")[0] == (
        "Landlord | rent for January",
        "R-1",
    )
    notes = " ".join(done.notes)
    for said in ("1 price is left aside", "1 balance assertion", "second date", "periodic rule"):
        assert said in notes
    with books.read() as session:
        assert check_books(session) == []
    again = take(books, "ledger.journal", HLEDGER)
    assert (again.new, again.present) == (0, 3)


def test_entries_of_beancount_are_posted(books: Any) -> None:
    assert both(books, BEANCOUNT).new == 1
    assert sums(books) == {"Assets:Bank": Decimal(1000), "Income:Sales": Decimal(-1000)}
    assert books.value("SELECT memo FROM ledger_entry") == "Customer | First sale"


def test_an_entry_added_to_the_file_is_the_only_new_one(books: Any) -> None:
    both(books, HLEDGER)
    grown = "2026-01-01 Gift\n  assets:petty cash  1\n  income:sales\n\n" + HLEDGER
    done = take(books, "ledger.journal", grown)
    assert (done.new, done.present) == (1, 3)


def test_fiscal_years_are_made_from_the_first_to_the_last_entry(books: Any) -> None:
    lines = [f"{year}-05-01 x\n  1000  1\n  4000  -1\n" for year in range(1990, 2060)]
    done = take(books, "ledger.journal", "\n".join(lines))
    assert done.new == 70
    # 2026 is there already.
    assert "69 fiscal years were created: 1990 to 2025, 2027 to 2059." in done.notes
    [(line, said)] = refused(books, "2199-01-01 x\n  1000  1\n  4000\n")
    assert (line, "is the year right" in said) == (2, True)


def test_the_year_may_be_given_once(books: Any) -> None:
    text = "Y2026\n\n01/31 rent\n  5000  10\n  1000\n"
    take(books, "ledger.journal", text)
    assert str(books.value("SELECT date FROM ledger_entry")) == "2026-01-31"


@pytest.mark.parametrize(
    ("number", "elsewhere", "value"),
    [
        ("1,234", "1,234.50", "1234"),
        ("1.234", "1.234,50", "1234"),
        ("1.234,50", "", "1234.50"),
        ("1,234,567", "", "1234567"),
        ("1 234.50", "", "1234.50"),
        ("1'234.50", "", "1234.50"),
        ("1234,5", "", "1234.5"),
    ],
)
def test_separators_mean_what_the_file_shows(
    books: Any, number: str, elsewhere: str, value: str
) -> None:
    more = f"\n2026-01-03 y\n  5000  {elsewhere}\n  4000\n" if elsewhere else ""
    take(books, "ledger.journal", f"2026-01-02 x\n  1000  {number}\n  4000\n{more}")
    assert sums(books)["1000"] == Decimal(value)


def test_a_number_that_can_be_read_in_two_ways_is_asked_for(books: Any) -> None:
    text = "2026-01-02 x\n  1000  1,234\n  4000\n"
    [(line, said)] = refused(books, text)
    assert (line, "decimal-mark" in said) == (2, True)
    assert take(books, "ledger.journal", "decimal-mark .\n" + text).new == 1
    assert sums(books)["1000"] == Decimal(1234)


REFUSED = {
    "another currency": ("2026-01-02 x\n  1000  10 USD\n  4000\n", 2, "USD"),
    "a price": ("2026-01-02 x\n  1000  10 USD @ 0.9 EUR\n  4000\n", 2, "two currencies"),
    "a virtual posting": ("2026-01-02 x\n  (1000)  10\n", 2, "brackets"),
    "two elided amounts": ("2026-01-02 x\n  1000\n  4000\n  5000  1\n", 3, "Only one"),
    "out of balance": ("2026-01-02 x\n  1000  2\n  4000  -1\n", 1, "does not balance"),
    "an include": ("include other.journal\n2026-01-02 x\n  1000  2\n  4000\n", 1, "one by one"),
    "an alias": ("alias a=b\n2026-01-02 x\n  1000  2\n  4000\n", 1, "alias"),
    "an automated rule": ("= 1000\n  x  1\n2026-01-02 x\n  1000  2\n  4000\n", 1, "Automated"),
    "an expression": ("2026-01-02 x\n  1000  (2 + 3)\n  4000\n", 2, "can't be read"),
    "no such day": ("2026-02-30 x\n  1000  2\n  4000\n", 1, "no day"),
    "a stray line": ("2026-01-02 x\n  1000  2\n  4000\n\nhello there\n", 5, "outside"),
    "an open comment": ("2026-01-02 x\n  1000  2\n  4000\ncomment\nx\n", 5, "end comment"),
    "an unknown account": ("2026-01-02 x\n  1000  2\n  nowhere\n", 3, "no account"),
    "digits of another script": ("2026-01-02 x\n  1000  ١٢\n  4000\n", 2, "can't be read"),
    "a year in wide digits": (
        "2026-01-02 x\n  1000  2\n  4000\n２０２６-01-02 x\n",  # noqa: RUF001
        4,
        "outside",
    ),
    "a third decimal": ("2026-01-02 x\n  1000  2.005\n  4000\n", 2, "decimals"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_outside_the_subset_is_reported_by_its_line(books: Any, what: str) -> None:
    text, line, said = REFUSED[what]
    before = books.count("ledger_entry"), books.count("core_import")
    problems = refused(books, text)
    assert any(row == line and said in message for row, message in problems), problems
    assert (books.count("ledger_entry"), books.count("core_import")) == before


def test_a_table_is_not_taken_for_a_journal(books: Any) -> None:
    [(row, said)] = refused(books, "day,what\n2026-01-02,x\n2026-01-03,y\n")
    assert (row, "None of the columns" in said) == (1, True)
