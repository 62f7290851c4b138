"""Vouchers of entries: added whenever there is one, removed only while the entry is a draft."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from backstay.files.models import Attachment
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

PDF = b"%PDF-1.4 invoice"


def draft(books: Books) -> int:
    with books.database.write(books.context, books.suite) as session:
        command = SaveDraft(
            journal="GEN",
            date=date(2026, 3, 5),
            memo="Rent of March",
            lines=(
                DraftLine(account="6000", debit=Decimal(100)),
                DraftLine(account="1000", credit=Decimal(100)),
            ),
        )
        return save_draft(session, command).id


def attach(browser: Browser, books: Books, entry: int, content: bytes, name: str) -> int:
    answer = browser.post(
        books.url(f"/entries/{entry}/attachments/add"),
        {"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )
    return answer.status_code


def vouchers(books: Books) -> list[int]:
    with books.database.read(books.context, books.suite) as session:
        return list(session.scalars(select(Attachment.id).order_by(Attachment.id)))


def test_a_voucher_of_a_draft_can_be_removed(accountant: Browser, books: Books) -> None:
    entry = draft(books)
    assert attach(accountant, books, entry, PDF, "invoice.pdf") == 303
    assert "Vouchers (1)" in accountant.get(books.url(f"/entries/{entry}")).text
    href = books.url(f"/entries/{entry}/attachments/{vouchers(books)[0]}/remove")
    assert accountant.post(href).status_code == 303
    assert vouchers(books) == []


def test_a_posted_entry_takes_vouchers_and_keeps_them(accountant: Browser, books: Books) -> None:
    entry = draft(books)
    attach(accountant, books, entry, PDF, "wrong.pdf")
    assert accountant.post(books.url(f"/entries/{entry}/do/post")).status_code == 303
    assert attach(accountant, books, entry, PDF + b" 2", "right.pdf") == 303
    page = accountant.get(books.url(f"/entries/{entry}")).text
    assert "wrong.pdf" in page
    assert "attached “right.pdf”" in page
    assert "A posted entry keeps its vouchers" in page
    for one in vouchers(books):
        answer = accountant.post(books.url(f"/entries/{entry}/attachments/{one}/remove"))
        assert answer.status_code == 409
        assert "attach the right one beside it" in answer.text
    assert len(vouchers(books)) == 2


def test_a_deleted_draft_lets_its_vouchers_go(accountant: Browser, books: Books) -> None:
    entry = draft(books)
    attach(accountant, books, entry, PDF, "invoice.pdf")
    assert accountant.post(books.url(f"/entries/{entry}/do/delete")).status_code == 303
    with books.database.read(books.context, books.suite) as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0
