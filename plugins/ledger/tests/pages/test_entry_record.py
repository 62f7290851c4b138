"""What can be done with an entry on its page: post, copy, reverse once, attach, delete."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from backstay_ledger.models import EntryKind, EntryState
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


def draft(books: Books, debit: Decimal, credit: Decimal) -> int:
    """A draft of two lines."""
    with books.database.write(books.context, books.suite) as session:
        command = SaveDraft(
            journal="GEN",
            date=date(2026, 3, 5),
            memo="Rent of March",
            lines=(
                DraftLine(account="6000", debit=debit),
                DraftLine(account="1000", credit=credit),
            ),
        )
        return save_draft(session, command).id


def test_a_draft_is_posted_from_its_page(accountant: Browser, books: Books) -> None:
    entry = draft(books, Decimal(100), Decimal(100))
    assert "Delete draft" in accountant.get(books.url(f"/entries/{entry}")).text
    answer = accountant.post(books.url(f"/entries/{entry}/do/post"))
    assert answer.status_code == 303, answer.text
    assert books.entries()[0].number_text == "GEN-2026-000001"
    again = accountant.post(books.url(f"/entries/{entry}/do/post"))
    assert again.status_code == 409
    assert accountant.post(books.url(f"/entries/{entry}/do/delete")).status_code == 409


def test_a_draft_that_is_not_balanced_says_so_and_is_not_posted(
    accountant: Browser, books: Books
) -> None:
    entry = draft(books, Decimal(100), Decimal(90))
    shown = accountant.get(books.url(f"/entries/{entry}")).text
    assert "10.00 of credit is missing" in shown
    answer = accountant.post(books.url(f"/entries/{entry}/do/post"))
    assert answer.status_code == 422
    assert "out by 10.00 EUR" in answer.text
    assert books.entries()[0].state is EntryState.DRAFT


def test_a_draft_is_deleted(accountant: Browser, books: Books) -> None:
    entry = draft(books, Decimal(100), Decimal(100))
    answer = accountant.post(books.url(f"/entries/{entry}/do/delete"))
    assert answer.headers["Location"] == books.url("/entries")
    assert books.entries() == []
    assert accountant.get(books.url(f"/entries/{entry}")).status_code == 404


def test_an_entry_is_reversed_once_with_a_reason(accountant: Browser, books: Books) -> None:
    entry = books.post("a", date(2026, 3, 5), "6000", "1000", "100.00")
    address = books.url(f"/entries/{entry}/do/reverse")
    assert 'value="2026-03-05"' in accountant.get(address).text
    refused = accountant.post(address, {"on": "2026-03-06", "reason": ""})
    assert refused.status_code == 422
    answer = accountant.post(address, {"on": "2026-03-06", "reason": "Booked twice"})
    assert answer.status_code == 303, answer.text
    original, reversal = books.entries()
    assert reversal.kind is EntryKind.REVERSAL
    assert reversal.reverses_id == original.id
    shown = accountant.get(books.url(f"/entries/{entry}")).text
    assert "Reversed by" in shown
    assert f"/entries/{reversal.id}" in shown
    assert "Booked twice" in accountant.get(books.url(f"/entries/{reversal.id}")).text
    second = accountant.post(address, {"on": "2026-03-06", "reason": "Again"})
    assert second.status_code == 409
    assert len(books.entries()) == 2


def test_a_copy_is_a_new_draft_in_the_editor(accountant: Browser, books: Books) -> None:
    entry = books.post("a", date(2026, 3, 5), "6000", "1000", "100.00", "Rent")
    answer = accountant.post(books.url(f"/entries/{entry}/do/copy"))
    assert answer.status_code == 303, answer.text
    _original, copy = books.entries()
    assert copy.state is EntryState.DRAFT
    assert answer.headers["Location"] == books.url(f"/entries/{copy.id}/edit")
    assert copy.memo == "Rent"


def test_a_reference_is_attached_to_a_posted_entry(accountant: Browser, books: Books) -> None:
    entry = books.post("a", date(2026, 3, 5), "6000", "1000", "100.00")
    address = books.url(f"/entries/{entry}/do/attach")
    answer = accountant.post(address, {"reference": "SCAN-77", "note": "signed copy"})
    assert answer.status_code == 303, answer.text
    shown = accountant.get(books.url(f"/entries/{entry}")).text
    assert "SCAN-77" in shown
    assert "signed copy" in shown
    assert books.entries()[0].reference == ""


def test_actions_follow_permission(bookkeeper: Browser, reader: Browser, books: Books) -> None:
    entry = books.post("a", date(2026, 3, 5), "6000", "1000", "100.00")
    sent = {"on": "2026-03-06", "reason": "x"}
    for browser in (bookkeeper, reader):
        answer = browser.post(books.url(f"/entries/{entry}/do/reverse"), sent)
        assert answer.status_code == 403
    assert "Reverse" not in reader.get(books.url(f"/entries/{entry}")).text
    assert len(books.entries()) == 1
