"""Importing charts and journals: everything or nothing, each problem with its row."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.db.context import operator_context
from backstay.errors import Conflict, Invalid
from backstay.imports.columns import fits
from backstay.imports.declare import StagedRow
from backstay.testing.requirements import data_folder
from backstay_ledger.imports.chart import CHART
from backstay_ledger.imports.journal import JOURNAL
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.services.balances import balance, trial_balance
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry

HEADER = "entry,date,memo,source,reference,account,debit,credit"


def staged(text: Any) -> Any:
    return [
        StagedRow(number, dict(row))
        for number, row in enumerate(csv.DictReader(text.strip().splitlines()), 2)
    ]


def journal(*rows: Any, header: Any = HEADER) -> Any:
    return staged("\n".join([header, *rows]))


def sale(
    name: Any = "S1", day: Any = "2026-03-15", amount: Any = "100.00", memo: Any = "Sale"
) -> Any:
    return (
        f"{name},{day},{memo},manual,R-1,1100,{amount},0.00",
        f"{name},{day},{memo},manual,R-1,4000,0.00,{amount}",
    )


def places(problems: Any) -> Any:
    return [(problem.row, problem.field) for problem in problems]


def import_(books: Any, kind: Any, rows: Any) -> Any:
    """Validate, then import; both say the same."""
    with books.read() as session:
        validation = kind.validate(session, rows)
    assert validation.problems == ()
    with books.write() as session:
        outcome = kind.commit(session, rows)
    assert (outcome.new, outcome.present) == (validation.new, validation.present)
    return outcome


def refused(books: Any, kind: Any, rows: Any, error: Any = Invalid) -> Any:
    """Both validation and import refuse, alike, and nothing is left behind."""
    tables = ("ledger_entry", "ledger_line", "ledger_account", "ledger_period", "core_audit")
    before = [books.count(table) for table in tables]
    with books.read() as session:
        problems = kind.validate(session, rows).problems
    with pytest.raises(error) as caught, books.write() as session:
        kind.commit(session, rows)
    assert places(caught.value.problems) == places(problems)
    assert before == [books.count(table) for table in tables]
    return problems


def test_entries_are_posted_with_everything_the_file_says(books: Any) -> None:
    outcome = import_(books, JOURNAL, journal(*sale(), *sale("S2", "2026-04-01", "5")))
    assert (outcome.new, outcome.present, outcome.notes) == (2, 0, ())
    assert [
        tuple(row)
        for row in books.rows(
            "SELECT number_text, memo, reference, source_plugin, source_type, source_id"
            " FROM ledger_entry ORDER BY id"
        )
    ] == [
        ("GEN-2026-000001", "Sale", "R-1", "ledger", "manual", "S1"),
        ("GEN-2026-000002", "Sale", "R-1", "ledger", "manual", "S2"),
    ]


def test_the_same_file_again_changes_nothing(books: Any) -> None:
    rows = journal(*sale(), *sale("S2"))
    import_(books, JOURNAL, rows)
    before = books.count("core_audit")
    outcome = import_(books, JOURNAL, rows)
    assert (outcome.new, outcome.present, outcome.references) == (0, 2, ())
    assert books.count("core_audit") == before
    assert import_(books, JOURNAL, journal(*sale(), *sale("S3"))).new == 1


def test_lines_have_texts_of_their_own_and_amounts_a_sign(books: Any) -> None:
    header = "entry,date,memo,account,amount,line_text"
    rows = journal(
        "S1,2026-03-15,Sale,1100,100.00,Invoice 7",
        "S1,2026-03-15,Sale,4000,-100.00,",
        header=header,
    )
    import_(books, JOURNAL, rows)
    assert [
        tuple(row)
        for row in books.rows("SELECT amount, text FROM ledger_line ORDER BY entry_id, line_no")
    ] == [(1_000_000, "Invoice 7"), (-1_000_000, "")]
    assert import_(books, JOURNAL, rows).present == 1
    both = journal(
        "S2,2026-03-15,Sale,1100,5.00,,6.00", header="entry,date,memo,account,debit,credit,amount"
    )
    [problem] = refused(books, JOURNAL, both)
    assert (problem.row, problem.field) == (2, "debit")
    assert "The amount is not what stands in debit and credit" in problem.message


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "accepted"),
    [
        ("100", "", "100", True),
        ("", "100", "-100", True),
        ("", "100", "100", True),
        ("100", "", "-100", False),
        ("", "-100", "-100", False),
    ],
)
def test_an_amount_with_a_minus_is_a_credit(
    books: Any, debit: str, credit: str, amount: str, accepted: bool
) -> None:
    header = "entry,date,memo,account,debit,credit,amount"
    other = ("", "100") if debit or credit.startswith("-") else ("100", "")
    rows = journal(
        f"S1,2026-03-15,Sale,1100,{debit},{credit},{amount}",
        f"S1,2026-03-15,Sale,4000,{','.join(other)},",
        header=header,
    )
    if accepted:
        import_(books, JOURNAL, rows)
        return
    [problem] = refused(books, JOURNAL, rows)
    assert (problem.row, problem.field) == (2, "debit")
    assert "The amount is not what stands in debit and credit" in problem.message


def test_an_amount_that_is_missing_is_told_at_the_column_that_the_file_has(books: Any) -> None:
    rows = journal(
        "S1,2026-03-15,Sale,1100,100.00",
        "S1,2026-03-15,Sale,4000,",
        header="entry,date,memo,account,amount",
    )
    for row in rows:  # as core hands rows over: columns that the file lacks are empty
        row.values.update(debit="", credit="")
    [problem] = refused(books, JOURNAL, rows)
    assert (problem.row, problem.field) == (3, "amount")
    assert problem.message == "The amount is missing."


def test_changed_content_under_a_known_name_is_refused(books: Any) -> None:
    import_(books, JOURNAL, journal(*sale()))
    [problem] = refused(
        books, JOURNAL, journal(*sale(amount="99.00"), *sale("S2")), (Invalid, Conflict)
    )
    assert (problem.row, problem.field) == (2, "entry")
    assert "Entry S1 was imported before with other content" in problem.message


def test_missing_fiscal_years_are_made_and_said(books: Any) -> None:
    rows = journal(*sale(day="2024-06-01"), *sale("S2", "2027-01-01"))
    with books.read() as session:
        assert JOURNAL.validate(session, rows).notes == (
            "3 fiscal years will be created: 2024 to 2025, 2027.",
        )
    outcome = import_(books, JOURNAL, rows)
    assert outcome.notes == ("3 fiscal years were created: 2024 to 2025, 2027.",)
    assert books.count("ledger_fiscal_year") == 4


def test_a_mistyped_year_makes_no_hundred_years(books: Any) -> None:
    [problem] = refused(books, JOURNAL, journal(*sale(), *sale("S2", "2206-03-15")))
    assert (problem.row, problem.field) == (4, "date")


WRONG_ROWS = {
    "an unknown account": ("S1,2026-03-15,Sale,manual,R-1,9999,100.00,0.00", (2, "account")),
    "no account": ("S1,2026-03-15,Sale,manual,R-1,,100.00,0.00", (2, "account")),
    "no amount": ("S1,2026-03-15,Sale,manual,R-1,1100,0.00,", (2, "debit")),
    "both amounts": ("S1,2026-03-15,Sale,manual,R-1,1100,100.00,1.00", (2, "debit")),
    "a negative amount": ("S1,2026-03-15,Sale,manual,R-1,1100,-100.00,0", (2, "debit")),
    "a comma": ('S1,2026-03-15,Sale,manual,R-1,1100,"100,00",0', (2, "debit")),
    "a word": ("S1,2026-03-15,Sale,manual,R-1,1100,many,0", (2, "debit")),
    "digits of another script": (
        "S1,2026-03-15,Sale,manual,R-1,1100,१००.००,0",  # noqa: RUF001
        (2, "debit"),
    ),
    "a third decimal": ("S1,2026-03-15,Sale,manual,R-1,1100,100.001,0", (2, "debit")),
    "a third decimal in a credit": ("S1,2026-03-15,Sale,manual,R-1,1100,0,1.001", (2, "credit")),
    "no name": (",2026-03-15,Sale,manual,R-1,1100,100.00,0.00", (2, "entry")),
    "out of balance": ("S1,2026-03-15,Sale,manual,R-1,1100,90.00,0.00", (2, "entry")),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_a_wrong_row_is_named(books: Any, what: Any) -> None:
    row, place = WRONG_ROWS[what]
    problems = refused(books, JOURNAL, journal(row, sale()[1], *sale("S2")))
    assert place in places(problems)


@pytest.mark.parametrize(
    "day", ["15.03.2026", "2026-3-15", "2026-02-30", "", "03/15/2026", "२०२६-03-15"]
)
def test_dates_have_one_form(books: Any, day: Any) -> None:
    problems = refused(books, JOURNAL, journal(*sale(day=day)))
    assert (2, "date") in places(problems)
    assert not day or "2026-03-31" in problems[0].message


def test_the_rows_of_an_entry_agree_on_date_and_memo(books: Any) -> None:
    first, _second = sale()
    _first, second = sale(day="2026-03-16", memo="Another")
    problems = refused(books, JOURNAL, journal(first, second))
    assert places(problems) == [(3, "date"), (3, "memo")]
    assert "row 2" in problems[0].message


def test_all_problems_of_a_file_come_at_once(books: Any) -> None:
    rows = journal(
        "A,2026-03-15,,,,1100,1.00,",
        "A,2026-03-15,,,,9999,,1.00",
        "B,2026-03-15,,,,1100,many,",
        "B,2026-03-15,,,,4000,,1.00",
        "C,2026-03-15,,,,1100,1.00,",
        "C,2026-03-15,,,,4000,,2.00",
    )
    assert places(refused(books, JOURNAL, rows)) == [
        (3, "account"),
        (4, "debit"),
        (6, "entry"),
    ]


def test_where_missing_accounts_come_from_is_said_and_only_then(books: Any) -> None:
    first, second = sale()
    for rows, said in (
        (journal(first.replace("1100", "9999"), second), True),
        (journal(first.replace("100.00", "99.00"), second), False),
        (journal(first, second), False),
    ):
        with books.read() as session:
            notes = JOURNAL.validate(session, rows).notes
        assert any("imported first, as a chart of accounts" in note for note in notes) is said


def test_columns_are_known_by_what_other_programs_call_them(books: Any) -> None:
    text = (
        "Buchungsnummer;Buchungsdatum;Buchungstext;Konto;Soll;Haben\n"
        "S1;2026-03-15;Verkauf;1100;1,00;\nS1;2026-03-15;Verkauf;4000;;1,00\n"
    )
    assert fits(text, JOURNAL.columns)


def test_a_journal_column_chooses_the_journal(books: Any) -> None:
    header = HEADER + ",journal"
    rows = journal(
        *(f"{row},BNK" for row in sale()), *(f"{row}," for row in sale("S2")), header=header
    )
    import_(books, JOURNAL, rows)
    assert books.rows("SELECT number_text FROM ledger_entry ORDER BY id") == [
        ("BNK-2026-000001",),
        ("GEN-2026-000001",),
    ]
    problems = refused(books, JOURNAL, journal(*(f"{row},NO" for row in sale("S3")), header=header))
    assert places(problems) == [(2, "journal")]


def test_a_closed_period_is_refused_with_the_row(books: Any) -> None:
    with books.write() as session:
        close_period(session, ClosePeriod(id=period_on(session, date(2026, 3, 1)).id))
    problems = refused(books, JOURNAL, journal(*sale("S0", "2026-04-01"), *sale()))
    assert places(problems) == [(4, "date")]
    assert "2026-03 is closed" in problems[0].message


def test_an_import_is_undone_by_reversal_and_may_come_again(books: Any) -> None:
    rows = journal(*sale(), *sale("S2"))
    outcome = import_(books, JOURNAL, rows)
    with books.write() as session:
        assert JOURNAL.undo(session, outcome.references) == "2 entries were reversed."
    with books.read() as session:
        assert trial_balance(session) == []
    corrected = journal(*sale(amount="99.00"), *sale("S2"))
    again = import_(books, JOURNAL, corrected)
    assert (again.new, again.present) == (2, 0)
    with books.write() as session:
        JOURNAL.undo(session, again.references)
    assert import_(books, JOURNAL, rows).new == 2
    with books.read() as session:
        assert balance(session, "1100", date(2026, 3, 15)) == Decimal(200)
        assert check_books(session) == []


def test_the_reason_of_an_undo_stands_with_every_reversal(books: Any) -> None:
    outcome = import_(books, JOURNAL, journal(*sale()))
    with books.write(books.context(reason="the wrong year")) as session:
        JOURNAL.undo(session, outcome.references)
    reasons = books.rows(
        "SELECT reason FROM core_audit WHERE entity = 'ledger_entry' ORDER BY id DESC LIMIT 1"
    )
    assert [row[0] for row in reasons] == ["the wrong year"]
    memo = books.value("SELECT memo FROM ledger_entry WHERE kind = 'reversal'")
    assert memo.endswith(": the wrong year")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_date_at_the_end_of_the_calendar_is_a_mistyped_one(books: Any, day: Any) -> None:
    with books.read() as session:
        problems = JOURNAL.validate(session, journal(*sale(day=day))).problems
    assert {problem.field for problem in problems} == {"date"}


def test_what_was_reversed_by_hand_stays_imported(books: Any) -> None:
    rows = journal(*sale(), *sale("S2"))
    outcome = import_(books, JOURNAL, rows)
    with books.write() as session:
        reverse_entry(
            session,
            ReverseEntry(id=int(outcome.references[0]), on=date(2026, 3, 15), reason="wrong"),
        )
    assert import_(books, JOURNAL, rows).present == 2
    with books.write() as session:
        assert JOURNAL.undo(session, outcome.references) == "1 entry was reversed."


def test_a_chart_is_imported_once(books: Any) -> None:
    rows = staged("code,name,type\n1000,Bank,asset\n6000,Rent,Expense\n4010,Fees,revenue\n")
    outcome = import_(books, CHART, rows)
    assert (outcome.new, outcome.present) == (2, 1)
    again = import_(books, CHART, rows)
    assert (again.new, again.present) == (0, 3)
    with books.read() as session:
        assert account_by_code(session, "4010").account_class is AccountClass.INCOME


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("1000,Bank account,asset", "name"),
        ("1000,Bank,expense", "type"),
        ("6000,Rent,cost centre", "type"),
        ("6000,,expense", "name"),
        (",Rent,expense", "code"),
        ("60 00,Rent,expense", "code"),
        ("5000,Purchases,expense\n5000,Purchases,expense", "code"),
    ],
)
def test_a_wrong_row_of_a_chart_is_named(books: Any, row: Any, field: Any) -> None:
    problems = refused(books, CHART, staged(f"code,name,type\n9000,Fine,asset\n{row}\n"))
    assert places(problems) == [(3 + row.count("\n"), field)]


def test_a_chart_is_undone_while_nothing_uses_it(books: Any) -> None:
    outcome = import_(books, CHART, staged("code,name,type\n6000,Rent,expense\n"))
    books.post(books.posting(("6000", "1"), ("1000", "-1")))
    with books.write() as session, pytest.raises(Conflict, match="6000"):
        CHART.undo(session, outcome.references)
    outcome = import_(books, CHART, staged("code,name,type\n6100,Heat,expense\n"))
    with books.write() as session:
        assert CHART.undo(session, outcome.references) == "1 account was deleted."


def test_the_samples_work(books: Any) -> None:
    chart = staged(CHART.sample)
    rows = staged(JOURNAL.sample)
    with books.write() as session:
        for account in ("1000", "3000", "4000"):
            session.delete(account_by_code(session, account))
    import_(books, CHART, chart)
    import_(books, CHART, staged("code,name,type\n6100,Rent,expense\n1010,Bank,asset\n"))
    assert import_(books, JOURNAL, rows).new == 1


@pytest.mark.needs("data")
def test_the_published_books_of_a_company_agree_to_the_cent(
    database: Any, suite: Any, alpha: Any
) -> None:
    folder = data_folder() / "finance" / "company"
    context = operator_context("cli:test", company=alpha)
    with database.write(context, suite) as session:
        add_standard_journals(session)
    for kind, name, count in ((CHART, "chart.csv", 26), (JOURNAL, "journal.csv", 146)):
        rows = staged((folder / name).read_text(encoding="utf-8"))
        for new in (count, 0):
            with database.write(context, suite) as session:
                outcome = kind.commit(session, rows)
            assert (outcome.new, outcome.present) == (new, count - new)
    expected = list(csv.reader((folder / "trial_balance.csv").read_text().splitlines()))[1:]
    with database.read(context, suite) as session:
        rows = trial_balance(session)
        assert [[row.code, f"{row.debit:.2f}", f"{row.credit:.2f}"] for row in rows] == expected
        assert len(rows) == 21
        assert check_books(session) == []
