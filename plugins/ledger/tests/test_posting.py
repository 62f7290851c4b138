"""Posting: what goes into the books, and everything that is refused with its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from backstay.audit.canonical import hash_of
from backstay.audit.models import AuditEvent
from backstay.contracts.ledger import Ledger, PostingLine, Source
from backstay.errors import BackstayError, Conflict, Forbidden, Invalid
from backstay.kernel.suite import require
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.services.accounts import EditAccount, account_by_code, edit_account
from backstay_ledger.services.fiscal_years import ClosePeriod, close_period, period_on
from backstay_ledger.services.posting import post, post_many, preview


def refusal(books: Any, posting: Any, error: Any = Invalid) -> Any:
    """Post and return the problems; nothing may have been written."""
    before = books.count("ledger_entry"), books.count("ledger_line"), books.count("core_audit")
    with pytest.raises(error) as caught:
        books.post(posting)
    after = books.count("ledger_entry"), books.count("ledger_line"), books.count("core_audit")
    assert before == after
    return [(problem.field, problem.message) for problem in caught.value.problems]


def test_numbers_begin_at_one_and_go_up_in_each_journal(books: Any) -> None:
    posted = books.post_many(
        [books.sale(), books.sale(journal="SAL"), books.sale(), books.sale(journal="SAL")]
    )
    assert [one.number for one in posted] == [
        "GEN-2026-000001",
        "SAL-2026-000001",
        "GEN-2026-000002",
        "SAL-2026-000002",
    ]
    assert books.post(books.sale()).number == "GEN-2026-000003"


def test_the_contract_is_provided_by_this_plugin(books: Any) -> None:
    with books.write() as session:
        ledger = require(session, Ledger)
        posted = ledger.post(session, books.sale())
        assert ledger.balance(session, "1100", date(2026, 3, 15)) == Decimal(100)
        ledger.reverse(session, posted.id, date(2026, 3, 16), "by mistake", "r1")
        assert ledger.balance(session, "1100", date(2026, 3, 15)) == Decimal(100)
        assert ledger.balance(session, "1100", date(2026, 3, 16)) == Decimal(0)


def test_an_entry_out_of_balance_is_refused_with_the_difference(books: Any) -> None:
    problems = refusal(books, books.posting(("1000", "110.00"), ("4000", "-100.00")))
    assert problems == [
        ("lines", "The entry is out by 10.00 EUR: debit 110.00 EUR, credit 100.00 EUR.")
    ]


def test_a_single_line_is_no_entry(books: Any) -> None:
    assert refusal(books, books.posting(("1000", "1"))) == [
        ("lines", "An entry needs at least two lines.")
    ]


def test_an_unknown_account_is_named_with_its_line(books: Any) -> None:
    problems = refusal(books, books.posting(("1000", "5"), ("9999", "-5")))
    assert problems == [("lines.1.account", "There is no account “9999” in the chart.")]


def test_an_account_of_another_company_is_as_unknown_as_any(books: Any, other_books: Any) -> None:
    with other_books.write() as session:
        account = account_by_code(session, "1000")
        edit_account(
            session,
            EditAccount(
                id=account.id, code="7777", name="Ours", account_class=account.account_class
            ),
        )
    problems = refusal(books, books.posting(("1000", "5"), ("7777", "-5")))
    assert problems == [("lines.1.account", "There is no account “7777” in the chart.")]


def test_an_inactive_account_takes_no_new_line(books: Any) -> None:
    with books.write() as session:
        account = account_by_code(session, "4000")
        edit_account(
            session,
            EditAccount(
                id=account.id,
                code="4000",
                name="Sales",
                account_class=account.account_class,
                active=False,
            ),
        )
    assert refusal(books, books.sale()) == [
        ("lines.1.account", "Account 4000 is inactive and takes no new entries.")
    ]


def test_a_third_decimal_is_refused_not_rounded(books: Any) -> None:
    problems = refusal(books, books.posting(("1000", "12.345"), ("4000", "-12.345")))
    assert problems[0] == (
        "lines.0.amount",
        "12.345 has more decimals than EUR allows (2).",
    )
    assert len(problems) == 2


def test_trailing_zeros_are_no_decimals(books: Any) -> None:
    books.post(books.posting(("1000", "12.3400"), ("4000", "-12.34")))
    assert books.value("SELECT max(amount) FROM ledger_line") == 123_400


def test_a_currency_without_decimals_takes_whole_amounts_only(other_books: Any) -> None:
    problems = refusal(other_books, other_books.sale("10.5"))
    assert problems[0][1] == "10.5 has more decimals than JPY allows (0)."
    other_books.post(other_books.sale("10"))


def test_a_date_without_a_fiscal_year_is_refused(books: Any) -> None:
    assert refusal(books, books.sale(date=date(2031, 1, 1))) == [
        ("date", "There is no fiscal year for 2031-01-01; create it first.")
    ]


def test_a_closed_period_is_a_conflict(books: Any) -> None:
    with books.write() as session:
        period = period_on(session, date(2026, 3, 1))
        close_period(session, ClosePeriod(id=period.id))
    said = (
        "2026-03 is closed. Date it later, have the period reopened, or have a second person"
        " approve an exception for you."
    )
    assert refusal(books, books.sale(), Conflict) == [("date", said)]
    books.post(books.sale(date=date(2026, 4, 1)))


def test_an_unknown_journal_is_named(books: Any) -> None:
    assert refusal(books, books.sale(journal="XYZ")) == [("journal", "There is no journal “XYZ”.")]


def test_all_problems_are_said_at_once_with_their_rows(books: Any) -> None:
    with books.write() as session, pytest.raises(Invalid) as caught:
        post_many(
            session,
            [
                books.sale(),
                books.posting(("1000", "1.234"), ("8888", "-1.00"), row=4),
                books.posting(("1000", "2"), ("4000", "-1"), row=7),
            ],
        )
    assert [(problem.row, problem.field) for problem in caught.value.problems] == [
        (4, "lines.0.amount"),
        (4, "lines.1.account"),
        (7, "lines"),
    ]
    assert books.count("ledger_entry") == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"memo": "x" * 501}, "memo"),
        ({"reference": "x" * 101}, "reference"),
        ({"key": "x" * 121}, "key"),
        ({"memo": "a\0b"}, "memo"),
    ],
)
def test_texts_that_do_not_fit_are_refused_at_their_field(
    books: Any, changes: Any, field: Any
) -> None:
    assert refusal(books, books.sale(**changes))[0][0] == field


@pytest.mark.parametrize("amount", ["1e13", "NaN", "sNaN", "Infinity"])
def test_amounts_that_are_no_amounts_are_refused(books: Any, amount: Any) -> None:
    problems = refusal(books, books.posting(("1000", amount), ("4000", "-1")))
    assert problems[0][0] == "lines.0.amount"


def test_zero_lines_are_refused(books: Any) -> None:
    problems = refusal(books, books.posting(("1000", "0"), ("4000", "0.00")))
    assert [field for field, _message in problems] == ["lines.0.amount", "lines.1.amount"]


def test_the_same_key_with_the_same_content_is_the_same_entry(books: Any) -> None:
    first = books.post(books.sale(key="k1"))
    again = books.post(books.sale(key="k1"))
    assert (again.id, again.number, again.existed) == (first.id, first.number, True)
    assert books.count("ledger_entry") == 1


def test_the_same_key_with_other_content_is_refused_by_name(books: Any) -> None:
    books.post(books.sale("100.00", key="k1"))
    [(field, message)] = refusal(books, books.sale("100.01", key="k1"), Conflict)
    assert field == "key"
    assert "“k1” was posted before as GEN-2026-000001 with other content" in message


def test_the_same_key_may_be_used_in_another_company(books: Any, other_books: Any) -> None:
    books.post(books.sale("100", key="k1"))
    assert not other_books.post(other_books.sale("100", key="k1")).existed


def test_a_key_twice_in_one_batch_is_refused(books: Any) -> None:
    with books.write() as session, pytest.raises(Invalid, match="used twice"):
        post_many(session, [books.sale(key="k"), books.sale(key="k")])


def test_a_batch_mixes_old_and_new_entries_without_gaps(books: Any) -> None:
    books.post_many([books.sale(key="a"), books.sale(key="b")])
    posted = books.post_many([books.sale(key=key) for key in "abcd"])
    assert [(one.number[-1], one.existed) for one in posted] == [
        ("1", True),
        ("2", True),
        ("3", False),
        ("4", False),
    ]


def test_preview_checks_and_writes_nothing(books: Any) -> None:
    with books.read() as session:
        assert len(preview(session, books.sale())) == 2
        with pytest.raises(Invalid):
            preview(session, books.posting(("1000", "1"), ("4000", "-2")))
    assert books.count("ledger_entry") == 0


def test_posting_needs_its_permission(books: Any) -> None:
    reader = replace(books.context(), permissions=frozenset({BOOKS_VIEW.name}))
    with books.write(reader) as session, pytest.raises(Forbidden, match="post entries"):
        post(session, books.sale())


def test_an_archived_company_is_not_posted_to(books: Any) -> None:
    archived = replace(books.context(), company=replace(books.company, archived=True))
    with books.write(archived) as session, pytest.raises(Conflict, match="archived"):
        post(session, books.sale())


def test_what_is_asked_is_what_is_stored(books: Any) -> None:
    books.post(
        books.sale(
            memo='Sale "A" \\ {1,2}, NULL',
            reference="R-1",
            source=Source("invoicing", "invoicing.invoice", "77"),
        )
    )
    [row] = books.rows(
        "SELECT memo, reference, source_plugin, source_type, source_id, state, kind, number,"
        " created_by, posted_by, version FROM ledger_entry"
    )
    assert tuple(row) == (
        'Sale "A" \\ {1,2}, NULL',
        "R-1",
        "invoicing",
        "invoicing.invoice",
        "77",
        "posted",
        "normal",
        1,
        "cli:test",
        "cli:test",
        2,
    )


def test_foreign_amounts_balance_by_currency(books: Any) -> Any:
    def line(code: Any, amount: Any, foreign: Any) -> Any:
        return PostingLine(code, Decimal(amount), currency="USD", amount_currency=Decimal(foreign))

    good = replace(
        books.sale(), lines=(line("1100", "90.00", "100.00"), line("4000", "-90.00", "-100.00"))
    )
    books.post(good)
    [(debit, credit)] = books.rows(
        "SELECT debit_currency, credit_currency FROM ledger_balance"
        " WHERE currency = 'USD' AND debit > 0"
    )
    assert (debit, credit) == (1_000_000, 0)
    bad = replace(
        books.sale(), lines=(line("1100", "90.00", "100.00"), line("4000", "-90.00", "-99.00"))
    )
    assert refusal(books, bad) == [
        ("lines", "The entry is out by 1.00 USD in the foreign currency.")
    ]
    for wrong in (
        replace(good.lines[0], currency="EUR"),
        replace(good.lines[0], currency="XQX"),
        replace(good.lines[0], amount_currency=Decimal(-100)),
        replace(good.lines[0], amount_currency=None),
        replace(good.lines[0], amount_currency=Decimal("1.234")),
    ):
        with pytest.raises(BackstayError):
            books.post(replace(good, lines=(wrong, good.lines[1])))


def test_each_entry_has_one_audit_row_with_its_lines_and_the_hash_of_its_row(books: Any) -> None:
    from backstay_ledger.models import Entry

    posted = books.post(books.sale(memo="Sale"))
    with books.read() as session:
        [event] = session.scalars(
            select(AuditEvent).where(AuditEvent.entity == "ledger_entry")
        ).all()
        entry = session.get_one(Entry, posted.id)
        assert event.action == "post"
        assert event.label == posted.number
        assert event.row_hash == hash_of(entry)
        assert event.after["lines"] == [
            {"account": "1100", "amount": "100"},
            {"account": "4000", "amount": "-100"},
        ]
        json.dumps(event.after)


def test_ten_thousand_entries_go_in_as_one_list(books: Any) -> None:
    postings = [
        books.posting(
            ("1000", f"{1 + number % 97}.{number % 100:02d}"),
            ("4000", f"-{1 + number % 97}.{number % 100:02d}"),
            key=f"k{number}",
            date=date(2026, 1 + number % 12, 1 + number % 28),
        )
        for number in range(10_000)
    ]
    posted = books.post_many(postings)
    assert posted[-1].number == "GEN-2026-010000"
    assert books.value("SELECT count(DISTINCT number) FROM ledger_entry") == 10_000
    assert books.value("SELECT sum(debit) - sum(credit) FROM ledger_balance") == 0
