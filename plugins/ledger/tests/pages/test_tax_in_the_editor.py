"""Typing tax codes in the entry editor: the lines of tax are added, shown, kept and posted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from backstay_ledger.tax.typed import TypedTax, read_tax, written_tax

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", TypedTax()),
        (" S20 ", TypedTax("S20")),
        ("S20 gross", TypedTax("S20", included=True)),
        ("P20 + WH NET", TypedTax("P20+WH", included=False)),
        ("=S20", TypedTax("S20", is_tax=True)),
        ("gross", TypedTax("gross")),
    ],
)
def test_what_is_typed_is_understood_and_written_alike(text: str, meant: TypedTax) -> None:
    assert read_tax(text) == meant
    again = written_tax(meant.code, tax_included=meant.included, tax_line=meant.is_tax)
    assert read_tax(again) == meant


def test_without_tax_codes_there_is_no_column(accountant: Browser, books: Books) -> None:
    assert "Add tax lines" not in accountant.get(books.url("/entries/new")).text


@pytest.fixture
def coded(accountant: Browser, books: Books) -> Books:
    """A tax code of 20 % on account 2000."""
    made = accountant.post(
        books.url("/tax-codes/new"),
        {
            "code": "S20",
            "name": "Standard",
            "use": "sale",
            "rate": "20",
            "valid_from": "2026-01-01",
            "account_id": str(books.account("2000")),
            "fed": "1",
        },
    )
    assert made.status_code in {200, 303}, made.text
    return books


def sent(do: str, tax: str, amount: str = "120.00", **more: str) -> dict[str, str]:
    return {
        "do": do,
        "journal": "GEN",
        "date": "2026-03-05",
        "memo": "Sale",
        "reference": "",
        "sheet": "",
        "lines-0-typed": "1100",
        "lines-0-debit": "120.00",
        "lines-1-typed": "4000",
        "lines-1-credit": amount,
        "lines-1-tax": tax,
        **more,
    }


def test_the_button_adds_the_lines_of_tax_and_saves_nothing(
    accountant: Browser, coded: Books
) -> None:
    assert "Add tax lines" in accountant.get(coded.url("/entries/new")).text
    shown = accountant.post(coded.url("/entries/new"), sent("tax", "S20 gross"))
    assert shown.status_code == 200
    for value in ('value="100.00"', 'value="20.00"', 'value="S20 net"', 'value="=S20"'):
        assert value in shown.text
    assert "2000 Payables" in shown.text
    assert coded.entries() == []


def test_what_is_typed_is_kept_on_after_the_taxes_were_added(
    accountant: Browser, coded: Books
) -> None:
    typed = sent("tax", "S20 gross", sheet="a-window-of-its-own", sheet_version="0")
    kept = accountant.post(coded.url("/entries/sheets"), typed)
    assert kept.json["version"] == 1
    shown = accountant.post(coded.url("/entries/new"), {**typed, "sheet_version": "1"})
    assert re.search(r'name="sheet_version" value="1"', shown.text)
    # Vouchers that were attached are shown on, too.
    assert 'data-list=""' not in shown.text


def test_an_unknown_code_is_named_at_its_cell(accountant: Browser, coded: Books) -> None:
    answer = accountant.post(coded.url("/entries/new"), sent("tax", "S99"))
    assert answer.status_code == 422
    assert 'id="lines-1-tax-error"' in answer.text
    assert "There is no tax code" in answer.text


def test_what_was_computed_is_posted_as_it_stands(accountant: Browser, coded: Books) -> None:
    line = {"lines-2-typed": "2000", "lines-2-credit": "20.00", "lines-2-tax": "=S20"}
    answer = accountant.post(coded.url("/entries/new"), sent("post", "S20 net", "100.00", **line))
    assert answer.status_code in {200, 303}, answer.text
    (entry,) = coded.entries()
    shown = accountant.get(coded.url(f"/entries/{entry.id}")).text
    assert "Why this tax" in shown
    assert "2, tax on 3" in shown


def test_a_code_alone_is_enough_to_post(accountant: Browser, coded: Books) -> None:
    answer = accountant.post(coded.url("/entries/new"), sent("post", "S20", "100.00"))
    assert answer.status_code in {200, 303}, answer.text
    assert len(coded.entries()) == 1


def test_a_draft_is_shown_again_with_its_codes(accountant: Browser, coded: Books) -> None:
    accountant.post(coded.url("/entries/new"), sent("save", "S20", "100.00"))
    (draft,) = coded.entries()
    shown = accountant.get(coded.url(f"/entries/{draft.id}/edit")).text
    assert 'value="S20 net"' in shown
    assert 'value="=S20"' in shown
