"""Entries whose lines name tax codes: what is posted, and what is said where it can't be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.contracts.ledger import PostingLine
from backstay.errors import Invalid
from backstay_ledger.services.checks import check_books
from backstay_ledger.services.drafts import (
    CopyEntry,
    DraftLine,
    PostDraft,
    SaveDraft,
    as_typed,
    copy_entry,
    post_draft,
    save_draft,
)
from backstay_ledger.services.posting import preview
from backstay_ledger.services.reversal import ReverseEntry, reverse_entry
from backstay_ledger.services.stored import stored_entry
from backstay_ledger.tax.boxes import SetRounding, set_rounding
from backstay_ledger.tax.codes import add_rate
from backstay_ledger.tax.commands import AddRate
from backstay_ledger.tax.models import TaxUse
from backstay_ledger.tax.rounding import RoundingPolicy


def test_tax_comes_on_top_of_a_net_line(taxed: Any, detail: Any) -> None:
    entry = taxed.post(("1100", "120.00"), ("4000", "-100.00", "S20"))
    assert taxed.lines(entry) == [("1100", "120.00"), ("4000", "-100.00"), ("2300", "-20.00")]
    assert detail(entry) == [("S20", "-100.00", "-20.00", 2, 3)]


def test_a_gross_line_is_posted_net(taxed: Any) -> None:
    entry = taxed.post(("1100", "11.90"), ("4000", "-11.90", "S20I"))
    assert taxed.lines(entry) == [("1100", "11.90"), ("4000", "-9.92"), ("2300", "-1.98")]
    line = PostingLine("4000", Decimal("-11.90"), tax_code="S20", tax_included=True)
    assert taxed.lines(taxed.post(("1100", "11.90"), line))[1:] == [
        ("4000", "-9.92"),
        ("2300", "-1.98"),
    ]


def test_lines_of_one_tax_share_a_line(taxed: Any, detail: Any) -> None:
    lines = [("4000", "-10.02", "S20"), ("4000", "-10.02", "S20")]
    entry = taxed.post(("1100", "24.04"), *lines)
    assert taxed.lines(entry)[-1] == ("2300", "-4.00")
    assert [row[2] for row in detail(entry)] == ["-2.00", "-2.00"]


def test_rounding_by_tax_takes_the_sum(taxed: Any, detail: Any) -> None:
    with taxed.books.write() as session:
        by_tax = SetRounding(
            valid_from=date(2026, 1, 1), policy=RoundingPolicy.GROUP, unit=Decimal("0.01")
        )
        set_rounding(session, by_tax)
    lines = [("4000", "-10.02", "S20"), ("4000", "-10.02", "S20")]
    entry = taxed.post(("1100", "24.05"), *lines)
    assert taxed.lines(entry)[-1] == ("2300", "-4.01")
    assert [row[2] for row in detail(entry)] == ["-2.00", "-2.01"]


def test_a_reverse_charge_is_paid_to_nobody(taxed: Any) -> None:
    entry = taxed.post(("5000", "100.00", "RC"), ("2000", "-100.00"))
    assert taxed.lines(entry)[2:] == [("1180", "21.00"), ("2300", "-21.00")]


def test_what_can_not_be_deducted_stays_on_the_account_of_the_line(taxed: Any) -> None:
    entry = taxed.post(("5000", "100.05", "P50"), ("2000", "-120.06"))
    assert taxed.lines(entry)[2:] == [("1180", "10.01"), ("5000", "10.00")]


def test_tax_is_withheld_from_a_bill_beside_its_own_tax(taxed: Any, detail: Any) -> None:
    entry = taxed.post(("5000", "100.00", "P20+WH"), ("2000", "-110.00"))
    assert taxed.lines(entry)[2:] == [("1180", "20.00"), ("2310", "-10.00")]
    assert detail(entry) == [
        ("P20", "100.00", "20.00", 1, 3),
        ("WH", "100.00", "-10.00", 1, 4),
    ]


def test_a_credit_note_beside_a_sale_of_the_same_amount_has_no_line_of_tax(
    taxed: Any, detail: Any
) -> None:
    entry = taxed.post(("4000", "-100.00", "S20"), ("4000", "100.00", "S20"))
    assert len(taxed.lines(entry)) == 2
    assert [row[2:] for row in detail(entry)] == [("-20.00", 1, None), ("20.00", 2, None)]


def test_the_documents_own_tax_may_be_a_cent_away(taxed: Any, detail: Any) -> None:
    own = PostingLine("1180", Decimal("20.01"), tax_code="P20", tax_line=True)
    entry = taxed.post(("5000", "100.00", "P20"), own, ("2000", "-120.01"))
    assert detail(entry) == [("P20", "100.00", "20.01", 1, 2)]
    more = PostingLine("1180", Decimal("20.02"), tax_code="P20", tax_line=True)
    with pytest.raises(Invalid, match=r"P20 of the lines is 20\.00 EUR, not 20\.02") as refused:
        taxed.post(("5000", "100.00", "P20"), more, ("2000", "-120.02"))
    assert refused.value.problems[0].field == "lines.1.amount"


def test_each_currency_has_its_own_tax(taxed: Any) -> None:
    sale = PostingLine(
        "4000", Decimal("-90.00"), currency="USD", amount_currency=Decimal("-100.03"),
        tax_code="S20",
    )  # fmt: skip
    owed = PostingLine("1100", Decimal("108.00"), currency="USD", amount_currency=Decimal("120.04"))
    entry = taxed.post(owed, sale)
    found = taxed.books.rows(
        "SELECT amount, amount_currency FROM ledger_line WHERE entry_id = :id AND line_no = 3",
        id=entry,
    )
    assert found == [(-180000, -200100)]


@pytest.mark.parametrize(
    ("code", "message", "day"),
    [
        ("S99", "no tax code “S99”", date(2026, 3, 15)),
        ("S20+S99", "no tax code “S99”", date(2026, 3, 15)),
        ("S20+S20", "names each tax once", date(2026, 3, 15)),
        ("LATE", "has no rate on 2026-03-15", date(2026, 3, 15)),
    ],
)
def test_what_can_not_be_computed_is_named(taxed: Any, code: str, message: str, day: Any) -> None:
    taxed.code("LATE", "5", taxed_sale(), account="2300", valid_from=date(2026, 4, 1))
    with pytest.raises(Invalid, match=message) as refused:
        taxed.post(("1100", "120.00"), ("4000", "-100.00", code), date=day)
    assert refused.value.problems[0].field == "lines.1.tax_code"
    assert taxed.books.count("ledger_entry") == 0


def taxed_sale() -> Any:
    from backstay_ledger.tax.models import TaxUse

    return TaxUse.SALE


def test_the_rate_is_that_of_the_day(taxed: Any) -> None:
    code = taxed.code("X", "20", taxed_sale(), account="2300")
    with taxed.books.write() as session:
        add_rate(session, AddRate(id=code, rate="19", valid_from=date(2026, 7, 1)))
    june = taxed.post(("1100", "120.00"), ("4000", "-100", "X"), date=date(2026, 6, 30))
    july = taxed.post(("1100", "119.00"), ("4000", "-100", "X"), date=date(2026, 7, 1))
    assert (taxed.lines(june)[-1][1], taxed.lines(july)[-1][1]) == ("-20.00", "-19.00")
    with taxed.books.write() as session, pytest.raises(Invalid, match="2026-07-01 was computed"):
        add_rate(session, AddRate(id=code, rate="18", valid_from=date(2026, 7, 1)
                                  .replace(month=6, day=1)))  # fmt: skip


def test_a_preview_shows_the_lines_of_tax_and_writes_nothing(taxed: Any) -> None:
    with taxed.books.read() as session:
        shown = preview(session, taxed.posting(("1100", "120.00"), ("4000", "-100.00", "S20")))
    assert [(line.account, line.amount) for line in shown][-1] == ("2300", Decimal("-20.00"))
    assert taxed.books.count("ledger_entry") == 0


def test_the_same_key_with_another_tax_is_other_content(taxed: Any) -> None:
    taxed.code("S20B", "20", taxed_sale(), account="2300", box="81")
    lines = [("1100", "120.00"), ("4000", "-100.00", "S20")]
    first = taxed.post(*lines, key="k")
    assert taxed.post(*lines, key="k") == first
    with pytest.raises(Exception, match="other content"):
        taxed.post(lines[0], ("4000", "-100.00", "S20B"), key="k")


def test_a_reversal_takes_the_tax_back(taxed: Any, detail: Any) -> None:
    entry = taxed.post(("1100", "120.00"), ("4000", "-100.00", "S20"))
    with taxed.books.write() as session:
        back = reverse_entry(session, ReverseEntry(id=entry, on=date(2026, 3, 20), reason="wrong"))
    assert detail(back.id) == [("S20", "100.00", "20.00", 2, 3)]
    with taxed.books.read() as session:
        assert check_books(session) == []


def sale(amount: str = "100.00", code: str = "S20", **values: Any) -> SaveDraft:
    gross = Decimal(amount) * Decimal("1.2")
    lines = (
        DraftLine(account="1100", debit=gross),
        DraftLine(account="4000", credit=Decimal(amount), tax_code=code),
    )
    return SaveDraft(journal="GEN", date=date(2026, 3, 15), lines=lines, **values)


def test_a_draft_has_its_lines_of_tax_and_keeps_them_through_posting(
    taxed: Any, detail: Any
) -> None:
    with taxed.books.write() as session:
        draft = save_draft(session, sale()).id
    assert taxed.lines(draft)[-1] == ("2300", "-20.00")
    with taxed.books.read() as session:
        typed = as_typed(stored_entry(session, draft))
    assert [(line.tax_code, line.tax_included, line.tax_line) for line in typed.lines] == [
        ("", None, False),
        ("S20", False, False),
        ("S20", None, True),
    ]
    with taxed.books.write() as session:  # saved again as it is shown: nothing is added twice
        assert save_draft(session, typed).version == 1
    with taxed.books.write() as session:
        save_draft(session, sale("50.00", id=draft))
    assert detail(draft) == [("S20", "-50.00", "-10.00", 2, 3)]
    with taxed.books.write() as session:
        post_draft(session, PostDraft(id=draft))
    assert detail(draft) == [("S20", "-50.00", "-10.00", 2, 3)]
    with taxed.books.read() as session:
        assert check_books(session) == []


def test_a_draft_whose_lines_changed_asks_for_its_tax_again(taxed: Any) -> None:
    with taxed.books.write() as session:
        typed = as_typed(stored_entry(session, save_draft(session, sale()).id))
    old = typed.lines
    changed = (old[0], DraftLine(account="4000", credit=Decimal(90), tax_code="S20"), old[2])
    command = SaveDraft(journal="GEN", date=typed.date, lines=changed, id=typed.id)
    with taxed.books.write() as session, pytest.raises(Invalid, match=r"is 18\.00 EUR, not 20\."):
        save_draft(session, command)


def test_a_copy_is_taxed_at_the_rates_of_its_day(taxed: Any) -> None:
    code = taxed.code("X", "20", taxed_sale(), account="2300")
    with taxed.books.write() as session:
        add_rate(session, AddRate(id=code, rate="10", valid_from=date(2026, 7, 1)))
    entry = taxed.post(("1100", "120.00"), ("4000", "-100", "X"), date=date(2026, 6, 30))
    with taxed.books.write() as session:
        copy = copy_entry(session, CopyEntry(id=entry, date=date(2026, 7, 1))).id
    assert taxed.lines(copy)[-1] == ("2300", "-10.00")


def test_a_converted_amount_keeps_its_cents_where_taxes_are_rounded_to_five(taxed: Any) -> None:
    with taxed.books.write() as session:
        by_five = SetRounding(
            valid_from=date(2026, 1, 1), policy=RoundingPolicy.LINE, unit=Decimal("0.05")
        )
        set_rounding(session, by_five)
    taxed.code("S8", "8", TaxUse.SALE, account="2300", box="81")
    entry = taxed.post(
        PostingLine("1100", Decimal("100.57"), "", "USD", Decimal("108.00")),
        PostingLine("4000", Decimal("-93.12"), "", "USD", Decimal("-100.00"), tax_code="S8"),
    )
    assert taxed.lines(entry) == [("1100", "100.57"), ("4000", "-93.12"), ("2300", "-7.45")]
    assert (
        taxed.books.value(
            "SELECT amount_currency FROM ledger_line WHERE entry_id = :id AND line_no = 3", id=entry
        )
        == -80000
    )
