"""Dimensions in the entry editor: typed, kept, posted, refused by row."""

from __future__ import annotations

import html
import secrets
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from backstay_ledger.dimensions.sets import read_pairs
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    EditDimension,
    add_dimension,
    add_value,
    edit_dimension,
)
from backstay_ledger.models import EntryTemplate
from backstay_ledger.models.dimensions import Dimension
from backstay_ledger.services.drafts import DraftLine, SaveDraft, as_typed, save_draft
from backstay_ledger.services.stored import stored_entry
from plugins.ledger.tests.managing import manage

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books


@pytest.fixture
def centres(books: Books) -> Books:
    """Cost centre 100 and project A1."""
    with books.database.write(books.context, books.suite) as session:
        for code, value in (("cost_centre", "100"), ("project", "A1")):
            key = add_dimension(session, AddDimension(code=code, name=code.title())).id
            add_value(session, AddValue(dimension_id=key, code=value, name=f"Value {value}"))
    return books


@pytest.fixture
def managed(centres: Books) -> Books:
    """Receivables are managed by open items."""
    with centres.database.write(centres.context, centres.suite) as session:
        manage(session, "1100")
    return centres


def draft(books: Books) -> int:
    """A draft as a program writes it."""
    lines = (
        DraftLine(account="6000", debit=Decimal(5), dimensions="cost_centre=100, project=A1"),
        DraftLine(account="1000", credit=Decimal(5)),
    )
    with books.database.write(books.context, books.suite) as session:
        command = SaveDraft(journal="GEN", date=date(2026, 3, 15), memo="Rent", lines=lines)
        return save_draft(session, command).id


def stored(books: Books, entry_id: int) -> tuple[DraftLine, ...]:
    with books.database.read(books.context, books.suite) as session:
        return as_typed(stored_entry(session, entry_id)).lines


def sent(do: str = "save", **cells: str) -> dict[str, str]:
    """A sale of 120.00 on account, with more cells of its two lines."""
    return {
        "do": do,
        "journal": "GEN",
        "date": "2026-03-05",
        "memo": "Sale",
        "sheet": "",
        "lines-0-typed": "1100",
        "lines-0-debit": "120.00",
        "lines-1-typed": "4000",
        "lines-1-credit": "120.00",
        **{name.replace("_", "-"): text for name, text in cells.items()},
    }


def value_of(page: str, cell: str) -> str:
    """What stands in an input of a page."""
    _before, _mark, rest = page.partition(f'name="{cell}" value="')
    return html.unescape(rest.partition('"')[0])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ()),
        ("cost_centre=100, project = A1", (("cost_centre", "100"), ("project", "A1"))),
        ("COST_CENTRE=100 project=A1", (("cost_centre", "100"), ("project", "A1"))),
        ("region=New York  project=A1;", (("region", "New York"), ("project", "A1"))),
    ],
)
def test_commas_between_dimensions_may_be_left_out(
    text: str, meant: tuple[tuple[str, str], ...]
) -> None:
    assert read_pairs(text) == (meant, None)


@pytest.mark.parametrize("text", ["100", "cost_centre=", "=100", "cost_centre=100, project"])
def test_what_names_no_value_is_not_understood(text: str) -> None:
    pairs, problem = read_pairs(text)
    assert pairs == ()
    assert "is not written as dimension=value" in str(problem)


def test_without_dimensions_there_is_no_column(accountant: Browser, books: Books) -> None:
    assert 'name="lines-0-dimensions"' not in accountant.get(books.url("/entries/new")).text


def test_a_draft_of_a_program_keeps_its_dimensions(accountant: Browser, centres: Books) -> None:
    entry_id = draft(centres)
    before = stored(centres, entry_id)
    page = centres.url(f"/entries/{entry_id}/edit")
    shown = accountant.get(page).text
    assert value_of(shown, "lines-0-dimensions") == "cost_centre=100, project=A1"
    assert value_of(shown, "lines-1-dimensions") == ""
    cells = {
        f"lines-{n}-{cell}": value_of(shown, f"lines-{n}-{cell}")
        for n in (0, 1)
        for cell in ("account", "text", "debit", "credit", "dimensions")
    }
    form = {"journal": "GEN", "date": "2026-03-15", "sheet": "", "version": "1", **cells}
    answer = accountant.post(page, {**form, "do": "save", "memo": "Rent of March"})
    assert answer.status_code == 303, answer.text
    assert stored(centres, entry_id) == before
    answer = accountant.post(page, {**form, "do": "post", "memo": "Rent", "version": "2"})
    assert answer.status_code == 303, answer.text
    assert stored(centres, entry_id) == before
    assert "cost_centre=100, project=A1" in accountant.get(centres.url(f"/entries/{entry_id}")).text


def test_a_draft_with_a_dimension_that_was_put_out_of_use_says_so(
    accountant: Browser, centres: Books
) -> None:
    entry_id = draft(centres)
    with centres.database.write(centres.context, centres.suite) as session:
        for key in session.scalars(select(Dimension.id)).all():
            edit_dimension(session, EditDimension(id=key, name="Old", active=False))
    assert 'name="lines-0-dimensions"' not in accountant.get(centres.url("/entries/new")).text
    page = centres.url(f"/entries/{entry_id}/edit")
    said = value_of(accountant.get(page).text, "lines-0-dimensions")
    assert said == "cost_centre=100, project=A1"
    answer = accountant.post(page, sent(lines_1_dimensions=said, version="1"))
    assert answer.status_code == 422
    assert "cost_centre is inactive" in answer.text


@pytest.mark.parametrize(
    ("do", "text", "message"),
    [
        ("save", "cost_centre", "is not written as dimension=value"),
        ("tax", "cost_centre", "is not written as dimension=value"),
        ("post", "cost_centre=999", "There is no value “999” of cost_centre."),
        ("save", "region=1", "There is no dimension “region”."),
    ],
)
def test_what_is_wrong_with_dimensions_is_named_at_its_row(
    accountant: Browser, centres: Books, do: str, text: str, message: str
) -> None:
    answer = accountant.post(centres.url("/entries/new"), sent(do, lines_1_dimensions=text))
    assert answer.status_code == 422
    assert 'id="lines-1-dimensions-error"' in answer.text
    assert "Line 2, dimensions" in answer.text
    assert message in html.unescape(answer.text)
    assert value_of(answer.text, "lines-1-dimensions") == text
    assert centres.entries() == []


def test_what_is_typed_of_parties_and_dimensions_is_posted(
    accountant: Browser, managed: Books
) -> None:
    cells = {
        "lines_0_party": "CUST-7",
        "lines_0_due": "4.4",
        "lines_1_dimensions": "cost_centre=100 project=A1",
    }
    answer = accountant.post(managed.url("/entries/new"), sent("post", **cells))
    assert answer.status_code == 303, answer.text
    (entry,) = managed.entries()
    first, second = stored(managed, entry.id)
    assert (first.party, first.due_date) == ("CUST-7", date(entry.date.year, 4, 4))
    assert second.dimensions == "cost_centre=100, project=A1"
    assert "CUST-7" in accountant.get(managed.url(f"/entries/{entry.id}")).text


def test_sheets_templates_and_taxes_keep_them(accountant: Browser, managed: Books) -> None:
    key = "a-window-of-its-own"
    cells = {
        "lines_0_party": "CUST-7",
        "lines_0_due": "4.4",
        "lines_1_dimensions": "cost_centre=100",
    }
    half = {**sent(**cells), "sheet": key, "sheet_version": "0"}
    kept = accountant.post(managed.url("/entries/sheets"), half, idem=secrets.token_hex(16))
    assert kept.status_code == 200, kept.text
    computed = accountant.post(managed.url("/entries/new"), sent("tax", **cells))
    shown = {
        "sheet": accountant.get(managed.url(f"/entries/new?sheet={key}")).text,
        "taxes": computed.text,
    }
    for where, page in shown.items():
        assert value_of(page, "lines-0-party") == "CUST-7", where
        assert value_of(page, "lines-1-dimensions") == "cost_centre=100", where
    assert value_of(shown["sheet"], "lines-0-due") == "4.4"
    made = accountant.post(
        managed.url("/entries/templates"),
        {**sent(**cells), "template_name": "Sale"},
        idem=secrets.token_hex(16),
    )
    assert made.status_code == 200, made.text
    with managed.database.read(managed.context, managed.suite) as session:
        template = session.scalar(select(EntryTemplate.id))
    lines = accountant.get(managed.url(f"/entries/templates/{template}")).json["lines"]
    assert [line["party"] for line in lines] == ["CUST-7", ""]
    assert [line["dimensions"] for line in lines] == ["", "cost_centre=100"]
