"""Withholding above limits through real entries, each party and fiscal year by itself."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from backstay.contracts.ledger import Posting, PostingLine
from backstay.errors import Conflict, Invalid
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import DraftLine, PostDraft, SaveDraft, post_draft, save_draft
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.posting import post
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.tax.codes import add_rate, edit_tax_code
from backstay_ledger.tax.commands import AddRate, EditTaxCode
from backstay_ledger.tax.models import TaxUse
from plugins.ledger.tests.managing import manage

if TYPE_CHECKING:
    from conftest import Taxed


@pytest.fixture
def bills(taxed: Taxed) -> Taxed:
    """Payables by open items; CUM withholds 10 % from 30 000 a year on, ONE from 20 000 a bill."""
    with taxed.books.write() as session:
        manage(session, "2000")
    purchase = TaxUse.PURCHASE
    by_itself: dict[str, Any] = {"account": "2310", "box": "WH", "fed": False}
    taxed.code("CUM", "-10", purchase, cumulative_threshold=Decimal(30000), **by_itself)
    taxed.code("ONE", "-10", purchase, single_threshold=Decimal(20000), **by_itself)
    return taxed


def bill(amount: str, paid: str, code: str = "CUM", party: str = "ACME", **values: Any) -> Posting:
    """A bill over an amount, of which so much is owed after what is withheld."""
    return Posting(
        key=values.pop("key", ""),
        journal="GEN",
        date=values.pop("day", date(2026, 3, 15)),
        lines=(
            PostingLine("5000", Decimal(amount), tax_code=code),
            PostingLine("2000", -Decimal(paid), party=party),
        ),
    )


def withheld(books: Any, entry_id: int) -> Decimal:
    found = books.value(
        "SELECT -sum(amount) FROM ledger_tax_detail WHERE entry_id = :id", id=entry_id
    )
    return Decimal(found).scaleb(-4)


def test_the_third_bill_makes_up_for_the_two_before_it(bills: Taxed) -> None:
    books = bills.books
    posted = [
        books.post(bill(amount, paid))
        for amount, paid in (
            ("10000", "10000"),
            ("10000", "10000"),
            ("10000", "7000"),
            ("5000", "4500"),
        )
    ]
    assert [withheld(books, one.id) for one in posted] == [0, 0, 3000, 500]
    assert bills.lines(posted[2].id) == [
        ("5000", "10000.00"),
        ("2000", "-7000.00"),
        ("2310", "-3000.00"),
    ]
    with books.read() as session:
        assert check_books(session) == []


def test_a_single_bill_above_its_limit_is_taxed_by_itself(bills: Taxed) -> None:
    posted = [
        bills.books.post(bill(amount, paid, "ONE"))
        for amount, paid in (("19999.99", "19999.99"), ("20000", "18000"))
    ]
    assert [withheld(bills.books, one.id) for one in posted] == [0, 2000]


def test_parties_and_fiscal_years_are_counted_apart(bills: Taxed) -> None:
    books = bills.books
    with books.write() as session:
        ensure_fiscal_years(session, [date(2027, 1, 1)])
    for posting in (
        bill("29999.99", "29999.99"),
        bill("10000", "10000", party="BEST"),
        bill("10000", "10000", day=date(2027, 1, 5)),
    ):
        assert withheld(books, books.post(posting).id) == 0
    assert withheld(books, books.post(bill("0.01", "-2999.99")).id) == 3000


def test_a_reversed_bill_counts_no_more(bills: Taxed) -> None:
    books = bills.books
    for _n in range(2):
        books.post(bill("10000", "10000"))
    third = books.post(bill("10000", "7000"))
    with books.write() as session:
        reverse_entry(
            session, ReverseEntry(id=third.id, on=date(2026, 3, 20), reason="wrong amount")
        )
    assert withheld(books, books.post(bill("9999", "9999")).id) == 0
    assert withheld(books, books.post(bill("1", "-2999")).id) == 3000


def test_the_tax_of_a_bill_with_several_lines_is_split_exactly(bills: Taxed) -> None:
    books = bills.books
    books.post(bill("20000", "20000"))
    posted = books.post(
        Posting(
            key="",
            journal="GEN",
            date=date(2026, 3, 15),
            lines=(
                PostingLine("5000", Decimal("3333.33"), tax_code="P20+CUM"),
                PostingLine("5000", Decimal("6666.68"), tax_code="CUM"),
                PostingLine("2000", Decimal("-7666.68"), party="ACME"),
            ),
        )
    )
    rows = books.rows(
        "SELECT d.base, d.amount FROM ledger_tax_detail AS d"
        " JOIN ledger_tax_code AS c ON c.id = d.code_id WHERE c.code = 'CUM' AND entry_id = :id",
        id=posted.id,
    )
    assert sum(base for base, _amount in rows) == 300000100
    assert sum(amount for _base, amount in rows) == -30000000


def test_a_bill_needs_one_party(bills: Taxed) -> None:
    with pytest.raises(Invalid) as error:
        bills.books.post(bill("10000", "10000", party=""))
    assert [one.field for one in error.value.problems] == ["lines.0.tax_code"]
    assert "name one party" in str(error.value)


def code_id(bills: Taxed, code: str) -> int:
    return int(bills.books.value("SELECT id FROM ledger_tax_code WHERE code = :code", code=code))


@pytest.mark.parametrize("field", ["included", "feeds", "fed"])
def test_a_code_with_a_limit_is_computed_by_itself_when_made_and_when_changed(
    bills: Taxed, field: str
) -> None:
    said: dict[str, Any] = {"fed": False, field: True}
    with pytest.raises(Invalid, match="computed on net amounts") as refused:
        bills.code(
            "NEW", "-10", TaxUse.PURCHASE, account="2310", single_threshold=Decimal(1), **said
        )
    assert [one.field for one in refused.value.problems] == [field]
    changed = code_id(bills, "ONE")
    with pytest.raises(Invalid) as refused, bills.books.write() as session:
        edit_tax_code(session, EditTaxCode(id=changed, name="Withheld", **said))
    assert [one.field for one in refused.value.problems] == [field]
    with bills.books.write() as session:
        edit_tax_code(session, EditTaxCode(id=changed, name="Withheld", fed=False))


@pytest.mark.parametrize(
    ("rate", "said", "fed"),
    [
        ("-10", {"single_threshold": Decimal(1)}, 0),
        ("-10", {"cumulative_threshold": Decimal(1), "fed": None}, 0),
        ("-10", {}, 0),
        ("-10", {"fed": True}, 1),
        ("10", {}, 1),
        ("10", {"fed": False}, 0),
    ],
)
def test_earlier_taxes_are_in_the_base_unless_a_tax_is_withheld_or_the_code_says_otherwise(
    bills: Taxed, rate: str, said: dict[str, Any], fed: int
) -> None:
    made = bills.code("NEW", rate, TaxUse.PURCHASE, account="2310", **said)
    assert bills.books.value("SELECT fed FROM ledger_tax_code WHERE id = :id", id=made) == fed


def test_the_rates_of_a_code_with_a_limit_are_negative(bills: Taxed) -> None:
    changed, later = code_id(bills, "CUM"), date(2026, 7, 1)
    for rate in ("5", "0"):
        with pytest.raises(Invalid) as refused, bills.books.write() as session:
            add_rate(session, AddRate(id=changed, rate=rate, valid_from=later))
        assert [one.field for one in refused.value.problems] == ["rate"]
    with bills.books.write() as session:
        add_rate(session, AddRate(id=changed, rate="-5", valid_from=later))


def test_a_line_does_not_take_what_is_withheld_into_its_amount(bills: Taxed) -> None:
    posted = bills.books.post(
        Posting(
            key="",
            journal="GEN",
            date=date(2026, 3, 15),
            lines=(
                PostingLine("5000", Decimal(24000), tax_code="P20+ONE", tax_included=True),
                PostingLine("2000", Decimal(-22000), party="ACME"),
            ),
        )
    )
    assert bills.lines(posted.id) == [
        ("5000", "20000.00"),
        ("2000", "-22000.00"),
        ("1180", "4000.00"),
        ("2310", "-2000.00"),
    ]


def test_a_draft_whose_tax_is_out_of_date_is_refused_until_it_is_computed_again(
    bills: Taxed,
) -> None:
    books = bills.books
    books.post(bill("20000", "20000"))

    def command(paid: str, **values: Any) -> SaveDraft:
        return SaveDraft(
            journal="GEN",
            date=date(2026, 3, 15),
            lines=(
                DraftLine(account="5000", debit=Decimal(10000), tax_code="CUM"),
                DraftLine(account="2000", credit=Decimal(paid), party="ACME"),
            ),
            **values,
        )

    with books.write() as session:
        draft = save_draft(session, command("7000"))
        key = draft.id
    books.post(bill("10000", "7000"))
    with pytest.raises(Conflict, match="compute the tax again"), books.write() as session:
        post_draft(session, PostDraft(id=key))
    with books.write() as session:
        save_draft(session, command("9000", id=key))
    with books.write() as session:
        post_draft(session, PostDraft(id=key))
    assert withheld(books, key) == 1000


def test_of_two_bills_at_once_that_reach_the_limit_together_one_is_refused(bills: Taxed) -> None:
    books = bills.books
    books.post(bill("15000", "15000"))
    gate = threading.Barrier(2)
    outcome: list[str] = []

    def work() -> None:
        try:
            with books.write() as session:
                if not books.database.is_sqlite:
                    session.connection()
                    gate.wait(timeout=20)
                post(session, bill("10000", "10000"))
                outcome.append("posted")
        except (Conflict, Invalid) as error:
            outcome.append(str(error))

    workers = [threading.Thread(target=work) for _n in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    assert len(outcome) == 2
    assert outcome.count("posted") == 1, outcome
    with books.read() as session:
        assert check_books(session) == []


def test_the_database_refuses_a_bill_whose_limit_was_left_out_of_account(bills: Taxed) -> None:
    books = bills.books

    def limit(units: int) -> None:
        with books.write() as session:
            session.connection().execute(
                text("UPDATE ledger_tax_code SET cumulative_threshold = :units WHERE code = 'CUM'"),
                {"units": units},
            )

    for _n in range(2):
        books.post(bill("10000", "10000"))
    limit(500_000_000)
    with books.write() as session:
        key = save_draft(
            session,
            SaveDraft(
                journal="GEN",
                date=date(2026, 3, 15),
                lines=(
                    DraftLine(account="5000", debit=Decimal(10000), tax_code="CUM"),
                    DraftLine(account="2000", credit=Decimal(10000), party="ACME"),
                ),
            ),
        ).id
    limit(300_000_000)
    with pytest.raises(Conflict, match="compute the tax again"), books.write() as session:
        post_draft(session, PostDraft(id=key))
