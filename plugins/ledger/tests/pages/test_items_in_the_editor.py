"""Party and due date in the entry editor: typed, kept, shown again, and posted as an open item."""

from __future__ import annotations

import re
import secrets
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from backstay.spi import Invalid
from backstay_ledger.currencies.settings import SaveExchangeSettings, save_exchange_settings
from backstay_ledger.models import EntryTemplate
from backstay_ledger.open_items.items import open_items
from backstay_ledger.open_items.models import OpenItem
from backstay_ledger.services.drafts import CopyEntry, copy_entry
from plugins.ledger.tests.managing import manage

if TYPE_CHECKING:
    from backstay.testing.web import Browser
    from conftest import Books

NEW = "/entries/new"


@pytest.fixture
def managed(books: Books) -> Books:
    """Receivables are managed by open items."""
    with books.database.write(books.context, books.suite) as session:
        manage(session, "1100")
    return books


def sent(do: str, **more: str) -> dict[str, str]:
    """A sale to a customer; names of lines have ``_`` for ``-``."""
    return {
        "do": do,
        "journal": "GEN",
        "date": "2026-03-05",
        "memo": "Sale",
        "sheet": "",
        "lines-0-typed": "1100",
        "lines-0-debit": "120.00",
        "lines-0-party": "ACME & <Co>",
        "lines-0-due": "2026-04-30",
        "lines-1-typed": "4000",
        "lines-1-credit": "120.00",
        **{name.replace("_", "-") if "lines" in name else name: more[name] for name in more},
    }


def cell(page: str, name: str) -> str:
    """What stands in a cell, as it is written in the page."""
    found = re.search(rf'name="?{name}"? value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


def typed(books: Books) -> list[tuple[int, str, date | None]]:
    """What is stored of open items: the line's number, party and due date."""
    with books.database.read(books.context, books.suite) as session:
        rows = session.scalars(select(OpenItem).order_by(OpenItem.entry_id, OpenItem.line_no))
        return [(row.line_no, row.party, row.due_date) for row in rows]


def test_without_managed_accounts_there_are_no_columns(accountant: Browser, books: Books) -> None:
    assert "data-party" not in accountant.get(books.url(NEW)).text


def test_a_posted_line_is_an_open_item(accountant: Browser, managed: Books) -> None:
    page = accountant.get(managed.url(NEW)).text
    assert "data-party" in page
    assert "data-due" in page
    answer = accountant.post(managed.url(NEW), sent("post"))
    assert answer.status_code == 303, answer.text
    with managed.database.read(managed.context, managed.suite) as session:
        (item,) = open_items(session, date(2026, 12, 31))
    assert (item.party, item.due_date, item.residual) == (
        "ACME & <Co>",
        date(2026, 4, 30),
        Decimal(120),
    )


def test_a_draft_that_is_opened_and_saved_keeps_them(accountant: Browser, managed: Books) -> None:
    assert accountant.post(managed.url(NEW), sent("save")).status_code == 303
    (draft,) = managed.entries()
    address = managed.url(f"/entries/{draft.id}/edit")
    page = accountant.get(address).text
    assert cell(page, "lines-0-party") == "ACME &amp; &lt;Co&gt;"
    assert cell(page, "lines-0-due") == "2026-04-30"
    assert cell(page, "lines-1-party") == ""
    again = sent("save", version=str(draft.version), memo="Sale of the week")
    assert accountant.post(address, again).status_code == 303
    assert typed(managed) == [(1, "ACME & <Co>", date(2026, 4, 30))]
    gone = sent("save", version=cell(accountant.get(address).text, "version"), lines_0_due="")
    assert accountant.post(address, gone).status_code == 303
    assert typed(managed) == [(1, "ACME & <Co>", None)]


def test_both_versions_of_a_draft_name_party_and_due_date(
    accountant: Browser, managed: Books
) -> None:
    accountant.post(managed.url(NEW), sent("save"))
    (draft,) = managed.entries()
    late = sent("save", version=str(draft.version + 1), lines_0_party="BEST", lines_0_due="")
    page = accountant.post(managed.url(f"/entries/{draft.id}/edit"), late)
    assert page.status_code == 409
    assert "ACME &amp; &lt;Co&gt; · 2026-04-30" in page.text
    assert "BEST" in page.text


def test_dates_are_short(accountant: Browser, managed: Books) -> None:
    answer = accountant.post(managed.url(NEW), sent("save", lines_0_due="30.4.26"))
    assert answer.status_code == 303, answer.text
    assert typed(managed) == [(1, "ACME & <Co>", date(2026, 4, 30))]


@pytest.mark.parametrize(
    ("values", "name", "where", "message"),
    [
        ({"lines_0_due": "30/4"}, "lines-0-due", "Line 1, due date", "is not a date"),
        ({"lines_0_due": "31.4"}, "lines-0-due", "Line 1, due date", "no day of the calendar"),
        ({"lines_1_party": "X"}, "lines-1-party", "Line 2, party", "takes no party"),
        ({"lines_1_due": "2026-04-30"}, "lines-1-due", "Line 2, due date", "no due date"),
        ({"lines_0_party": "x" * 81}, "lines-0-party", "Line 1, party", "80 characters"),
    ],
)
def test_what_is_wrong_is_named_by_row_and_cell(
    accountant: Browser,
    managed: Books,
    values: dict[str, str],
    name: str,
    where: str,
    message: str,
) -> None:
    answer = accountant.post(managed.url(NEW), sent("save", **values))
    assert answer.status_code == 422
    assert message in answer.text.partition(f'id="{name}-error"')[2][:200]
    assert where in answer.text
    assert cell(answer.text, name) == next(iter(values.values()))
    assert managed.entries() == []


def test_values_of_a_company_without_managed_accounts_are_shown_again(
    accountant: Browser, books: Books
) -> None:
    answer = accountant.post(books.url(NEW), sent("save"))
    assert answer.status_code == 422
    assert cell(answer.text, "lines-0-party") == "ACME &amp; &lt;Co&gt;"


def test_what_is_typed_is_kept(accountant: Browser, managed: Books) -> None:
    key = "a-window-of-its-own"
    kept = sent("", sheet=key, sheet_version="0", lines_0_due="30/4")
    answer = accountant.post(managed.url("/entries/sheets"), kept, idem=secrets.token_hex(16))
    assert answer.status_code == 200, answer.text
    page = accountant.get(managed.url(f"{NEW}?sheet={key}")).text
    assert cell(page, "lines-0-party") == "ACME &amp; &lt;Co&gt;"
    assert cell(page, "lines-0-due") == "30/4"


def save_template(person: Browser, books: Books, **values: str) -> Any:
    template = sent("", template_name="Monthly sale", **values)
    return person.post(books.url("/entries/templates"), template, idem=secrets.token_hex(16))


def test_a_template_keeps_them(accountant: Browser, managed: Books) -> None:
    refused = save_template(accountant, managed, lines_0_due="30/4")
    assert refused.status_code == 422
    assert "is not a date" in refused.json["message"]
    assert save_template(accountant, managed, lines_0_due="30.4.26").status_code == 200
    with managed.database.read(managed.context, managed.suite) as session:
        key = session.scalars(select(EntryTemplate.id)).one()
    found = accountant.get(managed.url(f"/entries/templates/{key}")).json
    assert found is not None
    assert [(line["party"], line["due"]) for line in found["lines"]] == [
        ("ACME & <Co>", "2026-04-30"),
        ("", ""),
    ]
    page = accountant.get(managed.url(f"{NEW}?template={key}")).text
    assert cell(page, "lines-0-due") == "2026-04-30"


def test_a_copy_keeps_them(accountant: Browser, managed: Books) -> None:
    accountant.post(managed.url(NEW), sent("post"))
    (entry,) = managed.entries()
    with managed.database.write(managed.context, managed.suite) as session:
        copy = copy_entry(session, CopyEntry(id=entry.id)).id
    page = accountant.get(managed.url(f"/entries/{copy}/edit")).text
    assert cell(page, "lines-0-party") == "ACME &amp; &lt;Co&gt;"
    assert cell(page, "lines-0-due") == "2026-04-30"


def test_computing_taxes_keeps_them(accountant: Browser, managed: Books) -> None:
    page = accountant.post(managed.url(NEW), sent("tax"))
    assert page.status_code == 200
    assert cell(page.text, "lines-0-party") == "ACME &amp; &lt;Co&gt;"
    assert cell(page.text, "lines-0-due") == "2026-04-30"


def test_exchange_differences_go_to_no_account_that_is_managed_by_open_items(
    managed: Books,
) -> None:
    command = SaveExchangeSettings(realised_gain_id=managed.account("1100"))
    with (
        managed.database.write(managed.context, managed.suite) as session,
        pytest.raises(Invalid) as refused,
    ):
        save_exchange_settings(session, command)
    (problem,) = refused.value.problems
    assert problem.field == "realised_gain_id"
    assert "managed by open items" in problem.message


def test_known_parties_are_offered_and_another_spelling_is_told(
    accountant: Browser, bookkeeper: Browser, managed: Books, other_books: Books
) -> None:
    accountant.get(managed.url(NEW))
    accountant.post(managed.url(NEW), sent("post"))
    assert bookkeeper.get(managed.url("/parties?q=acme")).json == ["ACME & <Co>"]
    assert accountant.get(other_books.url("/parties?q=acme")).status_code == 404
    said = accountant.post(
        managed.url(NEW), sent("draft", **{"lines-0-party": "Acme & <co>"}), follow_redirects=True
    )
    assert "There is a party “ACME &amp; &lt;Co&gt;” already" in said.text
    page = accountant.get(managed.url("/ageing?party=ACME+%26+%3CCo%3E")).text
    assert 'data-suggest="' in page
    assert "120.00" in page
    assert "120.00" not in accountant.get(managed.url("/ageing?party=nobody")).text
