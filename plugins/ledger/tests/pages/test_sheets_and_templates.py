"""What is typed is kept for its writer; templates begin entries that come again."""

from __future__ import annotations

import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from backstay_ledger.models import EntrySheet, EntryTemplate
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_DRAFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.testing.web import Browser
    from conftest import Books

KEY = "a-window-of-its-own"


def typed(books: Books, **values: str) -> dict[str, str]:
    """What a half-typed editor sends."""
    return {
        "journal": "GEN",
        "date": "15.3",
        "memo": "Half typed",
        "sheet": KEY,
        "sheet_version": "0",
        "lines-0-account": str(books.account("6000")),
        "lines-0-typed": "6000 Rent & <heating>",
        "lines-0-debit": "=1/",
        "lines-1-typed": "no such account",
        "lines-1-credit": "7",
        **values,
    }


def keep(person: Browser, books: Books, **values: str) -> Any:
    return person.post(
        books.url("/entries/sheets"), typed(books, **values), idem=secrets.token_hex(16)
    )


def sheets(books: Books) -> int:
    with books.database.read(books.context, books.suite) as session:
        return len(session.scalars(select(EntrySheet)).all())


def test_what_cannot_be_understood_is_kept_as_it_was_typed(
    bookkeeper: Browser, books: Books
) -> None:
    answer = keep(bookkeeper, books)
    assert answer.status_code == 200, answer.text
    assert answer.json["version"] == 1
    assert keep(bookkeeper, books, sheet_version="1", memo="More").json["version"] == 2
    assert "More; lines: 2; kept" in bookkeeper.get(books.url("/entries/new")).text
    shown = bookkeeper.get(books.url(f"/entries/new?sheet={KEY}")).text
    for text in ("=1/", "no such account", "15.3", "More"):
        assert f'value="{text}"' in shown
    assert books.entries() == []


def test_what_was_kept_before_its_account_was_found_comes_back_with_it(
    bookkeeper: Browser, books: Books
) -> None:
    keep(bookkeeper, books, **{"lines-0-account": "", "lines-0-typed": "6000"})
    shown = bookkeeper.get(books.url(f"/entries/new?sheet={KEY}")).text
    found = re.search(r'name="lines-0-account" value="(\d*)"', shown)
    assert found is not None
    assert found[1] == str(books.account("6000"))
    assert 'value="6000 ' in shown


def test_two_windows_do_not_overwrite_each_other(bookkeeper: Browser, books: Books) -> None:
    keep(bookkeeper, books)
    keep(bookkeeper, books, sheet_version="1")
    late = keep(bookkeeper, books, sheet_version="1", memo="Late")
    assert late.status_code == 409
    assert "another window" in late.json["message"]


def test_two_windows_of_one_entry_do_not_post_it_twice(accountant: Browser, books: Books) -> None:
    good = {"lines-0-debit": "7", "lines-1-typed": "1000", "do": "post", "date": "2026-03-15"}
    keep(accountant, books)
    sent = typed(books, sheet_version="1", **good)
    assert accountant.post(books.url("/entries/new"), sent).status_code == 303
    # The other window has a form of its own, so it is no repetition of the same one.
    again = accountant.post(books.url("/entries/new"), sent, idem=secrets.token_hex(16))
    assert again.status_code == 422
    assert "was saved or thrown away in another window" in again.text
    assert len(books.entries()) == 1
    # Two that are alike can be meant: the page goes on as a new one.
    key = re.search(r'name="sheet" value="([^"]+)"', again.text)
    assert key
    assert key[1] != KEY
    meant = typed(books, **{**good, "sheet": key[1]})
    assert accountant.post(books.url("/entries/new"), meant).status_code == 303
    assert len(books.entries()) == 2


def test_two_windows_that_post_at_the_same_moment_post_once(
    accountant: Browser, books: Books
) -> None:
    keep(accountant, books)
    good = {"lines-0-debit": "7", "lines-1-typed": "1000", "do": "post", "date": "2026-03-15"}
    sent = typed(books, sheet_version="1", **good)
    start = threading.Barrier(2)

    def window() -> int:
        start.wait()
        return accountant.post(
            books.url("/entries/new"), sent, idem=secrets.token_hex(16)
        ).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(window) for _one in range(2)]
        assert sorted(one.result() for one in answers) == [303, 422]
    assert len(books.entries()) == 1


def test_nobody_sees_what_somebody_else_is_typing(
    bookkeeper: Browser, accountant: Browser, books: Books
) -> None:
    keep(bookkeeper, books)
    assert accountant.get(books.url(f"/entries/new?sheet={KEY}")).status_code == 404
    assert "Half typed" not in accountant.get(books.url("/entries/new")).text
    drop = books.url(f"/entries/sheets/{KEY}/drop")
    assert accountant.post(drop, {}).status_code == 303
    assert sheets(books) == 1
    assert bookkeeper.post(drop, {}).status_code == 303
    assert sheets(books) == 0


def test_saving_ends_the_sheet(bookkeeper: Browser, books: Books) -> None:
    keep(bookkeeper, books)
    good = {"lines-0-debit": "7", "lines-1-typed": "1000", "do": "save", "date": "2026-03-15"}
    refused = bookkeeper.post(books.url("/entries/new"), typed(books, do="save"))
    assert refused.status_code == 422
    assert f'name="sheet" value="{KEY}"' in refused.text
    assert sheets(books) == 1
    assert bookkeeper.post(books.url("/entries/new"), typed(books, **good)).status_code == 303
    assert sheets(books) == 0
    assert keep(bookkeeper, books, sheet_version="1").status_code == 409


def test_who_types_on_a_draft_that_was_saved_meanwhile_is_told_and_loses_nothing(
    bookkeeper: Browser, accountant: Browser, books: Books
) -> None:
    good = {"lines-0-debit": "7", "lines-1-typed": "1000", "do": "save", "date": "2026-03-15"}
    assert bookkeeper.post(books.url("/entries/new"), typed(books, **good)).status_code == 303
    (entry,) = books.entries()
    on = {"entry_id": str(entry.id), "version": str(entry.version)}
    assert keep(bookkeeper, books, **on).json["behind"] is False
    address = books.url(f"/entries/{entry.id}/edit")
    other = typed(books, **good, version=str(entry.version), sheet="", memo="Faster")
    assert accountant.post(address, other).status_code == 303
    assert keep(bookkeeper, books, **on, sheet_version="1", memo="Slower").json["behind"] is True
    shown = bookkeeper.get(f"{address}?sheet={KEY}").text
    assert "Faster" in shown
    assert 'value="Slower"' in shown
    assert "Somebody saved this before you" in shown


def test_a_reader_keeps_nothing(reader: Browser, books: Books) -> None:
    assert keep(reader, books).status_code == 403
    assert sheets(books) == 0


def save_template(person: Browser, books: Books, name: str, **values: str) -> Any:
    sent = {
        "template_name": name,
        "journal": "GEN",
        "memo": "Rent",
        "lines-0-typed": "6000",
        "lines-0-text": "Shop",
        "lines-1-typed": "1000",
        "lines-1-credit": "=100*1.19",
        **values,
    }
    return person.post(books.url("/entries/templates"), sent, idem=secrets.token_hex(16))


def template_id(books: Books) -> int:
    with books.database.read(books.context, books.suite) as session:
        return session.scalars(select(EntryTemplate.id)).one()


def test_a_template_is_saved_and_used_with_amounts_left_empty(
    bookkeeper: Browser, books: Books
) -> None:
    assert save_template(bookkeeper, books, "Monthly rent").status_code == 200
    key = template_id(books)
    found = bookkeeper.get(books.url(f"/entries/templates/{key}")).json
    assert found is not None
    assert found["memo"] == "Rent"
    assert [(line["account_text"], line["debit"], line["credit"]) for line in found["lines"]] == [
        ("6000 Rent & <heating>", "", ""),
        ("1000 Bank", "", "119.00"),
    ]
    shown = bookkeeper.get(books.url(f"/entries/new?template={key}")).text
    assert 'value="119.00"' in shown
    assert 'value="Rent"' in shown
    twice = save_template(bookkeeper, books, "Monthly rent")
    assert twice.status_code == 422
    assert "already" in twice.json["message"]


def test_the_page_of_a_template_shows_figures_as_everywhere(
    bookkeeper: Browser, books: Books
) -> None:
    save_template(bookkeeper, books, "Rent", **{"lines-1-credit": "11900", "lines-1-party": "ACME"})
    shown = bookkeeper.get(books.url(f"/entry-templates/{template_id(books)}")).text
    assert "11,900.00" in shown
    assert "ACME" in shown


def test_a_template_of_nonsense_is_refused(bookkeeper: Browser, books: Books) -> None:
    for values in (
        {"template_name": " "},
        {"lines-0-typed": "9999"},
        {"lines-1-credit": "1/0"},
        {"lines-0-typed": "", "lines-1-typed": "", "lines-1-credit": ""},
    ):
        name = values.pop("template_name", "Nonsense")
        assert save_template(bookkeeper, books, name, **values).status_code == 422


def test_a_private_template_is_its_owners_alone_until_it_is_shared(
    bookkeeper: Browser, books: Books, sit_down: Callable[..., Browser]
) -> None:
    save_template(bookkeeper, books, "Mine")
    key = template_id(books)
    other = sit_down("otto", BOOKS_VIEW, ENTRY_DRAFT)
    record = books.url(f"/entry-templates/{key}")
    assert other.get(record).status_code == 404
    assert other.get(books.url(f"/entries/templates/{key}")).status_code == 404
    edit = bookkeeper.get(f"{record}/edit").text
    version = re.search(r'name="?version"? [^>]*value="?(\d+)', edit)
    assert version is not None
    sent = {"name": "Ours", "shared": "y", "version": version[1]}
    assert bookkeeper.post(f"{record}/edit", sent).status_code == 303
    assert "Ours" in other.get(books.url("/entry-templates")).text
    assert other.get(record).status_code == 200
    assert other.post(f"{record}/do/delete", {}).status_code in {403, 409}
    assert bookkeeper.post(f"{record}/do/delete", {}).status_code == 303
    assert bookkeeper.get(record).status_code == 404
