"""Taking entries back, and bringing balances in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backstay.errors import Conflict, Invalid, NotFound
from backstay_ledger.models import EntryKind
from backstay_ledger.services.balances import trial_balance
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft
from backstay_ledger.services.fiscal_years import (
    ClosePeriod,
    close_period,
    list_fiscal_years,
    period_on,
)
from backstay_ledger.services.opening import PostOpeningBalances, post_opening_balances
from backstay_ledger.services.reversal import ReverseEntry, reversals_of, reverse_entry
from backstay_ledger.services.stored import stored_entry


def reverse(
    books: Any,
    entry_id: Any,
    on: Any = date(2026, 3, 20),
    reason: Any = "posted twice",
    key: Any = "",
) -> Any:
    with books.write() as session:
        return reverse_entry(session, ReverseEntry(id=entry_id, on=on, reason=reason, key=key))


def test_a_reversal_mirrors_every_line_and_leaves_the_entry(books: Any) -> None:
    posted = books.post(books.sale("12.34", reference="R-1"))
    reversal = reverse(books, posted.id)
    with books.read() as session:
        old, new = (stored_entry(session, one.id) for one in (posted, reversal))
        assert [line.amount for line in new.lines] == [-line.amount for line in old.lines]
        assert new.row.kind is EntryKind.REVERSAL
        assert new.row.memo == "Reversal of GEN-2026-000001: posted twice"
        assert new.row.reference == "R-1"
        assert trial_balance(session) == []
        assert trial_balance(session, date(2026, 3, 19)) != []
        assert reversals_of(session, posted.id).reversed_by == (reversal.id, reversal.number)
        assert reversals_of(session, reversal.id).reverses == (posted.id, posted.number)
    assert books.value("SELECT count(*) FROM core_audit WHERE reason = 'posted twice'") == 1


def test_an_entry_is_reversed_once(books: Any) -> None:
    posted = books.post(books.sale())
    reverse(books, posted.id)
    with pytest.raises(Conflict, match="reversed already by GEN-2026-000002"):
        reverse(books, posted.id)


def test_a_reversal_asked_for_twice_under_one_key_is_one(books: Any) -> None:
    posted = books.post(books.sale())
    first = reverse(books, posted.id, key="r")
    again = reverse(books, posted.id, key="r")
    assert (again.number, again.existed) == (first.number, True)


def test_a_reversal_needs_a_reason_a_date_and_an_open_period(books: Any, other_books: Any) -> None:
    posted = books.post(books.sale())
    with pytest.raises(Invalid) as caught:
        reverse(books, posted.id, on=date(2026, 3, 14), reason=" ")
    assert [problem.field for problem in caught.value.problems] == ["reason", "on"]
    with books.write() as session:
        close_period(session, ClosePeriod(id=period_on(session, date(2026, 3, 1)).id))
    with pytest.raises(Conflict, match="2026-03 is closed"):
        reverse(books, posted.id)
    with pytest.raises(NotFound):
        reverse(other_books, posted.id)
    reverse(books, posted.id, on=date(2026, 4, 1))


def test_a_draft_is_not_reversed(books: Any) -> None:
    with books.write() as session:
        draft = save_draft(
            session,
            SaveDraft(
                journal="GEN",
                date=date(2026, 3, 1),
                lines=(DraftLine(account="1000", debit=Decimal(1)),),
            ),
        )
    with pytest.raises(Conflict, match="draft"):
        reverse(books, draft.id)


def open_balances(books: Any, *amounts: Any) -> Any:
    with books.write() as session:
        [year] = list_fiscal_years(session)
        return post_opening_balances(
            session,
            PostOpeningBalances(
                fiscal_year_id=year.id,
                lines=tuple(
                    DraftLine(
                        account=code,
                        debit=Decimal(amount) if Decimal(amount) > 0 else None,
                        credit=-Decimal(amount) if Decimal(amount) < 0 else None,
                    )
                    for code, amount in amounts
                ),
            ),
        )


def test_opening_balances_are_posted_on_the_first_day(books: Any) -> None:
    posted = open_balances(books, ("1000", "250"), ("2000", "-50"), ("3000", "-200"))
    assert posted.number == "OPN-2026-000001"
    with books.read() as session:
        assert stored_entry(session, posted.id).row.date == date(2026, 1, 1)
        assert [(row.code, row.debit, row.credit) for row in trial_balance(session)] == [
            ("1000", 250, 0),
            ("2000", 0, 50),
            ("3000", 0, 200),
        ]
    with pytest.raises(Conflict, match="OPN-2026-000001; reverse them first"):
        open_balances(books, ("1000", "250"), ("3000", "-250"))
    reverse(books, posted.id, on=date(2026, 1, 1))
    open_balances(books, ("1000", "300"), ("3000", "-300"))


def test_opening_balances_that_differ_are_refused_with_the_difference(books: Any) -> None:
    with pytest.raises(Invalid, match=r"out by 0\.50 EUR"):
        open_balances(books, ("1000", "250"), ("3000", "-249.50"))
    with pytest.raises(Invalid, match="9999"):
        open_balances(books, ("1000", "250"), ("9999", "-250"))
