"""Vouchers of entries: added whenever there is one, removed only while the entry is a draft."""

from __future__ import annotations

import io
import secrets
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from backstay.files.models import Attachment
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_DRAFT
from backstay_ledger.services.drafts import DraftLine, SaveDraft, save_draft

if TYPE_CHECKING:
    from collections.abc import Callable

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


KEY = "a-window-with-vouchers"


def typed(books: Books, **values: str) -> dict[str, str]:
    """An entry that can be posted, as the editor sends it."""
    return {
        "journal": "GEN",
        "date": "2026-03-15",
        "memo": "Rent",
        "sheet": KEY,
        "sheet_version": "0",
        "lines-0-typed": "6000",
        "lines-0-debit": "7",
        "lines-1-typed": "1000",
        "lines-1-credit": "7",
        **values,
    }


def keep(person: Browser, books: Books, **values: str) -> dict[str, str]:
    """Keep what is typed; where its vouchers are listed and attached."""
    answer = person.post(
        books.url("/entries/sheets"), typed(books, **values), idem=secrets.token_hex(16)
    )
    assert answer.json is not None, answer.text
    found: dict[str, str] = answer.json["vouchers"]
    return found


def send(person: Browser, href: str, content: bytes, name: str) -> tuple[int, str]:
    """Attach as the editor's script does."""
    answer = person.post(
        href,
        {"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
        headers={"Accept": "application/json"},
        idem=secrets.token_hex(16),
    )
    return answer.status_code, (answer.json or {}).get("message", "")


def places(books: Books) -> list[tuple[str, str]]:
    with books.database.read(books.context, books.suite) as session:
        found = session.execute(select(Attachment.resource, Attachment.name))
        return [(row.resource, row.name) for row in found]


def test_vouchers_come_to_the_entry_that_is_saved_or_posted_with_them(
    accountant: Browser, books: Books
) -> None:
    for number, do in enumerate(("save", "post"), 1):
        at = keep(accountant, books)
        assert send(accountant, at["attach_href"], PDF, "invoice.pdf") == (200, "")
        assert "invoice.pdf" in accountant.get(at["list_href"]).text
        again = accountant.get(books.url(f"/entries/new?sheet={KEY}")).text
        assert "invoice.pdf" in again
        refused = accountant.post(
            books.url("/entries/new"),
            typed(books, do=do, sheet_version="1", **{"lines-1-typed": "9999"}),
        )
        assert refused.status_code == 422
        assert "invoice.pdf" in refused.text
        done = accountant.post(books.url("/entries/new"), typed(books, do=do))
        assert done.status_code == 303
        assert places(books) == [("ledger.entry", "invoice.pdf")] * number
        shown = accountant.get(books.url(f"/entries/{books.entries()[-1].id}")).text
        assert "attached “invoice.pdf”" in shown
        late = send(accountant, at["attach_href"], PDF, "late.pdf")
        assert late[0] == 404
        assert "was saved or thrown away" in late[1]


def test_the_same_voucher_is_refused_with_words_and_removed_by_script(
    accountant: Browser, books: Books
) -> None:
    at = keep(accountant, books)
    status, said = send(accountant, at["attach_href"], b"MZ\x90\x00", "invoice.pdf")
    assert status == 422
    assert "is not what the name says" in said
    assert places(books) == []
    assert send(accountant, at["attach_href"], PDF, "invoice.pdf")[0] == 200
    one = f"{at['attach_href'].removesuffix('/add')}/{vouchers(books)[0]}"
    assert accountant.get(one).status_code == 200
    gone = accountant.post(f"{one}/remove", headers={"Accept": "application/json"})
    assert (gone.status_code, gone.json) == (200, {})
    assert places(books) == []


def test_what_is_thrown_away_lets_its_vouchers_go(bookkeeper: Browser, books: Books) -> None:
    at = keep(bookkeeper, books)
    assert send(bookkeeper, at["attach_href"], PDF, "invoice.pdf")[0] == 200
    assert bookkeeper.post(books.url(f"/entries/sheets/{KEY}/drop"), {}).status_code == 303
    assert places(books) == []


def test_vouchers_of_what_is_not_saved_are_its_writers_alone(
    bookkeeper: Browser, books: Books, sit_down: Callable[..., Browser]
) -> None:
    at = keep(bookkeeper, books)
    assert send(bookkeeper, at["attach_href"], PDF, "invoice.pdf")[0] == 200
    files = at["attach_href"].removesuffix("/add")
    one = f"{files}/{vouchers(books)[0]}"
    other = sit_down("otto", BOOKS_VIEW, ENTRY_DRAFT)
    for href in (at["list_href"], files, one, f"{one}/file", f"{one}/page/0.png"):
        assert other.get(href).status_code == 404, href
    assert send(other, at["attach_href"], PDF, "other.pdf")[0] == 404
    assert other.post(f"{one}/remove").status_code == 404
    assert places(books) == [("ledger.entry_sheet", "invoice.pdf")]
    assert bookkeeper.get(f"{one}/file").data == PDF


def test_two_people_on_one_draft_see_each_others_vouchers(
    accountant: Browser, bookkeeper: Browser, books: Books
) -> None:
    entry = draft(books)
    attach_href = books.url(f"/entries/{entry}/attachments/add")
    for person, name in ((accountant, "one.pdf"), (bookkeeper, "two.pdf")):
        assert send(person, attach_href, PDF + name.encode(), name)[0] == 200
    for person in (accountant, bookkeeper):
        shown = person.get(books.url(f"/entries/{entry}/edit")).text
        assert "one.pdf" in shown
        assert "two.pdf" in shown
    assert accountant.post(books.url(f"/entries/{entry}/do/post")).status_code == 303
    assert len(places(books)) == 2
    late = books.url(f"/entries/{entry}/attachments/{vouchers(books)[0]}/remove")
    gone = bookkeeper.post(late, headers={"Accept": "application/json"})
    assert gone.status_code == 409
    assert "keeps its vouchers" in (gone.json or {})["message"]
